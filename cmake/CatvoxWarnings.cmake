# GCC 12 takes "text" + std::to_string(n) for an overlapping copy at -O3 (GCC bug 105651), and std::stop_source for
# uninitialised. For our own targets only.
function(catvox_silence_false_warnings target)
  target_compile_options(
    ${target} PRIVATE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict;-Wno-maybe-uninitialized>)
endfunction()
