#include "export/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catvox/core/error.hpp>
#include <charconv>
#include <random>
#include <system_error>
#include <utility>

#include "export/atomic_file.hpp"

namespace catvox::detail {
namespace fs = std::filesystem;

namespace {

std::string line(std::size_t level, std::int64_t first, std::int64_t count) {
  return std::to_string(level) + " " + std::to_string(first) + " " + std::to_string(count) + "\n";
}

/// Takes a number and the character behind it off `text`; false where there is none.
bool take(std::string_view& text, char end, std::int64_t& number) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || at == text.data() + text.size() || *at != end || number < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(at + 1 - text.data()));
  return true;
}

}  // namespace

void NumberSet::add(std::int64_t first, std::int64_t count) {
  if (count <= 0) return;
  std::int64_t end = first + count;
  auto next = runs_.upper_bound(first);
  if (next != runs_.begin()) {
    if (const auto before = std::prev(next); before->first + before->second >= first) next = before;
  }
  while (next != runs_.end() && next->first <= end) {
    first = std::min(first, next->first);
    end = std::max(end, next->first + next->second);
    size_ -= next->second;
    next = runs_.erase(next);
  }
  runs_.emplace(first, end - first);
  size_ += end - first;
}

bool NumberSet::contains(std::int64_t number) const noexcept {
  auto next = runs_.upper_bound(number);
  if (next == runs_.begin()) return false;
  --next;
  return number < next->first + next->second;
}

Journal::Journal(fs::path folder, const std::string& plan, std::size_t levels)
    : folder_(std::move(folder)), files_(folder_ / "unfinished"), done_(levels) {
  const fs::path file = folder_ / "plan.json";
  make_folders(folder_ / "journal");
  if (!files_.write_new(file, plan)) {
    std::string there;
    read_whole_file(file, there);
    if (there != plan) {
      throw Error(Errc::invalid_argument,
                  "another export was begun there, of another source, box or format: " + file.string() +
                      " says which. Choose another name, or remove what is there");
    }
  }
  reload();
}

void Journal::reload() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "journal", error)) {
    std::string text;
    if (entry.path().extension() == ".txt" && read_whole_file(entry.path(), text)) read(text);
  }
  if (error) throw Error(Errc::io, "cannot read " + (folder_ / "journal").string() + ": " + error.message());
}

void Journal::read(std::string_view text) {
  while (!text.empty()) {
    std::int64_t level = 0, first = 0, count = 0;
    if (!take(text, ' ', level) || !take(text, ' ', first) || !take(text, '\n', count)) return;  // cut short
    if (static_cast<std::size_t>(level) < done_.size()) done_[static_cast<std::size_t>(level)].add(first, count);
  }
}

void Journal::add(std::size_t level, std::vector<std::int64_t> blocks) {
  if (blocks.empty()) return;
  std::ranges::sort(blocks);
  std::string text;
  for (std::size_t i = 0; i < blocks.size();) {
    std::size_t end = i + 1;
    while (end < blocks.size() && blocks[end] == blocks[end - 1] + 1) ++end;
    text += line(level, blocks[i], static_cast<std::int64_t>(end - i));
    done_[level].add(blocks[i], static_cast<std::int64_t>(end - i));
    i = end;
  }
  if (!own_file_.open()) {
    // A name of its own even where a process of the same number on another machine shares the disk: nobody else ever
    // writes to this file.
    std::random_device random;
    own_ = folder_ / "journal" / (std::to_string(random()) + "-" + std::to_string(random()) + ".txt");
    own_file_ = FileDescriptor(::open(own_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666));
    if (!own_file_.open()) throw_errno("write", own_);
  }
  write_at(own_file_, own_, own_bytes_, std::as_bytes(std::span(text)));
  own_bytes_ += static_cast<std::int64_t>(text.size());
  (void)::fdatasync(own_file_.get());
}

void Journal::compact() {
  std::string text;
  for (std::size_t level = 0; level < done_.size(); ++level) {
    for (const auto& [first, count] : done_[level].runs()) text += line(level, first, count);
  }
  files_.write(folder_ / "journal" / "all.txt", text);
  std::error_code ignored;  // what stays says the same
  own_file_ = FileDescriptor();
  for (const auto& entry : fs::directory_iterator(folder_ / "journal", ignored)) {
    if (entry.path().filename() != "all.txt") fs::remove(entry.path(), ignored);
  }
  files_.remove_stale();
}

}  // namespace catvox::detail
