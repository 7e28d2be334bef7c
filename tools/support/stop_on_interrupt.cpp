#include "support/stop_on_interrupt.hpp"

#include <semaphore.h>
#include <signal.h>

#include <cerrno>

namespace tools {

namespace {

// A signal handler may do next to nothing; sem_post() is among it, std::stop_source::request_stop() is not. So the
// handler wakes a thread, and that asks for the stop. Never destroyed: a handler may be at work on another thread.
sem_t wake;

void on_signal(int) {
  const int saved = errno;
  sem_post(&wake);
  errno = saved;
}

void set_handlers(void (*handler)(int), int flags) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

StopOnInterrupt::StopOnInterrupt() {
  sem_init(&wake, 0, 0);
  waiter_ = std::jthread([this] {
    while (sem_wait(&wake) != 0) {
    }
    if (!over_) stop_.request_stop();
  });
  set_handlers(on_signal, SA_RESTART | static_cast<int>(SA_RESETHAND));
}

StopOnInterrupt::~StopOnInterrupt() {
  set_handlers(SIG_DFL, 0);
  over_ = true;
  sem_post(&wake);
  waiter_.join();
}

}  // namespace tools
