# Compiles, and where asked runs, the C++ in a Markdown file, so that what it shows stays true.
#
# Every block fenced as ```cpp becomes a function, its #include lines before it; a block with a main() becomes a program
# of its own. Comments before the block, each on a line of its own, change that:
#
#   <!-- run -->         the block is also run, as a test; it fails by an exception, by `return 1;`, or if it prints
#                        anything else than the block that follows it, where that is fenced as ```text
#   <!-- no-compile -->  the block is left alone
#   <!-- cpp             code that the block needs and the reader does not, put before it
#   …
#   -->
#
# All functions of a file are one translation unit: with xtensor's headers, one for each block would cost minutes.
# Compiler errors name the line in the Markdown file.

# catvox_add_markdown_test(<file>)
#
# Tests run in a folder of the file's own, one at a time.
function(catvox_add_markdown_test file)
  cmake_path(ABSOLUTE_PATH file NORMALIZE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  cmake_path(GET file STEM name)
  string(MAKE_C_IDENTIFIER "${name}" name)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/markdown_${name}")
  file(MAKE_DIRECTORY "${folder}/run")

  # Line by line with string(FIND): a CMake list of lines would trip over ';', '[' and '\' in the code.
  file(READ "${file}" rest)
  set(number 0)
  set(state text)
  set(mark)
  set(includes)
  set(body)
  set(all_includes "#include <cstring>\n")
  set(functions)
  set(calls)
  while(NOT rest STREQUAL "")
    math(EXPR number "${number} + 1")
    string(FIND "${rest}" "\n" end)
    string(SUBSTRING "${rest}" 0 ${end} line)
    if(end EQUAL -1)
      set(rest)
    else()
      math(EXPR end "${end} + 1")
      string(SUBSTRING "${rest}" ${end} -1 rest)
    endif()

    if(state STREQUAL "text")
      if(line MATCHES "^<!-- (run|no-compile) -->$")
        set(mark ${CMAKE_MATCH_1})
      elseif(line STREQUAL "<!-- cpp")
        set(state hidden)
      elseif(line STREQUAL "```cpp")
        set(state code)
        set(first_line ${number})
      elseif(line STREQUAL "```text" AND DEFINED expected)
        set(state expected)
        set(text)
      elseif(line MATCHES "^```.")
        set(state other)
        unset(expected)
      elseif(NOT line STREQUAL "")
        set(mark)
        set(includes)
        set(body)
        unset(expected)
      endif()
    elseif(state STREQUAL "hidden" AND line STREQUAL "-->")
      set(state text)
    elseif(state STREQUAL "other" AND line STREQUAL "```")
      set(state text)
    elseif(state STREQUAL "expected" AND line STREQUAL "```")
      file(WRITE "${expected}" "${text}")
      set(state text)
      unset(expected)
    elseif(state STREQUAL "expected")
      string(APPEND text "${line}\n")
    elseif(state STREQUAL "code" AND line STREQUAL "```")
      set(block line_${first_line})
      unset(expected)
      if(mark STREQUAL "no-compile")
        # left alone
      elseif(body MATCHES "int main\\(")
        catvox_add_markdown_program(catvox_markdown_${name}_${block} "${folder}" "${includes}${body}")
        if(mark STREQUAL "run")
          catvox_add_markdown_run("${file}" ${block} "${folder}" catvox_markdown_${name}_${block})
          set(expected "${folder}/${block}.expected")
        endif()
      else()
        string(APPEND all_includes "${includes}")
        string(APPEND functions "[[maybe_unused]] static int ${block}() {\n${body}return 0;\n}\n")
        if(mark STREQUAL "run")
          string(APPEND calls "  if (std::strcmp(argv[1], \"${block}\") == 0) return ${block}();\n")
          catvox_add_markdown_run("${file}" ${block} "${folder}" catvox_markdown_${name} ${block})
          set(expected "${folder}/${block}.expected")
        endif()
      endif()
      set(state text)
      set(mark)
      set(includes)
      set(body)
    elseif(state MATCHES "code|hidden")
      if(line MATCHES "^#include")
        string(APPEND includes "#line ${number} \"${file}\"\n${line}\n")
      else()
        string(APPEND body "#line ${number} \"${file}\"\n${line}\n")
      endif()
    endif()
  endwhile()
  if(NOT state STREQUAL "text")
    message(FATAL_ERROR "${file}: the block at line ${first_line} does not end")
  endif()
  if(functions)
    set(main "int main(int argc, char* argv[]) {\n  if (argc != 2) return 2;\n${calls}  (void)argv;\n  return 2;\n}\n")
    catvox_add_markdown_program(catvox_markdown_${name} "${folder}" "${all_includes}${functions}${main}")
  endif()
endfunction()

function(catvox_add_markdown_program target folder code)
  file(WRITE "${folder}/${target}.new" "${code}")
  file(COPY_FILE "${folder}/${target}.new" "${folder}/${target}.cpp" ONLY_IF_DIFFERENT)
  add_executable(${target} "${folder}/${target}.cpp")
  target_link_libraries(${target} PRIVATE catvox::catvox)
  # What an example computes to show a call may go unused.
  separate_arguments(flags UNIX_COMMAND "${CATVOX_TEST_FLAGS}")
  target_compile_options(${target} PRIVATE -Wno-unused-variable -Wno-unused-but-set-variable -Wno-unused-value ${flags})
  catvox_silence_false_warnings(${target})
endfunction()

function(catvox_add_markdown_run file block folder target)
  cmake_path(GET file FILENAME title)
  string(REPLACE "_" " " place "${block}")
  file(REMOVE "${folder}/${block}.expected")
  add_test(NAME "markdown: ${title} ${place}"
           COMMAND ${CMAKE_COMMAND} -D "PROGRAM=$<TARGET_FILE:${target}>" -D "ARGUMENT=${ARGN}" -D
                   "EXPECTED=${folder}/${block}.expected" -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/CatvoxMarkdownRun.cmake"
           WORKING_DIRECTORY "${folder}/run")
  set_tests_properties("markdown: ${title} ${place}" PROPERTIES TIMEOUT 120 RESOURCE_LOCK "${folder}")
endfunction()
