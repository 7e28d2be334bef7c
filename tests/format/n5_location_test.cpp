#include <array>
#include <string>
#include <vector>

#include "format/n5/n5_location.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;

TEST_CASE("an image_base becomes the addresses of a level", "[format]") {
  const auto [image_base, attributes, block] = GENERATE(table<std::string, std::string, std::string>({
      {"https://h/a.n5/vol/%SCALE_DATASET%/0_1_2", "https://h/a.n5/vol/s3/attributes.json",
       "https://h/a.n5/vol/s3/7/8/9"},
      {"https://h/a.n5/vol/%SCALE_DATASET%/0_1_2/", "https://h/a.n5/vol/s3/attributes.json",
       "https://h/a.n5/vol/s3/7/8/9"},
      {"https://h/vol/%SCALE_DATASET%//0_1_2///", "https://h/vol/s3/attributes.json", "https://h/vol/s3/7/8/9"},
      {"https://h/vol/%SCALE_DATASET%/raw/em/2_0_1", "https://h/vol/s3/raw/em/attributes.json",
       "https://h/vol/s3/raw/em/7/8/9"},
      {"https://h/vol/x%SCALE_DATASET%y/0_1_2", "https://h/vol/xs3y/attributes.json", "https://h/vol/xs3y/7/8/9"},
      {"https://h/single/0_1_2", "https://h/single/attributes.json", "https://h/single/7/8/9"},
      {"https://h/vol/%SCALE_DATASET%/0_1_2?sig=a/b&t=1_2", "https://h/vol/s3/attributes.json?sig=a/b&t=1_2",
       "https://h/vol/s3/7/8/9?sig=a/b&t=1_2"},
      {"https://h/vol/%SCALE_DATASET%/0_1_2/?x=y", "https://h/vol/s3/attributes.json?x=y",
       "https://h/vol/s3/7/8/9?x=y"},
      {"file:///data/vol/%SCALE_DATASET%/0_1_2", "file:///data/vol/s3/attributes.json", "file:///data/vol/s3/7/8/9"},
  }));
  CAPTURE(image_base);
  const N5Location location = parse_n5_location(image_base);
  CHECK(location.attributes_url(3) == attributes);
  CHECK(location.block_url(3, std::array<std::int64_t, 3>{7, 8, 9}) == block);
}

TEST_CASE("the suffix gives N5 dimensions for x, y, z; axes are zyx", "[format]") {
  using Axes = std::array<std::size_t, 3>;
  const auto [suffix, axes] = GENERATE(table<std::string, Axes>({{"0_1_2", {2, 1, 0}},
                                                                 {"0_2_1", {1, 2, 0}},
                                                                 {"1_0_2", {2, 0, 1}},
                                                                 {"1_2_0", {0, 2, 1}},
                                                                 {"2_0_1", {1, 0, 2}},
                                                                 {"2_1_0", {0, 1, 2}},
                                                                 {"0_1_3", {3, 1, 0}},
                                                                 {"10_4_0", {0, 4, 10}}}));
  CHECK(parse_n5_location("https://h/v/" + suffix).axes == axes);
}

TEST_CASE("an image_base without three different dimensions is refused, and not repeated", "[format]") {
  const std::string no_axes =
      "image_base of an N5 volume must end in the dimensions that are x, y and z, like \"/0_1_2\"";
  const auto [image_base, text] = GENERATE_COPY(table<std::string, std::string>({
      {"", no_axes},
      {"https://user:secret@host", no_axes},
      {"https://h/vol/%SCALE_DATASET%", no_axes},
      {"https://h/vol/%SCALE_DATASET%/0_1", no_axes},
      {"https://h/vol/%SCALE_DATASET%/0_1_2_3", no_axes},
      {"https://h/vol/%SCALE_DATASET%/0_1_", no_axes},
      {"https://h/vol/%SCALE_DATASET%/_0_1", no_axes},
      {"https://h/vol/%SCALE_DATASET%/0_-1_2", no_axes},
      {"https://h/vol/%SCALE_DATASET%/0_1_2x", no_axes},
      {"https://h/vol/%SCALE_DATASET%/0_1_999", no_axes},
      {"https://h/vol/%SCALE_DATASET%/x?y=/0_1_2", no_axes},
      {"https://h/vol/0_1_1", "image_base of an N5 volume must end in three different dimensions, not in \"/0_1_1\""},
      {"https://h/vol/2_1_2", "image_base of an N5 volume must end in three different dimensions, not in \"/2_1_2\""},
  }));
  CAPTURE(image_base);
  const Error error = error_of([&b = image_base] { parse_n5_location(b); });
  CHECK(error.code() == Errc::invalid_metadata);
  CHECK(error.what() == text);
}
