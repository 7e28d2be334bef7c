#pragma once

#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <utility>

#ifndef CATVOX_INLINE  // compiled once into the library; by itself in every file that asks for it
#define CATVOX_INLINE inline
#endif

namespace catvox {

struct Error::State {
  Errc code;
  std::string message;
  ErrorContext context;
};

CATVOX_INLINE Error::Error(Errc code, std::string_view message, ErrorContext context) {
  context.url = redact_url(context.url);
  state_ = std::make_shared<const State>(State{code, redact_text(message), std::move(context)});
}

CATVOX_INLINE const char* Error::what() const noexcept { return state_->message.c_str(); }
CATVOX_INLINE Errc Error::code() const noexcept { return state_->code; }
CATVOX_INLINE const ErrorContext& Error::context() const noexcept { return state_->context; }

}  // namespace catvox
