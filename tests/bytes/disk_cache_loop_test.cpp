// What the disk may hold up, and what not. Of its own: it stands between the cache and every file that is opened.

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <catvox/http/session.hpp>
#include <condition_variable>
#include <cstdarg>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kept_source.hpp"
#include "recorder.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/temp_dir.hpp"

using namespace catvox;

namespace {

// A disk that takes its time: whoever opens a file of the kind that it holds back waits until it is let go.
class Disk {
 public:
  enum class HoldsBack { nothing, writes, everything };

  void set(HoldsBack what) {
    const std::lock_guard lock(mutex_);
    holds_back_ = what;
    changed_.notify_all();
  }
  void opens(bool for_writing) {
    std::unique_lock lock(mutex_);
    users_.insert(std::this_thread::get_id());
    const auto held = [&] {
      return holds_back_ == HoldsBack::everything || (holds_back_ == HoldsBack::writes && for_writing);
    };
    if (!held()) return;
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held(); });
    --waiting_;
  }
  void wait_for_a_user() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  [[nodiscard]] bool was_used_by(std::thread::id thread) const {
    const std::lock_guard lock(mutex_);
    return users_.count(thread) > 0;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  HoldsBack holds_back_ = HoldsBack::nothing;
  std::size_t waiting_ = 0;
  std::set<std::thread::id> users_;
};

Disk& disk() {
  static auto* const disk = new Disk;
  return *disk;
}

}  // namespace

// In place of libc's, for all of this program.
extern "C" int openat(int folder, const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    std::va_list more;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    va_end(more);
  }
  disk().opens((flags & O_CREAT) != 0);
  return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

TEST_CASE("a disk that takes its time holds up no request", "[disk_cache]") {
  constexpr int others = 100;
  test::HttpServer server;
  server.add("/kept", "voxels");
  server.add("/other", "more");
  for (int i = 0; i < others; ++i) server.add("/" + std::to_string(i), std::string(10'000, 'v'));
  const test::TempDir temp;
  HttpOptions options;
  options.threads = 1;
  options.headers = {{"X-Authorization", "Token secret"}};  // of which keys are made, slowly
  options.disk_cache.folder = (temp.path() / "cache").string();
  options.disk_cache.max_bytes = 200'000;  // less than there comes: old answers are looked for and removed
  const test::KeptSource source(options, server.url());
  const auto direct = [&] {  // on the one thread that there is for requests
    int answered = 0;
    for (int i = 0; i < others; ++i) answered += source.session().get({.url = server.url("/other")}).status == 200;
    return answered;
  };
  std::thread::id fetching;
  const auto read = [&](const std::string& path) {
    auto recorder = std::make_shared<test::Recorder>([&](ByteResult& result) {
      if (!result.from_disk) fetching = std::this_thread::get_id();
    });
    source->read({.key = server.url(path)}, recorder);
    return recorder;
  };

  disk().set(Disk::HoldsBack::everything);
  const auto looked_up = read("/kept");
  disk().wait_for_a_user();
  CHECK(direct() == others);
  CHECK(looked_up->ends() == 0);
  disk().set(Disk::HoldsBack::writes);
  CHECK(looked_up->wait() == std::vector<std::string>{"voxels"});
  disk().wait_for_a_user();  // the answer was handed over before it is on disk
  CHECK(direct() == others);
  CHECK(disk().waiting() == 1);
  disk().set(Disk::HoldsBack::nothing);

  for (int i = 0; i < others; ++i) read("/" + std::to_string(i))->wait();
  source.cache().finish();
  CHECK(disk().was_used_by(fetching) == false);
}
