#pragma once

#include <catvox/core/buffer.hpp>
#include <cstddef>
#include <span>

namespace catvox::detail {

/// What a gzip stream of one or more members holds.
/// \throws Error{corrupt_data} if it is damaged or cut short, Error{too_large} above max_bytes, Error{unsupported} if
///         catvox was built without it
Buffer gunzip(std::span<const std::byte> encoded, std::size_t max_bytes);

/// What a zlib stream holds, or a bare deflate stream: HTTP's "deflate" is the former, and some servers send the latter.
/// \throws Error  as gunzip() does, and Error{corrupt_data} if anything follows
Buffer inflate(std::span<const std::byte> encoded, std::size_t max_bytes);

}  // namespace catvox::detail
