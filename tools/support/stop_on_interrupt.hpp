#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace tools {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP triggers token() instead of ending the program, so that a read ends in
/// order; a second one ends the program as usual. A signal that the program was started to ignore stays ignored.
/// One at a time.
class StopOnInterrupt {
 public:
  StopOnInterrupt();
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;
  ~StopOnInterrupt();

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::atomic<bool> over_ = false;
  std::jthread waiter_;
};

}  // namespace tools
