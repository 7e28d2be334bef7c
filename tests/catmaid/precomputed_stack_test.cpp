// Precomputed volumes behind a CATMAID stack, as an instance would describe them: every level, every orientation.

#include <array>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/http/url.hpp>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/npy.hpp"
#include "support/precomputed_volumes.hpp"

using namespace catvox;

namespace {

/// Three numbers of the volume, x first, as the stack's x, y and z.
StackVector picked(const nlohmann::json& numbers, const std::string& axes) {
  const auto number = [&](std::size_t i) { return numbers[static_cast<std::size_t>(axes[i] - '0')].get<double>(); };
  return {number(0), number(2), number(4)};
}

StackInfo stack_of(const std::string& name, const std::string& base, const std::string& axes, Orientation orientation) {
  const auto info = nlohmann::json::parse(test::text_of(test::precomputed_root() / name / "info"));
  const auto& scales = info["scales"];
  StackInfo stack;
  stack.sid = stack.pid = 1;
  stack.stitle = name;
  stack.orientation = orientation;
  stack.resolution = picked(scales[0]["resolution"], axes);
  const StackVector size = picked(scales[0]["size"], axes);
  stack.dimension = {static_cast<std::int64_t>(size.x), static_cast<std::int64_t>(size.y),
                     static_cast<std::int64_t>(size.z)};
  stack.downsample_factors.emplace();
  for (const auto& scale : scales) {
    const StackVector own = picked(scale["resolution"], axes), first = stack.resolution;
    stack.downsample_factors->push_back({own.x / first.x, own.y / first.y, own.z / first.z});
  }
  MirrorInfo mirror;
  mirror.id = 1;
  mirror.title = "precomputed";
  mirror.image_base = base + "/" + name + "/%SCALE_DATASET%/" + axes + "/";
  mirror.tile_width = mirror.tile_height = 64;
  mirror.tile_source_type = 14;
  mirror.file_extension = "raw";
  stack.mirrors.push_back(mirror);
  return stack;
}

/// Reads all of each level at once, and a box of it after that, out of what is kept.
void check_stack(const Stack& stack, const nlohmann::json& scales, const std::string& axes) {
  REQUIRE(stack.levels() == static_cast<int>(scales.size()));
  for (int level = 0; level < stack.levels(); ++level) {
    CAPTURE(level);
    const auto file = scales[static_cast<std::size_t>(level)]["expected"].get<std::string>();
    const std::string expected = test::expected_voxels(test::read_npy(test::precomputed_root() / file), axes, 0);
    const auto source = stack.source(level);
    const auto item = static_cast<std::int64_t>(item_size(source->dtype()));
    const Shape3 shape = source->geometry().shape();
    const Strides3 strides{shape[1] * shape[2] * item, shape[2] * item, item};
    std::string voxels(expected.size(), '\xEE');
    REQUIRE(volume(shape) * item == static_cast<std::int64_t>(voxels.size()));
    const StridedBytes out{reinterpret_cast<std::byte*>(voxels.data()), strides};
    source->read({AxisSelection{0, 1, shape[0]}, {0, 1, shape[1]}, {0, 1, shape[2]}}, out, {});
    const bool same = voxels == expected;
    CHECK(same);
    voxels.assign(voxels.size(), '\xEE');
    Selection3 box;
    for (std::size_t axis = 0; axis < 3; ++axis) box[axis] = {shape[axis] / 4, 1, shape[axis] - shape[axis] / 3};
    for (std::size_t axis = 0; axis < 3; ++axis) box[axis].count = std::min(box[axis].count, shape[axis] * 3 / 4);
    source->read(box, out, {});
    bool right = true;
    for (std::int64_t z = 0; z < box[0].count; ++z) {
      for (std::int64_t y = 0; y < box[1].count; ++y) {
        const auto at = static_cast<std::size_t>((z + box[0].start) * strides[0] + (y + box[1].start) * strides[1] +
                                                 box[2].start * item);
        const auto row = static_cast<std::size_t>(box[2].count * item);
        right = right &&
                voxels.compare(static_cast<std::size_t>(z * strides[0] + y * strides[1]), row, expected, at, row) == 0;
      }
    }
    CHECK(right);
  }
}

}  // namespace

TEST_CASE("precomputed volumes read as stacks of every orientation", "[stack]") {
  test::HttpServer server;
  test::serve_precomputed(server);
  const bool over_http = GENERATE(true, false);
  const bool ranges = over_http ? GENERATE(true, false) : true;
  server.set_cuts_ranges(ranges);
  const std::string base = over_http ? server.url("/volumes") : file_url(test::precomputed_root().string());
  const HttpSession session;
  for (const auto& volume : test::precomputed_volumes()) {
    if (!over_http && !test::lies_in_folder(volume)) continue;
    const std::string name = volume["name"];
    std::vector<std::pair<std::string, Orientation>> plans{
        {"0_1_2", Orientation::xy}, {"0_2_1", Orientation::xz}, {"2_1_0", Orientation::zy}};
    if (name == "raw_u8") {
      for (const char* axes : {"1_0_2", "1_2_0", "2_0_1"}) plans.emplace_back(axes, Orientation::xy);
    }
    for (const auto& [axes, orientation] : plans) {
      CAPTURE(name, base, axes, ranges);
      const Stack stack(stack_of(name, base, axes, orientation), {.session = session, .allow_file = true});
      check_stack(stack, volume["scales"], axes);
    }
  }
}
