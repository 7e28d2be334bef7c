#include <fcntl.h>
#include <pty.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "support/catch.hpp"
#include "support/progress_bar.hpp"
#include "support/stop_on_interrupt.hpp"
#include "support/temp_dir.hpp"
#include "tools/counting_volume.hpp"

using namespace tools;
using catvox::test::TempDir;
using namespace std::chrono_literals;

TEST_CASE("byte_text gives two or three digits and a decimal unit", "[tools]") {
  const auto [bytes, text] = GENERATE(table<double, std::string>({{0, "0 B"},
                                                                  {999, "999 B"},
                                                                  {1000, "1.0 kB"},
                                                                  {99949, "99.9 kB"},
                                                                  {99951, "100 kB"},
                                                                  {999499, "999 kB"},
                                                                  {999500, "1.0 MB"},
                                                                  {12.34e6, "12.3 MB"},
                                                                  {5e9, "5.0 GB"},
                                                                  {2e18, "2000 PB"}}));
  CHECK(byte_text(bytes) == text);
}

TEST_CASE("progress_line shows share, bar, bytes, rate and time left", "[tools]") {
  CHECK(progress_line({25, 100, 3'000'000}, 2, 60) == " 25 % [######                  ] 3.0 MB, 1.5 MB/s, 0:06 left");
  CHECK(progress_line({25, 100, 3'000'000}, 2, 60).size() == 60);
  CHECK(progress_line({0, 100, 0}, 0, 40) == "  0 % [                            ] 0 B");
  CHECK(progress_line({100, 100, 8'000'000}, 4, 40) == "100 % [###############] 8.0 MB, 2.0 MB/s");
  CHECK(progress_line({0, 0, 0}, 1, 40) == "100 % [#####################] 0 B, 0 B/s");
}

TEST_CASE("progress_line does not count what is almost done as done", "[tools]") {
  CHECK(progress_line({99'999, 100'000, 0}, 0, 20).substr(0, 5) == " 99 %");
}

TEST_CASE("progress_line gives up the bar, then the rest from the right, in a narrow terminal", "[tools]") {
  CHECK(progress_line({25, 100, 3'000'000}, 7200, 45) == " 25 % 3.0 MB, 417 B/s, 6:00:00 left");
  CHECK(progress_line({25, 100, 3'000'000}, 2, 12) == " 25 % 3.0 MB");
  CHECK(progress_line({25, 100, 3'000'000}, 2, 0).empty());
}

TEST_CASE("ProgressBar draws within the terminal's width, seldom, and erases itself", "[tools]") {
  int terminal = -1, program = -1;
  winsize size{};
  size.ws_col = 41;
  REQUIRE(openpty(&terminal, &program, nullptr, nullptr, &size) == 0);
  {
    ProgressBar bar(program);
    for (int i = 0; i < 1000; ++i) bar.show({0, 100, 0});
  }
  close(program);
  std::string seen;
  char text[4096];
  for (ssize_t length; (length = read(terminal, text, sizeof text)) > 0;) {
    seen.append(text, static_cast<std::size_t>(length));
  }
  close(terminal);
  const auto first = seen.find("\x1b[K");
  REQUIRE(first != std::string::npos);
  CHECK(first == 41);  // a carriage return and 40 columns
  CHECK(seen.substr(0, 7) == "\r  0 % ");
  CHECK(seen.size() < 200);
  CHECK(seen.substr(seen.size() - 4) == "\r\x1b[K");
}

TEST_CASE("ProgressBar writes nothing to what is no terminal", "[tools]") {
  const TempDir folder;
  const int file = open((folder.path() / "log").c_str(), O_CREAT | O_WRONLY, 0600);
  ProgressBar(file).show({1, 2, 3});
  close(file);
  CHECK(file_bytes(folder.path() / "log").empty());
}

namespace {
bool is_default(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}
}  // namespace

TEST_CASE("the first interrupt triggers the token, a second one would end the program", "[tools]") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  struct sigaction before {};
  sigaction(signal, nullptr, &before);  // Catch2 has handlers of its own
  ::signal(signal, SIG_DFL);
  {
    const StopOnInterrupt interrupt;
    CHECK_FALSE(is_default(signal));
    CHECK_FALSE(interrupt.token().stop_requested());
    raise(signal);
    for (int i = 0; i < 500 && !interrupt.token().stop_requested(); ++i) std::this_thread::sleep_for(10ms);
    CHECK(interrupt.token().stop_requested());
    CHECK(is_default(signal));
  }
  sigaction(signal, &before, nullptr);
}

TEST_CASE("without an interrupt the token stays as it is, and signals go back to their default", "[tools]") {
  struct sigaction before {};
  sigaction(SIGINT, nullptr, &before);
  std::stop_token token;
  {
    const StopOnInterrupt interrupt;
    token = interrupt.token();
  }
  CHECK_FALSE(token.stop_requested());
  CHECK(is_default(SIGINT));
  sigaction(SIGINT, &before, nullptr);
}

TEST_CASE("a signal that the program was started to ignore stays ignored", "[tools]") {
  struct sigaction before {};
  sigaction(SIGINT, nullptr, &before);
  ::signal(SIGINT, SIG_IGN);
  {
    const StopOnInterrupt interrupt;
    raise(SIGINT);
    std::this_thread::sleep_for(20ms);
    CHECK_FALSE(interrupt.token().stop_requested());
  }
  sigaction(SIGINT, &before, nullptr);
}
