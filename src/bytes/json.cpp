#include "bytes/json.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

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

// Goes through a text once without building anything, because building with a callback takes quadratic time.
class Check final : public nlohmann::json_sax<Json> {
 public:
  Check(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t& key) override {
    last_key_ = std::move(key);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    if (dynamic_cast<const Json::out_of_range*>(&error) != nullptr) {  // 1e999
      throw Error(Errc::invalid_metadata,
                  name_ + ": a number after key " + shown(last_key_) + " does not fit a double");
    }
    throw Error(Errc::invalid_metadata,
                name_ + ": not valid JSON at byte " + std::to_string(position) + ", near " + excerpt(text_, position));
  }

 private:
  bool open() {
    if (++depth_ > max_depth) {
      throw Error(Errc::invalid_metadata, name_ + ": nested deeper than " + std::to_string(max_depth) + " levels");
    }
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  const std::string_view text_;
  const std::string& name_;
  std::string last_key_;
  int depth_ = 0;
};

}  // namespace

Json parse_json(std::string_view text, std::string_view document) {
  const std::string name(document);
  if (text.size() > max_json_bytes) {
    throw Error(Errc::too_large, name + ": at most " + std::to_string(max_json_bytes) + " bytes are read, got " +
                                     std::to_string(text.size()));
  }
  if (text.empty()) throw Error(Errc::invalid_metadata, name + ": expected JSON, got nothing");
  Check check(text, name);
  Json::sax_parse(text.begin(), text.end(), &check);
  return Json::parse(text.begin(), text.end());
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
