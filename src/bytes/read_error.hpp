#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/core/error.hpp>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace catvox::detail {

/// The exception that is being handled, as the error that ends a read.
/// \param context  where it happened, for exceptions that do not say
inline Error current_error(ErrorContext context) {
  try {
    throw;
  } catch (const Error& error) {
    return error.context().url.empty() ? Error(error.code(), error.what(), std::move(context)) : error;
  } catch (const std::bad_alloc&) {
    return {Errc::too_large, "not enough memory", std::move(context)};
  } catch (const std::exception& error) {
    return {Errc::io, error.what(), std::move(context)};
  } catch (...) {
    return {Errc::io, "an exception that is no std::exception", std::move(context)};
  }
}

}  // namespace catvox::detail
