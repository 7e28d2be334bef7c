#pragma once

/// \file
/// Blocks of N5 volumes, made for the benchmarks.

#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "codec/compression.hpp"

namespace bench {

using Bytes = std::vector<std::byte>;

/// Blocks of uint8, of that shape (zyx), that lie side by side along x through a stack of electron micrographs.
std::vector<Bytes> em_blocks(const catvox::Shape3& block, std::size_t count);

/// gzip 6, lz4, zstd 3, or blosc's lz4 with bytes shuffled; anything else: as it is.
/// \param item  bytes of an element
Bytes compress(catvox::detail::Compression compression, const Bytes& from, std::size_t item);

/// A block's file: N5's header before what compress() gave.
std::string block_file(const catvox::Shape3& block, const Bytes& payload);

/// The text of attributes.json. Shapes are zyx, N5's dimensions are (x, y, z).
std::string n5_attributes(const catvox::Shape3& shape, const catvox::Shape3& block, catvox::DType dtype,
                          catvox::detail::Compression compression);

}  // namespace bench
