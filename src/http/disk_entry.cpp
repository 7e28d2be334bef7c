#include "http/disk_entry.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace catvox::detail {
namespace {

constexpr std::string_view magic = "catvoxde";
constexpr std::uint32_t version = 2;
constexpr std::size_t checksum_at = 72;
constexpr std::size_t fixed_bytes = checksum_at + 8;
constexpr std::size_t max_text_bytes = 4096;

template <class Unsigned>
void put(std::string& out, Unsigned value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

// Takes little-endian numbers off the front of a text.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::string_view take(std::size_t size) {
    const auto taken = text_.substr(0, size);
    text_.remove_prefix(size);
    return taken;
  }

  template <class Unsigned>
  Unsigned number() {
    Unsigned value = 0;
    for (const char c : take(sizeof value)) {
      value = static_cast<Unsigned>(value >> 8 | Unsigned{static_cast<unsigned char>(c)} << 8 * (sizeof value - 1));
    }
    return value;
  }

 private:
  std::string_view text_;
};

std::uint64_t checksum(std::string_view fixed, std::string_view text, std::span<const std::byte> body) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, fixed.data(), checksum_at);
  XXH3_64bits_update(&state, text.data(), text.size());
  XXH3_64bits_update(&state, body.data(), body.size());
  return XXH3_64bits_digest(&state);
}

bool read_all(int file, void* out, std::size_t size) {
  auto* next = static_cast<char*>(out);
  while (size > 0) {
    const auto got = ::read(file, next, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    next += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

std::int64_t now_in_seconds() { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

std::string entry_head(const DiskEntry& entry) {
  if (entry.generation.size() > max_text_bytes) return {};
  std::string head(magic);
  put(head, version);
  put(head, std::uint32_t{entry.missing});
  head.append(reinterpret_cast<const char*>(entry.key.data()), entry.key.size());
  put(head, static_cast<std::uint64_t>(entry.stored));
  put(head, static_cast<std::uint32_t>(entry.generation.size()));
  put(head, std::uint32_t{0});
  put(head, static_cast<std::uint64_t>(entry.body.size()));
  put(head, checksum(head, entry.generation, entry.body.bytes()));
  return head + entry.generation;
}

bool is_entry(int file) {
  std::string begin(magic.size(), '\0');
  return read_all(file, begin.data(), begin.size()) && begin == magic;
}

std::optional<DiskEntry> read_entry(int file, const Digest& key, std::size_t max_body_bytes, Buffer body) {
  struct stat status {};
  std::string fixed(fixed_bytes, '\0');
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || !read_all(file, fixed.data(), fixed.size())) return {};

  Parser parser(fixed);
  DiskEntry entry;
  if (parser.take(magic.size()) != magic || parser.number<std::uint32_t>() != version) return {};
  const auto missing = parser.number<std::uint32_t>();
  const auto kept_key = parser.take(entry.key.size());
  if (missing > 1 || std::memcmp(kept_key.data(), key.data(), key.size()) != 0) return {};
  entry.missing = missing == 1;
  entry.key = key;
  entry.stored = static_cast<std::int64_t>(parser.number<std::uint64_t>());
  const auto text_size = parser.number<std::uint32_t>();
  if (parser.number<std::uint32_t>() != 0) return {};
  const auto body_size = parser.number<std::uint64_t>();
  const auto expected_checksum = parser.number<std::uint64_t>();

  // Nothing is allocated that the file does not back.
  if (text_size > max_text_bytes || body_size > max_body_bytes) return {};
  if (std::cmp_not_equal(status.st_size, fixed_bytes + text_size + body_size)) return {};
  entry.generation.resize(text_size);
  body.clear();
  body.resize(static_cast<std::size_t>(body_size));
  if (!read_all(file, entry.generation.data(), text_size) || !read_all(file, body.data(), body.size())) return {};
  if (checksum(fixed, entry.generation, body.bytes()) != expected_checksum) return {};
  entry.body = std::move(body);
  return entry;
}

}  // namespace catvox::detail
