#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catvox/core/version.hpp>
#include <chrono>
#include <csignal>
#include <iterator>
#include <sstream>
#include <thread>

#include "demo_instance/demo_instance.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/npy.hpp"
#include "support/png_writer.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/temp_dir.hpp"
#include "tools/counting_volume.hpp"

namespace fs = std::filesystem;
using namespace tools;
using catvox::test::HttpServer;
using catvox::test::read_npy;
using catvox::test::TempDir;

namespace {

const fs::path demo = TOOLS_DEMO;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

struct Workplace {
  TempDir folder;
  std::map<std::string, std::string> environment;

  Process::Result run(const std::string& program, const std::vector<std::string>& arguments) const {
    return Process(program, arguments, environment, folder.path()).wait();
  }
  Process::Result catvox(const std::vector<std::string>& arguments) const { return run(CATVOX, arguments); }

  /// `catvox crop` on the demo, with these arguments in addition.
  Process::Result crop(const std::string& arguments, const std::string& server = demo) const {
    std::vector<std::string> words = words_of(arguments);
    words.insert(words.begin(), {"crop", "--server", server});
    return catvox(words);
  }
};

/// Lines that begin with a word, which stands in the first column of a summary.
std::string line(const std::string& text, const std::string& word) {
  std::istringstream stream(text);
  std::string found;
  for (std::string one; std::getline(stream, one);) {
    if (one.starts_with(word + " ")) found += (found.empty() ? "" : "\n") + one;
  }
  return found;
}

/// Pixel of a section by mirror PNG, whose tile (3, 2) of section 8 is missing at level 0.
int pixel(std::int64_t z, int level, std::int64_t y, std::int64_t x) {
  static std::map<std::int64_t, Section> sections;
  if (level > 0) {
    const int sum = pixel(z, level - 1, 2 * y, 2 * x) + pixel(z, level - 1, 2 * y, 2 * x + 1) +
                    pixel(z, level - 1, 2 * y + 1, 2 * x) + pixel(z, level - 1, 2 * y + 1, 2 * x + 1);
    return (sum + 2) / 4;
  }
  const auto [found, is_new] = sections.try_emplace(z);
  if (is_new) found->second = demo_section(z, 0);
  return found->second.pixels[static_cast<std::size_t>(y * found->second.width + x)];
}

/// What a correct reader gets of the demo by mirror PNG, zyx: broken sections 4 and 5 replaced by the nearest others.
std::vector<std::uint8_t> expected(int level, std::array<std::int64_t, 3> from, std::array<std::int64_t, 3> to) {
  std::vector<std::uint8_t> voxels;
  for (std::int64_t z = from[0]; z < to[0]; ++z) {
    const std::int64_t shown = z == 4 ? 3 : z == 5 ? 6 : z;
    for (std::int64_t y = from[1]; y < to[1]; ++y) {
      for (std::int64_t x = from[2]; x < to[2]; ++x) {
        const bool missing = level == 0 && shown == 8 && y >= 3 * 192 && x >= 2 * 320;
        voxels.push_back(missing ? std::uint8_t{0} : static_cast<std::uint8_t>(pixel(shown, level, y, x)));
      }
    }
  }
  return voxels;
}

}  // namespace

TEST_CASE("catvox crop writes the voxels that a world box touches", "[tools]") {
  const Workplace here;
  // x: (2500 - 2000) / 4 = 125 to (3301 - 2000) / 4 = 325.25; y: 100 to 150; z: 2.5 to 7
  const auto result = here.crop("--stack 1 --mirror PNG --min 2500 3400 900 --max 3301 3600 1080 --output out.npy");
  CHECK(result.err.empty());
  REQUIRE(result.status == 0);
  const auto array = read_npy(here.folder.path() / "out.npy");
  CHECK(array.shape == std::vector<std::int64_t>{5, 50, 201});
  CHECK(array.values<std::uint8_t>() == expected(0, {2, 100, 125}, {7, 150, 326}));
  CHECK(line(result.out, "stack") == "stack      1 \"demo EM\"");
  CHECK(line(result.out, "mirror") == "mirror     2 \"PNG\"");
  CHECK(line(result.out, "level") == "level      0 of 0 to 3");
  CHECK(line(result.out, "shape") == "shape      5 x 50 x 201 (z, y, x), uint8");
  CHECK(line(result.out, "world") == "world      x 2500 to 3304, y 3400 to 3600, z 880 to 1080");
  CHECK(line(result.out, "voxel") == "voxel      x 4, y 4, z 40");
  // Two columns of tiles in sections 2, 3 and 6; 4 and 5 cost nothing.
  CHECK(line(result.out, "tiles") ==
        "tiles      6, 0 of them missing (black); 6 requests, 0 of them repeats; 0 from a cache");
  CHECK(line(result.out, "effort").starts_with("effort     decoding "));
  CHECK(line(result.out, "effort").find(" on all threads, waiting ") != std::string::npos);
  CHECK(line(result.out, "broken") ==
        "broken     slice 4 is replaced by slice 3\nbroken     slice 5 is replaced by slice 6");
  CHECK(line(result.out, "wrote") == "wrote      out.npy");
}

