#include <array>
#include <catvox/core/error.hpp>
#include <string>
#include <vector>

#include "format/precomputed/location.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;

namespace {

PrecomputedScale scale_of(const std::string& key) {
  PrecomputedScale scale;
  scale.key = key;
  return scale;
}

}  // namespace

TEST_CASE("info is looked for before %SCALE_DATASET%, then one folder less each", "[format]") {
  using Roots = std::vector<std::string>;
  const auto [image_base, roots] = GENERATE(table<std::string, Roots>({
      {"https://h/a/b/%SCALE_DATASET%/0_1_2", {"https://h/a/b", "https://h/a", "https://h"}},
      {"https://h/a/b/%SCALE_DATASET%/0_1_2///", {"https://h/a/b", "https://h/a", "https://h"}},
      {"https://h/a/x%SCALE_DATASET%/c/0_1_2", {"https://h/a/x", "https://h/a", "https://h"}},
      {"https://h/a/8_8_8/2_1_0?s=1", {"https://h/a/8_8_8", "https://h/a", "https://h"}},
      {"file:///data/v/%SCALE_DATASET%/0_1_2", {"file:///data/v", "file:///data", "file://"}},
      {"https://h/%SCALE_DATASET%/0_1_2", {"https://h"}},
  }));
  CAPTURE(image_base);
  CHECK(parse_precomputed_location(image_base).roots() == roots);
}

TEST_CASE("a path of very many folders is not walked to its end", "[format]") {
  std::string base = "https://h";
  for (int i = 0; i < 1000; ++i) base += "/a";
  CHECK(parse_precomputed_location(base + "/%SCALE_DATASET%/0_1_2").roots().size() == 32);
}

TEST_CASE("a scale's key takes the place of %SCALE_DATASET%, as a path relative to info", "[format]") {
  const std::string base = "https://h/a/b/%SCALE_DATASET%/0_1_2";
  const auto [image_base, key, url] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {base, "8_8_8", "https://h/a/b/8_8_8/"},
      {base + "/", "8.0x8.0x8.0", "https://h/a/b/8.0x8.0x8.0/"},
      {base, "quarter/of/it", "https://h/a/b/quarter/of/it/"},
      {base, "../png_u16/p", "https://h/a/png_u16/p/"},
      {base, "./x/../y/", "https://h/a/b/y/"},
      {base, "../../../../../x", "https://h/x/"},
      {base, "..", "https://h/a/"},
      {base, "a b?c#d%e", "https://h/a/b/a%20b%3Fc%23d%25e/"},
      {base, "https://evil/x", "https://h/a/b/https://evil/x/"},
      {"file:///d/v/%SCALE_DATASET%/0_1_2", "../w/k", "file:///d/w/k/"},
      {"https://h/a/%SCALE_DATASET%/sub/0_1_2", "k", "https://h/a/k/sub/"},
      {"https://h/a/b/0_1_2", "8_8_8", "https://h/a/b/8_8_8/"},  // without levels: below info
  }));
  CAPTURE(image_base, key);
  CHECK(parse_precomputed_location(image_base).scale_url(scale_of(key), "https://h/a/b") == url);
}

TEST_CASE("the suffix gives volume dimensions for x, y, z; axes are zyx", "[format]") {
  using Axes = std::array<std::size_t, 3>;
  const auto [suffix, axes] = GENERATE(table<std::string, Axes>({{"0_1_2", {2, 1, 0}},
                                                                 {"0_2_1", {1, 2, 0}},
                                                                 {"1_0_2", {2, 0, 1}},
                                                                 {"1_2_0", {0, 2, 1}},
                                                                 {"2_0_1", {1, 0, 2}},
                                                                 {"2_1_0", {0, 1, 2}}}));
  CHECK(parse_precomputed_location("https://h/v/" + suffix).axes == axes);
}

TEST_CASE("an image_base of a precomputed volume without a permutation is refused, and not repeated", "[format]") {
  const std::string base =
      GENERATE("", "https://u:secret@h", "https://h/v/%SCALE_DATASET%", "https://h/v/0_1", "https://h/v/0_1_1",
               "https://h/v/0_1_3", "https://h/v/x0_1_2", "https://h/v?x=/0_1_2", "0_1_2");
  CAPTURE(base);
  const Error error = error_of([&] { parse_precomputed_location(base); });
  CHECK(error.code() == Errc::invalid_metadata);
  CHECK(error.what() ==
        std::string("image_base of a precomputed volume must end in the dimensions that are x, y and z, "
                    "like \"/0_1_2\""));
}

TEST_CASE("a location without %SCALE_DATASET% means the scale that it names", "[format]") {
  PrecomputedInfo info;
  info.scales = {scale_of("4_4_40"), scale_of("8_8_40"), scale_of("a b/c")};
  const auto level = [&](const std::string& base, const std::string& root) {
    return parse_precomputed_location(base).single_level(info, root);
  };
  CHECK(level("https://h/v/8_8_40/0_1_2", "https://h/v") == 1);
  CHECK(level("https://h/v/a%20b/c/0_1_2", "https://h/v") == 2);
  CHECK(level("https://h/v/0_1_2", "https://h/v") == 0);
  CHECK(level("https://h/v/%SCALE_DATASET%/0_1_2", "https://h/v") == std::nullopt);
  const Error error = error_of([&] { (void)level("https://h/v/other/0_1_2", "https://h/v"); });
  CHECK(error.what() == std::string("precomputed volume: no scale has the key that image_base ends in; there are "
                                    "\"4_4_40\", \"8_8_40\", \"a b/c\""));
}

TEST_CASE("addresses of clouds are those of their web servers", "[format]") {
  CHECK(cloud_url("gs://bucket/a/%SCALE_DATASET%/0_1_2") ==
        "https://storage.googleapis.com/bucket/a/%SCALE_DATASET%/0_1_2");
  CHECK(cloud_url(" s3://bucket/a/b") == "https://bucket.s3.amazonaws.com/a/b");
  CHECK(cloud_url("https://h/gs://x") == "https://h/gs://x");
}
