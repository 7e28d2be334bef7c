#include "http/disk_cache.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace catvox::detail {
namespace {

using namespace std::chrono_literals;

constexpr const char* state_name = "catvox-cache";
constexpr std::string_view temporary_prefix = "tmp-";
constexpr std::size_t name_digits = 32;                       // of the key; the file has all of it
constexpr std::int64_t touch_after = 600;                     // s; a use is noted at most this often
constexpr std::int64_t abandoned_after = 3600;                // s; until a temporary file's writer is taken for dead
constexpr std::int64_t recount_after = 86'400;                // s; until the sum of sizes is no longer believed
constexpr auto lock_patience = 20ms;                          // whoever holds it may be stopped: writing must go on
constexpr std::size_t waiting_limit = std::size_t{32} << 20;  // of bodies: a disk that is slower keeps less

std::uint64_t on_disk(std::uint64_t bytes) { return (bytes + 4095) / 4096 * 4096; }

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) append_hex(text, std::to_integer<unsigned char>(byte));
  return text;
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_temporary(std::string_view name) {
  return name.starts_with(temporary_prefix) && name.size() == temporary_prefix.size() + 6;
}

// A name at which nobody looks for an answer.
std::string temporary_name() {
  constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";
  thread_local std::mt19937 random{std::random_device{}()};
  std::string name(temporary_prefix);
  for (int i = 0; i < 6; ++i) name += letters[random() % letters.size()];
  return name;
}

// Makes a file that was not there. \returns  its name, and it; not open: see errno
std::pair<std::string, FileDescriptor> make_temporary(const FileDescriptor& folder) {
  while (true) {
    auto name = temporary_name();
    FileDescriptor file(::openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.open() || errno != EEXIST) return {std::move(name), std::move(file)};
  }
}

// Where an answer lies: "ab", "cdef…".
struct Place {
  std::string folder, name;
};

Place place_of(const Digest& key) {
  const auto digits = hex(std::span(key).first(name_digits / 2));
  return {digits.substr(0, 2), digits.substr(2)};
}

