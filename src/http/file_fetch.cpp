#include "http/file_fetch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/http/url.hpp>
#include <cerrno>
#include <system_error>

namespace catvox::detail {
namespace {

class File {
 public:
  // Non-blocking, so that a FIFO under a tile's name does not hang the thread.
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void fail(int error, const Request& request) {
  throw Error(Errc::io, std::generic_category().message(error), {.url = redact_url(request.url), .attempts = 1});
}

}  // namespace

void fetch_file(const Request& request, std::size_t max_body_bytes, Response& response) {
  response.url = redact_url(request.url);
  if (!request.allow_file) {
    throw Error(Errc::refused, "file: is only read when the server itself is a folder, or when the caller allows it",
                {.url = response.url, .attempts = 0});
  }
  const File file(file_path(request.url));
  if (file.fd() < 0) {
    if (errno != ENOENT && errno != ENOTDIR) fail(errno, request);
    response.status = 404;
    return;
  }
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) fail(errno, request);
  if (!S_ISREG(status.st_mode)) {
    throw Error(Errc::io, "not a regular file", {.url = response.url, .attempts = 1});
  }
  std::size_t size = static_cast<std::size_t>(status.st_size);
  off_t begin = 0;
  if (request.range) {
    response.status = 416;
    if (request.range->begin >= size) return;
    begin = static_cast<off_t>(request.range->begin);
    size = static_cast<std::size_t>(std::min<std::uint64_t>(request.range->size, size - request.range->begin));
  }
  if (size > max_body_bytes) {
    throw Error(Errc::too_large,
                (request.range ? "the part has " : "the file has ") + std::to_string(size) +
                    " bytes, more than the limit of " + std::to_string(max_body_bytes),
                {.url = response.url, .attempts = 1});
  }
  response.body.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const auto got = ::pread(file.fd(), response.body.data() + done, size - done, begin + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(errno, request);
    if (got == 0) break;  // it became shorter; what decodes it will notice
    done += static_cast<std::size_t>(got);
  }
  response.body.resize(done);
  response.status = request.range ? 206 : 200;
}

}  // namespace catvox::detail
