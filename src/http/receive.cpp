#include "http/receive.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <charconv>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/ready_memory.hpp"
#include "http/lane.hpp"

namespace catvox::detail {
namespace {

constexpr std::size_t error_body_bytes = 64 * 1024;           // of an answer that is no success: enough for its message
constexpr std::size_t believed_bytes = std::size_t{8} << 20;  // that a Content-Length makes us reserve
constexpr std::size_t memory_beside = 8 * 1024;               // a body: what its transfer holds
constexpr std::size_t drained_bytes = 256 * 1024;  // of a rest that nobody wants, rather than end the connection

// What a Content-Range says: bytes first to last, inclusive, of `size` ("*", that is unknown: none).
struct ContentRange {
  std::uint64_t first = 0, last = 0;
  std::optional<std::uint64_t> size;
};

std::optional<ContentRange> parse_content_range(std::string_view text) {
  ContentRange range;
  const auto skip = [&](std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
  };
  const auto number = [&](std::uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc();
  };
  if (!skip("bytes ") || !number(range.first) || !skip("-") || !number(range.last) || !skip("/")) return std::nullopt;
  if (text == "*") return range.first <= range.last ? std::optional(range) : std::nullopt;
  if (!number(range.size.emplace()) || !text.empty()) return std::nullopt;
  return range.first <= range.last && range.last < *range.size ? std::optional(range) : std::nullopt;
}

std::string header_of(const Transfer& transfer, const char* name) {
  curl_header* header = nullptr;
  const auto found = curl_easy_header(transfer.easy.get(), name, 0, CURLH_HEADER, -1, &header);
  return found == CURLHE_OK ? header->value : std::string();
}

std::optional<std::uint64_t> announced_bytes(const Transfer& transfer) {
  curl_off_t announced = -1;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  return announced >= 0 ? std::optional(static_cast<std::uint64_t>(announced)) : std::nullopt;
}

[[noreturn]] void refuse_size(std::size_t limit) {
  throw Error(Errc::too_large, "the answer is larger than the limit of " + std::to_string(limit) + " bytes");
}

std::string in_words(std::uint64_t first, std::uint64_t last) {
  return "bytes " + std::to_string(first) + " to " + std::to_string(last);
}

// How many bytes a 206 has, if it is the part that was asked for: all of the range, or the object's end.
std::uint64_t part_size(const Transfer& transfer) {
  const ByteRange& asked = *transfer.request.range;
  const auto value = header_of(transfer, "Content-Range");
  const auto came = parse_content_range(value);
  const std::uint64_t last = asked.begin + (asked.size - 1);
  const bool fits = came && came->first == asked.begin &&
                    (came->last == last || (came->last < last && (!came->size || came->last + 1 == *came->size)));
  if (!fits) {
    throw Error(Errc::corrupt_data, "asked for " + in_words(asked.begin, last) + ", the answer is " +
                                        (came            ? in_words(came->first, came->last)
                                         : value.empty() ? "a part that does not say which"
                                                         : "a part that makes no sense"));
  }
  return came->last - came->first + 1;
}

// At the first byte of a success: how much is to be passed over, how much may be kept.
// \returns what is known of its size
std::optional<std::size_t> begin_body(Transfer& transfer) {
  auto expected = announced_bytes(transfer);
  transfer.room = transfer.body_limit;
  if (transfer.request.range) {
    const ByteRange& asked = *transfer.request.range;
    const bool whole = status_of(transfer) != 206;
    if (whole && asked.begin > transfer.whole_limit) {
      throw Error(Errc::too_large, "the server sends the whole object instead of a part, and the part begins after " +
                                       std::to_string(asked.begin) + " bytes, more than the limit of " +
                                       std::to_string(transfer.whole_limit));
    }
    expected = whole ? asked.size : part_size(transfer);
    if (whole) transfer.skip = asked.begin;
  }
  if (!expected) return std::nullopt;
  if (*expected > transfer.body_limit) refuse_size(transfer.body_limit);
  if (transfer.request.range) transfer.room = static_cast<std::size_t>(*expected);
  return static_cast<std::size_t>(*expected);
}

// Whether the rest of a body of which no more is wanted is worth being received.
bool is_worth_draining(const Transfer& transfer) {
  const auto announced = announced_bytes(transfer);
  return announced && *announced - std::min(*announced, transfer.passed) <= drained_bytes;
}

enum class Taken { more_wanted, all, paused };

// A body's memory is its own, not what it was taken for: the gate hears of it as it grows.
void append(Transfer& transfer, std::span<const std::byte> bytes) {
  auto& body = transfer.response.body;
  body.append(bytes);
  if (body.capacity() + memory_beside > transfer.place.bytes) {
    transfer.gate.resize(transfer.place, body.capacity() + memory_beside);
  }
}

Taken take_part_of_whole(Transfer& transfer, std::span<const std::byte> bytes) {
  auto& body = transfer.response.body;
  transfer.passed += bytes.size();
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(transfer.skip, bytes.size()));
  transfer.skip -= skipped;
  bytes = bytes.subspan(skipped);
  append(transfer, bytes.first(std::min(bytes.size(), transfer.room - body.size())));
  return body.size() < transfer.room || is_worth_draining(transfer) ? Taken::more_wanted : Taken::all;
}

Taken take_message(Transfer& transfer, std::span<const std::byte> bytes) {
  auto& body = transfer.response.body;
  transfer.passed += bytes.size();
  body.append(bytes.first(std::min(error_body_bytes - body.size(), bytes.size())));
  return body.size() < error_body_bytes || is_worth_draining(transfer) ? Taken::more_wanted : Taken::all;
}

Taken take(Transfer& transfer, std::span<const std::byte> bytes) {
  if (transfer.paused) return Taken::paused;
  const int status = status_of(transfer);
  if (status >= 300) return take_message(transfer, bytes);
  auto& body = transfer.response.body;
  if (!transfer.body_begun) {
    transfer.body_begun = true;
    const auto expected = begin_body(transfer);
    const std::size_t need = expected.value_or(transfer.expected_bytes) + memory_beside;
    if (!transfer.gate.enter(transfer.place, need, *transfer.lane)) {
      transfer.paused = true;
      transfer.progress.pause();
      transfer.lane->note_paused();
      return Taken::paused;  // libcurl comes again with the same bytes
    }
  }
  if (body.size() == 0) {
    const std::size_t size = transfer.place.bytes - memory_beside;
    reserve_ready(body, std::min(size, believed_bytes));
  }
  if (transfer.request.range && status != 206) return take_part_of_whole(transfer, bytes);
  if (bytes.size() > transfer.room - body.size()) {
    if (!transfer.request.range) refuse_size(transfer.body_limit);
    throw Error(Errc::corrupt_data, "the answer is longer than its Content-Range says");
  }
  append(transfer, bytes);
  return Taken::more_wanted;
}

// Runs inside libcurl: must not throw.
std::size_t receive_body(char* data, std::size_t, std::size_t count, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.progress.arrived(Clock::now(), count);
  try {
    const Taken taken = take(transfer, std::as_bytes(std::span(data, count)));
    if (taken == Taken::more_wanted) return count;
    if (taken == Taken::paused) return CURL_WRITEFUNC_PAUSE;
    transfer.complete = true;
  } catch (const Error& error) {
    transfer.refusal = error;
  } catch (const std::bad_alloc&) {
    transfer.out_of_memory = true;
  }
  return CURL_WRITEFUNC_ERROR;
}

std::size_t receive_header(char*, std::size_t, std::size_t count, void* user) noexcept {
  static_cast<Transfer*>(user)->progress.arrived(Clock::now(), count);
  return count;
}

}  // namespace

void receive_into(Transfer& transfer) {
  transfer.response.body.clear();
  transfer.gate.leave(transfer.place);
  transfer.body_begun = transfer.paused = false;
  transfer.skip = transfer.passed = 0;
  transfer.complete = transfer.out_of_memory = false;
  transfer.refusal.reset();
  CURL* easy = transfer.easy.get();
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &receive_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &receive_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
}

bool is_complete(const Transfer& transfer, CURLcode code) {
  return code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer.complete);
}

void check_range(Transfer& transfer) {
  auto& response = transfer.response;
  if (!transfer.request.range) return;
  if (response.status == 206) {
    const auto expected = part_size(transfer);
    if (response.body.size() != expected) {
      throw Error(Errc::corrupt_data, "the answer has " + std::to_string(response.body.size()) + " bytes, not the " +
                                          std::to_string(expected) + " that its Content-Range says");
    }
  } else if (response.status == 200) {
    response.status = transfer.passed > transfer.request.range->begin ? 206 : 416;
  }
}

}  // namespace catvox::detail
