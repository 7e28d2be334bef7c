// A read that shows how far it is and that Ctrl-C ends at once and in order.
//
//   cancel_and_progress [server]

#include <catvox/catvox.hpp>
#include <csignal>
#include <cstdio>
#include <thread>

namespace {
volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) { interrupted = 1; }
}  // namespace

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  const auto level = client.stack("demo EM").scale<std::uint8_t>(0);

  // A signal handler may not stop a read itself; a thread that looks at what it left may.
  std::signal(SIGINT, on_interrupt);
  std::stop_source stop;
  const std::jthread watch([&stop](const std::stop_token& over) {
    while (!over.stop_requested() && interrupted == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (interrupted != 0) stop.request_stop();
  });

  xt::xtensor<std::uint8_t, 3> voxels(level.shape());
  const auto show = [](const catvox::Progress& progress) {
    std::fprintf(stderr, "\r%lld of %lld tiles", static_cast<long long>(progress.chunks_done),
                 static_cast<long long>(progress.chunks_total));
  };
  const catvox::ReadStatistics did = level.read_into(voxels, {.progress = show, .stop = stop.get_token()});
  std::printf("read %lld tiles, %lld of them missing\n", static_cast<long long>(did.chunks),
              static_cast<long long>(did.missing));
} catch (const catvox::Error& error) {
  std::fprintf(stderr, "\n%s\n", error.what());
  return error.code() == catvox::Errc::cancelled ? 130 : 1;
}
