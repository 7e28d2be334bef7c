# Installs the library, its headers, and what find_package(catvox) and pkg-config need to know of it.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(catvox_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/catvox")
install(TARGETS catvox_array EXPORT catvoxArrayTargets FILE_SET HEADERS COMPONENT development)
install(EXPORT catvoxArrayTargets NAMESPACE catvox:: DESTINATION "${catvox_config_dir}" COMPONENT development)
set(catvox_type INTERFACE_LIBRARY)
if(CATVOX_ENGINE)
  get_target_property(catvox_type catvox TYPE)
  install(
    TARGETS catvox
    EXPORT catvoxTargets
    ARCHIVE COMPONENT development
    LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
    FILE_SET HEADERS COMPONENT development)
  install(EXPORT catvoxTargets NAMESPACE catvox:: DESTINATION "${catvox_config_dir}" COMPONENT development)
  if(TARGET catvox_mpi)
    install(
      TARGETS catvox_mpi
      EXPORT catvoxMpiTargets
      ARCHIVE COMPONENT development
      LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
      FILE_SET HEADERS COMPONENT development)
    install(EXPORT catvoxMpiTargets NAMESPACE catvox:: DESTINATION "${catvox_config_dir}" COMPONENT development)
  endif()
endif()

# Whoever links a static catvox links all that it stands on; of a shared one, only what shows in its headers.
# (pkg-config: not by Requires.private. `pkg-config --static` means static libraries all the way down, libcurl's own
# dependencies included, and Debian does not install those for libcurl.)
foreach(field IN ITEMS FIND PKG_CONFIG LINK)
  get_property(catvox_array_${field} TARGET catvox_array PROPERTY catvox_ARRAY_${field})
  get_property(catvox_${field} TARGET catvox_array PROPERTY catvox_PUBLIC_${field})
  if(catvox_type STREQUAL "STATIC_LIBRARY")
    get_property(catvox_private TARGET catvox_array PROPERTY catvox_PRIVATE_${field})
    list(APPEND catvox_${field} ${catvox_private})
  endif()
endforeach()
list(PREPEND catvox_PKG_CONFIG ${catvox_array_PKG_CONFIG})

list(TRANSFORM catvox_FIND REPLACE "(.+)" "  find_dependency(\\1)")
list(JOIN catvox_FIND "\n" catvox_find_dependencies)
configure_package_config_file(cmake/catvoxConfig.cmake.in catvoxConfig.cmake INSTALL_DESTINATION "${catvox_config_dir}")
write_basic_package_version_file(catvoxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
file(GLOB catvox_find_modules "${CMAKE_CURRENT_SOURCE_DIR}/cmake/Find*.cmake")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/catvoxConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/catvoxConfigVersion.cmake"
              ${catvox_find_modules} DESTINATION "${catvox_config_dir}" COMPONENT development)
if(NOT CATVOX_ENGINE)
  return()
endif()

# The prefix as seen from the file, so that an installed tree can be moved.
file(RELATIVE_PATH catvox_pc_prefix "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" catvox_pc_prefix "${catvox_pc_prefix}")
list(JOIN catvox_PKG_CONFIG " " catvox_pc_requires)
list(JOIN catvox_LINK " " catvox_pc_libs)
configure_file(cmake/catvox.pc.in catvox.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/catvox.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
include(CatvoxPackages)
