# libbrotlidec. Defines Brotli::brotlidec.
find_path(Brotli_INCLUDE_DIR brotli/decode.h)
find_library(Brotli_LIBRARY NAMES brotlidec brotlidec-static)
find_library(Brotli_COMMON_LIBRARY NAMES brotlicommon brotlicommon-static)  # which a static one needs
mark_as_advanced(Brotli_INCLUDE_DIR Brotli_LIBRARY Brotli_COMMON_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Brotli REQUIRED_VARS Brotli_LIBRARY Brotli_COMMON_LIBRARY Brotli_INCLUDE_DIR)

if(Brotli_FOUND AND NOT TARGET Brotli::brotlidec)
  add_library(Brotli::brotlidec UNKNOWN IMPORTED)
  set_target_properties(Brotli::brotlidec PROPERTIES IMPORTED_LOCATION "${Brotli_LIBRARY}"
                                                     INTERFACE_INCLUDE_DIRECTORIES "${Brotli_INCLUDE_DIR}"
                                                     INTERFACE_LINK_LIBRARIES "${Brotli_COMMON_LIBRARY}")
endif()