TEST_CASE("catvox crop reads every level whole, missing tiles black", "[tools]") {
  const Workplace here;
  const int level = GENERATE(0, 1, 2, 3);
  const auto result = here.crop("--stack 1 --mirror 2 --min 0 0 0 --max 9000 9000 9000 --output out.npy --level " +
                                std::to_string(level));
  REQUIRE(result.status == 0);
  const auto array = read_npy(here.folder.path() / "out.npy");
  REQUIRE(array.shape == std::vector<std::int64_t>{12, 605 >> level, 810 >> level});
  CHECK(array.values<std::uint8_t>() == expected(level, {0, 0, 0}, {12, 605 >> level, 810 >> level}));
  CHECK(line(result.out, "tiles").find(level == 0 ? ", 1 of them missing" : ", 0 of them missing") !=
        std::string::npos);
}

TEST_CASE("catvox crop reads the channels that it is told to", "[tools]") {
  const Workplace here;
  const std::string box = "--stack 1 --mirror 2 --level 3 --min 2000 3000 800 --max 2600 3400 900 --output ";
  REQUIRE(here.crop(box + "grey.npy").status == 0);
  const auto grey = read_npy(here.folder.path() / "grey.npy");
  const auto one = here.crop(box + "one.npy --channel 1");
  REQUIRE(one.status == 0);
  CHECK(line(one.out, "channels") == "channels   1 of 0 to 3");
  CHECK(read_npy(here.folder.path() / "one.npy").bytes == grey.bytes);  // the tiles are grey
  const auto several = here.crop(box + "several.npy --channel 1 3");
  REQUIRE(several.status == 0);
  const auto array = read_npy(here.folder.path() / "several.npy");
  CHECK(array.shape == std::vector<std::int64_t>{2, grey.shape[0], grey.shape[1], grey.shape[2]});
  CHECK(array.bytes == grey.bytes + std::string(grey.bytes.size(), '\xFF'));
  CHECK(here.crop(box + "several.tif --channel 0 1 2").status == 0);
  CHECK(here.crop(box + "x.npy --channel 4").err.ends_with("level 3 has no channel 4, but 4 channels\n"));
  CHECK(here.crop(box + "x.npy --channel 3 1")
            .err.ends_with("--channel takes ascending numbers with the same step between them\n"));
}

TEST_CASE("catvox crop warns of missing tiles", "[tools]") {
  const Workplace here;
  // Tile (2, 2) of section 8 is missing from mirror JPEG; the box touches tiles (1 to 2, 1 to 2) of sections 7 and 8.
  const auto result = here.crop("--stack 1 --min 4000 4800 1080 --max 4100 5100 1160 --output out.npy");
  CHECK(result.status == 0);
  CHECK(result.err == "catvox crop: 1 of 8 tiles are missing from mirror 1 \"JPEG\" and left black\n");
  CHECK(fs::exists(here.folder.path() / "out.npy"));
}

TEST_CASE("catvox crop fails if all tiles are missing, and says what may be wrong", "[tools]") {
  const Workplace here;
  HttpServer server;
  server.serve_folder("", demo);
  std::string info = file_bytes(demo / "1/stack/1/info");
  const std::string extension = "\"file_extension\": \"jpg\"";
  REQUIRE(info.find(extension) != std::string::npos);
  info.replace(info.find(extension), extension.size(), "\"file_extension\": \"jpeg\"");
  server.add("/1/stack/1/info", info, "application/json");
  here.folder.write("out.npy", "old");
  const auto result =
      here.crop("--project 1 --stack 1 --min 4000 4800 1080 --max 4100 5100 1160 --output out.npy", server.url());
  CHECK(result.status == 3);
  CHECK(result.err ==
        "catvox crop: nothing was written: mirror 1 \"JPEG\" has none of the 8 tiles that the box touches. If it "
        "should, its image_base \"tiles/jpeg/\" or its file_extension \"jpeg\" is wrong\n");
  CHECK(file_bytes(here.folder.path() / "out.npy") == "old");
}

TEST_CASE("catvox crop says what it clips a box to", "[tools]") {
  const Workplace here;
  const auto result = here.crop("--stack 1 --level 1 --min 5200 5400 1200 --max 5240 5424 1280 --output out.npy");
  CHECK(result.status == 0);
  CHECK(line(result.out, "world") == "world      x 5200 to 5240, y 5400 to 5416, z 1200 to 1280");
  CHECK(result.err ==
        "catvox crop: the box is clipped to the stack, which covers x 2000 to 5240, y 3000 to 5416, z 800 to 1280 at "
        "this level\n");
}

TEST_CASE("catvox crop is silent about the part of a voxel by which a level ends before the stack", "[tools]") {
  const Workplace here;
  const auto result = here.crop("--stack 1 --level 1 --min 2000 3000 800 --max 5240 5420 1280 --output out.npy");
  CHECK(result.status == 0);
  CHECK(result.err.empty());
}

