# Every third-party library that catvox stands on, found the same way here and in an installed catvoxConfig.cmake.
find_package(Threads REQUIRED)
find_package(CURL 7.85 REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(xtensor REQUIRED)

# Links `target` to what the library needs: xtensor shows in public headers, the rest in src/ only.
function(catvox_link_dependencies target)
  target_link_libraries(${target} PUBLIC xtensor Threads::Threads)
  target_link_libraries(${target} PRIVATE CURL::libcurl JPEG::JPEG PNG::PNG $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
endfunction()
