find_library(PARENTS_ZSTD zstd)
find_path(PARENTS_ZSTD_INCLUDE zstd.h)
set(Zstd_FOUND TRUE)
if(NOT TARGET parents::zstd)
  add_library(parents::zstd UNKNOWN IMPORTED)
  set_target_properties(parents::zstd PROPERTIES IMPORTED_LOCATION "${PARENTS_ZSTD}"
                                                 INTERFACE_INCLUDE_DIRECTORIES "${PARENTS_ZSTD_INCLUDE}")
endif()
