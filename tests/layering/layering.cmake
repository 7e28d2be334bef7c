# Checks what the folders of include/catvox/ and src/ may include. See docs/architecture.md.
#
#   cmake -D ROOT=<folder with include/ and src/> -P layering.cmake

cmake_minimum_required(VERSION 3.25)

# Each layer may include itself and what stands before it.
set(layers core geometry array http bytes codec format read catmaid export)

# Where views are defined or handed out.
set(with_xtensor array catmaid export)
list(JOIN with_xtensor ", " xtensor_text)

# Public headers may include the standard library, catvox, and there xtensor. These stay in src/:
set(third_party "curl/|jpeglib|jerror|turbojpeg|png\\.h|nlohmann/|libdeflate|zlib|bzlib|lzma|lz4|zstd|blosc|brotli/|xxhash|isa-l")

set(violations)
function(violation text)
  list(APPEND violations "${text}")
  set(violations "${violations}" PARENT_SCOPE)
endfunction()

list(LENGTH layers layer_count)
math(EXPR last "${layer_count} - 1")
foreach(rank RANGE ${last})
  list(GET layers ${rank} layer)
  list(SUBLIST layers 0 ${rank} allowed)
  list(APPEND allowed ${layer})
  file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/include/catvox/${layer}/*.hpp" "${ROOT}/src/${layer}/*.hpp"
       "${ROOT}/src/${layer}/*.cpp")
  foreach(file IN LISTS files)
    file(STRINGS "${ROOT}/${file}" includes REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    foreach(include IN LISTS includes)
      string(REGEX REPLACE ".*include[ \t]*([<\"])([^>\"]+).*" "\\1;\\2" parts "${include}")
      list(GET parts 0 mark)
      list(GET parts 1 header)
      set(included)
      if(header MATCHES "^catvox/([a-z]+)/")
        set(included ${CMAKE_MATCH_1})
      elseif(mark STREQUAL "\"" AND header MATCHES "^([a-z]+)/")
        set(included ${CMAKE_MATCH_1})
      endif()
      if(included IN_LIST layers AND NOT included IN_LIST allowed)
        violation("${file} includes ${header}: ${layer} may not include ${included}")
      endif()
      if(header MATCHES "^catvox/[a-z_]+\\.hpp$")
        violation("${file} includes ${header}, which is for users")
      endif()
      if(file MATCHES "^include/" AND mark STREQUAL "\"")
        violation("${file} includes \"${header}\": public headers include public ones, as <catvox/…>")
      endif()
      if(file MATCHES "^include/" AND header MATCHES "^(${third_party})")
        violation("${file} includes <${header}>, which belongs in src/")
      endif()
      if(NOT layer IN_LIST with_xtensor AND header MATCHES "^(xtensor|xtl)/")
        violation("${file} includes <${header}>: xtensor is for ${xtensor_text}")
      endif()
    endforeach()
    list(APPEND checked "${file}")
  endforeach()
endforeach()

# A folder that is no layer would escape all of this.
file(GLOB folders LIST_DIRECTORIES true RELATIVE "${ROOT}" "${ROOT}/include/catvox/*" "${ROOT}/src/*")
foreach(folder IN LISTS folders)
  cmake_path(GET folder FILENAME name)
  if(IS_DIRECTORY "${ROOT}/${folder}" AND NOT name IN_LIST layers)
    violation("${folder} is no layer")
  endif()
endforeach()

list(LENGTH checked count)
list(LENGTH violations wrong)
message("${count} files, ${wrong} violations")
if(violations)
  list(JOIN violations "\n  " text)
  message(FATAL_ERROR "  ${text}")
endif()