FileDescriptor open_folder_in(const FileDescriptor& folder, const std::string& name) {
  return FileDescriptor(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

FileDescriptor open_file_in(const FileDescriptor& folder, const std::string& name) {
  return FileDescriptor(::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

bool write_all(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::write(file.get(), text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Holds the advisory lock, if it can be had soon.
class FolderLock {
 public:
  explicit FolderLock(const FileDescriptor& file) : file_(file.get()) {
    const auto end = std::chrono::steady_clock::now() + lock_patience;
    while (!(held_ = ::flock(file_, LOCK_EX | LOCK_NB) == 0) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);
    }
  }
  ~FolderLock() {
    if (held_) ::flock(file_, LOCK_UN);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  [[nodiscard]] bool held() const { return held_; }

 private:
  int file_;
  bool held_ = false;
};

// Calls f(name, status) for each regular file in an open folder.
template <class F>
void for_each_file(const FileDescriptor& folder, F f) {
  const int own = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);  // closedir() closes it
  if (own < 0) return;
  const std::unique_ptr<DIR, decltype([](DIR* dir) { ::closedir(dir); })> dir(::fdopendir(own));
  if (!dir) {
    ::close(own);
    return;
  }
  while (const dirent* entry = ::readdir(dir.get())) {
    struct stat status {};
    if (::fstatat(own, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode)) f(std::string(entry->d_name), status);
  }
}

}  // namespace

// What <folder>/catvox-cache holds, as this machine writes it: the folder's files are not for carrying elsewhere.
struct DiskCache::State {
  std::array<char, 8> magic{'c', 'a', 't', 'v', 'o', 'x', 'd', '1'};
  std::array<std::byte, 16> salt{};
  std::uint64_t bytes = 0;     // of all files, at least
  std::int64_t recounted = 0;  // seconds since 1970

  static std::optional<State> read(const FileDescriptor& file) {
    State state;
    const auto magic = state.magic;
    if (::pread(file.get(), &state, sizeof state, 0) != sizeof state || state.magic != magic) return {};
    return state;
  }
  bool write(const FileDescriptor& file) const { return ::pwrite(file.get(), this, sizeof *this, 0) == sizeof *this; }
};

class DiskCache::Write final : public Workers::Job {
 public:
  Write(DiskCache& cache, DiskEntry entry) : cache_(cache), entry_(std::move(entry)) {
    cache_.waiting_bytes_ += entry_.body.size();
  }
  ~Write() override { cache_.waiting_bytes_ -= entry_.body.size(); }
  void run(Workers::Turn&) noexcept override {
    try {
      cache_.write(entry_);
    } catch (const std::bad_alloc&) {
    }
  }

 private:
  DiskCache& cache_;
  const DiskEntry entry_;
};

DiskCache::DiskCache(const HttpOptions& options)
    : options_(options.disk_cache), max_body_bytes_(options.max_body_bytes), readers_(options.threads), writer_(1) {
  const auto fail = [&](const std::string& why) {
    throw Error(Errc::io, "cannot use " + escaped(options_.folder) + " as disk cache: " + why);
  };
  try {
    open_folder();
    open_state();
  } catch (const std::system_error& error) {
    fail(error.code().message());
  } catch (const Error& error) {
    fail(error.what());
  }
  if (!options.client_certificate.empty()) {
    std::ifstream file(options.client_certificate, std::ios::binary);
    identity_ = stretched(sha256(std::string(std::istreambuf_iterator<char>(file), {})));
  }
}

DiskCache::~DiskCache() {
  if (writer_.forked()) return;  // the lock and what was claimed are the parent's
  writer_.finish();
  const FolderLock lock(state_file_);
  auto state = lock.held() ? State::read(state_file_) : std::nullopt;
  if (!state) return;  // the next recount will see what was not used
  state->bytes -= std::min(state->bytes, claimed_);
  state->write(state_file_);
}

void DiskCache::open_folder() {
  const auto fail = [] { throw std::system_error(errno, std::generic_category()); };
  auto folder = std::filesystem::absolute(options_.folder).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // it ended in '/'
  std::filesystem::create_directories(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail();
  folder_ = FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!folder_.open() || ::fstat(folder_.get(), &status) != 0) fail();
  if (status.st_uid != ::geteuid()) throw Error(Errc::io, "it belongs to another user");
  if ((status.st_mode & S_IWOTH) != 0) throw Error(Errc::io, "every user may write it (chmod o-w, or name another)");
}

// Makes the folder's state if need be. Several processes may do so at the same time: whoever is first wins.
void DiskCache::open_state() {
  const auto fail = [] { throw std::system_error(errno, std::generic_category()); };
  for (bool again = true;; again = false) {
    FileDescriptor file(::openat(folder_.get(), state_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.open() && errno != ENOENT) fail();
    if (const auto state = file.open() ? State::read(file) : std::nullopt) {
      state_file_ = std::move(file);
      salt_ = state->salt;
      return;
    }
    if (!again) throw std::system_error(std::make_error_code(std::errc::io_error));
    State fresh;
    std::random_device random;
    for (auto& byte : fresh.salt) byte = static_cast<std::byte>(random());
    const auto [name, made] = make_temporary(folder_);
    if (!made.open()) fail();
    // A file that is no state is replaced; one that appeared meanwhile is not.
    const bool placed =
        fresh.write(made) &&
        (file.open() ? ::renameat(folder_.get(), name.c_str(), folder_.get(), state_name) == 0
                     : ::linkat(folder_.get(), name.c_str(), folder_.get(), state_name, 0) == 0 || errno == EEXIST);
    const int error = errno;
    ::unlinkat(folder_.get(), name.c_str(), 0);
    if (!placed) throw std::system_error(error, std::generic_category());
  }
}

Digest DiskCache::key_of(std::string_view request, const Digest& secrets) const {
  std::string all(as_text(salt_));
  all += as_text(identity_);
  all += as_text(secrets);
  all += request;
  return sha256(all);
}

std::optional<DiskEntry> DiskCache::find(const Digest& key, std::size_t max_bytes, Buffer memory) {
  const auto place = place_of(key);
  const auto folder = open_folder_in(folder_, place.folder);
  const auto file = folder.open() ? open_file_in(folder, place.name) : FileDescriptor();
  if (!file.open()) return {};
  auto entry = read_entry(file.get(), key, max_bytes > 0 ? std::min(max_bytes, max_body_bytes_) : max_body_bytes_,
                          std::move(memory));
  if (!entry) return {};
  if (entry->missing) {
    const auto age = now_in_seconds() - entry->stored;
    if (age < 0 || age >= options_.missing_lifetime.count()) return {};
  }
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && now_in_seconds() - status.st_mtime >= touch_after) {
    ::futimens(file.get(), nullptr);
  }
  return entry;
}

bool DiskCache::has_room_for(std::size_t body_bytes) const noexcept {
  return stores_ && body_bytes <= options_.max_bytes && waiting_bytes_ + body_bytes <= waiting_limit;
}

void DiskCache::store(DiskEntry entry) noexcept {
  try {
    writer_.add(std::make_unique<Write>(*this, std::move(entry)));
  } catch (const std::exception&) {
    stores_ = false;  // no thread, no memory
  }
}

// What is in the way of one answer only (a folder at its name) is nothing to give up for.
void DiskCache::write(const DiskEntry& entry) {
  const auto head = stores_ ? entry_head(entry) : std::string();
  if (head.empty() || !claim(on_disk(head.size() + entry.body.size()))) return;
  const auto place = place_of(entry.key);
  auto folder = open_folder_in(folder_, place.folder);
  if (!folder.open() && errno == ENOENT) {
    if (::mkdirat(folder_.get(), place.folder.c_str(), 0700) != 0 && errno != EEXIST) stores_ = false;
    folder = open_folder_in(folder_, place.folder);
  }
  if (!folder.open()) return;
  const auto [name, file] = make_temporary(folder);
  if (!file.open()) {
    stores_ = false;
    return;
  }
  const bool written = write_all(file, head) && write_all(file, as_text(entry.body.bytes()));
  if (!written) stores_ = false;
  if (!written || ::renameat(folder.get(), name.c_str(), folder.get(), place.name.c_str()) != 0) {
    ::unlinkat(folder.get(), name.c_str(), 0);
  }
}

// Takes from the sum of sizes that all processes share, in portions, so that the lock is needed once for many answers.
// What is claimed counts, whether it has been written or not.
bool DiskCache::claim(std::uint64_t bytes) {
  // When files are counted, what others have claimed but not written yet is not seen: the rest is for that.
  const std::uint64_t limit = options_.max_bytes - options_.max_bytes / 32;
  if (bytes > limit) return false;
  if (claimed_ >= bytes) {
    claimed_ -= bytes;
    return true;
  }
  if (std::chrono::steady_clock::now() < next_claim_) return false;
  const FolderLock folder_lock(state_file_);
  if (!folder_lock.held()) {
    next_claim_ = std::chrono::steady_clock::now() + 1s;  // not to wait again for each answer
    return false;
  }
  auto state = State::read(state_file_).value_or(State{.salt = salt_});
  const std::uint64_t portion = std::max(bytes, limit / 256);
  const auto age = now_in_seconds() - state.recounted;
  if (age < 0 || age >= recount_after || state.bytes > limit - portion) {
    // A tenth more than needed goes, so that this is rare.
    state.bytes = remove_oldest(limit - portion, std::min(limit - portion, limit - limit / 10));
    state.recounted = now_in_seconds();
  }
  if (state.bytes > limit - portion) return false;
  state.bytes += portion;
  if (!state.write(state_file_)) {
    stores_ = false;
    return false;
  }
  claimed_ += portion - bytes;
  return true;
}

// If the answers take more than `max_bytes`, removes those that were not used for longest until they take `target`.
// Touches nothing that was not made here.
// \returns  bytes that are left
std::uint64_t DiskCache::remove_oldest(std::uint64_t max_bytes, std::uint64_t target) {
  struct File {
    std::int64_t used_s, used_ns;
    std::uint64_t bytes;
    std::byte folder;
    std::array<char, name_digits - 2> name;
  };
  std::vector<File> files;
  std::uint64_t total = 0;
  const auto remove_abandoned = [](const FileDescriptor& folder, const std::string& name, const struct stat& status) {
    if (!is_temporary(name)) return false;
    if (now_in_seconds() - status.st_mtime >= abandoned_after) ::unlinkat(folder.get(), name.c_str(), 0);
    return true;
  };
  for_each_file(folder_,
                [&](const std::string& name, const struct stat& status) { remove_abandoned(folder_, name, status); });
  for (unsigned number = 0; number < 256; ++number) {
    const auto byte = static_cast<std::byte>(number);
    const auto folder = open_folder_in(folder_, hex({&byte, 1}));
    if (!folder.open()) continue;
    for_each_file(folder, [&](const std::string& name, const struct stat& status) {
      if (remove_abandoned(folder, name, status) || !is_hex(name, name_digits - 2)) return;
      File file{
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec, on_disk(static_cast<std::uint64_t>(status.st_size)), byte, {}};
      std::copy(name.begin(), name.end(), file.name.begin());
      files.push_back(file);
      total += file.bytes;
    });
  }
  if (total <= max_bytes) return total;
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return std::tie(a.used_s, a.used_ns) < std::tie(b.used_s, b.used_ns); });
  for (const File& file : files) {
    if (total <= target) break;
    const auto folder = open_folder_in(folder_, hex({&file.folder, 1}));
    const std::string name(file.name.data(), file.name.size());
    const auto opened = folder.open() ? open_file_in(folder, name) : FileDescriptor();
    const bool gone =
        opened.open() ? is_entry(opened.get()) && ::unlinkat(folder.get(), name.c_str(), 0) == 0 : errno == ENOENT;
    if (gone) total -= file.bytes;
  }
  return total;
}

}  // namespace catvox::detail
