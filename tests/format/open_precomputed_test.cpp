// What open_precomputed() makes of an `info`: levels, factors, warnings.

#include <catvox/core/error.hpp>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "format/precomputed/open_precomputed.hpp"
#include "support/catch.hpp"
#include "support/scripted_source.hpp"

using namespace catvox;
using namespace catvox::detail;

namespace {

std::string scale(const std::string& key, const std::string& size, const std::string& resolution,
                  const std::string& offset) {
  return R"({"key": ")" + key + R"(", "size": )" + size + R"(, "resolution": )" + resolution + R"(, "voxel_offset": )" +
         offset + R"(, "chunk_sizes": [[64, 64, 64]], "encoding": "raw"})";
}

/// What is opened where `info` has these scales.
Opened open_scales(const std::string& scales, MirrorLocation location = {}) {
  location.image_base = "https://h/v/%SCALE_DATASET%/0_1_2";
  const auto source = std::make_shared<test::ScriptedSource>([scales](const ByteRequest& request) {
    ByteResult result;
    if (request.key != "https://h/v/info") throw Error(Errc::http_status, "no such thing: " + request.key);
    const std::string text = R"({"data_type": "uint8", "num_channels": 1, "scales": [)" + scales + "]}";
    result.body.append(std::as_bytes(std::span(text)));
    return result;
  });
  return open_precomputed(location, {.source = [&](const SourceNeeds&) { return source; }});
}

}  // namespace

TEST_CASE("scales that line up open without a warning, each with its own size and factors", "[format]") {
  const Opened opened = open_scales(scale("a", "[37, 29, 7]", "[4, 4, 40]", "[-8, 4, 3]") + "," +
                                    scale("b", "[19, 14, 7]", "[8, 8, 40]", "[-4, 2, 3]") + "," +
                                    scale("c", "[9, 8, 4]", "[16, 16, 80]", "[-2, 1, 1]"));
  REQUIRE(opened.levels.size() == 3);
  CHECK(opened.own_shape == Shape3{7, 29, 37});
  CHECK(opened.levels[1].store->shape() == Shape3{7, 14, 19});  // rounded up and down
  CHECK(opened.levels[2].store->shape() == Shape3{4, 8, 9});
  CHECK(opened.levels[1].factors == StackVector{2, 2, 1});
  CHECK(opened.levels[2].factors == StackVector{4, 4, 2});
  CHECK(opened.levels[2].store->request({0, 0, 0}).key == "https://h/v/c/-2-7_1-9_1-5");
  // Level 2 begins at slice 1 of 80 nm, level 0 at slice 3 of 40 nm.
  CHECK(opened.warnings ==
        std::vector<std::string>{"level 2 of the volume begins 0 x 0 x -40 nm (x, y, z) from where level "
                                 "0 does; both are placed at the stack's first voxel"});
}

TEST_CASE("scales that do not line up by an exact factor give warnings", "[format]") {
  const std::string first = scale("a", "[100, 80, 60]", "[4, 4, 40]", "[0, 0, 0]") + ",";
  const auto [second, expected] = GENERATE_COPY(table<std::string, std::vector<std::string>>({
      {scale("b", "[50, 40, 60]", "[8, 8, 40]", "[0, 0, 0]"), {}},
      {scale("b", "[40, 40, 60]", "[10, 8, 40]", "[0, 0, 0]"),
       {"level 1 of the volume is downsampled by 2.5 x 2 x 1 (x, y, z), which is no whole factor"}},
      {scale("b", "[50, 40, 30]", "[8, 8, 40]", "[0, 0, 0]"),
       {"level 1 of the volume has 50 x 40 x 30 voxels (x, y, z), level 0 would have 50 x 40 x 60 at that resolution"}},
      {scale("b", "[50, 40, 60]", "[8, 8, 40]", "[1, 0, -2]"),
       {"level 1 of the volume begins 8 x 0 x -80 nm (x, y, z) from where level 0 does; both are placed at the stack's "
        "first voxel"}},
  }));
  CHECK(open_scales(first + second).warnings == expected);
}

TEST_CASE("where the stack has other factors than the volume, they count, and a warning says so", "[format]") {
  MirrorLocation location;
  location.scales.downsample_factors = {{1, 1, 1}, {4, 4, 1}};
  const Opened opened = open_scales(scale("a", "[100, 80, 60]", "[4, 4, 40]", "[0, 0, 0]") + "," +
                                        scale("b", "[50, 40, 60]", "[8, 8, 40]", "[0, 0, 0]") + "," +
                                        scale("c", "[25, 20, 60]", "[16, 16, 40]", "[0, 0, 0]"),
                                    location);
  REQUIRE(opened.levels.size() == 2);  // the stack knows no third
  CHECK(opened.levels[1].factors == StackVector{4, 4, 1});
  CHECK(opened.warnings ==
        std::vector<std::string>{"level 1 of the volume is downsampled by 2 x 2 x 1 (x, y, z), the stack "
                                 "says 4 x 4 x 1; the stack's factors are used"});
}

TEST_CASE("what is asked of a mirror's sources: only chunks may be missing by 403", "[format]") {
  std::vector<std::pair<bool, bool>> needs;  // cacheable, 403 is missing
  const auto source = std::make_shared<test::ScriptedSource>([](const ByteRequest&) {
    ByteResult result;
    const std::string text = R"({"data_type": "uint8", "num_channels": 1, "scales": [)" +
                             scale("a", "[8, 8, 8]", "[1, 1, 1]", "[0, 0, 0]") + "]}";
    result.body.append(std::as_bytes(std::span(text)));
    return result;
  });
  (void)open_precomputed({.image_base = "https://h/v/%SCALE_DATASET%/0_1_2"}, {.source = [&](const SourceNeeds& need) {
                           needs.emplace_back(need.cacheable, need.anonymous_403_is_missing);
                           return source;
                         }});
  CHECK(needs == std::vector<std::pair<bool, bool>>{{false, false}, {true, true}});
}
