#pragma once

#include <array>
#include <catvox/bytes/byte_source.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/url.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bytes/file_source.hpp"
#include "bytes/http_source.hpp"
#include "bytes/range_merger.hpp"
#include "bytes/shard_source.hpp"
#include "kept_source.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/shard_writer.hpp"
#include "support/temp_dir.hpp"

namespace catvox::test {

/// A source under test, and a place where its objects can be put.
class SourceCase {
 public:
  virtual ~SourceCase() = default;

  /// Makes an object. \returns  its key
  virtual std::string put(const std::string& name, const std::string& content) = 0;
  /// Key of an object that is not there.
  virtual std::string missing_key() = 0;
  /// Whether a body that does not decode is asked for again.
  [[nodiscard]] virtual bool fetches_again() const = 0;
  /// Whether a part of an object can be asked for.
  [[nodiscard]] virtual bool has_ranges() const = 0;
  /// How the URL of whatever answered begins.
  [[nodiscard]] virtual std::string scheme() const { return "http:"; }

  std::shared_ptr<ByteSource> source;

  /// Ends the source and all that is behind it.
  virtual void close() { source.reset(); }
};

class HttpCase : public SourceCase {
 public:
  explicit HttpCase(int threads) {
    HttpOptions options;
    options.threads = threads;
    options.max_body_bytes = 100'000;
    options.retry = {.max_attempts = 3, .initial_delay = std::chrono::milliseconds(1)};
    session_.emplace(options);
    source = detail::make_http_source({.transport = session_->transport()});
  }
  ~HttpCase() override { HttpCase::close(); }  // before the server, which waits for its clients
  std::string put(const std::string& name, const std::string& content) override {
    server.add("/" + name, content);
    return server.url("/" + name);
  }
  std::string missing_key() override { return server.url("/none"); }
  [[nodiscard]] bool fetches_again() const override { return true; }
  [[nodiscard]] bool has_ranges() const override { return true; }
  void close() override {
    source.reset();
    session_.reset();
  }

  HttpServer server;

 private:
  std::optional<HttpSession> session_;
};

class FileCase : public SourceCase {
 public:
  explicit FileCase(int threads) { source = detail::make_file_source({.threads = threads, .max_bytes = 100'000}); }
  std::string put(const std::string& name, const std::string& content) override {
    return file_url(folder.write(name, content).string());
  }
  std::string missing_key() override { return file_url((folder.path() / "none").string()); }
  [[nodiscard]] bool fetches_again() const override { return false; }
  [[nodiscard]] bool has_ranges() const override { return true; }
  [[nodiscard]] std::string scheme() const override { return "file:"; }

  TempDir folder;
};

/// Behind what reads neighbouring ranges as one.
class MergedHttpCase final : public HttpCase {
 public:
  explicit MergedHttpCase(int threads) : HttpCase(threads) { source = detail::make_range_merger(source); }
};

/// A server that sends the whole object whatever was asked for.
class RangelessHttpCase : public HttpCase {
 public:
  explicit RangelessHttpCase(int threads) : HttpCase(threads) { server.set_cuts_ranges(false); }
};

/// Behind a disk cache.
class KeptCase final : public SourceCase {
 public:
  explicit KeptCase(int threads) {
    HttpOptions options;
    options.threads = threads;
    options.max_body_bytes = 100'000;
    options.retry = {.max_attempts = 3, .initial_delay = std::chrono::milliseconds(1)};
    options.disk_cache.folder = (folder_.path() / "cache").string();
    kept_.emplace(options);
    source = kept_->source();
  }
  ~KeptCase() override { KeptCase::close(); }
  std::string put(const std::string& name, const std::string& content) override {
    server_.add("/" + name, content);
    return server_.url("/" + name);
  }
  std::string missing_key() override { return server_.url("/none"); }
  [[nodiscard]] bool fetches_again() const override { return true; }
  [[nodiscard]] bool has_ranges() const override { return true; }
  void close() override {
    source.reset();
    kept_.reset();
  }

 private:
  TempDir folder_;
  HttpServer server_;
  std::optional<KeptSource> kept_;
};

/// Chunks in shards that another source has, each chunk in a shard of its own.
template <class Files>
class ShardCase final : public SourceCase {
 public:
  explicit ShardCase(int threads) : files_(threads) {
    const std::string key = files_.put("none", "");
    source = detail::make_shard_source({.files = detail::make_range_merger(files_.source),
                                        .folder = key.substr(0, key.size() - 4),
                                        .sharding = {.shard_bits = 16}});
  }
  ~ShardCase() override { ShardCase::close(); }
  /// \param name  a number
  std::string put(const std::string& name, const std::string& content) override {
    const auto number = static_cast<std::uint64_t>(std::stoi(name));
    std::array<char, 5> hex{};
    std::snprintf(hex.data(), hex.size(), "%04x", static_cast<unsigned>(number & 0xffff));
    files_.put(hex.data() + std::string(".shard"), shard({{{number, content}}}));
    return name;
  }
  std::string missing_key() override { return "60000"; }
  [[nodiscard]] bool fetches_again() const override { return files_.fetches_again(); }
  [[nodiscard]] bool has_ranges() const override { return false; }
  [[nodiscard]] std::string scheme() const override { return files_.scheme(); }
  void close() override {
    source.reset();
    files_.close();
  }

 private:
  Files files_;
};

/// Every source there is, by name.
inline std::vector<std::string> source_names() {
  return {"http",   "http without ranges",         "files",          "disk cache", "merged http",
          "shards", "shards over http, no ranges", "shards in files"};
}

inline std::unique_ptr<SourceCase> make_source_case(const std::string& name, int threads) {
  if (name == "http") return std::make_unique<HttpCase>(threads);
  if (name == "http without ranges") return std::make_unique<RangelessHttpCase>(threads);
  if (name == "merged http") return std::make_unique<MergedHttpCase>(threads);
  if (name == "shards") return std::make_unique<ShardCase<HttpCase>>(threads);
  if (name == "shards over http, no ranges") return std::make_unique<ShardCase<RangelessHttpCase>>(threads);
  if (name == "shards in files") return std::make_unique<ShardCase<FileCase>>(threads);
  if (name == "disk cache") return std::make_unique<KeptCase>(threads);
  return std::make_unique<FileCase>(threads);
}

}  // namespace catvox::test