TEST_CASE("catvox crop --around cuts a box around a point, of the size asked for with --pad", "[tools]") {
  const Workplace here;
  // Voxel (z, y, x) = (2, 100, 4) holds the point; the box sticks out at x < 0.
  const std::string around = "--stack 1 --mirror PNG --around 2018 3401 890 --size 20 6 3 --output out.npy";
  auto result = here.crop(around);
  REQUIRE(result.status == 0);
  CHECK(result.err ==
        "catvox crop: the box is clipped to the stack, which covers x 2000 to 5240, y 3000 to 5420, z 800 to "
        "1280 at this level\n");
  auto array = read_npy(here.folder.path() / "out.npy");
  CHECK(array.shape == std::vector<std::int64_t>{3, 6, 14});
  CHECK(array.values<std::uint8_t>() == expected(0, {1, 97, 0}, {4, 103, 14}));
  CHECK(line(result.out, "world") == "world      x 2000 to 2056, y 3388 to 3412, z 840 to 960");

  result = here.crop(around + " --pad");
  REQUIRE(result.status == 0);
  CHECK(result.err.empty());
  array = read_npy(here.folder.path() / "out.npy");
  CHECK(array.shape == std::vector<std::int64_t>{3, 6, 20});
  const auto padded = array.values<std::uint8_t>();
  const auto inside = expected(0, {1, 97, 0}, {4, 103, 14});
  bool right = true;
  for (std::size_t row = 0; row < 18; ++row) {
    for (std::size_t x = 0; x < 20; ++x)
      right = right && padded[row * 20 + x] == (x < 6 ? 0 : inside[row * 14 + x - 6]);
  }
  CHECK(right);
  CHECK(line(result.out, "world") == "world      x 1976 to 2056, y 3388 to 3412, z 840 to 960");

  CHECK(here.crop("--stack 2 --around 2420 3080 1010 --output out.npy --pad").status == 0);
  CHECK(read_npy(here.folder.path() / "out.npy").shape == std::vector<std::int64_t>{64, 64, 64});
  CHECK(here.crop("--stack 1 --around 0 0 0 --output a.npy --min 1 1 1").err ==
        "catvox crop: --around is instead of --min and --max\n");
  CHECK(here.crop("--stack 1 --around 0 0 0 --output a.npy --size 1 2").err ==
        "catvox crop: --size takes one number or three, > 0\n");
  CHECK(here.crop("--stack 1 --around 0 0 0 --output a.npy --pad").err ==
        "catvox crop: the box lies outside of the stack, which covers x 2000 to 5240, y 3000 to 5420, z 800 to 1280 at "
        "this "
        "level\n");
}

TEST_CASE("catvox crop --preview writes a small picture of the stack, or of a box", "[tools]") {
  const Workplace here;
  auto result = here.crop("--stack 1 --mirror PNG --preview --output out.npy");
  CHECK(result.err.empty());
  REQUIRE(result.status == 0);
  auto array = read_npy(here.folder.path() / "out.npy");
  CHECK(array.shape == std::vector<std::int64_t>{1, 302, 405});
  CHECK(array.values<std::uint8_t>() == expected(1, {6, 0, 0}, {7, 302, 405}));
  CHECK(line(result.out, "level") == "level      1 of 0 to 3");
  CHECK(line(result.out, "shape") == "shape      302 x 405 (y, x), uint8");
  CHECK(line(result.out, "world") == "world      x 2000 to 5240, y 3000 to 5416, z 1040 to 1080");
  CHECK(
      here.crop("--stack 1 --mirror PNG --preview --min 2400 3400 800 --max 2500 3480 1000 --output out.npy").status ==
      0);
  array = read_npy(here.folder.path() / "out.npy");
  CHECK(array.shape == std::vector<std::int64_t>{1, 20, 25});
  CHECK(array.values<std::uint8_t>() == expected(0, {2, 100, 100}, {3, 120, 125}));
  CHECK(here.crop("--stack 3 --preview --output labels.png").status == 0);
  CHECK(fs::exists(here.folder.path() / "labels.png"));
}

TEST_CASE("catvox crop follows the orientation of the stack", "[tools]") {
  const Workplace here;
  // Orientation XZ: slices along world y, rows along world z.
  const auto result = here.crop("--stack 2 --min 2400 3040 1000 --max 2440 3120 1020 --output out.npy");
  REQUIRE(result.status == 0);
  CHECK(line(result.out, "shape") == "shape      2 x 5 x 10 (y, z, x), uint8");
  CHECK(line(result.out, "world") == "world      x 2400 to 2440, y 3040 to 3120, z 1000 to 1020");
  CHECK(line(result.out, "voxel") == "voxel      x 4, y 40, z 4");
  const auto voxels = read_npy(here.folder.path() / "out.npy").values<std::uint8_t>();
  const auto exact = expected(0, {1, 50, 100}, {3, 55, 110});
  REQUIRE(voxels.size() == exact.size());
  for (std::size_t i = 0; i < voxels.size(); ++i) CHECK(std::abs(voxels[i] - exact[i]) < 60);  // JPEG
}

TEST_CASE("catvox crop reads labels, and says what a PNG cannot hold", "[tools]") {
  const Workplace here;
  const std::string box = "--stack 3 --min 2000 3000 960 --max 5240 5416 1040 --output ";
  const auto result = here.crop(box + "out.npy");
  REQUIRE(result.status == 0);
  CHECK(line(result.out, "shape") == "shape      2 x 302 x 405 (z, y, x), uint64");
  std::vector<std::uint64_t> labels = demo_labels(4);
  const std::vector<std::uint64_t> next = demo_labels(5);
  labels.insert(labels.end(), next.begin(), next.end());
  CHECK(read_npy(here.folder.path() / "out.npy").values<std::uint64_t>() == labels);
  const auto png = here.crop(box + "out.png");
  CHECK(png.status == 2);
  CHECK(png.err ==
        "catvox crop: a PNG cannot hold uint64 voxels, only uint8 and uint16: write a .npy or .tif instead\n");
}

