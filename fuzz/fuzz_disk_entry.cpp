// Files of the disk cache: any bytes are no entry, or just those that would be written for what was read; and of a file that
// was written, every other one that comes of it is no entry.

#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <span>

#include "core/file_descriptor.hpp"
#include "http/disk_entry.hpp"
#include "input.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;
using catvox::fuzz::Input;
using catvox::fuzz::require;

constexpr std::size_t largest_body = 4096;

FileDescriptor file_of(const std::string& bytes) {
  FileDescriptor file(::memfd_create("entry", MFD_CLOEXEC));
  require(file.open());
  require(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  require(::lseek(file.get(), 0, SEEK_SET) == 0);
  return file;
}

std::optional<DiskEntry> read(const std::string& bytes, const Digest& key) {
  return read_entry(file_of(bytes).get(), key, largest_body, {});
}

std::string written(const DiskEntry& entry) {
  const auto body = entry.body.bytes();
  return entry_head(entry) + std::string(reinterpret_cast<const char*>(body.data()), body.size());
}

void check_any(const std::string& bytes) {
  Digest key{};
  if (bytes.size() >= 16 + key.size()) std::memcpy(key.data(), bytes.data() + 16, key.size());  // as the entry has it
  if (const auto entry = read(bytes, key)) {
    require(written(*entry) == bytes);
    require(is_entry(file_of(bytes).get()));
  }
}

void check_written(Input input) {
  DiskEntry entry;
  for (auto& byte : entry.key) byte = static_cast<std::remove_reference_t<decltype(byte)>>(input.take<std::uint8_t>());
  entry.missing = input.within(0, 1) == 1;
  entry.stored = input.take<std::int64_t>();
  const auto place = input.take<std::uint16_t>();
  const auto change = static_cast<std::uint8_t>(input.within(1, 255));
  entry.generation = input.text(input.take<std::uint8_t>());
  const std::string body = input.text(largest_body);
  entry.body.append(std::as_bytes(std::span(body)));
  const std::string file = written(entry);

  const auto back = read(file, entry.key);
  require(back && back->missing == entry.missing && back->stored == entry.stored && written(*back) == file);
  std::string changed = file;
  changed[place % file.size()] = static_cast<char>(changed[place % file.size()] ^ change);
  require(!read(changed, entry.key));
  require(!read(file.substr(0, place % file.size()), entry.key));
  require(!read(file + '\0', entry.key));
  Digest other = entry.key;
  other[place % other.size()] ^= static_cast<std::remove_reference_t<decltype(other[0])>>(change);
  require(!read(file, other));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_any(std::string(reinterpret_cast<const char*>(data), size));
  check_any("catvoxde" + std::string(reinterpret_cast<const char*>(data), size));
  check_written(Input(data, size));
  return 0;
}
