#include "http/disk_cache.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catvox/core/error.hpp>
#include <catvox/http/url.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <vector>

#include "http/status.hpp"

namespace catvox::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view state_name = "catvox-cache";
constexpr std::string_view temporary_prefix = "tmp-";
constexpr std::size_t name_digits = 32;         // of the key; the file has all of it
constexpr std::int64_t touch_after = 600;       // s; a use is noted at most this often
constexpr std::int64_t abandoned_after = 3600;  // s; until a temporary file's writer is taken for dead
constexpr std::int64_t recount_after = 86'400;  // s; until the sum of sizes is no longer believed
constexpr auto lock_patience = 20ms;            // whoever holds it may be stopped: reading must go on

std::uint64_t on_disk(std::uint64_t bytes) { return (bytes + 4095) / 4096 * 4096; }

std::string hex(const Digest& digest, std::size_t digits) {
  constexpr std::string_view alphabet = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; 2 * i < digits; ++i) {
    const auto byte = std::to_integer<unsigned>(digest[i]);
    text += alphabet[byte >> 4];
    text += alphabet[byte & 15];
  }
  return text;
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::write(file, text.data(), text.size());
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
  explicit FolderLock(int file) : file_(file) {
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

// Calls f(name, status) for each regular file.
template <class F>
void for_each_file(const std::string& folder, F f) {
  const std::unique_ptr<DIR, decltype([](DIR* dir) { ::closedir(dir); })> dir(::opendir(folder.c_str()));
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) {
    struct stat status {};
    if (::fstatat(::dirfd(dir.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode)) f(std::string_view(entry->d_name), status);
  }
}

}  // namespace

// What <folder>/catvox-cache holds, as this machine writes it: the folder's files are not for carrying elsewhere.
struct DiskCache::State {
  std::array<char, 8> magic{'c', 'a', 't', 'v', 'o', 'x', 'd', '1'};
  std::array<std::byte, 16> salt{};
  std::uint64_t bytes = 0;     // of all files, at least
  std::int64_t recounted = 0;  // seconds since 1970

  static std::optional<State> read(int file) {
    State state;
    const auto magic = state.magic;
    if (::pread(file, &state, sizeof state, 0) != sizeof state || state.magic != magic) return {};
    return state;
  }
  bool write(int file) const { return ::pwrite(file, this, sizeof *this, 0) == sizeof *this; }
};

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

DiskCache::DiskCache(const HttpOptions& options)
    : options_(options.disk_cache),
      folder_(std::filesystem::absolute(options_.folder)),
      max_body_bytes_(options.max_body_bytes) {
  try {
    open_state();
  } catch (const std::system_error& error) {
    throw Error(Errc::io, "cannot use " + folder_ + " as disk cache: " + error.code().message());
  }
  if (!options.client_certificate.empty()) {
    std::ifstream file(options.client_certificate, std::ios::binary);
    identity_ = stretch(sha256(std::string(std::istreambuf_iterator<char>(file), {})), salt_);
  }
}

DiskCache::~DiskCache() {
  const FolderLock lock(state_file_.get());
  auto state = lock.held() ? State::read(state_file_.get()) : std::nullopt;
  if (!state) return;  // the next recount will see what was not used
  state->bytes -= std::min(state->bytes, claimed_);
  state->write(state_file_.get());
}

// Opens the folder's state, makes both if need be. Several processes may do so at the same time: whoever is first wins.
void DiskCache::open_state() {
  const auto fail = [] { throw std::system_error(errno, std::generic_category()); };
  const std::filesystem::path folder = folder_;
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) fail();
  const std::string path = folder / state_name;
  for (bool again = true;; again = false) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.open() && errno != ENOENT) fail();
    if (const auto state = file.open() ? State::read(file.get()) : std::nullopt) {
      state_file_ = std::move(file);
      salt_ = state->salt;
      return;
    }
    if (!again) throw std::system_error(std::make_error_code(std::errc::io_error));
    State fresh;
    std::random_device random;
    for (auto& byte : fresh.salt) byte = static_cast<std::byte>(random());
    std::string temporary = folder / (std::string(temporary_prefix) + "XXXXXX");
    const FileDescriptor made(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!made.open()) fail();
    // A file that is no state is replaced; one that appeared meanwhile is not.
    const bool placed =
        fresh.write(made.get()) && (file.open() ? ::rename(temporary.c_str(), path.c_str()) == 0
                                                : ::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
    const int error = errno;
    ::unlink(temporary.c_str());
    if (!placed) throw std::system_error(error, std::generic_category());
  }
}

std::optional<Digest> DiskCache::key_of(const Request& request) {
  const auto scheme = scheme_of(request.url);
  if (!request.cacheable || (scheme != "http" && scheme != "https")) return {};
  const auto user = split_user(request.url);
  if (!user.user.empty() || !user.password.empty()) return {};  // a secret in the address itself

  Digest secrets{};
  if (request.credentials) {
    const std::lock_guard lock(mutex_);
    const auto [entry, fresh] = stretched_.try_emplace(request.credentials->digest());
    if (fresh) entry->second = stretch(entry->first, salt_);
    secrets = entry->second;
  }
  std::string all(as_text(salt_));
  all += as_text(identity_);
  all += as_text(secrets);
  all += request.url;
  for (const auto& header : request.headers) all += "\n" + header.name + ":" + header.value;
  return sha256(all);
}

