#include <array>
#include <catvox/format/n5/n5_location.hpp>
#include <map>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace catvox;
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

namespace {

std::string attributes_of_size(int size) {
  return R"({"dimensions": [)" + std::to_string(size) + R"(, 8, 8], "blockSize": [4, 4, 4], "dataType": "uint8",
            "compression": {"type": "raw"}})";
}

/// A server that has some paths, and what it was asked for.
struct Server {
  std::map<std::string, std::string> files;
  std::vector<std::string> asked{};

  std::vector<N5Level> discover(const std::string& image_base, int probe_up_to = 0) {
    return discover_n5_levels(
        parse_n5_location(image_base),
        [this](const std::string& url) -> std::optional<std::string> {
          asked.push_back(url);
          const auto found = files.find(url);
          return found == files.end() ? std::nullopt : std::optional(found->second);
        },
        probe_up_to);
  }
};

std::vector<int> numbers(const std::vector<N5Level>& levels) {
  std::vector<int> found;
  for (const N5Level& level : levels) found.push_back(level.level);
  return found;
}

}  // namespace

TEST_CASE("levels are those that exist, up to the first that does not", "[format]") {
  Server server{{{"file:///v/s0/attributes.json", attributes_of_size(8)},
                 {"file:///v/s1/attributes.json", attributes_of_size(5)},
                 {"file:///v/s3/attributes.json", attributes_of_size(1)}}};
  const auto levels = server.discover("file:///v/%SCALE_DATASET%/0_1_2");
  CHECK(numbers(levels) == std::vector{0, 1});
  CHECK(levels[0].attributes.dimensions[0] == 8);
  CHECK(levels[1].attributes.dimensions[0] == 5);
  CHECK(server.asked == std::vector<std::string>{"file:///v/s0/attributes.json", "file:///v/s1/attributes.json",
                                                 "file:///v/s2/attributes.json"});
}

TEST_CASE("a gap below the level that the stack claims does not hide the levels above", "[format]") {
  Server server{{{"file:///v/s1/attributes.json", attributes_of_size(8)},
                 {"file:///v/s3/attributes.json", attributes_of_size(5)},
                 {"file:///v/s4/attributes.json", attributes_of_size(3)}}};
  CHECK(numbers(server.discover("file:///v/%SCALE_DATASET%/0_1_2", 3)) == std::vector{1, 3, 4});
}

TEST_CASE("a claim of very many levels, or a server that has everything, comes to an end", "[format]") {
  Server empty;
  CHECK_THROWS_AS(empty.discover("file:///v/%SCALE_DATASET%/0_1_2", 1 << 30), Error);
  CHECK(empty.asked.size() == 64);

  int asked = 0;
  const auto levels = discover_n5_levels(parse_n5_location("file:///v/%SCALE_DATASET%/0_1_2"),
                                         [&](const std::string&) -> std::optional<std::string> {
                                           ++asked;
                                           return attributes_of_size(1);
                                         });
  CHECK(levels.size() == 64);
  CHECK(asked == 64);
}

TEST_CASE("without %SCALE_DATASET% there is level 0 alone", "[format]") {
  Server server{{{"file:///v/attributes.json", attributes_of_size(8)}}};
  CHECK(numbers(server.discover("file:///v/0_1_2", 5)) == std::vector{0});
  CHECK(server.asked.size() == 1);
}

TEST_CASE("no level at all is an error", "[format]") {
  Server server;
  const Error error = error_of([&] { server.discover("file:///v/%SCALE_DATASET%/0_1_2"); });
  CHECK(error.code() == Errc::not_found);
  CHECK(error.what() == std::string("N5 volume: no attributes.json where image_base says"));
}

TEST_CASE("attributes that do not parse are an error that names the level", "[format]") {
  Server server{{{"file:///v/s0/attributes.json", attributes_of_size(8)}, {"file:///v/s1/attributes.json", "{}"}}};
  const Error error = error_of([&] { server.discover("file:///v/%SCALE_DATASET%/0_1_2"); });
  CHECK(error.code() == Errc::invalid_metadata);
  CHECK(error.what() == std::string("level 1: N5 attributes: \"dimensions\" is missing"));
}

TEST_CASE("what the fetch throws is passed on", "[format]") {
  const auto fail = [](const std::string&) -> std::optional<std::string> {
    throw Error(Errc::unauthorized, "status 401");
  };
  const Error error = error_of([&] { discover_n5_levels(parse_n5_location("file:///v/%SCALE_DATASET%/0_1_2"), fail); });
  CHECK(error.code() == Errc::unauthorized);
  CHECK(error.what() == std::string("status 401"));
}
