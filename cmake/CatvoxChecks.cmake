# What configuring should say before a compiler says it worse.

block()
  include(CheckCXXSourceCompiles)
  set(CMAKE_CXX_STANDARD 20)
  check_cxx_source_compiles("#include <stop_token>\nint main() { return std::stop_source().stop_requested(); }"
                            CATVOX_HAS_STOP_TOKEN)
endblock()
if(NOT CATVOX_HAS_STOP_TOKEN)
  message(FATAL_ERROR "catvox needs <stop_token> of C++20, which this compiler's standard library lacks: "
                      "g++ 12 or later has it, and clang with libstdc++; clang's libc++ has it from version 20 on")
endif()

get_property(catvox_multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT CMAKE_BUILD_TYPE AND NOT catvox_multi_config AND NOT CMAKE_CXX_FLAGS MATCHES "-O")
  message(NOTICE "catvox: CMAKE_BUILD_TYPE is not set, so it is compiled without optimisation and reads several times "
                 "slower; -DCMAKE_BUILD_TYPE=Release makes it fast")
endif()