TEST_CASE("catvox crop --broken chooses what stands in for broken slices", "[tools]") {
  const Workplace here;
  const auto [policy, said, shown] = GENERATE(table<std::string, std::string, std::int64_t>({
      {"nearest", "broken     slice 4 is replaced by slice 3", 3},
      {"follow", "broken     slice 4 is replaced by slice 6", 6},
      {"previous", "broken     slice 4 is replaced by slice 3", 3},
      {"next", "broken     slice 4 is replaced by slice 6", 6},
      {"fill", "broken     slice 4 is left black", -1},
      {"none", "", 4},
  }));
  CAPTURE(policy);
  const auto result =
      here.crop("--stack 1 --mirror PNG --min 2000 3000 960 --max 2040 3004 1000 --output out.npy --broken " + policy);
  REQUIRE(result.status == 0);
  CHECK(line(result.out, "broken") == said);
  std::vector<std::uint8_t> row(10, 0);
  if (shown >= 0) std::ranges::copy_n(demo_section(shown, 0).pixels.begin(), 10, row.begin());
  CHECK(read_npy(here.folder.path() / "out.npy").values<std::uint8_t>() == row);
}

TEST_CASE("catvox crop tells the format by the file's name", "[tools]") {
  const Workplace here;
  const std::string box = "--stack 1 --level 3 --min 2000 3000 800 --max 5240 5420 880 --output ";
  const auto names = [&] {
    std::vector<std::string> list;
    for (const auto& entry : fs::directory_iterator(here.folder.path())) list.push_back(entry.path().filename());
    std::ranges::sort(list);
    return list;
  };
  SECTION("a PNG for each slice") {
    CHECK(line(here.crop(box + "out.png").out, "wrote") == "wrote      out_0000.png to out_0001.png");
    CHECK(names() == std::vector<std::string>{"out_0000.png", "out_0001.png"});
    CHECK(file_bytes(here.folder.path() / "out_0000.png").substr(1, 3) == "PNG");
  }
  SECTION("a PNG of all slices") {
    CHECK(line(here.crop(box + "out.PNG --montage").out, "wrote") == "wrote      out.PNG");
    CHECK(names() == std::vector<std::string>{"out.PNG"});
  }
  SECTION("a TIFF that knows its place in the world") {
    CHECK(line(here.crop(box + "out.tif").out, "wrote") == "wrote      out.tif");
    CHECK(names() == std::vector<std::string>{"out.tif"});
    CHECK(file_bytes(here.folder.path() / "out.tif")
              .find("ImageJ=1.53t\nimages=2\nslices=2\nunit=nm\nspacing=40\nloop=false\nmin=0\nmax=255\n"
                    "xorigin=-62.5\nyorigin=-93.75\nzorigin=-20\n") != std::string::npos);
  }
}

TEST_CASE("catvox crop explains what is wrong in one line, and by its exit code", "[tools]") {
  const Workplace here;
  const std::string box = " --min 2000 3000 800 --max 2040 3040 840 ";
  const auto [arguments, status, message] = GENERATE_COPY(table<std::string, int, std::string>({
      {"", 2, "--stack is required; catvox list shows what there is"},
      {"--stack 1", 2, "--min and --max are required: x y z each; or --around: x y z"},
      {"--stack 1 --output a.npy --min 0 0 --max 1 1 1", 2,
       "--min: At least 3 required but received 2 (catvox crop --help shows what there is)"},
      {"--stack 1 --outptu=a.npy", 2, "no such option: --outptu (catvox crop --help shows what there is)"},
      {"--stack 1 --level one", 2, "Could not convert: --level = one (catvox crop --help shows what there is)"},
      {"--stack 1 --broken skip", 2,
       "--broken: skip not in {fill,follow,nearest,next,none,previous} (catvox crop --help shows what there is)"},
      {"--stack 1 --output a.jpg" + box, 2,
       "cannot tell what to write to \"a.jpg\": its name must end in .npy, .png or .tif"},
      {"--stack 1 --output a.tif --montage" + box, 2, "a montage can only be written as .png"},
      {"--stack 1 --output a.npy --mirror-user em" + box, 2,
       "--mirror-user requires --mirror (catvox crop --help shows what there is)"},
      {"--stack 1 --output a.npy --mirror fastest --mirror-user em" + box, 2,
       "--mirror-user is for a mirror that --mirror names, not for \"fastest\""},
      {"--stack 1 --output a.npy --min 5 0 0 --max 4 1 1", 2, "world box: min.x must not exceed max.x, got 5 and 4"},
      {"--stack 1 --output a.npy --min 0 0 0 --max 1 1 1", 3,
       "the box lies outside of the stack, which covers x 2000 to 5240, y 3000 to 5420, z 800 to 1280 at this level"},
      {"--stack 1 --output a.npy --mirror 7" + box, 3,
       "stack \"demo EM\" has no mirror 7; it has 1 \"JPEG\", 2 \"PNG\""},
      {"--stack 1 --output a.npy --level 4" + box, 3,
       "stack \"demo EM\", mirror \"JPEG\", has no level 4; it has 0, 1, 2, 3"},
      {"--stack 1 --output no/a.npy" + box, 5, "cannot write no/a.npy.partial: No such file or directory"},
  }));
  CAPTURE(arguments);
  const auto result = here.crop(arguments);
  CHECK(result.err == "catvox crop: " + message + "\n");
  CHECK(result.status == status);
  CHECK(result.out.empty());
  CHECK(fs::is_empty(here.folder.path()));
}

