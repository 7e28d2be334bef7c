#include "http/receive.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <charconv>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace catvox::detail {
namespace {

constexpr std::size_t error_body_bytes = 64 * 1024;           // of an answer that is no success: enough for its message
constexpr std::size_t believed_bytes = std::size_t{8} << 20;  // that a Content-Length makes us reserve
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
void begin_body(Transfer& transfer) {
  transfer.body_begun = true;
  transfer.room = transfer.body_limit;
  auto expected = announced_bytes(transfer);
  if (transfer.request.range) {
    const ByteRange& asked = *transfer.request.range;
    const bool whole = status_of(transfer) != 206;
    if (!whole) expected = part_size(transfer);
    if (asked.size > transfer.body_limit && (!expected || *expected > transfer.body_limit)) {
      refuse_size(transfer.body_limit);
    }
    if (whole) {
      if (asked.begin > transfer.whole_limit) {
        throw Error(Errc::too_large, "the server sends the whole object instead of a part, and the part begins after " +
                                         std::to_string(asked.begin) + " bytes, more than the limit of " +
                                         std::to_string(transfer.whole_limit));
      }
      transfer.skip = asked.begin;
      expected.reset();
    }
    transfer.room = static_cast<std::size_t>(expected.value_or(asked.size));
    transfer.response.body.reserve(std::min(transfer.room, believed_bytes));
  } else if (expected) {
    if (*expected > transfer.body_limit) refuse_size(transfer.body_limit);
    transfer.response.body.reserve(std::min(static_cast<std::size_t>(*expected), believed_bytes));
  }
}

// \returns whether the rest is worth being received
bool take_part_of_whole(Transfer& transfer, std::span<const std::byte> bytes) {
  auto& body = transfer.response.body;
  transfer.passed += bytes.size();
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(transfer.skip, bytes.size()));
  transfer.skip -= skipped;
  bytes = bytes.subspan(skipped);
  body.append(bytes.first(std::min(bytes.size(), transfer.room - body.size())));
  if (body.size() < transfer.room) return true;
  const auto announced = announced_bytes(transfer);
  return announced && *announced - std::min(*announced, transfer.passed) <= drained_bytes;
}

bool take(Transfer& transfer, std::span<const std::byte> bytes) {
  auto& body = transfer.response.body;
  const int status = status_of(transfer);
  if (status >= 300) {
    const auto room = error_body_bytes - std::min(error_body_bytes, body.size());
    body.append(bytes.first(std::min(room, bytes.size())));
    return true;
  }
  if (!transfer.body_begun) begin_body(transfer);
  if (transfer.request.range && status != 206) return take_part_of_whole(transfer, bytes);
  if (bytes.size() > transfer.room - body.size()) {
    if (!transfer.request.range) refuse_size(transfer.body_limit);
    throw Error(Errc::corrupt_data, "the answer is longer than its Content-Range says");
  }
  body.append(bytes);
  return true;
}

// Runs inside libcurl: must not throw.
std::size_t receive_body(char* data, std::size_t, std::size_t count, void* user) noexcept {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.last_byte = Clock::now();
  try {
    if (take(transfer, std::as_bytes(std::span(data, count)))) return count;
    transfer.complete = true;
  } catch (const Error& error) {
    transfer.refusal = error;
  } catch (const std::bad_alloc&) {
    transfer.out_of_memory = true;
  }
  return CURL_WRITEFUNC_ERROR;
}

std::size_t receive_header(char*, std::size_t, std::size_t count, void* user) noexcept {
  static_cast<Transfer*>(user)->last_byte = Clock::now();
  return count;
}

}  // namespace

void receive_into(Transfer& transfer) {
  transfer.response.body.clear();
  transfer.body_begun = false;
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
