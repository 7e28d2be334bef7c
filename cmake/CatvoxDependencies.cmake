# Every third-party library that catvox stands on, each named once: found and linked here, and written from here into
# the installed catvoxConfig.cmake and catvox.pc.

# catvox_find_package(<package> [<version>] [FETCH <git url> <tag>])
#
# The package as it is installed. With CATVOX_FETCH_DEPENDENCIES, a package that is not there is fetched at that tag
# instead; what has no tag here has to be installed.
macro(catvox_find_package package)
  cmake_parse_arguments(catvox_find "" "" "FETCH" ${ARGN})
  if(CATVOX_FETCH_DEPENDENCIES AND catvox_find_FETCH)
    list(GET catvox_find_FETCH 0 catvox_find_url)
    list(GET catvox_find_FETCH 1 catvox_find_tag)
    include(FetchContent)
    FetchContent_Declare(
      ${package}
      GIT_REPOSITORY ${catvox_find_url}
      GIT_TAG ${catvox_find_tag}
      GIT_SHALLOW ON SYSTEM
      FIND_PACKAGE_ARGS ${catvox_find_UNPARSED_ARGUMENTS})
    FetchContent_MakeAvailable(${package})
  else()
    find_package(${package} ${catvox_find_UNPARSED_ARGUMENTS} REQUIRED)
  endif()
endmacro()

# catvox_uses(<ARRAY | PUBLIC | PRIVATE | BUILD> <target> FIND <package> [<version>] [FETCH <git url> <tag>]
#             [ALSO <target>…] [PKG_CONFIG <module>] [LINK <flag>])
#
# Links catvox to a target: the one that the parent project has already, under this name or one of ALSO (what the
# library's own build calls it), else that of a package. ARRAY: it shows in the headers of catvox::array. PUBLIC: in other
# public headers. PRIVATE: in src/ only, but whoever links a static catvox needs it, too. BUILD: headers in src/ only,
# nothing that a user of catvox needs.
# PKG_CONFIG or LINK tell what it is called in a pkg-config file.
function(catvox_uses scope target)
  cmake_parse_arguments(PARSE_ARGV 2 use "" "PKG_CONFIG;LINK" "FIND;FETCH;ALSO")
  set(there)
  foreach(candidate IN LISTS target use_ALSO)
    if(TARGET ${candidate})
      set(there ${candidate})
      break()
    endif()
  endforeach()
  if(there)
    set(target ${there})
  else()
    catvox_find_package(${use_FIND} FETCH ${use_FETCH})
  endif()
  if(scope STREQUAL "BUILD")
    target_link_libraries(catvox PRIVATE $<BUILD_INTERFACE:${target}>)
    return()
  endif()
  if(scope STREQUAL "ARRAY")
    target_link_libraries(catvox_array INTERFACE ${target})
  else()
    target_link_libraries(catvox ${scope} ${target})
  endif()
  string(REPLACE ";" " " find "${use_FIND}")
  set_property(TARGET catvox_array APPEND PROPERTY catvox_${scope}_FIND "${find}")
  set_property(TARGET catvox_array APPEND PROPERTY catvox_${scope}_PKG_CONFIG ${use_PKG_CONFIG})
  set_property(TARGET catvox_array APPEND PROPERTY catvox_${scope}_LINK ${use_LINK})
endfunction()

if(NOT TARGET xtensor AND NOT TARGET xtl)  # what xtensor stands on
  catvox_find_package(xtl 0.7 FETCH https://github.com/xtensor-stack/xtl.git 0.7.2)
endif()
catvox_uses(ARRAY xtensor FIND xtensor 0.24 ALSO xtensor::xtensor PKG_CONFIG xtensor
            FETCH https://github.com/xtensor-stack/xtensor.git 0.24.3)
if(NOT CATVOX_ENGINE)
  return()
endif()
catvox_uses(PUBLIC Threads::Threads FIND Threads LINK -pthread)
catvox_uses(PRIVATE CURL::libcurl FIND CURL 7.85 PKG_CONFIG libcurl)
catvox_uses(PRIVATE OpenSSL::Crypto FIND OpenSSL PKG_CONFIG libcrypto)
catvox_uses(BUILD XxHash::Header FIND XxHash ALSO xxHash::xxhash xxhash)
catvox_uses(PRIVATE JPEG::JPEG FIND JPEG ALSO libjpeg-turbo::jpeg libjpeg-turbo::jpeg-static PKG_CONFIG libjpeg)
catvox_uses(PRIVATE PNG::PNG FIND PNG ALSO png_shared png_static PKG_CONFIG libpng)
catvox_uses(BUILD nlohmann_json::nlohmann_json FIND nlohmann_json 3.10
            FETCH https://github.com/nlohmann/json.git v3.11.2)

# The compressions of N5 blocks. A build without one reports volumes that need it; without libdeflate, libpng decodes
# every PNG.
option(CATVOX_WITH_GZIP "Read N5 blocks and HTTP answers in gzip and zlib, and 8-bit grey PNG tiles fast (libdeflate)" ON)
option(CATVOX_WITH_BZIP2 "Read N5 blocks in bzip2 (libbz2)" ON)
option(CATVOX_WITH_XZ "Read N5 blocks in xz (liblzma)" ON)
option(CATVOX_WITH_LZ4 "Read N5 blocks in lz4 (liblz4)" ON)
option(CATVOX_WITH_ZSTD "Read N5 blocks in zstd (libzstd)" ON)
option(CATVOX_WITH_BLOSC "Read N5 blocks in blosc (c-blosc 1)" ON)
option(CATVOX_WITH_BROTLI "Read HTTP answers in Content-Encoding br (libbrotlidec)" ON)
if(CATVOX_WITH_GZIP)
  catvox_uses(PRIVATE Libdeflate::Libdeflate FIND Libdeflate ALSO libdeflate::libdeflate_shared libdeflate::libdeflate_static
              libdeflate_shared libdeflate_static PKG_CONFIG libdeflate)
endif()
if(CATVOX_WITH_BZIP2)
  catvox_uses(PRIVATE BZip2::BZip2 FIND BZip2 LINK -lbz2)  # Debian has no bzip2.pc
endif()
if(CATVOX_WITH_XZ)
  catvox_uses(PRIVATE LibLZMA::LibLZMA FIND LibLZMA PKG_CONFIG liblzma)
endif()
if(CATVOX_WITH_LZ4)
  catvox_uses(PRIVATE LZ4::LZ4 FIND LZ4 ALSO LZ4::lz4 LZ4::lz4_static lz4::lz4 lz4_shared lz4_static PKG_CONFIG liblz4)
endif()
if(CATVOX_WITH_ZSTD)
  catvox_uses(PRIVATE Zstd::Zstd FIND Zstd ALSO zstd::libzstd zstd::libzstd_shared zstd::libzstd_static libzstd_shared libzstd_static
              PKG_CONFIG libzstd)
endif()
if(CATVOX_WITH_BLOSC)
  catvox_uses(PRIVATE Blosc::Blosc FIND Blosc ALSO blosc_shared blosc_static PKG_CONFIG blosc)
endif()
if(CATVOX_WITH_BROTLI)
  catvox_uses(PRIVATE Brotli::brotlidec FIND Brotli ALSO brotli::brotlidec unofficial::brotli::brotlidec brotlidec
              brotlidec-static PKG_CONFIG libbrotlidec)
endif()