// Under these, an allocation that is too large ends the program before it is told.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("catvox crop says how much memory a box takes that does not fit", "[tools]") {
  const Workplace here;
  std::string info = file_bytes(demo / "1/stack/1/info");
  const std::string dimension = "\"x\": 810, \"y\": 605, \"z\": 12";
  REQUIRE(info.find(dimension) != std::string::npos);
  info.replace(info.find(dimension), dimension.size(), "\"x\": 500000, \"y\": 400000, \"z\": 10000");
  const TempDir large;
  large.write("1/stack/1/info", info);
  const auto result = here.crop("--project 1 --stack 1 --min 0 0 0 --max 1e9 1e9 1e9 --output out.npy", large.path());
  CHECK(result.status == 1);
  CHECK(result.err.ends_with(
      "catvox crop: the box takes 2.0 PB, more than there is memory: choose a smaller one, or a higher --level\n"));
  CHECK(fs::is_empty(here.folder.path()));
}
#endif

TEST_CASE("catvox crop names a server that does not answer", "[tools]") {
  const Workplace here;
  const auto result = here.crop("--stack 1 --project 1 --min 0 0 0 --max 1 1 1 --output a.npy", "http://127.0.0.1:9/x");
  CHECK(result.status == 4);
  CHECK(result.err.starts_with("catvox crop: cannot fetch http://127.0.0.1:9/x/1/stack/1/info: "));
}

TEST_CASE("catvox crop needs a server", "[tools]") {
  const Workplace here;
  const auto result = here.catvox(words_of("crop --stack 1 --min 0 0 0 --max 1 1 1 --output a.npy"));
  CHECK(result.status == 2);
  CHECK(result.err == "catvox crop: no server: give --server, or set CATMAID_SERVER\n");
}

TEST_CASE("option --help ends well and shows an example and the exit codes", "[tools]") {
  const Workplace here;
  for (const std::string command : {"crop", "list"}) {
    const auto result = here.catvox({command, "--help"});
    CHECK(result.status == 0);
    CHECK(result.err.empty());
    CHECK(result.out.find("Examples:\n  catvox " + command + " --server ") != std::string::npos);
    CHECK(result.out.find("  130  interrupted: a crop wrote nothing, an export goes on when run again\n") != std::string::npos);
  }
  const auto result = here.catvox({"--help"});
  CHECK(result.status == 0);
  CHECK(result.out.find("  list ") != std::string::npos);
  CHECK(result.out.find("  crop ") != std::string::npos);
  CHECK(result.out.find("generate") == std::string::npos);
  CHECK(result.out.find("  CATMAID_API_TOKEN ") != std::string::npos);
}

TEST_CASE("option --version names the program and its version", "[tools]") {
  const auto result = Workplace().catvox({"--version"});
  CHECK(result.status == 0);
  CHECK(result.out == "catvox " CATVOX_VERSION "\n");
}

TEST_CASE("wrong arguments of any kind give 2 and one line", "[tools]") {
  const Workplace here;
  const auto [arguments, message] = GENERATE(table<std::string, std::string>({
      {"", "catvox: a command is needed (catvox --help shows what there is)"},
      {"corp", "catvox: no such command (catvox --help shows what there is)"},
      {"--list", "catvox: no such option: --list (catvox --help shows what there is)"},
      {"list --details=maybe",
       "catvox list: Could not convert: --details = maybe (catvox list --help shows what there is)"},
      {"list --project one",
       "catvox list: Could not convert: --project = one (catvox list --help shows what there is)"},
      {"list everything", "catvox list: more arguments than expected (catvox list --help shows what there is)"},
  }));
  CAPTURE(arguments);
  const auto result = here.catvox(words_of(arguments));
  CHECK(result.err == message + "\n");
  CHECK(result.status == 2);
  CHECK(result.out.empty());
}

TEST_CASE("make_demo_instance without a folder gives 2", "[tools]") {
  const auto result = Workplace().run(MAKE_DEMO_INSTANCE, {});
  CHECK(result.status == 2);
  CHECK(result.err == "make_demo_instance: folder is required (make_demo_instance --help shows what there is)\n");
}

