// `catvox export` on the demo, beside `catvox crop`, whose voxels programs_test.cpp checks.
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "export/tree.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/npy.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace fs = std::filesystem;
using catvox::test::files_below;
using catvox::test::HttpServer;
using catvox::test::read_npy;
using catvox::test::TempDir;

namespace {

const fs::path demo = TOOLS_DEMO;

struct Workplace {
  TempDir folder;

  Process::Result run(const std::string& program, std::vector<std::string> words, const std::string& arguments) const {
    std::istringstream stream(arguments);
    for (std::string word; stream >> word;) words.push_back(word);
    return Process(program, words, {}, folder.path()).wait();
  }
  Process::Result exported(const std::string& arguments, const std::string& server = demo) const {
    return run(CATVOX, {"export", "--server", server}, arguments);
  }
  fs::path at(const std::string& name) const { return folder.path() / name; }
};

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("catvox export writes what catvox crop does", "[tools][export]") {
  const Workplace here;
  const auto exported = here.exported("--stack 1 --mirror PNG --level 1 --output whole.npy");
  REQUIRE(exported.status == 0);
  CHECK(holds(exported.out,
              "level      0: 12 x 302 x 405 (z, y, x), uint8, voxels of 40 x 8 x 8 from 800, 3000, 2000 nm\n"));
  CHECK(holds(exported.out, "wrote      whole.npy\n"));
  const auto cropped =
      here.run(CATVOX, {"crop", "--server", demo},
               "--stack 1 --mirror PNG --level 1 --min 2000 3000 800 --max 5240 5416 1280 --output crop.npy");
  REQUIRE(cropped.status == 0);
  CHECK(read_npy(here.at("whole.npy")).bytes == read_npy(here.at("crop.npy")).bytes);

  const auto again = here.exported("--stack 1 --mirror PNG --level 1 --output whole.npy");
  CHECK(again.status == 0);
  CHECK(holds(again.out, "nothing    to do: whole.npy is complete\n"));

  const auto other = here.exported("--stack 1 --mirror PNG --level 2 --output whole.npy");
  CHECK(other.status == 2);
  CHECK(holds(other.err, "another export was begun there"));
  CHECK(here.exported("--stack 1 --mirror PNG --level 2 --output whole.npy --overwrite").status == 0);
  CHECK(read_npy(here.at("whole.npy")).shape == std::vector<std::int64_t>{12, 151, 202});
}

TEST_CASE("the parts of a job array make one export", "[tools][export]") {
  const Workplace here;
  const std::string arguments = "--stack 1 --mirror PNG --level 1 --levels 2 --block 64 64 4 --memory 1 ";
  REQUIRE(here.exported(arguments + "--output whole.n5").status == 0);
  for (int i = 0; i < 3; ++i) {
    const auto part = here.exported(arguments + "--output parts.n5 --part " + std::to_string(i) + "/3");
    CHECK(part.status == 0);
    CHECK(holds(part.out, i < 2 ? "waiting    for " : "wrote      parts.n5\n"));
  }
  CHECK(files_below(here.at("parts.n5")) == files_below(here.at("whole.n5")));
}

TEST_CASE("what a server cannot give is listed, and written when it can", "[tools][export]") {
  const Workplace here;
  REQUIRE(here.exported("--stack 1 --mirror PNG --level 2 --output whole.zarr --block 64 64 4").status == 0);
  HttpServer server;
  server.serve_folder("", demo);
  server.add("/projects/", file_bytes(demo / "projects.json"));
  const std::string tile = "/tiles/png/2/3/0/0.png";
  server.add(tile, {.status = 403, .body = "no"});
  const std::string arguments = "--stack 1 --mirror PNG --level 2 --output out.zarr --block 64 64 4 ";
  const auto stopped = here.exported(arguments, server.url());
  CHECK(stopped.status == 4);
  CHECK(holds(stopped.err, tile));
  const auto skipped = here.exported(arguments + "--on-error skip", server.url());
  CHECK(skipped.status == 4);
  CHECK(holds(skipped.err, "catvox export: level 0, voxels [("));
  CHECK(holds(skipped.err, " blocks could not be read; the same command tries them again\n"));
  server.add(tile, file_bytes(demo / "tiles/png/2/3/0/0.png"));
  CHECK(here.exported(arguments, server.url()).status == 0);
  CHECK(files_below(here.at("out.zarr")) == files_below(here.at("whole.zarr")));
}

TEST_CASE("catvox export reads the CATMAID instance that it wrote", "[tools][export]") {
  const Workplace here;
  const auto labels = here.exported("--stack 3 --output labels --format catmaid --images n5");
  REQUIRE(labels.status == 0);
  REQUIRE(here.exported("--stack 3 --output direct.npy").status == 0);
  REQUIRE(here.exported("--stack 1 --output again.npy", here.at("labels")).status == 0);
  CHECK(file_bytes(here.at("again.npy")) == file_bytes(here.at("direct.npy")));
}

TEST_CASE("catvox export says what is wrong with its arguments", "[tools][export]") {
  const Workplace here;
  const auto [arguments, status, message] = GENERATE(table<std::string, int, std::string>({
      {"--stack 1 --output out.xyz", 2,
       "cannot tell what to write to \"out.xyz\": give --format {n5,ome-zarr,npy,tiff,ome-tiff,precomputed,catmaid}"},
      {"--stack 1 --output out.npy --part 3", 2, "--part takes I/N, as 3/16, got \"3\""},
      {"--stack 1 --output out.npy --part 3/3", 2, "export: there is no part 3 of 3, they count from 0"},
      {"--stack 3 --output out.tif", 2,
       "a TIFF for ImageJ cannot hold uint64 voxels, only uint8, (u)int16, (u)int32 and float32"},
      {"--stack 1 --output out.npy --levels 2", 2, "out.npy can hold one level, got 2"},
      {"--output out.npy", 2, "--stack is required; catvox list shows what there is"},
      {"--stack 1 --output out.npy --min 0 0 0 --max 1 1 1", 3, "the box lies outside of the stack"},
  }));
  CAPTURE(arguments);
  const auto result = here.exported(arguments);
  CHECK(result.err == "catvox export: " + message + "\n");
  CHECK(result.status == status);
  CHECK(fs::is_empty(here.folder.path()));
}

TEST_CASE("catvox export --help has a line for each format", "[tools][export]") {
  const Workplace here;
  const auto result = here.exported("--help");
  CHECK(result.status == 0);
  for (const std::string format : {"n5 ", "ome-zarr ", "npy ", "tiff ", "ome-tiff ", "precomputed ", "catmaid "}) {
    CHECK(holds(result.out, format));
  }
}

#ifdef CATVOX_MPI
TEST_CASE("the ranks of an MPI job make the export that one process makes", "[tools][export][mpi]") {
  const Workplace here;
  const std::string arguments = "--stack 1 --mirror PNG --levels 3 --make average --block 64 64 4 --memory 1 ";
  REQUIRE(here.exported(arguments + "--output one.zarr").status == 0);
  const auto mpirun = [&](const std::string& more, const std::string& server) {
    return here.run(CATVOX_MPIRUN,
                    {"-n", "4", "--oversubscribe", "--allow-run-as-root", CATVOX_MPI, "export", "--server", server},
                    more);
  };
  const auto four = mpirun(arguments + "--output four.zarr", demo);
  INFO(four.err);
  REQUIRE(four.status == 0);
  CHECK(holds(four.out, "wrote      four.zarr\n"));
  CHECK(files_below(here.at("four.zarr")) == files_below(here.at("one.zarr")));
  CHECK(holds(mpirun(arguments + "--output four.zarr", demo).out, "nothing    to do: four.zarr is complete\n"));

  HttpServer server;
  server.serve_folder("", demo);
  server.add("/projects/", file_bytes(demo / "projects.json"));
  const std::string tile = "/tiles/png/0/9/1/1.png";
  server.add(tile, {.status = 403, .body = "no"});
  const auto failed = mpirun(arguments + "--output failed.zarr", server.url());
  CHECK(failed.status != 0);
  const std::string begin = "catvox-mpi export: rank ";
  REQUIRE(holds(failed.err, begin));
  CHECK(failed.err.find(begin) == failed.err.rfind(begin));  // one message
  CHECK(holds(failed.err, tile));
  server.add(tile, file_bytes(demo / "tiles/png/0/9/1/1.png"));
  const auto resumed = mpirun(arguments + "--output failed.zarr", server.url());
  INFO(resumed.err);
  CHECK(resumed.status == 0);
  CHECK(files_below(here.at("failed.zarr")) == files_below(here.at("one.zarr")));
}
#endif
