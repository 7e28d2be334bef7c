#include "http/content_encoding.hpp"

#include <algorithm>
#include <array>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/inflate.hpp"
#include "core/unbrotli.hpp"

namespace catvox::detail {
namespace {

struct Coding {
  std::string_view name;
  Buffer (*decode)(std::span<const std::byte>, std::size_t);  // null: the body is as it was
};

// aws-chunked: how an upload was signed; servers that hand the label on send the bytes without it.
constexpr std::array codings{Coding{"gzip", gunzip}, Coding{"x-gzip", gunzip},    Coding{"deflate", inflate},
                             Coding{"br", unbrotli}, Coding{"identity", nullptr}, Coding{"aws-chunked", nullptr}};

constexpr std::size_t most_codings = 4;  // more are nobody's honest answer, and each takes time

std::string_view trimmed(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

Error failed(const Error& error) { return {error.code(), std::string("Content-Encoding ") + error.what()}; }

const Coding& coding_of(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + ('a' - 'A')) : c; });
  const auto found = std::ranges::find(codings, lower, &Coding::name);
  if (found == codings.end()) throw Error(Errc::unsupported, in_quotes(name) + " is not read");
  return *found;
}

// In the order in which they were applied.
std::vector<const Coding*> codings_of(std::string_view list) {
  std::vector<const Coding*> applied;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    const auto name = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (name.empty()) continue;
    const Coding& coding = coding_of(name);
    if (coding.decode != nullptr) applied.push_back(&coding);
  }
  if (applied.size() > most_codings) {
    throw Error(Errc::unsupported, "of more than " + std::to_string(most_codings) + " codings is not read");
  }
  return applied;
}

void undo_codings(Response& response, std::size_t max_bytes) {
  auto applied = codings_of(response.content_encoding);
  if (!applied.empty() && response.status == 206) {
    throw Error(Errc::corrupt_data, std::string(applied.back()->name) + ": a part of a coded object cannot be decoded");
  }
  for (; !applied.empty(); applied.pop_back()) {
    response.body = applied.back()->decode(response.body.bytes(), max_bytes);
  }
}

}  // namespace

void decode_content(Response& response, std::size_t max_bytes) {
  if (response.content_encoding.empty()) return;
  try {
    undo_codings(response, max_bytes);
  } catch (const Error& error) {
    if (response.status >= 200 && response.status < 300) throw failed(error);
    response.body.clear();
  }
  response.content_encoding.clear();
}

}  // namespace catvox::detail