TEST_CASE("a path that begins with ~ lies in the user's folder", "[tools]") {
  Workplace here;
  const TempDir home;
  here.environment = {{"HOME", home.path()}};
  HttpServer server;
  server.serve_folder("", demo);
  const std::string box = "--project 1 --stack 1 --min 2000 3000 800 --max 2010 3010 810 ";
  CHECK(here.crop(box + "--disk-cache=~/cache --output=~/out.npy", server.url()).status == 0);
  CHECK(fs::exists(home.path() / "out.npy"));
  CHECK(fs::is_directory(home.path() / "cache"));
  CHECK(fs::is_empty(here.folder.path()));
  fs::create_directory_symlink(demo, home.path() / "demo");
  CHECK(here.catvox({"list", "--server=~/demo"}).out.starts_with("project 1"));
}

TEST_CASE("a shorter crop removes the slices of a longer one, and nothing else", "[tools]") {
  const Workplace here;
  const std::string box = "--stack 1 --level 3 --output r.png --min 2000 3000 800 --max 5240 5420 ";
  CHECK(here.crop(box + "1000").status == 0);
  for (const char* other : {"r_0007.png", "r_00000.png.txt", "r_1.png", "q_0003.png"}) here.folder.write(other, "mine");
  const auto shorter = here.crop(box + "880");
  CHECK(shorter.status == 0);
  CHECK(line(shorter.out, "wrote") == "wrote      r_0000.png to r_0001.png");
  CHECK(line(shorter.out, "removed") == "removed    r_0002.png to r_0004.png, of a longer crop before");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(here.folder.path())) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  CHECK(names ==
        std::vector<std::string>{"q_0003.png", "r_0000.png", "r_00000.png.txt", "r_0001.png", "r_0007.png", "r_1.png"});
  const auto single = here.crop(box + "840");
  CHECK(line(single.out, "wrote") == "wrote      r_0000.png");
  CHECK(line(single.out, "removed") == "removed    r_0001.png, of a longer crop before");
}

