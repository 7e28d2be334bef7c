#include "export/atomic_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catvox/core/error.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace catvox::detail {
namespace fs = std::filesystem;

namespace {

FileDescriptor create(const fs::path& name) {
  constexpr int flags = O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC;
  FileDescriptor file(::open(name.c_str(), flags, 0666));
  if (!file.open() && errno == ENOENT) {
    make_folders(name.parent_path());
    file = FileDescriptor(::open(name.c_str(), flags, 0666));
  }
  return file;
}

std::string host_name() {
  char name[64] = "";
  (void)::gethostname(name, sizeof name - 1);
  return name;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

void throw_errno(std::string_view verb, const fs::path& name) {
  const std::string reason = std::generic_category().message(errno);
  throw Error(Errc::io, "cannot " + std::string(verb) + " " + name.string() + ": " + reason);
}

void make_folders(const fs::path& folder) {
  if (folder.empty()) return;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(Errc::io, "cannot create the folder " + folder.string() + ": " + error.message());
}

WholeFiles::WholeFiles(fs::path unfinished) : unfinished_(std::move(unfinished)), host_(host_name()) {}

fs::path WholeFiles::begin(const fs::path& name, std::span<const std::byte> content) const {
  static std::atomic<unsigned> count{0};
  // "<process>.<number>.<host>": of this process alone, also where machines share the disk.
  fs::path partial = unfinished_ / (std::to_string(::getpid()) + "." + std::to_string(count++) + "." + host_);
  const FileDescriptor file = create(partial);
  if (!file.open()) throw_errno("write", name);
  write_at(file, name, 0, content);
  return partial;
}

void WholeFiles::write(const fs::path& name, std::span<const std::byte> content) const {
  const fs::path partial = begin(name, content);
  if (::rename(partial.c_str(), name.c_str()) == 0) return;
  if (errno == ENOENT) {
    make_folders(name.parent_path());
    if (::rename(partial.c_str(), name.c_str()) == 0) return;
  }
  const int reason = errno;
  ::unlink(partial.c_str());
  errno = reason;
  throw_errno("write", name);
}

void WholeFiles::write(const fs::path& name, std::string_view content) const { write(name, bytes_of(content)); }

bool WholeFiles::write_new(const fs::path& name, std::string_view content) const {
  const fs::path partial = begin(name, bytes_of(content));
  const bool linked = ::link(partial.c_str(), name.c_str()) == 0;
  const int reason = errno;
  ::unlink(partial.c_str());
  if (linked || reason == EEXIST) return linked;
  errno = reason;
  throw_errno("write", name);
}

void WholeFiles::remove_stale() const noexcept {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(unfinished_, ignored)) {
    const std::string name = entry.path().filename().string();
    const pid_t process = std::atoi(name.c_str());
    const bool here = process > 0 && name.ends_with("." + host_);
    if (here && process != ::getpid() && ::kill(process, 0) != 0 && errno == ESRCH) fs::remove(entry.path(), ignored);
  }
  fs::remove(unfinished_, ignored);  // if it is empty
}

bool read_whole_file(const fs::path& name, std::string& content) {
  const FileDescriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) {
    if (errno == ENOENT) return false;
    throw_errno("read", name);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_errno("read", name);
  content.resize(static_cast<std::size_t>(status.st_size));
  read_at(file, name, 0, std::as_writable_bytes(std::span(content)));
  return true;
}

FileDescriptor open_file(const fs::path& name) {
  FileDescriptor file(::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666));
  if (!file.open()) throw_errno("write", name);
  return file;
}

void write_at(const FileDescriptor& file, const fs::path& name, std::int64_t offset,
              std::span<const std::byte> content) {
  while (!content.empty()) {
    const ssize_t written = ::pwrite(file.get(), content.data(), content.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("write", name);
    content = content.subspan(static_cast<std::size_t>(written));
    offset += written;
  }
}

void read_at(const FileDescriptor& file, const fs::path& name, std::int64_t offset, std::span<std::byte> content) {
  while (!content.empty()) {
    const ssize_t got = ::pread(file.get(), content.data(), content.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read", name);
    if (got == 0) throw Error(Errc::io, "cannot read " + name.string() + ": it is cut short");
    content = content.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
}

}  // namespace catvox::detail
