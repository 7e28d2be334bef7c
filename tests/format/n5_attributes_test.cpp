#include <string>

#include "format/n5/n5_attributes.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/n5_fixtures.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;

namespace {

/// Valid attributes with one member replaced (or removed, if `value` is empty).
std::string with(const std::string& key, const std::string& value) {
  std::string json = "{";
  const auto member = [&](const std::string& name, const std::string& standard) {
    const std::string& text = name == key ? value : standard;
    if (!text.empty()) json += (json.size() > 1 ? ", " : "") + ("\"" + name + "\": " + text);
  };
  member("dimensions", "[100, 200, 300]");
  member("blockSize", "[64, 32, 16]");
  member("dataType", "\"uint8\"");
  member("compression", R"({"type": "raw"})");
  return json + "}";
}

}  // namespace

TEST_CASE("attributes of every writer parse", "[format]") {
  const auto [path, expected] = GENERATE(table<std::string, N5Attributes>({
      {"zarr/float64-zlib", {{5, 4, 3}, {3, 4, 3}, DType::float64, Compression::gzip}},
      {"zarr/uint16-blosc", {{5, 4, 3}, {3, 4, 3}, DType::uint16, Compression::blosc}},
      {"zarr/four-dimensional", {{5, 4, 1, 3}, {3, 4, 2, 3}, DType::uint32, Compression::gzip}},
      {"tensorstore/large-zstd", {{64, 64, 40}, {64, 64, 40}, DType::uint8, Compression::zstd}},
      {"rust/odd", {{11, 7, 5}, {4, 3, 2}, DType::uint16, Compression::lz4}},
      {"java/int64-lz4", {{5, 4, 3}, {3, 4, 3}, DType::int64, Compression::lz4}},
  }));
  CAPTURE(path);
  if (!is_available(expected.compression)) return;
  CHECK(parse_n5_attributes(n5_fixtures::read_text(n5_fixtures::root() / path / "attributes.json")) == expected);
}

TEST_CASE("attributes may be older, sparser or richer", "[format]") {
  const N5Attributes raw{{100, 200, 300}, {64, 32, 16}, DType::uint8, Compression::raw};
  CHECK(parse_n5_attributes(with("", "")) == raw);
  CHECK(parse_n5_attributes(with("compression", R"({"level": 3, "type": "raw", "x": {}})")) == raw);
  CHECK(parse_n5_attributes(with("dimensions", "[100.0, 2e2, 300]")) == raw);
  CHECK(parse_n5_attributes(R"({"compressionType": "raw", "dimensions": [100, 200, 300], "blockSize": [64, 32, 16],
                                "dataType": "uint8", "n5": "9.0.0", "resolution": [4, 4, 40]})") == raw);
  // Both, as a writer that converts leaves them: the newer one rules.
  std::string both = with("compression", R"({"type": "raw"})");
  both.insert(1, R"("compressionType": "gzip", )");
  CHECK(parse_n5_attributes(both) == raw);
}

TEST_CASE("every element type has N5's name", "[format]") {
  const auto [type, dtype] = GENERATE(table<std::string, DType>({{"uint8", DType::uint8},
                                                                 {"uint16", DType::uint16},
                                                                 {"uint32", DType::uint32},
                                                                 {"uint64", DType::uint64},
                                                                 {"int8", DType::int8},
                                                                 {"int16", DType::int16},
                                                                 {"int32", DType::int32},
                                                                 {"int64", DType::int64},
                                                                 {"float32", DType::float32},
                                                                 {"float64", DType::float64}}));
  CHECK(parse_n5_attributes(with("dataType", '"' + type + '"')).dtype == dtype);
}

