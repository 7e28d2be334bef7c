#include "bytes/file_source.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catvox/core/error.hpp>
#include <catvox/http/url.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bytes/read_now.hpp"
#include "recorder.hpp"
#include "support/catch.hpp"
#include "support/caught.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;
using detail::make_file_source;
using detail::read_now;
using test::text;

namespace {

Caught failure_of(ByteSource& source, ByteRequest request) {
  return caught([&] { return read_now(source, std::move(request)); });
}

}  // namespace

TEST_CASE("a file's name may hold anything, and nothing lies below a file", "[files]") {
  const test::TempDir dir;
  const auto source = make_file_source();
  const auto file = dir.write("a tile ü%2f.bin", "voxels");
  CHECK(text(read_now(*source, {.key = file_url(file.string())}).body) == "voxels");
  CHECK(read_now(*source, {.key = file_url((file / "below").string())}).missing());
}

TEST_CASE("what is no plain file of a sane size is an error", "[files]") {
  const test::TempDir dir;
  const auto source = make_file_source({.threads = 1, .max_bytes = 2000});
  const auto url_of = [&](const char* name) { return file_url((dir.path() / name).string()); };
  CHECK(failure_of(*source, {.key = url_of("")}) == Caught{Errc::io, "not a regular file"});
  REQUIRE(::mkfifo((dir.path() / "fifo").c_str(), 0600) == 0);
  CHECK(failure_of(*source, {.key = url_of("fifo")}) == Caught{Errc::io, "not a regular file"});
  dir.write("big", std::string(2001, 'x'));
  CHECK(failure_of(*source, {.key = url_of("big")}) ==
        Caught{Errc::too_large, "the file has 2001 bytes, more than the limit of 2000"});
  CHECK(failure_of(*source, {.key = url_of("big"), .range = ByteRange{1, 2000}, .max_bytes = 1999}) ==
        Caught{Errc::too_large, "the range has 2000 bytes, more than the limit of 1999"});
  CHECK(read_now(*source, {.key = url_of("big"), .range = ByteRange{1, 2000}}).body.size() == 2000);
  dir.write("closed", "x");
  ::chmod((dir.path() / "closed").c_str(), 0);
  if (::geteuid() != 0) {
    CHECK(failure_of(*source, {.key = url_of("closed")}) == Caught{Errc::io, "Permission denied"});
  }
  CHECK(failure_of(*source, {.key = "file://elsewhere/data"}) ==
        Caught{Errc::invalid_argument, "a file: URL of another host: file://elsewhere/data"});
  CHECK(failure_of(*source, {.key = "http://127.0.0.1/"}) ==
        Caught{Errc::invalid_argument, "not a file: URL: http://127.0.0.1/"});
}

TEST_CASE("a process without a descriptor left gets an error, and reads on when there is one", "[files]") {
  const test::TempDir dir;
  const auto key = file_url(dir.write("a", "voxels").string());
  const auto source = make_file_source({.threads = 1});
  (void)read_now(*source, {.key = key});
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(lowest);
  const struct rlimit none { static_cast<rlim_t>(lowest), before.rlim_max };
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const Caught failure = failure_of(*source, {.key = key});
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(failure == Caught{Errc::io, "Too many open files"});
  CHECK(text(read_now(*source, {.key = key}).body) == "voxels");
}

TEST_CASE("a forked child gets an error, may drop the source, and reads through one of its own", "[files]") {
  const test::TempDir dir;
  const auto key = file_url(dir.write("a", "voxels").string());
  auto source = make_file_source();
  (void)read_now(*source, {.key = key});
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(20);
    const Caught failure = failure_of(*source, {.key = key});
    source->cancel(1);
    source.reset();
    const bool told = failure == Caught{Errc::io,
                                        "this process was forked from the one that opened it: open the "
                                        "client or stack anew after the fork"};
    const bool reads = text(read_now(*make_file_source(), {.key = key}).body) == "voxels";
    ::_exit(told && reads ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(text(read_now(*source, {.key = key}).body) == "voxels");
}

TEST_CASE("signals are not delivered to the threads that read", "[files]") {
  const test::TempDir dir;
  const auto source = make_file_source({.threads = 1});
  sigset_t blocked;
  ::sigemptyset(&blocked);
  const auto recorder =
      std::make_shared<test::Recorder>([&](const ByteResult&) { ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked); });
  source->read({.key = file_url(dir.write("a", "voxels").string())}, recorder);
  (void)recorder->wait();
  for (const int signal : {SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGPROF}) CHECK(::sigismember(&blocked, signal));
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  CHECK_FALSE(::sigismember(&blocked, SIGINT));
}