std::string DiskCache::path_of(const Digest& key) const {
  const auto name = hex(key, name_digits);
  return folder_ + "/" + name.substr(0, 2) + "/" + name.substr(2);
}

std::optional<DiskEntry> DiskCache::find(const Digest& key, Buffer memory) {
  const FileDescriptor file(::open(path_of(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.open()) return {};
  auto entry = read_entry(file.get(), key, max_body_bytes_, std::move(memory));
  if (!entry) return {};
  if (is_missing(entry->status, false)) {
    const auto age = now_in_seconds() - entry->stored;
    if (age < 0 || age >= options_.missing_lifetime.count()) return {};
  }
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && now_in_seconds() - status.st_mtime >= touch_after) {
    ::futimens(file.get(), nullptr);
  }
  return entry;
}

DiskCache::Writing DiskCache::write(const DiskEntry& entry, std::span<const std::byte> body) {
  Writing writing;
  const auto head = stores_ ? entry_head(entry, body) : std::string();
  if (head.empty() || !claim(on_disk(head.size() + body.size()))) return writing;
  writing.cache_ = this;
  writing.path_ = path_of(entry.key);
  const auto folder = writing.path_.substr(0, writing.path_.rfind('/'));
  writing.temporary_ = folder + "/" + std::string(temporary_prefix) + "XXXXXX";
  FileDescriptor file(::mkostemp(writing.temporary_.data(), O_CLOEXEC));
  if (!file.open() && errno == ENOENT && (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST)) {
    writing.temporary_.replace(writing.temporary_.size() - 6, 6, "XXXXXX");
    file = FileDescriptor(::mkostemp(writing.temporary_.data(), O_CLOEXEC));
  }
  if (!file.open()) {
    writing.temporary_.clear();
    stop_storing();
  } else if (!write_all(file.get(), head) || !write_all(file.get(), as_text(body))) {
    stop_storing();
    ::unlink(writing.temporary_.c_str());
    writing.temporary_.clear();
  }
  return writing;
}

DiskCache::Writing::~Writing() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void DiskCache::Writing::keep() {
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), path_.c_str()) == 0) {
    temporary_.clear();
  } else {
    cache_->stop_storing();
  }
}

// Takes from the sum of sizes that all processes share, in portions, so that the lock is needed once for many answers.
// What is claimed counts, whether it has been written or not.
bool DiskCache::claim(std::uint64_t bytes) {
  // When files are counted, what others have claimed but not written yet is not seen: the rest is for that.
  const std::uint64_t limit = options_.max_bytes - options_.max_bytes / 32;
  if (bytes > limit) return false;
  const std::lock_guard lock(mutex_);
  if (claimed_ >= bytes) {
    claimed_ -= bytes;
    return true;
  }
  if (std::chrono::steady_clock::now() < next_claim_) return false;
  const FolderLock folder_lock(state_file_.get());
  if (!folder_lock.held()) {
    next_claim_ = std::chrono::steady_clock::now() + 1s;  // not to wait again for each answer
    return false;
  }
  auto state = State::read(state_file_.get()).value_or(State{.salt = salt_});
  const std::uint64_t portion = std::max(bytes, limit / 256);
  const auto age = now_in_seconds() - state.recounted;
  if (age < 0 || age >= recount_after || state.bytes > limit - portion) {
    // A tenth more than needed goes, so that this is rare.
    state.bytes = remove_oldest(limit - portion, std::min(limit - portion, limit - limit / 10));
    state.recounted = now_in_seconds();
  }
  if (state.bytes > limit - portion) return false;
  state.bytes += portion;
  if (!state.write(state_file_.get())) {
    stop_storing();
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
    std::uint8_t folder;
    std::array<char, name_digits - 2> name;
  };
  std::vector<File> files;
  std::uint64_t total = 0;
  const auto abandoned = [&](std::string_view name, const struct stat& status) {
    return name.starts_with(temporary_prefix) && name.size() == temporary_prefix.size() + 6 &&
           now_in_seconds() - status.st_mtime >= abandoned_after;
  };
  const auto folder_of = [&](std::uint8_t number) { return folder_ + "/" + hex({static_cast<std::byte>(number)}, 2); };
  for_each_file(folder_, [&](std::string_view name, const struct stat& status) {
    if (abandoned(name, status)) ::unlink((folder_ + "/" + std::string(name)).c_str());
  });
  for (int i = 0; i < 256; ++i) {
    const auto number = static_cast<std::uint8_t>(i);
    const auto folder = folder_of(number);
    for_each_file(folder, [&](std::string_view name, const struct stat& status) {
      if (abandoned(name, status)) {
        ::unlink((folder + "/" + std::string(name)).c_str());
      } else if (is_hex(name, name_digits - 2)) {
        File file{status.st_mtim.tv_sec,
                  status.st_mtim.tv_nsec,
                  on_disk(static_cast<std::uint64_t>(status.st_size)),
                  number,
                  {}};
        std::copy(name.begin(), name.end(), file.name.begin());
        files.push_back(file);
        total += file.bytes;
      }
    });
  }
  if (total <= max_bytes) return total;
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return std::tie(a.used_s, a.used_ns) < std::tie(b.used_s, b.used_ns); });
  for (const File& file : files) {
    if (total <= target) break;
    const auto path = folder_of(file.folder) + "/" + std::string(file.name.data(), file.name.size());
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) total -= file.bytes;
  }
  return total;
}

}  // namespace catvox::detail
