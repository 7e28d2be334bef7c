#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <memory>

namespace catvox::detail {

/// Ranges of the same object that are asked for in one ReadBatch and lie together, up to 64 KiB apart, are read as one of
/// at most 1 MiB, and handed over one by one. All else goes to `source` as it is, at once.
///
/// What does not decode is read again by itself. A failure that may be due to the size or the end of the whole (too_large,
/// corrupt_data) makes each be read by itself, too; any other is that of each.
std::shared_ptr<ByteSource> make_range_merger(std::shared_ptr<ByteSource> source);

}  // namespace catvox::detail
