// What every format has from the driver: what is complete stays so, what fails is told, what is missing is left out.
#include <catvox/core/error.hpp>
#include <catvox/export/n5.hpp>
#include <catvox/export/run_export.hpp>
#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "export/block_plan.hpp"
#include "export/journal.hpp"
#include "export/made_level.hpp"
#include "export/tree.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using catvox::test::error_of;
using catvox::test::files_below;
using catvox::test::MadeLevel;
using catvox::test::TempDir;

namespace {

constexpr std::size_t small_pieces = 3 * 16 * 32 * 32;  // a block each

std::shared_ptr<MadeLevel> level() { return std::make_shared<MadeLevel>(); }

struct Exported {
  explicit Exported(const std::shared_ptr<MadeLevel>& source, std::filesystem::path out, int made_levels = 0)
      : volume(ExportView(source, test::whole(*source))) {
    volume.make_levels(made_levels, Downsampling::average);
    writer = n5_writer(volume, std::move(out), {.block_shape = {16, 32, 32}, .compression = "raw"});
  }
  ExportReport run(ExportOptions options = {}) const {
    if (options.memory_bytes == ExportOptions{}.memory_bytes) options.memory_bytes = small_pieces;
    return run_export(volume, *writer, options);
  }
  ExportVolume volume;
  std::unique_ptr<BlockWriter> writer;
};

}  // namespace

TEST_CASE("the same export again has nothing to do, and reads nothing", "[export]") {
  const TempDir folder;
  const auto source = level();
  const Exported exported(source, folder.path() / "out", 2);
  const ExportReport first = exported.run();
  CHECK(first.blocks == 2 * 3 * 4 + 2 * 2 * 2 + 2 * 1 * 1);
  CHECK(first.written == first.blocks);
  CHECK(first.before == 0);
  CHECK(first.complete());
  CHECK_FALSE(first.nothing_to_do());
  const auto files = files_below(folder.path() / "out");

  source->before_chunk = [](const Index3&) { throw Error(Errc::connection, "nobody is there"); };
  const ExportReport again = exported.run();
  CHECK(again.nothing_to_do());
  CHECK(again.written == 0);
  CHECK(again.complete());
  CHECK(files_below(folder.path() / "out") == files);
}

TEST_CASE("an export that failed goes on where it was", "[export]") {
  const TempDir folder;
  const auto source = level();
  Exported(source, folder.path() / "whole", 1).run();

  const Exported exported(source, folder.path() / "out", 1);
  source->before_chunk = [](const Index3& chunk) {
    if (chunk[1] == 2) throw Error(Errc::connection, "the server went away");
  };
  CHECK(std::string(error_of([&] { exported.run(); }).what()) == "the server went away");
  std::set<Index3> read;
  source->before_chunk = [&](const Index3& chunk) { read.insert(chunk); };
  const ExportReport report = exported.run();
  CHECK(report.before == 8);  // the first two rows of blocks of the first layer
  CHECK(report.complete());
  CHECK(read.count({0, 0, 0}) == 0);  // of a block that was complete
  CHECK(read.count({0, 2, 0}) == 1);
  CHECK(files_below(folder.path() / "out") == files_below(folder.path() / "whole"));
}

TEST_CASE("a stopped export keeps what it has read", "[export]") {
  const TempDir folder;
  const auto source = level();
  const Exported exported(source, folder.path() / "out");
  std::stop_source stop;
  source->before_chunk = [&](const Index3& chunk) {
    if (chunk == Index3{0, 1, 0}) stop.request_stop();
  };
  const Error error = error_of([&] { exported.run({.stop = stop.get_token()}); });
  CHECK(error.code() == Errc::cancelled);
  CHECK(exported.run().before == 4);
}

