#include "bytes/json.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <charconv>
#include <cmath>
#include <system_error>

namespace catvox::detail {

namespace {

// Far beyond any real answer (a stack info nests three deep), far below what a thread's stack can take.
constexpr int max_depth = 64;

/// A piece of `text` around its byte number `at` (from 1), for a message.
std::string excerpt(std::string_view text, std::size_t at) {
  constexpr std::size_t before = 24, length = 48;
  const std::size_t begin = at > before ? std::min(at, text.size()) - before : 0;
  std::string piece(text.substr(begin, length));
  for (char& c : piece) {
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
  }
  return '"' + escaped(piece) + '"';
}

/// A value for a message: its JSON, ASCII only, cut if long.
std::string shown(const Json& value) {
  constexpr std::size_t longest = 60;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

template <class T>
std::optional<T> from_chars(const std::string& text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<double> to_number(const Json& value) {
  std::optional<double> number;
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) number = from_chars<double>(value.get_ref<const std::string&>());
  if (number && !std::isfinite(*number)) return std::nullopt;
  return number;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view document) {
  const std::string name(document);
  std::string last_key;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key) last_key = parsed.get_ref<const std::string&>();
    const bool opens = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= max_depth) {
      throw Error(Errc::invalid_metadata, name + ": nested deeper than " + std::to_string(max_depth) + " levels");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::parse_error& error) {
    if (text.empty()) throw Error(Errc::invalid_metadata, name + ": expected JSON, got nothing");
    throw Error(Errc::invalid_metadata, name + ": not valid JSON at byte " + std::to_string(error.byte) + ", near " +
                                            excerpt(text, error.byte));
  } catch (const Json::out_of_range&) {  // 1e999: this exception has no position
    throw Error(Errc::invalid_metadata, name + ": a number after key " + shown(last_key) + " does not fit a double");
  }
}

std::string json_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::optional<std::int64_t> to_integer(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) {
    if (const auto number = from_chars<std::int64_t>(value.get_ref<const std::string&>())) return number;
  }
  const auto number = to_number(value);
  if (!number || *number != std::trunc(*number) || std::abs(*number) >= 0x1p63) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

JsonNode JsonNode::at(const char* key) const {
  if (!value_->is_object()) complain("an object");
  const std::string path = path_.empty() ? key : path_ + '.' + key;
  const auto member = value_->find(key);
  if (member == value_->end()) {
    throw Error(Errc::invalid_metadata, std::string(document_) + ": missing key \"" + path + '"');
  }
  return {*member, document_, path};
}

std::optional<JsonNode> JsonNode::find(const char* key) const {
  if (!value_->is_object()) complain("an object");
  const auto member = value_->find(key);
  if (member == value_->end() || member->is_null()) return std::nullopt;
  return at(key);
}

std::vector<JsonNode> JsonNode::items() const {
  if (!value_->is_array()) complain("a list");
  std::vector<JsonNode> nodes;
  nodes.reserve(value_->size());
  for (const Json& item : *value_)
    nodes.emplace_back(item, document_, path_ + '[' + std::to_string(nodes.size()) + ']');
  return nodes;
}

std::int64_t JsonNode::integer(std::int64_t min, std::int64_t max) const {
  const auto number = to_integer(*value_);
  if (number && *number >= min && *number <= max) return *number;
  const bool limited = min != std::numeric_limits<std::int64_t>::min();
  complain(limited ? "an integer from " + std::to_string(min) + " to " + std::to_string(max)
                   : "an integer of at most 64 bits");
}

double JsonNode::number() const {
  if (const auto number = to_number(*value_)) return *number;
  complain("a number");
}

double JsonNode::positive() const {
  const auto number = to_number(*value_);
  if (number && *number > 0) return *number;
  complain("a number > 0");
}

std::string JsonNode::string() const {
  if (value_->is_null()) return {};
  if (!value_->is_string()) complain("a text");
  return value_->get<std::string>();
}

void JsonNode::complain(std::string_view expected) const {
  const std::string what = path_.empty() ? ": expected " : ": \"" + path_ + "\" must be ";
  throw Error(Errc::invalid_metadata,
              std::string(document_) + what + std::string(expected) + ", got " + shown(*value_));
}

}  // namespace catvox::detail
