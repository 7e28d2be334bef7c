// One odd mirror must not take a stack with it.
#include <catvox/catmaid/mirror_types.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "array/memory_level.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"

using namespace catvox;
using catvox::test::error_of;

namespace {

MirrorInfo tiles(std::int64_t id, const std::string& title, const std::string& base) {
  return {id, title, base, 32, 16, 5, "png", id, ""};
}

StackInfo stack_of(std::vector<MirrorInfo> mirrors) {
  StackInfo info;
  info.stitle = "em";
  info.dimension = {100, 70, 12};
  info.resolution = {4, 6, 40};
  info.translation = {1000, 2000, 3000};
  info.downsample_factors = {{1, 1, 1}, {2, 2, 1}, {4, 4, 2}};
  info.mirrors = std::move(mirrors);
  return info;
}

StackOptions once() {
  StackOptions options;
  options.session = HttpSession(HttpOptions{.threads = 1, .retry = {.max_attempts = 1}});
  return options;
}

}  // namespace

TEST_CASE("a mirror that is broken and not used is no error", "[client]") {
  MirrorInfo broken = tiles(2, "broken", "http://h/");
  broken.tile_width = 0;
  broken.fault = R"(stack info: "mirrors[1].tile_width" must be an integer from 1 to 65535, got 0)";
  MirrorInfo odd = tiles(3, "odd", "");
  odd.tile_source_type = -1;
  Stack stack(stack_of({tiles(1, "good", "http://good/"), broken, odd}));
  CHECK(stack.levels() == 3);
  CHECK(stack.mirror().title == "good");
  CHECK(stack.warnings().empty());
  stack.set_mirror("broken");
  CHECK(
      std::string(error_of([&] { (void)stack.levels(); }).what()) ==
      "cannot open mirror \"broken\" of stack \"em\", image_base \"http://h/\": stack info: \"mirrors[1].tile_width\" "
      "must be an integer from 1 to 65535, got 0");
  CHECK(std::string(error_of([&] { stack.set_mirror("odd"); }).what()) ==
        "cannot open mirror \"odd\" of stack \"em\", image_base \"\": it has tile source type -1, which is not read");
  CHECK(stack.mirror().title == "broken");
}

TEST_CASE("the first mirror that can be opened is the default, and it is said which could not", "[client]") {
  test::HttpServer server;  // without any volume
  MirrorInfo volume = tiles(1, "volume", server.url("/none/%SCALE_DATASET%/0_1_2"));
  volume.tile_source_type = 11;
  const MirrorInfo nowhere = tiles(2, "nowhere", "");
  const Stack stack(stack_of({volume, nowhere, tiles(3, "good", "http://good/")}), once());
  CHECK(stack.mirror().title == "good");
  CHECK(stack.dtype() == DType::uint8);
  CHECK(stack.warnings() == std::vector<std::string>{
                                "cannot open mirror \"volume\" of stack \"em\", image_base \"" + volume.image_base +
                                    "\": N5 volume: no attributes.json where image_base says",
                                "cannot open mirror \"nowhere\" of stack \"em\", image_base \"\": it has no image_base",
                                "mirror \"good\" is read instead",
                            });
  const Stack none(stack_of({nowhere, tiles(4, "local", "file:///etc/")}), once());
  CHECK(std::string(error_of([&] { (void)none.levels(); }).what()) ==
        "no mirror can be opened; cannot open mirror \"nowhere\" of stack \"em\", image_base \"\": it has no "
        "image_base; cannot open mirror \"local\" of stack \"em\", image_base \"file:///etc/\": a server on the web "
        "may not point into local folders");
}

TEST_CASE("a volume needs no tile size", "[client]") {
  test::HttpServer server;
  server.add(
      "/v/attributes.json",
      R"({"dimensions": [5, 3, 5], "blockSize": [4, 3, 2], "dataType": "uint8", "compression": {"type": "raw"}})");
  StackInfo info = stack_of({tiles(1, "volume", server.url("/v/0_1_2"))});
  info.mirrors[0].tile_source_type = 11;
  info.mirrors[0].tile_width = 0;
  info.mirrors[0].fault = "stack info: no tile size";
  CHECK(Stack(info, once()).levels() == 1);
}

TEST_CASE("opening a volume ends with the stop token and with its deadline", "[client]") {
  test::HttpServer server;
  server.set_delay(std::chrono::milliseconds(300));
  StackInfo info = stack_of({tiles(1, "volume", server.url("/v/0_1_2"))});
  info.mirrors[0].tile_source_type = 11;
  auto options = once();
  std::stop_source stopped;
  stopped.request_stop();
  CHECK(error_of([&] { (void)Stack(info, options).levels(stopped.get_token()); }).code() == Errc::cancelled);
  options.metadata_timeout = std::chrono::milliseconds(20);
  const Error late = error_of([&] { (void)Stack(info, options).levels(); });
  CHECK(late.code() == Errc::timeout);
  CHECK(std::string(late.what()) == "cannot open mirror \"volume\" of stack \"em\", image_base \"" +
                                        server.url("/v/0_1_2") + "\": cannot fetch " +
                                        server.url("/v/attributes.json") + ": no answer in the time that was allowed");
  Stack stack(info, options);
  CHECK(error_of([&] { (void)stack.set_fastest_mirror(std::chrono::milliseconds(20)); }).code() == Errc::connection);
  CHECK(error_of([&] { (void)stack.set_fastest_mirror(std::chrono::seconds(9), stopped.get_token()); }).code() ==
        Errc::cancelled);
  options.metadata_timeout = std::chrono::milliseconds::max();
  CHECK(error_of([&] { (void)Stack(info, options).levels(); }).code() == Errc::not_found);
}

