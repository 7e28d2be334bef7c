#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <span>

namespace catvox::detail {

/// What a Brotli stream (RFC 7932) holds.
/// \throws Error{corrupt_data} if it is damaged, cut short or not all of `encoded`, Error{too_large} above max_bytes,
///         Error{unsupported} if catvox was built without it
Buffer unbrotli(std::span<const std::byte> encoded, std::size_t max_bytes);

}  // namespace catvox::detail
