#include "format/n5/n5_attributes.hpp"

#include <catvox/core/text.hpp>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "format/sizes.hpp"

namespace catvox::detail {
namespace {

using Json = nlohmann::json;

/// More dimensions than any image has; what a hostile list may not exceed.
constexpr std::size_t max_dimensions = 16;
/// The largest integer that JavaScript, and so CATMAID's own reader, holds exactly.
constexpr std::int64_t max_size = std::int64_t{1} << 53;

[[noreturn]] void throw_invalid(const std::string& why) {
  throw Error(Errc::invalid_metadata, "N5 attributes: " + why);
}

const Json& required(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw_invalid(std::string("\"") + key + "\" is missing");
  return *found;
}

/// A positive integer of at most max_size; writers in dynamic languages may give it as 64.0.
std::optional<std::int64_t> positive_integer(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (!(number >= 1 && number <= static_cast<double>(max_size)) || number != std::floor(number)) return std::nullopt;
  return value.get<std::int64_t>();
}

std::vector<std::int64_t> parse_sizes(const Json& object, const char* key) {
  const Json& list = required(object, key);
  std::vector<std::int64_t> sizes;
  const bool plausible = list.is_array() && !list.empty() && list.size() <= max_dimensions;
  for (std::size_t i = 0; plausible && i < list.size(); ++i) {
    if (const auto size = positive_integer(list[i])) sizes.push_back(*size);
  }
  if (!plausible || sizes.size() != list.size()) {
    throw_invalid(std::string("\"") + key + "\" must be a list of 1 to 16 integers from 1 to 2^53");
  }
  return sizes;
}

const std::string& parse_string(const Json& object, const char* key) {
  const Json& value = required(object, key);
  if (!value.is_string()) throw_invalid(std::string("\"") + key + "\" must be a string");
  return value.get_ref<const std::string&>();
}

DType parse_dtype(const Json& object) {
  const std::string& type = parse_string(object, "dataType");
  for (int i = 0; i <= static_cast<int>(DType::float64); ++i) {
    if (const auto dtype = static_cast<DType>(i); name(dtype) == type) return dtype;
  }
  throw Error(Errc::unsupported, "N5 attributes: \"dataType\" " + in_quotes(type) + " is not one of images");
}

Compression parse_compression(const Json& object) {
  const auto found = object.find("compression");
  if (found == object.end() && object.contains("compressionType")) {
    return compression_from_name(parse_string(object, "compressionType"));
  }
  const Json& compression = required(object, "compression");
  if (!compression.is_object()) throw_invalid("\"compression\" must be an object");
  return compression_from_name(parse_string(compression, "type"));
}

}  // namespace

N5Attributes parse_n5_attributes(std::string_view json) {
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object()) throw_invalid("not a JSON object");
  N5Attributes attributes{parse_sizes(object, "dimensions"), parse_sizes(object, "blockSize"), parse_dtype(object),
                          parse_compression(object)};
  const std::size_t dimensions = attributes.dimensions.size();
  if (attributes.block_size.size() != dimensions) {
    throw_invalid("\"blockSize\" has " + std::to_string(attributes.block_size.size()) +
                  " entries, expected as many as \"dimensions\": " + std::to_string(dimensions));
  }
  const auto item = static_cast<std::int64_t>(item_size(attributes.dtype));
  if (!detail::bounded_product(item, attributes.block_size, n5_max_block_bytes)) {
    throw Error(Errc::too_large, "N5 attributes: \"blockSize\" " + detail::sizes_text(attributes.block_size) + " of " +
                                     std::string(name(attributes.dtype)) + " is more than the " +
                                     std::to_string(n5_max_block_bytes) + " bytes that a block may have");
  }
  return attributes;
}

}  // namespace catvox::detail
