#pragma once

#include <catvox/core/error.hpp>
#include <ostream>
#include <string>

namespace catvox {

/// What a call threw, whole, so that one CHECK compares code and text.
struct Caught {
  Errc code;
  std::string text;

  friend bool operator==(const Caught&, const Caught&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Caught& caught) {
    return out << "Errc " << static_cast<int>(caught.code) << ": " << caught.text;
  }
};

/// The Error that `call` throws; any other exception passes through.
template <class F>
Caught caught(F&& call) {
  try {
    static_cast<void>(call());
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {Errc{}, "no Error was thrown"};
}

}  // namespace catvox