TEST_CASE("an interrupted crop ends at once with 130 and leaves nothing, an older file as it was", "[tools]") {
  Workplace here;
  here.folder.write("out.tif", "old");
  HttpServer server;
  server.serve_folder("", demo);
  server.add("/projects/", file_bytes(demo / "projects.json"), "application/json");
  // Nothing of level 0 ever comes.
  server.add("/tiles/jpeg/0/0_0_0.jpg", catvox::test::Answer{.delay = std::chrono::seconds(30)});
  Process crop(CATVOX,
               {"crop", "--server", server.url(), "--stack", "1", "--min", "2000", "3000", "800", "--max", "2010",
                "3010", "810", "--output", "out.tif"},
               {}, here.folder.path());
  for (int i = 0; i < 1000 && server.count("/tiles/jpeg/0/0_0_0.jpg") == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  REQUIRE(server.count("/tiles/jpeg/0/0_0_0.jpg") == 1);
  const auto before = std::chrono::steady_clock::now();
  crop.signal(GENERATE(SIGINT, SIGTERM, SIGHUP));
  const auto result = crop.wait();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
  CHECK(result.status == 130);
  CHECK(result.err.starts_with("catvox crop: "));
  CHECK(std::ranges::count(result.err, '\n') == 1);
  CHECK(file_bytes(here.folder.path() / "out.tif") == "old");
  CHECK(std::distance(fs::directory_iterator(here.folder.path()), {}) == 1);
}

TEST_CASE("a crop that is interrupted while it writes leaves nothing either", "[tools]") {
  const TempDir folder;
  // A pipe in place of the file: whoever fills it waits until somebody reads.
  const fs::path pipe_name = folder.path() / "out.npy.partial";
  REQUIRE(mkfifo(pipe_name.c_str(), 0600) == 0);
  const int pipe = open(pipe_name.c_str(), O_RDWR | O_NONBLOCK);
  Process crop(CATVOX,
               {"crop", "--server", demo, "--stack", "1", "--level", "1", "--min", "2000", "3000", "800", "--max",
                "5240", "5420", "1280", "--output", "out.npy"},
               {}, folder.path());
  const auto waiting = [&] {
    int bytes = 0;
    ioctl(pipe, FIONREAD, &bytes);
    return bytes > 0;
  };
  for (int i = 0; i < 1000 && !waiting(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(waiting());
  crop.signal(SIGINT);
  std::jthread reader([&](const std::stop_token& stop) {
    std::vector<char> bytes(1 << 16);
    while (!stop.stop_requested()) {
      if (read(pipe, bytes.data(), bytes.size()) < 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto result = crop.wait();
  reader.request_stop();
  reader.join();
  close(pipe);
  CHECK(result.status == 130);
  CHECK(result.err == "catvox crop: interrupted: nothing was written\n");
  CHECK(fs::is_empty(folder.path()));
}

namespace {

/// The demo on a web server that wants a password for everything.
struct ProtectedServer : HttpServer {
  ProtectedServer() {
    serve_folder("", demo);
    add("/projects/", file_bytes(demo / "projects.json"), "application/json");
    protect("/", "em", "section20");
  }
  std::size_t with_header(const std::string& name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(requests(), [&](const auto& request) { return !request.header(name).empty(); }));
  }
};

const std::string one_tile = "--stack 1 --min 2000 3000 800 --max 2010 3010 810 --output out.npy";

}  // namespace

TEST_CASE("user, password and token come from the environment", "[tools]") {
  const ProtectedServer server;
  Workplace here;
  here.environment = {{"CATMAID_SERVER", server.url()},
                      {"CATMAID_HTTP_USER", "em"},
                      {"CATMAID_HTTP_PASSWORD", "section20"},
                      {"CATMAID_API_TOKEN", "t0ken"}};
  const auto result = here.crop(one_tile, server.url());
  CHECK(result.err.empty());
  CHECK(result.status == 0);
  CHECK(server.with_header("x-authorization") == 2);  // projects and stack; not the tile
}

TEST_CASE("the environment's secrets stay with CATMAID_SERVER", "[tools]") {
  const ProtectedServer server;
  Workplace here;
  here.environment = {{"CATMAID_SERVER", "https://elsewhere.example/"},
                      {"CATMAID_HTTP_USER", "em"},
                      {"CATMAID_HTTP_PASSWORD", "section20"},
                      {"CATMAID_API_TOKEN", "t0ken"}};
  CHECK(here.crop(one_tile, server.url()).status == 4);
  CHECK(server.with_header("authorization") == 0);
  CHECK(server.with_header("x-authorization") == 0);
}

TEST_CASE("no secret shows in a message", "[tools]") {
  const ProtectedServer server;
  Workplace here;
  here.environment = {{"CATMAID_API_TOKEN", "t0ken"}};
  const auto wrong = here.crop("--user em --password wrong_one " + one_tile, server.url());
  CHECK(wrong.status == 4);
  CHECK(wrong.err.find("401") != std::string::npos);
  const auto misspelt = here.crop("--user em --passwrd wrong_one " + one_tile, server.url());
  CHECK(misspelt.status == 2);
  for (const std::string& text : {wrong.out, wrong.err, misspelt.out, misspelt.err}) {
    CHECK(text.find("wrong_one") == std::string::npos);
    CHECK(text.find("t0ken") == std::string::npos);
  }
}

TEST_CASE("options --mirror-user and --mirror-password go to the mirror that was named", "[tools]") {
  HttpServer tiles;
  tiles.serve_folder("", demo);
  tiles.protect("/tiles/png", "em", "section20");
  HttpServer api;
  std::string info = file_bytes(demo / "1/stack/1/info");
  const std::string base = "\"tiles/png/\"";
  info.replace(info.find(base), base.size(), "\"" + tiles.url("/tiles/png/") + "\"");
  api.add("/1/stack/1/info", info, "application/json");
  Workplace here;
  here.environment = {{"CATVOX_MIRROR_PASSWORD", "section20"}};
  const std::string crop = "--project 1 --mirror PNG " + one_tile;
  CHECK(here.crop(crop, api.url()).status == 4);
  CHECK(here.crop(crop + " --mirror-user em", api.url()).status == 0);
  for (const auto& request : api.requests()) CHECK(request.header("authorization").empty());
}

TEST_CASE("the project need not be named where there is one only", "[tools]") {
  const Workplace here;
  HttpServer server;
  server.serve_folder("", demo);
  const auto answer = [&](const std::string& json) { server.add("/projects/", json, "application/json"); };
  answer(R"([{"id": 1, "title": "one", "stacks": []}, {"id": 2, "title": "two", "stacks": []}])");
  const auto result = here.crop(one_tile, server.url());
  CHECK(result.status == 2);
  CHECK(result.err == "catvox crop: give --project, one of:\n  1  one\n  2  two\n");
  CHECK(here.crop(one_tile + " --project 1", server.url()).status == 0);
  answer("[]");
  CHECK(here.crop(one_tile, server.url()).err == "catvox crop: the server shows no project to this user\n");
  answer(R"([{"id": 1, "title": "one", "stacks": []}])");
  CHECK(here.crop(one_tile, server.url()).status == 0);
}

TEST_CASE("a project that is not there gives the list of those that are", "[tools]") {
  const Workplace here;
  const std::string message = "no project 7 for this user; there are:\n  1  Demo project\n";
  const auto crop = here.crop("--project 7 " + one_tile);
  CHECK(crop.status == 3);
  CHECK(crop.err == "catvox crop: " + message);
  for (const char* what : {"--details", "--stack=1"}) {
    const auto list = here.catvox({"list", "--server", demo, "--project", "7", what});
    CHECK(list.status == 3);
    CHECK(list.err == "catvox list: " + message);
  }
  // A stack that is not there is another matter.
  CHECK(here.catvox({"list", "--server", demo, "--stack", "no"}).err.find("no project") == std::string::npos);
}

TEST_CASE("catvox list says that it sees nothing", "[tools]") {
  const Workplace here;
  HttpServer server;
  server.add("/projects/", "[]", "application/json");
  const auto nothing = here.catvox({"list", "--server", server.url()});
  CHECK(nothing.status == 0);
  CHECK(nothing.out.empty());
  CHECK(nothing.err == "catvox list: the server shows no project to this user; CATMAID_API_TOKEN holds who you are\n");
  server.add("/projects/", R"([{"id": 1, "title": "one", "stacks": []}])", "application/json");
  CHECK(here.catvox({"list", "--server", server.url()}).out == "project 1  \"one\"\n  no stack\n");
  server.add("/1/stacks", "[]", "application/json");
  CHECK(here.catvox({"list", "--server", server.url(), "--details"}).err ==
        "catvox list: the project has no stack that this user may see\n");
}

TEST_CASE("one odd stack does not take the others with it", "[tools]") {
  const Workplace here;
  HttpServer server;
  server.serve_folder("", demo);
  server.add("/1/stack/1/info", R"({"sid": 1})", "application/json");
  const auto result = here.catvox({"list", "--server", server.url(), "--project", "1", "--details"});
  CHECK(result.status == 4);
  CHECK(result.out.starts_with("stack 2 \"demo EM, XZ\""));
  CHECK(result.err.starts_with("catvox list: stack 1 \"demo EM\": "));
  CHECK(result.err.ends_with("\ncatvox list: 1 of 3 stacks cannot be shown\n"));
}

TEST_CASE("a title from a server gives no order to the terminal", "[tools]") {
  const Workplace here;
  HttpServer server;
  server.serve_folder("", demo);
  const std::string odd = R"(a\u001b]0;b\n)", shown = R"(a\x1b]0;b\x0a)";
  server.add("/projects/", R"([{"id": 1, "title": ")" + odd + R"(", "stacks": [{"id": 2, "title": ")" + odd + "\"}]}]",
             "application/json");
  CHECK(here.catvox({"list", "--server", server.url()}).out ==
        "project 1  \"" + shown + "\"\n  stack 2  \"" + shown + "\"\n");
  CHECK(here.crop("--project 7 " + one_tile, server.url()).err ==
        "catvox crop: no project 7 for this user; there are:\n  1  " + shown + "\n");
  std::string info = file_bytes(demo / "1/stack/1/info");
  info.replace(info.find("demo EM"), 7, odd);
  server.add("/1/stack/1/info", info, "application/json");
  CHECK(here.catvox({"list", "--server", server.url(), "--project", "1", "--stack", "1"})
            .out.starts_with("stack 1 \"" + shown + "\", project 1"));
  CHECK(line(here.crop("--project 1 " + one_tile, server.url()).out, "stack") == "stack      1 \"" + shown + "\"");
}

TEST_CASE("catvox list lists projects and stacks", "[tools]") {
  const Workplace here;
  const auto result = here.catvox({"list", "--server", demo});
  CHECK(result.status == 0);
  CHECK(
      result.out ==
      "project 1  \"Demo project\"\n  stack 1  \"demo EM\"\n  stack 2  \"demo EM, XZ\"\n  stack 3  \"demo labels\"\n");
}

TEST_CASE("catvox list shows stack groups", "[tools]") {
  const Workplace here;
  HttpServer server;
  server.serve_folder("", demo);
  server.add("/projects/", R"([{"id": 1, "title": "one", "stacks": [],
      "stackgroups": [{"id": 5, "title": "stainings"}]}])",
             "application/json");
  server.add("/1/stack/1/groups", R"({"stack_group_ids": [5]})", "application/json");
  server.add("/1/stackgroup/5/info", R"({"id": 5, "title": "stainings", "stacks": [
      {"id": 1, "relation": "channel", "position": 0}, {"id": 2, "relation": "view", "position": 1}]})",
             "application/json");
  CHECK(here.catvox({"list", "--server", server.url()}).out ==
        "project 1  \"one\"\n  no stack\n  stack group 5  \"stainings\"\n");
  CHECK(here.catvox({"list", "--server", server.url(), "--project", "1", "--stack", "1"})
            .out.ends_with("\n  group 5      \"stainings\": channel 1, view 2\n"));
}

