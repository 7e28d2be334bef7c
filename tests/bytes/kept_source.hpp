#pragma once

#include <catvox/bytes/byte_source.hpp>
#include <catvox/http/session.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bytes/disk_cache_source.hpp"
#include "bytes/http_source.hpp"

namespace catvox::test {

/// A session with a disk cache, and what it reads through it. When it has ended, everything is on disk.
class KeptSource {
 public:
  /// \param url  of whom the session's secrets are for
  explicit KeptSource(const HttpOptions& options, const std::string& url = "http://127.0.0.1/") : session_(options) {
    const auto credentials = session_.credentials_for(url);
    source_ = detail::make_disk_cache_source(
        {.source = detail::make_http_source({.transport = session_.transport(),
                                             .credentials = credentials,
                                             .missing = {.not_found = true, .forbidden = true},
                                             .cacheable = true}),
         .cache = session_.disk_cache(),
         .credentials = credentials});
  }

  [[nodiscard]] ByteSource& operator*() const { return *source_; }
  [[nodiscard]] ByteSource* operator->() const { return source_.get(); }
  [[nodiscard]] const std::shared_ptr<ByteSource>& source() const { return source_; }
  [[nodiscard]] const HttpSession& session() const { return session_; }
  [[nodiscard]] detail::DiskCache& cache() const { return *session_.disk_cache(); }

 private:
  HttpSession session_;
  std::shared_ptr<ByteSource> source_;
};

}  // namespace catvox::test
