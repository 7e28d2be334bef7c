#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/http/credentials.hpp>
#include <memory>

#include "http/disk_cache.hpp"

namespace catvox::detail {

/// What a source behind a disk cache is made of.
struct DiskCacheSourceOptions {
  std::shared_ptr<ByteSource> source;  ///< its keys are http(s) URLs; what it gives does not change
  std::shared_ptr<DiskCache> cache;
  std::shared_ptr<const Credentials> credentials{};  ///< that `source` sends: what they open is found by them only
};

/// What another source gave, kept on disk once a handler has accepted it. What is kept is read and handed over by the
/// cache's own threads; what is not comes on the threads of `source`, and is written afterwards by a thread of the cache.
///
/// Not kept: what a handler or the server (`ByteResult::may_store`) wants no copy of, and whatever stands under a URL
/// with a user or password in it.
std::shared_ptr<ByteSource> make_disk_cache_source(DiskCacheSourceOptions options);

}  // namespace catvox::detail
