# The target catvox_internal, for tests, benchmarks and fuzz targets that look inside: the headers in src/, and the
# library's own object files in an archive where a shared catvox would hide what they call.
get_target_property(catvox_type catvox TYPE)
if(catvox_type STREQUAL "SHARED_LIBRARY")
  add_library(catvox_internal STATIC $<TARGET_OBJECTS:catvox>)
  set_target_properties(catvox_internal PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(catvox_internal PUBLIC $<TARGET_PROPERTY:catvox,LINK_LIBRARIES>)
  target_include_directories(catvox_internal PUBLIC "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
else()
  add_library(catvox_internal INTERFACE)
  target_link_libraries(catvox_internal INTERFACE catvox)
  target_include_directories(catvox_internal INTERFACE "${PROJECT_SOURCE_DIR}/src")
endif()
