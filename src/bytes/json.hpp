#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace catvox::detail {

using Json = nlohmann::json;

/// The longest JSON that is read: a list of 200 000 stacks takes about as much.
inline constexpr std::size_t max_json_bytes = std::size_t{16} << 20;

/// Parses `text`, in time and memory that follow its length. Nesting is limited, because copying and writing a value
/// recurse.
/// \param document  what the text is ("stack info"), the beginning of every message
/// \throws Error{invalid_metadata} that says where the text stops being JSON; Error{too_large} beyond max_json_bytes
Json parse_json(std::string_view text, std::string_view document);

/// Writes a value; bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string json_text(const Json& value);

/// A value of a parsed document, together with the path to it, so that every complaint names the key.
class JsonNode {
 public:
  /// \param value     must outlive the node and all that is taken from it
  /// \param document  as for parse_json(); must outlive them too
  JsonNode(const Json& value, std::string_view document, std::string path = {})
      : value_(&value), document_(document), path_(std::move(path)) {}

  [[nodiscard]] const Json& value() const noexcept { return *value_; }

  /// The member of an object. \throws Error{invalid_metadata} if it is missing
  [[nodiscard]] JsonNode at(const char* key) const;

  /// The member of an object, nullopt if it is missing or null.
  [[nodiscard]] std::optional<JsonNode> find(const char* key) const;

  /// The elements of a list.
  [[nodiscard]] std::vector<JsonNode> items() const;

  /// A whole number, also as 7.0 or "7".
  [[nodiscard]] std::int64_t integer(std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                     std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;

  /// A finite number, also as "4.6".
  [[nodiscard]] double number() const;

  /// A finite number > 0.
  [[nodiscard]] double positive() const;

  /// A text; null is empty.
  [[nodiscard]] std::string string() const;

  /// Throws Error{invalid_metadata}: `expected` completes "… must be …".
  [[noreturn]] void complain(std::string_view expected) const;

 private:
  const Json* value_;
  std::string_view document_;
  std::string path_;
};

/// The value as a whole number, also from 7.0 and "7"; nullopt if it is none or does not fit 64 bits.
std::optional<std::int64_t> to_integer(const Json& value);

}  // namespace catvox::detail
