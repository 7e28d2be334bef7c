#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <numeric>
#include <thread>

#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/npy.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

// Numbers are those of expected.py, which reads the demo's files by NumPy and Pillow.

namespace fs = std::filesystem;
using catvox::test::Answer;
using catvox::test::HttpServer;
using catvox::test::read_npy;
using catvox::test::TempDir;

namespace {

/// An example in a folder where the demo lies as scripts/demo.sh leaves it.
struct Workplace {
  Workplace() {
    fs::create_directory(folder.path() / "out");
    fs::create_directory_symlink(EXAMPLES_DEMO, folder.path() / "out/demo");
  }

  /// What it prints.
  std::string run(const std::string& example, const std::vector<std::string>& arguments = {}) const {
    const auto result = Process(EXAMPLES + example, arguments, {}, folder.path()).wait();
    CHECK(result.status == 0);
    return result.out;
  }

  TempDir folder;
};

}  // namespace

TEST_CASE("example crop_to_npy", "[examples]") {
  const Workplace here;
  CHECK(here.run("crop_to_npy") ==
        "box.npy: 5 x 25 x 101 voxels of 40 x 8 x 8 nm (z, y, x), from x 2496, y 3400, z 880\n");
  const auto array = read_npy(here.folder.path() / "box.npy");
  CHECK(array.shape == std::vector<std::int64_t>{5, 25, 101});
  const auto voxels = array.values<std::uint8_t>();
  CHECK(std::accumulate(voxels.begin(), voxels.end(), 0) == 1750064);
}

TEST_CASE("example section_means", "[examples]") {
  CHECK(Workplace().run("section_means") ==
        "z 800 nm: 150.43\nz 840 nm: 150.69\nz 880 nm: 152.18\nz 920 nm: 153.31\nz 960 nm: 72.88\nz 1000 nm: 74.51\n"
        "z 1040 nm: 152.60\nz 1080 nm: 156.42\nz 1120 nm: 154.67\nz 1160 nm: 154.97\nz 1200 nm: 153.84\n"
        "z 1240 nm: 151.93\n");
}

TEST_CASE("example labels_in_box", "[examples]") {
  CHECK(Workplace().run("labels_in_box") ==
        "79 segments; the largest are\n1708889568: 0.0637 um^3\n3657274418: 0.0392 um^3\n2357802142: 0.0201 um^3\n"
        "4086009848: 0.0191 um^3\n715482611: 0.0144 um^3\n");
}

TEST_CASE("example cubes_around_points", "[examples]") {
  CHECK(Workplace().run("cubes_around_points") ==
        "point 0: segment 0, 10 segments around it\n"
        "point 1: segment 1708889568, 2 segments around it\n"
        "point 2: segment 2664064839, 9 segments around it\n"
        "point 3: segment 206197850, 3 segments around it\n"
        "point 4: segment 410362577, 4 segments around it\n");
}

TEST_CASE("example levels_by_resolution", "[examples]") {
  CHECK(Workplace().run("levels_by_resolution") ==
        "level 3: 12 x 75 x 101 voxels of 40 x 32 x 32 nm\nlevel 2: 12 x 151 x 202 voxels of 40 x 16 x 16 nm\n"
        "level 1: 12 x 302 x 405 voxels of 40 x 8 x 8 nm\nlevel 0: 12 x 605 x 810 voxels of 40 x 4 x 4 nm\n"
        "nearest to 10 nm is level 1; a section takes 122310 bytes there\n");
}

TEST_CASE("example several_threads", "[examples]") {
  CHECK(Workplace().run("several_threads") ==
        "section 0: 26\nsection 1: 28\nsection 2: 27\nsection 3: 29\nsection 4: 29\nsection 5: 26\nsection 6: 26\n"
        "section 7: 34\nsection 8: 31\nsection 9: 35\nsection 10: 31\nsection 11: 29\n");
}

TEST_CASE("example any_type", "[examples]") {
  const Workplace here;
  CHECK(here.run("any_type") == "demo labels: uint64, first section from 0 to 4271512425\n");
  HttpServer server;
  server.serve_folder("", EXAMPLES_DEMO);
  CHECK(here.run("any_type", {server.url(), "demo EM"}).starts_with("demo EM: uint8, first section from "));
}

TEST_CASE("example cancel_and_progress reads to the end", "[examples]") {
  CHECK(Workplace().run("cancel_and_progress") == "read 120 tiles, 2 of them missing\n");
}

TEST_CASE("example cancel_and_progress ends by Ctrl-C", "[examples]") {
  const TempDir folder;
  HttpServer server;
  server.serve_folder("", EXAMPLES_DEMO);
  const std::string late = "/tiles/jpeg/0/0_0_0.jpg";  // nothing of it ever comes
  server.add(late, Answer{.delay = std::chrono::seconds(30)});
  Process example(EXAMPLES "cancel_and_progress", {server.url()}, {}, folder.path());
  for (int i = 0; i < 1000 && server.count(late) == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(server.count(late) == 1);
  example.signal(SIGINT);
  const auto result = example.wait();
  CHECK(result.status == 130);
  CHECK(result.err.find(" of 120 tiles") != std::string::npos);
  CHECK(result.err.ends_with("\nthe read was cancelled\n"));
  CHECK(result.out.empty());
}

TEST_CASE("example test_without_server", "[examples]") {
  CHECK(Workplace().run("test_without_server") == "the brightest section is 1: passed\n");
}
