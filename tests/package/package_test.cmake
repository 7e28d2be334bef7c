# Takes catvox by one of the ways that its users have, builds the program in consumer/ with it and runs that.
#
#   cmake -D CONSUME_BY=<array_alone | add_subdirectory | difficult_parent | FetchContent | install> -D SOURCE=… -D BUILD=… -D WORK=… -D CXX=…
#         -D CXX_FLAGS=… -D VERSION=… -D INSTALLED=<targets> -P package_test.cmake

set(consumer "${CMAKE_CURRENT_LIST_DIR}/consumer")
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
find_program(CCACHE ccache)

function(run)
  list(JOIN ARGN " " command)
  message(STATUS "${command}")
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(run_app)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "${printed}")
  if(NOT printed STREQUAL "catvox ${VERSION} read 512 voxels\n")
    message(FATAL_ERROR "expected: catvox ${VERSION} read 512 voxels")
  endif()
endfunction()

# Builds and runs the program below WORK/<name>.
function(build_consumer name)
  set(launcher)
  if(CCACHE)
    set(launcher "-DCMAKE_CXX_COMPILER_LAUNCHER=${CCACHE}")
  endif()
  run(${CMAKE_COMMAND} -S "${consumer}" -B "${WORK}/${name}" -G Ninja "-DCMAKE_CXX_COMPILER=${CXX}" ${launcher}
      -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 ${ARGN})
  run(${CMAKE_COMMAND} --build "${WORK}/${name}" --parallel 2)
  run_app("${WORK}/${name}/app")
  run("${WORK}/${name}/array_app")
endfunction()

