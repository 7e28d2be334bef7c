#include "http/process_end.hpp"

#include <catvox/core/error.hpp>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>

#include "http/curl_transport.hpp"

namespace catvox::detail {

struct RunningTransports::State {
  std::mutex mutex;  // guards what follows; no other is locked under it
  std::condition_variable changed;
  std::set<CurlTransport*> running;
  CurlTransport* being_stopped = nullptr;
  bool ending = false;
};

RunningTransports::RunningTransports() : state_(new State) {
  std::atexit([] { stop_all(); });
}

RunningTransports& RunningTransports::all() {
  static auto* const transports = new RunningTransports;
  return *transports;
}

void RunningTransports::add(CurlTransport& transport) {
  const std::lock_guard lock(state_->mutex);
  if (state_->ending) throw Error(Errc::io, "the process is ending: nothing is fetched any more");
  state_->running.insert(&transport);
}

void RunningTransports::remove(CurlTransport& transport) noexcept {
  std::unique_lock lock(state_->mutex);
  state_->running.erase(&transport);
  state_->changed.wait(lock, [&] { return state_->being_stopped != &transport; });
}

// With nothing locked while a transport stops: a handler that it waits for may end another one.
void RunningTransports::stop_all() noexcept {
  State& state = *all().state_;
  std::unique_lock lock(state.mutex);
  state.ending = true;
  while (!state.running.empty()) {
    state.being_stopped = *state.running.begin();
    state.running.erase(state.running.begin());
    lock.unlock();
    state.being_stopped->stop();
    lock.lock();
    state.being_stopped = nullptr;
    state.changed.notify_all();
  }
}

}  // namespace catvox::detail
