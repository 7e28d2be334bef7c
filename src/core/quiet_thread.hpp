#pragma once

#include <signal.h>

#include <catvox/core/error.hpp>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace catvox::detail {

/// Starts a thread that no signal is delivered to: those are the program's own business.
/// \throws Error{io} if the system has no thread left
template <class F>
std::thread start_quiet_thread(F&& run) {
  class Blocked {
   public:
    Blocked() {
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~Blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;

   private:
    sigset_t before_{};
  };
  const Blocked blocked;  // a new thread inherits it
  try {
    return std::thread(std::forward<F>(run));
  } catch (const std::system_error& error) {
    throw Error(Errc::io, "cannot start a thread: " + error.code().message());
  }
}

}  // namespace catvox::detail
