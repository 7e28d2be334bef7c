#pragma once

#include <atomic>
#include <catvox/http/message.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "http/digest.hpp"
#include "http/disk_entry.hpp"

namespace catvox::detail {

/// A file descriptor, closed at the end; -1: none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor();
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// A folder of answers, shared by all sessions and processes that name it.
///
/// Each answer is a file that never changes: it is written under another name and then takes its own (rename), so that
/// whoever opens it sees all of it. What is read is checked to the last bit, and anything else than what was written
/// for that request is not there. So no lock is needed for reading and writing; one (flock) guards the sum of the sizes
/// and whoever removes files. Nothing here throws once the folder is open, but for want of memory: what cannot be kept
/// is not.
///
///     <folder>/catvox-cache   the sum of the sizes, a random salt for keys; the lock
///     <folder>/ab/cdef…       an answer, named by its key
///     <folder>/ab/tmp-……      an answer that is being written, or whose writer died
class DiskCache {
 public:
  /// \throws Error{io} if the folder cannot be made or written
  explicit DiskCache(const HttpOptions& options);
  ~DiskCache();
  DiskCache(const DiskCache&) = delete;
  DiskCache& operator=(const DiskCache&) = delete;

  /// What an answer to this request is kept under: address, header lines and secrets, one-way. Null for requests whose
  /// answers are not kept.
  std::optional<Digest> key_of(const Request& request);

  /// What is kept under a key, if it is whole and has not outlived its time.
  /// \param memory  to use for the body
  std::optional<DiskEntry> find(const Digest& key, Buffer memory);

  /// Writes an answer, under a name at which nobody looks for it yet.
  class Writing {
   public:
    Writing() = default;
    Writing(Writing&& other) noexcept
        : cache_(other.cache_), temporary_(std::exchange(other.temporary_, {})), path_(std::move(other.path_)) {}
    Writing& operator=(Writing&&) = delete;
    ~Writing();

    /// Gives it its name, in place of what was kept there.
    void keep();

   private:
    friend class DiskCache;
    DiskCache* cache_ = nullptr;
    std::string temporary_;  // empty: nothing to keep, or nothing left to do
    std::string path_;
  };
  Writing write(const DiskEntry& entry, std::span<const std::byte> body);

 private:
  struct State;
  [[nodiscard]] std::string path_of(const Digest& key) const;
  void open_state();
  bool claim(std::uint64_t bytes);
  std::uint64_t remove_oldest(std::uint64_t max_bytes, std::uint64_t target);
  void stop_storing() noexcept { stores_ = false; }

  const DiskCacheOptions options_;
  const std::string folder_;  // absolute
  const std::size_t max_body_bytes_;
  Digest identity_{};  // of the session's client certificate
  FileDescriptor state_file_;
  std::array<std::byte, 16> salt_{};
  std::atomic<bool> stores_ = true;  // false after a failure, such as a full disk

  std::mutex mutex_;
  std::uint64_t claimed_ = 0;           // of the sum, that this session may still write
  std::map<Digest, Digest> stretched_;  // secrets that were used, and what stands for them in keys
};

}  // namespace catvox::detail
