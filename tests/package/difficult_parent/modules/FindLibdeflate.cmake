# Finds the library, but calls its target as no one else does.
set(Libdeflate_FOUND TRUE)
if(NOT TARGET parents::libdeflate)
  add_library(parents::libdeflate INTERFACE IMPORTED)
endif()
