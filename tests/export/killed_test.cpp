// Killed at any moment, an export goes on, and ends as if nothing had been.
#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>

#include "export/tree.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

using catvox::test::files_below;
using catvox::test::TempDir;

TEST_CASE("an export that is killed 50 times at random is the undisturbed one, byte for byte", "[export]") {
  const std::string format = GENERATE("n5", "zarr", "npy", "tiff");
  CAPTURE(format);
  const TempDir undisturbed, killed;
  const auto start = [&](const TempDir& folder) {
    return std::make_unique<Process>(EXPORT_KILLED, std::vector<std::string>{format, (folder.path() / "out").string()},
                                     std::map<std::string, std::string>{}, folder.path());
  };
  REQUIRE(start(undisturbed)->wait().status == 0);

  std::minstd_rand random(std::hash<std::string>{}(format));
  int killed_at_work = 0;
  for (int i = 0; i < 50; ++i) {
    const auto process = start(killed);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    process->signal(SIGKILL);
    killed_at_work += process->wait().status == 128 + SIGKILL ? 1 : 0;
  }
  CHECK(killed_at_work > 0);
  const Process::Result last = start(killed)->wait();
  INFO(last.err);
  REQUIRE(last.status == 0);
  CHECK(files_below(killed.path()) == files_below(undisturbed.path()));
}