TEST_CASE("wrong attributes are an error that names the key", "[format]") {
  const std::string sizes = "\" must be a list of 1 to 16 integers from 1 to 2^53";
  const auto [json, code, text] = GENERATE_COPY(table<std::string, Errc, std::string>({
      {"", Errc::invalid_metadata, "N5 attributes: not a JSON object"},
      {"<html>404</html>", Errc::invalid_metadata, "N5 attributes: not a JSON object"},
      {"[1, 2]", Errc::invalid_metadata, "N5 attributes: not a JSON object"},
      {std::string(100000, '['), Errc::invalid_metadata, "N5 attributes: not a JSON object"},
      {std::string(100000, '[') + std::string(100000, ']'), Errc::invalid_metadata, "N5 attributes: not a JSON object"},
      {"{\"dataType\": \"\xff\"}", Errc::invalid_metadata, "N5 attributes: not a JSON object"},
      {"{}", Errc::invalid_metadata, "N5 attributes: \"dimensions\" is missing"},
      {with("dimensions", ""), Errc::invalid_metadata, "N5 attributes: \"dimensions\" is missing"},
      {with("dimensions", "7"), Errc::invalid_metadata, "N5 attributes: \"dimensions" + sizes},
      {with("dimensions", "[]"), Errc::invalid_metadata, "N5 attributes: \"dimensions" + sizes},
      {with("dimensions", "[1, 2, null]"), Errc::invalid_metadata, "N5 attributes: \"dimensions" + sizes},
      {with("dimensions", "[1, 2, 0]"), Errc::invalid_metadata, "N5 attributes: \"dimensions" + sizes},
      {with("dimensions", "[1, 2, -3]"), Errc::invalid_metadata, "N5 attributes: \"dimensions" + sizes},
      {with("dimensions", "[1, 2, 1.5]"), Errc::invalid_metadata, "N5 attributes: \"dimensions" + sizes},
      {with("dimensions", "[1, 2, 9007199254740994]"), Errc::invalid_metadata, "N5 attributes: \"dimensions" + sizes},
      {with("dimensions", "[1, 2, 18446744073709551615]"), Errc::invalid_metadata,
       "N5 attributes: \"dimensions" + sizes},
      {with("dimensions", "[1, 2, 1e999]"), Errc::invalid_metadata, "N5 attributes: not a JSON object"},
      {with("dimensions", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), Errc::invalid_metadata,
       "N5 attributes: \"dimensions" + sizes},
      {with("blockSize", ""), Errc::invalid_metadata, "N5 attributes: \"blockSize\" is missing"},
      {with("blockSize", "[64, \"64\", 64]"), Errc::invalid_metadata, "N5 attributes: \"blockSize" + sizes},
      {with("blockSize", "[64, 64]"), Errc::invalid_metadata,
       "N5 attributes: \"blockSize\" has 2 entries, expected as many as \"dimensions\": 3"},
      {with("blockSize", "[1048576, 1048576, 1]"), Errc::too_large,
       "N5 attributes: \"blockSize\" 1048576 x 1048576 x 1 of uint8 is more than the 1073741824 bytes that a block may "
       "have"},
      {with("blockSize", "[9007199254740992, 9007199254740992, 9007199254740992]"), Errc::too_large,
       "N5 attributes: \"blockSize\" 9007199254740992 x 9007199254740992 x 9007199254740992 of uint8 is more than the "
       "1073741824 bytes that a block may have"},
      {with("blockSize", "[1024, 1024, 1025]"), Errc::too_large,
       "N5 attributes: \"blockSize\" 1024 x 1024 x 1025 of uint8 is more than the 1073741824 bytes that a block may "
       "have"},
      {with("dataType", ""), Errc::invalid_metadata, "N5 attributes: \"dataType\" is missing"},
      {with("dataType", "8"), Errc::invalid_metadata, "N5 attributes: \"dataType\" must be a string"},
      {with("dataType", "\"object\""), Errc::unsupported,
       "N5 attributes: \"dataType\" \"object\" is not one of images"},
      {with("dataType", "\"|u1\\u0007\""), Errc::unsupported,
       "N5 attributes: \"dataType\" \"|u1\\x07\" is not one of images"},
      {with("compression", ""), Errc::invalid_metadata, "N5 attributes: \"compression\" is missing"},
      {with("compression", "\"gzip\""), Errc::invalid_metadata, "N5 attributes: \"compression\" must be an object"},
      {with("compression", "{}"), Errc::invalid_metadata, "N5 attributes: \"type\" is missing"},
      {with("compression", R"({"type": null})"), Errc::invalid_metadata, "N5 attributes: \"type\" must be a string"},
      {with("compression", R"({"type": "jpeg"})"), Errc::unsupported, "unknown compression \"jpeg\""},
  }));
  CAPTURE(json.substr(0, 200));
  const Error error = error_of([&j = json] { parse_n5_attributes(j); });
  CHECK(error.code() == code);
  CHECK(error.what() == text);
}

TEST_CASE("numcodecs' lzma container is named as what it is", "[format]") {
  const std::string json = n5_fixtures::read_text(n5_fixtures::root() / "zarr" / "lzma" / "attributes.json");
  CHECK(error_of([&] { parse_n5_attributes(json); }).what() == std::string("unknown compression \"lzma\""));
}

TEST_CASE("the largest block in use is accepted", "[format]") {
  CHECK(parse_n5_attributes(with("blockSize", "[1024, 1024, 1024]")).block_size[2] == 1024);
}
