#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <cstddef>
#include <memory>

namespace catvox::detail {

/// How files are read.
struct FileSourceOptions {
  int threads = 0;                                 ///< that read and decode; 0: one for each core
  std::size_t max_bytes = std::size_t{256} << 20;  ///< of a file or range; a request may ask for less
};

/// Objects in local folders. Keys are file: URLs. Whoever opens a location decides whether it may be a local one.
std::shared_ptr<ByteSource> make_file_source(FileSourceOptions options = {});

/// Reads a file on this thread.
/// \param request  as for a file source; max_bytes 0: no limit
/// \param memory   to use for the body
/// \throws Error{io}, Error{too_large}, Error{invalid_argument}; what() is the reason alone
ByteResult read_file(const ByteRequest& request, Buffer memory = {});

}  // namespace catvox::detail