TEST_CASE("blocks that cannot be read are listed, and written by the next run", "[export]") {
  const TempDir folder;
  const auto source = level();
  Exported(source, folder.path() / "whole", 1).run();
  const Exported exported(source, folder.path() / "out", 1);
  source->before_chunk = [](const Index3& chunk) {
    if (chunk == Index3{3, 1, 2}) throw Error(Errc::http_status, "tile 3/1/2: 500");
  };
  // In pieces of several blocks, so that those beside it are read one by one.
  ExportReport report = exported.run({.on_error = OnError::skip, .memory_bytes = 1 << 20});
  CHECK(report.failed == 1);
  REQUIRE(report.failures.size() == 1);
  CHECK(report.failures[0].error == "tile 3/1/2: 500");
  CHECK(report.failures[0].box == Box{{0, 32, 64}, {16, 64, 96}});
  CHECK(report.waiting == 2);  // and the coarser block that would be made of it
  CHECK_FALSE(report.complete());
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out/s0/2/1/0"));

  source->before_chunk = [](const Index3&) {};
  report = exported.run({.on_error = OnError::skip, .memory_bytes = 1 << 20});
  CHECK(report.written == 2);
  CHECK(report.complete());
  CHECK(files_below(folder.path() / "out") == files_below(folder.path() / "whole"));
}

TEST_CASE("a server that fails altogether ends an export that skips", "[export]") {
  const TempDir folder;
  const auto source = level();
  source->place = LevelGeometry({}, {1, 1, 1}, {64, 160, 160});
  source->before_chunk = [](const Index3&) { throw Error(Errc::connection, "connection refused"); };
  const Exported exported(source, folder.path() / "out");
  CHECK(std::string(error_of([&] { exported.run({.on_error = OnError::skip}); }).what()) ==
        "50 blocks failed one after the other, at last by: connection refused");
}

TEST_CASE("blocks of which the source has nothing are absent", "[export]") {
  const TempDir folder;
  const auto source = level();
  source->missing = [](const Index3& chunk) {
    return chunk[1] == 0 && chunk[2] == 0 && (chunk[0] < 16 || chunk[0] == 18);
  };
  const Exported exported(source, folder.path() / "out", 1);
  const ExportReport report = exported.run();
  CHECK(report.complete());
  CHECK(report.absent == 1);
  CHECK(report.missing_chunks == 17);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out/s0/0/0/0"));
  CHECK(std::filesystem::exists(folder.path() / "out/s0/0/0/1"));  // lacks one section
  CHECK(std::filesystem::exists(folder.path() / "out/s1/0/0/0"));  // made of four, one of them absent
  CHECK(exported.run().nothing_to_do());
}

TEST_CASE("parts share the blocks, and the last one makes the coarser levels", "[export]") {
  const TempDir folder;
  const auto source = level();
  Exported(source, folder.path() / "whole", 2).run();
  std::map<Index3, int> reads;
  source->before_chunk = [&](const Index3& chunk) { ++reads[chunk]; };
  const Exported exported(source, folder.path() / "out", 2);
  constexpr int workers = 5;
  for (int i = 0; i < workers; ++i) {
    const auto share = part_of(i, workers);
    const ExportReport report = exported.run({.share = share.get()});
    CAPTURE(i);
    // Coarser blocks of a worker's share wait for the finer ones of others.
    CHECK((report.waiting > 0 || i == workers - 1));
  }
  for (const auto& [chunk, count] : reads) CHECK(count == 1);
  if (!exported.run().nothing_to_do()) CHECK(exported.run().nothing_to_do());
  CHECK(files_below(folder.path() / "out") == files_below(folder.path() / "whole"));
  CHECK(std::string(error_of([] { part_of(3, 3); }).what()) == "export: there is no part 3 of 3, they count from 0");
}

