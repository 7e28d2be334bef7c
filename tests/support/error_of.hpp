#pragma once

#include <catvox/core/error.hpp>
#include <utility>

#include "support/catch.hpp"

namespace catvox::test {

/// The Error that a call throws; fails the test if it throws none.
template <class F>
Error error_of(F&& call) {
  try {
    std::forward<F>(call)();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error was thrown");
  return {Errc::io, ""};
}

}  // namespace catvox::test
