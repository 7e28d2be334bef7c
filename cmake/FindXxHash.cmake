# xxHash as a header, compiled into what includes it. Defines XxHash::Header.
find_path(XxHash_INCLUDE_DIR xxhash.h)
mark_as_advanced(XxHash_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(XxHash REQUIRED_VARS XxHash_INCLUDE_DIR)

if(XxHash_FOUND AND NOT TARGET XxHash::Header)
  add_library(XxHash::Header INTERFACE IMPORTED)
  set_target_properties(XxHash::Header PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${XxHash_INCLUDE_DIR}"
                                                  INTERFACE_COMPILE_DEFINITIONS XXH_INLINE_ALL)
endif()