TEST_CASE("catvox list shows what one needs to know of a stack", "[tools]") {
  const Workplace here;
  const auto result = here.catvox({"list", "--server", demo, "--stack", "demo EM"});
  CHECK(result.status == 0);
  const std::string known =
      "stack 1 \"demo EM\", project 1 \"Demo project\"\n"
      "  axes         (z, y, x), orientation XY\n"
      "  world        x 2000 to 5240, y 3000 to 5420, z 800 to 1280 nm\n"
      "  level 0      12 x 605 x 810 voxels of x 4, y 4, z 40 nm\n"
      "  level 1      12 x 302 x 405 voxels of x 8, y 8, z 40 nm\n"
      "  level 2      12 x 151 x 202 voxels of x 16, y 16, z 40 nm\n"
      "  level 3      12 x 75 x 101 voxels of x 32, y 32, z 40 nm\n"
      "  broken       slices 4 5\n"
      "  mirror 1     \"JPEG\", type 1, 256 x 256 tiles, readable, tiles/jpeg/\n"
      "  mirror 2     \"PNG\", type 5, 320 x 192 tiles, readable, tiles/png/\n";
  CHECK(result.out == known + "  channels     4: red, green, blue, alpha; grey is all three colours\n");
  CHECK(here.catvox({"list", "--server", demo, "--stack", "demo labels"}).out.ends_with("\n  channels     1\n"));
  const auto all = here.catvox({"list", "--server", demo, "--details"});
  CHECK(all.out.starts_with(known + "stack 2 \"demo EM, XZ\""));
  CHECK(
      all.out.ends_with("  level 0      12 x 302 x 405 voxels of x 8, y 8, z 40 nm\n"
                        "  mirror 4     \"N5\", type 11, 128 x 128 tiles, readable, labels/0_1_2\n"));
}
