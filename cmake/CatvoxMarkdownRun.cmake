# Runs a program and compares what it prints with a file, where there is one.
#
#   cmake -D PROGRAM=<program> -D ARGUMENT=<its one argument or nothing> -D EXPECTED=<file> -P CatvoxMarkdownRun.cmake

cmake_minimum_required(VERSION 3.24)

execute_process(COMMAND "${PROGRAM}" ${ARGUMENT} RESULT_VARIABLE result OUTPUT_VARIABLE printed)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ${ARGUMENT} ended with ${result}, having printed:\n${printed}")
endif()
if(EXISTS "${EXPECTED}")
  file(READ "${EXPECTED}" expected)
  if(NOT printed STREQUAL expected)
    message(FATAL_ERROR "${PROGRAM} ${ARGUMENT} printed\n${printed}\ninstead of\n${expected}")
  endif()
endif()