# A shared catvox exports what users and the templates of views call: nothing of its own insides, nothing of a library's.
function(check_exports folder)
  file(GLOB_RECURSE library "${folder}/libcatvox.so")
  find_program(NM nm REQUIRED)
  execute_process(COMMAND "${NM}" --dynamic --defined-only --demangle "${library}" OUTPUT_VARIABLE symbols
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
  list(TRANSFORM symbols REPLACE "^[0-9a-f]* . " "")
  list(LENGTH symbols all)
  set(strange "${symbols}")
  list(FILTER strange EXCLUDE REGEX "^(typeinfo for |typeinfo name for |vtable for )?catvox::")
  list(FILTER symbols INCLUDE REGEX "detail::|nlohmann")
  list(APPEND strange ${symbols})
  if(strange OR all LESS 100)
    list(JOIN strange "\n  " text)
    message(FATAL_ERROR "${library} exports ${all} symbols, among them\n  ${text}")
  endif()
  message(STATUS "${all} symbols exported")
endfunction()

# Uses an installed catvox by find_package and by pkg-config, from another place than the one that it was installed to.
function(use_installed prefix)
  file(RENAME "${prefix}" "${prefix}-moved")
  set(prefix "${prefix}-moved")
  build_consumer(find_package -DCONSUME_BY=find_package "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}")

  # The arrays alone ask for none of the libraries that the engine stands on.
  run(${CMAKE_COMMAND} -S "${consumer}/../array_consumer" -B "${WORK}/array_alone" -G Ninja "-DCMAKE_CXX_COMPILER=${CXX}"
      "-DCMAKE_PREFIX_PATH=${prefix}" -DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON)

  file(GLOB_RECURSE pc "${prefix}/catvox.pc")
  cmake_path(GET pc PARENT_PATH pc_dir)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env "PKG_CONFIG_PATH=${pc_dir}" pkg-config --cflags --libs catvox
                  OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
  cmake_path(GET pc_dir PARENT_PATH lib_dir)
  separate_arguments(words UNIX_COMMAND "${CXX_FLAGS}")
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run("${CXX}" ${words} -std=c++20 "${consumer}/main.cpp" -o "${WORK}/by_pkg_config" ${flags} "-Wl,-rpath,${lib_dir}")
  run_app("${WORK}/by_pkg_config")
endfunction()

if(CONSUME_BY STREQUAL "array_alone")
  if(NOT CXX)
    message("SKIPPED: there is no such compiler")
    return()
  endif()
  # From source, installed and taken below a parent, where none of the libraries that the engine stands on may be found.
  set(without)
  foreach(package IN ITEMS CURL OpenSSL JPEG PNG nlohmann_json XxHash Libdeflate BZip2 LibLZMA LZ4 Zstd Blosc Brotli Threads)
    list(APPEND without -DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
  endforeach()
  run(${CMAKE_COMMAND} -S "${SOURCE}" -B "${WORK}/build" -G Ninja "-DCMAKE_CXX_COMPILER=${CXX}" -DCATVOX_ENGINE=OFF ${without})
  run(${CMAKE_COMMAND} --install "${WORK}/build" --prefix "${WORK}/prefix")
  set(consumer "${CMAKE_CURRENT_LIST_DIR}/array_consumer")
  set(ways "-DCMAKE_PREFIX_PATH=${WORK}/prefix" "-DCATVOX_SOURCE=${SOURCE}")
  if(XTENSOR)  # only a parent can say what xtensor is
    list(POP_FRONT ways)
    list(APPEND without "-DXTENSOR=${XTENSOR}")
  endif()
  foreach(way IN LISTS ways)
    run(${CMAKE_COMMAND} -S "${consumer}" -B "${WORK}/consumer" --fresh -G Ninja "-DCMAKE_CXX_COMPILER=${CXX}"
        -DCMAKE_CXX_FLAGS=-O0 "${way}" ${without})
    run(${CMAKE_COMMAND} --build "${WORK}/consumer")
    run("${WORK}/consumer/array_app")
  endforeach()

elseif(CONSUME_BY STREQUAL "add_subdirectory")
  build_consumer(add_subdirectory -DCONSUME_BY=add_subdirectory "-DCATVOX_SOURCE=${SOURCE}")

elseif(CONSUME_BY STREQUAL "difficult_parent")
  set(consumer "${CMAKE_CURRENT_LIST_DIR}/difficult_parent")
  foreach(fetch IN ITEMS ON OFF)
    build_consumer(fetch_${fetch} "-DCATVOX_SOURCE=${SOURCE}" -DCATVOX_FETCH_DEPENDENCIES=${fetch})
    check_exports("${WORK}/fetch_${fetch}")
  endforeach()

elseif(CONSUME_BY STREQUAL "FetchContent")
  # A checkout that belongs to another user, as on many CI machines, is one that git takes no commands in.
  file(WRITE "${WORK}/gitconfig" "[safe]\n\tdirectory = *\n")
  set(ENV{GIT_CONFIG_GLOBAL} "${WORK}/gitconfig")
  execute_process(COMMAND git -C "${SOURCE}" rev-parse HEAD OUTPUT_VARIABLE commit RESULT_VARIABLE no_repository
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(no_repository)
    message("SKIPPED: ${SOURCE} is no git repository")
    return()
  endif()
  run(git clone --quiet --bare "${SOURCE}" "${WORK}/catvox.git")
  build_consumer(fetch_content -DCONSUME_BY=FetchContent "-DCATVOX_GIT_URL=file://${WORK}/catvox.git"
                 "-DCATVOX_GIT_TAG=${commit}" -DBUILD_SHARED_LIBS=ON -DCATVOX_INSTALL=ON)
  run(${CMAKE_COMMAND} --install "${WORK}/fetch_content" --prefix "${WORK}/prefix")
  check_exports("${WORK}/prefix")
  set(CXX_FLAGS)  # of the build that runs this test, not of this library
  use_installed("${WORK}/prefix")

elseif(CONSUME_BY STREQUAL "install")
  run(${CMAKE_COMMAND} --build "${BUILD}" --target ${INSTALLED} --parallel 2)
  run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${WORK}/prefix")
  use_installed("${WORK}/prefix")

else()
  message(FATAL_ERROR "CONSUME_BY=${CONSUME_BY}?")
endif()
