#pragma once

#include <catvox/core/error.hpp>

#include "support/catch.hpp"

/// The Error that `f` throws, for tests of its code and its whole text.
template <class F>
catvox::Error error_of(F&& f) {
  try {
    f();
  } catch (const catvox::Error& e) {
    return e;
  }
  FAIL("expected an Error");
  return {catvox::Errc::io, ""};
}