TEST_CASE("what is there and is not this export is left alone", "[export]") {
  const TempDir folder;
  const auto source = level();
  folder.write("out/precious.txt", "mine");
  const std::string out = (folder.path() / "out").string();
  CHECK(std::string(error_of([&] { Exported(source, out).run(); }).what()) ==
        out + " exists and is no export: choose another name, or remove it");
  const std::string other = (folder.path() / "other").string();
  Exported(source, other).run();
  CHECK(std::string(error_of([&] { Exported(source, other, 1).run(); }).what()) ==
        "another export was begun there, of another source, box or format: " + other +
            "/.catvox/plan.json says which. Choose another name, or remove what is there");
  CHECK(files_below(folder.path() / "out").size() == 1);
}

TEST_CASE("a disk that is too small is found before anything is read", "[export]") {
  const TempDir folder;
  const auto source = level();
  source->place = LevelGeometry({}, {1, 1, 1}, {1 << 20, 1 << 20, 1 << 20});
  source->before_chunk = [](const Index3&) { throw Error(Errc::connection, "was read"); };
  const Error error = error_of([&] { Exported(source, folder.path() / "out").run(); });
  CHECK(error.code() == Errc::io);
  CHECK_THAT(error.what(), Catch::StartsWith("the export needs about 1152921504.6 GB, the disk of "));
}

TEST_CASE("progress counts blocks to the end", "[export]") {
  const TempDir folder;
  const Exported exported(level(), folder.path() / "out", 1);
  ExportProgress last;
  exported.run({.progress = [&](const ExportProgress& progress) {
    CHECK(progress.blocks_done >= last.blocks_done);
    CHECK(progress.blocks_done <= progress.blocks_total);
    last = progress;
  }});
  CHECK(last.blocks_total == 32);
}

TEST_CASE("the journal reads only whole lines", "[export][journal]") {
  const TempDir folder;
  {
    detail::Journal journal(folder.path(), "a plan", 2);
    journal.add(0, {7, 5, 6, 9});
    journal.add(1, {1});
  }
  std::ofstream(folder.path() / "journal/torn.txt") << "0 100 2\n0 20 30";
  const detail::Journal journal(folder.path(), "a plan", 2);
  const std::map<std::int64_t, std::int64_t> runs{{5, 3}, {9, 1}, {100, 2}};
  CHECK(journal.done(0).runs() == runs);
  CHECK(journal.done(0).size() == 6);
  CHECK(journal.done(1).contains(1));
}

TEST_CASE("pieces are of whole chunks of the source where memory allows", "[export]") {
  // Blocks of 64^3 over tiles of 1 x 256 x 512: 4 x 8 blocks share tiles; 16 MiB hold twice that, along the rows.
  const detail::BlockPlan plan(0, {640, 2000, 4000}, {64, 64, 64}, {1, 256, 512}, 1, 16 << 20);
  CHECK(plan.blocks() == 10 * 32 * 63);
  CHECK(plan.piece(0) == Box{{0, 0, 0}, {1, 4, 16}});
  CHECK(plan.piece(4) == Box{{0, 4, 0}, {1, 8, 16}});
  CHECK(plan.pieces() == 10 * 8 * 4);
  CHECK(detail::BlockPlan(0, {640, 2000, 4000}, {64, 64, 64}, {1, 256, 512}, 1, 1).pieces() == 10 * 32 * 63);
}

TEST_CASE("sets of numbers join their runs", "[export][journal]") {
  detail::NumberSet set;
  std::set<std::int64_t> expected;
  std::uint32_t random = 1;
  for (int i = 0; i < 300; ++i) {
    random = random * 1664525 + 1013904223;
    const std::int64_t first = random >> 23, count = random >> 8 & 7;
    set.add(first, count);
    for (std::int64_t n = first; n < first + count; ++n) expected.insert(n);
    REQUIRE(set.size() == static_cast<std::int64_t>(expected.size()));
  }
  for (std::int64_t n = -1; n < 530; ++n) CHECK(set.contains(n) == expected.contains(n));
  std::int64_t end = -1;
  for (const auto& [first, count] : set.runs()) {
    CHECK(first > end);  // else they were one run
    end = first + count;
  }
}
