#include "bytes/file_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catvox/core/redact.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "bytes/read_error.hpp"
#include "core/file_descriptor.hpp"
#include "core/workers.hpp"
#include "http/url_parts.hpp"

namespace catvox::detail {
namespace {

[[noreturn]] void throw_errno(int error) { throw Error(Errc::io, std::generic_category().message(error)); }

// What there is of a range in a file of so many bytes.
ByteRange clipped(const std::optional<ByteRange>& range, std::uint64_t size) {
  if (!range) return {0, size};
  const std::uint64_t begin = std::min(range->begin, size);
  return {begin, std::min(range->size, size - begin)};
}

void read_into(const FileDescriptor& file, const ByteRange& range, Buffer& body) {
  body.resize(static_cast<std::size_t>(range.size));
  std::size_t done = 0;
  while (done < body.size()) {
    const auto got =
        ::pread(file.get(), body.data() + done, body.size() - done, static_cast<off_t>(range.begin + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(errno);
    if (got == 0) break;  // it became shorter; what decodes it will notice
    done += static_cast<std::size_t>(got);
  }
  body.resize(done);
}

class FileRead final : public Workers::Job {
 public:
  FileRead(ByteRequest request, std::optional<ByteResult> known, std::shared_ptr<ByteHandler> handler)
      : request_(std::move(request)), known_(std::move(known)), handler_(std::move(handler)) {}

  void run(Workers::Turn& turn) noexcept override {
    try {
      if (known_) {
        known_->attempts = 0;
        if (deliver(turn, *std::exchange(known_, std::nullopt))) return;
      }
      auto result = read_file(request_, turn.take_memory());
      (void)deliver(turn, std::move(result), false);
    } catch (...) {
      const auto error = current_error({.url = redact_url(request_.key), .attempts = 1});
      if (!turn.cancelled()) handler_->on_error(error);
    }
  }

 private:
  // False if the bytes did not decode, and reading the file may help.
  bool deliver(Workers::Turn& turn, ByteResult result, bool may_read = true) {
    if (turn.cancelled()) return true;
    try {
      handler_->on_bytes(result);
    } catch (const Error& error) {
      if (!may_read || error.code() != Errc::corrupt_data) throw;
      return false;
    }
    turn.leave_memory(std::move(result.body));
    return true;
  }

  const ByteRequest request_;
  std::optional<ByteResult> known_;
  const std::shared_ptr<ByteHandler> handler_;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const FileSourceOptions& options) : max_bytes_(options.max_bytes), workers_(options.threads) {}

  ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) override {
    return add(std::move(request), std::nullopt, std::move(handler));
  }

  ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) override {
    return add(std::move(request), std::move(known), std::move(handler));
  }

  void cancel(ReadId id) noexcept override { workers_.cancel(id); }

  // So that no thread waits for the next request, nor so many that a cancelled read leaves much behind.
  [[nodiscard]] int concurrency() const noexcept override { return 8 * workers_.threads(); }

 private:
  ReadId add(ByteRequest request, std::optional<ByteResult> known, std::shared_ptr<ByteHandler> handler) {
    request.max_bytes = request.max_bytes == 0 ? max_bytes_ : std::min(request.max_bytes, max_bytes_);
    return workers_.add(std::make_unique<FileRead>(std::move(request), std::move(known), std::move(handler)));
  }

  const std::size_t max_bytes_;
  Workers workers_;  // last: they stop before anything else goes
};

}  // namespace

std::shared_ptr<ByteSource> make_file_source(FileSourceOptions options) {
  return std::make_shared<FileSource>(options);
}

ByteResult read_file(const ByteRequest& request, Buffer memory) {
  ByteResult result;
  result.local = true;
  result.url = redact_url(request.key);
  result.body = std::move(memory);
  result.body.clear();
  if (request.range && request.range->size == 0) throw Error(Errc::invalid_argument, "an empty range is asked for");
  // Non-blocking, so that a FIFO under a tile's name does not hang the thread.
  const FileDescriptor file(::open(file_path(request.key).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) {
    if (errno != ENOENT && errno != ENOTDIR) throw_errno(errno);
    result.state = ByteResult::State::missing;
    return result;
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno(errno);
  if (!S_ISREG(status.st_mode)) throw Error(Errc::io, "not a regular file");
  const auto part = clipped(request.range, static_cast<std::uint64_t>(status.st_size));
  if (request.max_bytes > 0 && part.size > request.max_bytes) {
    throw Error(Errc::too_large, std::string("the ") + (request.range ? "range" : "file") + " has " +
                                     std::to_string(part.size) + " bytes, more than the limit of " +
                                     std::to_string(request.max_bytes));
  }
  read_into(file, part, result.body);
  return result;
}

}  // namespace catvox::detail