TEST_CASE("levels are found by their size, without naming a type", "[client]") {
  const Stack stack(stack_of({tiles(1, "good", "http://good/")}));
  CHECK(stack.shape(0) == std::array<std::size_t, 3>{12, 70, 100});
  CHECK(stack.shape(2) == std::array<std::size_t, 3>{6, 17, 25});
  CHECK(stack.voxel_size(1) == std::array<double, 3>{40, 12, 8});
  CHECK(stack.world_box() == WorldBox{{1000, 2000, 3000}, {1400, 2420, 3480}});
  // Means of width and height: 5, 10, 20.
  const auto [nm, level] = GENERATE(
      table<double, int>({{0.1, 0}, {5, 0}, {7.4, 0}, {7.5, 0}, {7.6, 1}, {15, 1}, {15.1, 2}, {20, 2}, {1e9, 2}}));
  CAPTURE(nm);
  CHECK(stack.level_near(nm) == level);
  CHECK(std::string(error_of([&] { (void)stack.level_near(0); }).what()) ==
        "level_near: the voxel size must be a number > 0");
}

TEST_CASE("a stack stands on level sources of the program's own", "[client]") {
  using Level = testing::MemoryLevel<std::uint8_t>;
  StackInfo info = stack_of({});
  const auto stack = Stack::from_sources(
      info, {std::make_shared<const Level>(Shape3{2, 4, 8}, Shape3{1, 4, 4}),
             std::make_shared<const Level>(Shape3{2, 2, 4}, Shape3{1, 2, 2}, StackFrame{}, 1, StackVector{2, 2, 1})});
  CHECK(stack.levels() == 2);
  CHECK(stack.shape(1) == std::array<std::size_t, 3>{2, 2, 4});
  CHECK(stack.level_near(2) == 1);
  const xt::xtensor<std::uint8_t, 3> got = stack.scale<std::uint8_t>(0);
  CHECK(got(1, 3, 7) == 137);  // z * 100 + y * 10 + x
  CHECK(stack.warnings().empty());
  CHECK(std::string(error_of([&] { (void)stack.dtype(2); }).what()) == "stack \"em\" has no level 2; it has 0 to 1");
  CHECK(std::string(error_of([&] { (void)stack.mirror(); }).what()) ==
        "stack \"em\" stands on sources of its own: it has no mirror");
  CHECK(error_of([&] { (void)Stack::from_sources(info, {}); }).code() == Errc::invalid_argument);
  CHECK(error_of([&] { (void)Stack::from_stores(info, {}); }).code() == Errc::invalid_argument);
}

TEST_CASE("the table of mirror types has CATMAID's names", "[client]") {
  REQUIRE(mirror_types().size() == 14);
  for (std::size_t i = 0; i < 14; ++i) CHECK(mirror_types()[i].number == static_cast<int>(i) + 1);
  // The headings of CATMAID's sphinx-doc/source/tile_sources.rst, but for "Neuroglander" there.
  constexpr const char* names[] = {"File-based image stack",
                                   "Request query-based image stack",
                                   "HDF5 via CATMAID backend",
                                   "File-based image stack with zoom level directories",
                                   "Directory-based image stack",
                                   "DVID imageblk voxels",
                                   "Render service",
                                   "DVID imagetile tiles",
                                   "FlixServer tiles",
                                   "H2N5 tiles",
                                   "N5 image blocks",
                                   "JHU/APL Boss tiles",
                                   "CloudVolume tiles",
                                   "Neuroglancer precomputed image blocks"};
  for (std::size_t i = 0; i < 14; ++i) CHECK(mirror_types()[i].name == names[i]);
  for (const MirrorType& type : mirror_types()) CHECK(type.readable == is_supported(type.number));
}

TEST_CASE("a temporary stack lends nothing", "[client]") {
  static_assert(std::is_same_v<decltype(std::declval<Stack>().info()), StackInfo>);
  static_assert(std::is_same_v<decltype(std::declval<Stack>().mirror()), MirrorInfo>);
  static_assert(std::is_same_v<decltype(std::declval<const Stack&>().info()), const StackInfo&>);
  std::string titles;
  for (const MirrorInfo& mirror :
       Stack(stack_of({tiles(1, "a", "http://a/"), tiles(2, "b", "http://b/")})).info().mirrors)
    titles += mirror.title;
  CHECK(titles == "ab");
}
