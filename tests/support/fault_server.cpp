#include "support/fault_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace catvox::test {
namespace {

using std::chrono::milliseconds;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// Waits until the peer has closed its side or the time is over; no time: for ever. \returns whether it has closed
bool wait_for_hang_up(int socket, std::optional<milliseconds> time) {
  pollfd waited{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return ::poll(&waited, 1, time ? static_cast<int>(time->count()) : -1) > 0;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// The next request's head, without the empty line; `buffer` keeps what came after it.
std::optional<std::string> read_head(int socket, std::string& buffer) {
  for (;;) {
    if (const std::size_t end = buffer.find("\r\n\r\n"); end != std::string::npos) {
      std::string head = buffer.substr(0, end);
      buffer.erase(0, end + 4);
      return head;
    }
    char bytes[4096];
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) return std::nullopt;
    buffer.append(bytes, static_cast<std::size_t>(got));
  }
}

Received parse(const std::string& head, int socket) {
  Received request;
  request.time = std::chrono::steady_clock::now();
  std::istringstream lines(head);
  std::string target;
  lines >> request.method >> target;
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);

  std::string line;
  std::getline(lines, line);  // the rest of the request line
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t begin = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    const std::size_t end = line.find_last_not_of("\r ") + 1;
    request.headers.emplace(name, begin < end ? line.substr(begin, end - begin) : std::string());
  }

  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0) request.remote_port = ntohs(peer.sin_port);
  return request;
}

}  // namespace

class FaultServer::Impl {
 public:
  explicit Impl(int port) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (listener_ < 0) fail("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0) fail("bind");
    if (::listen(listener_, 1024) != 0) fail("listen");
    if (::getsockname(listener_, generic, &size) != 0) fail("getsockname");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ::shutdown(listener_, SHUT_RDWR);                              // ends accept
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);  // ends recv, send and poll
    }
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  void script(const std::string& target, std::vector<Step> steps) {
    if (steps.empty()) throw std::invalid_argument("a script needs a step");
    const std::lock_guard lock(mutex_);
    scripts_[target] = {std::move(steps), 0};
  }

  [[nodiscard]] int port() const { return port_; }

  [[nodiscard]] std::vector<Received> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  [[nodiscard]] std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }

  [[nodiscard]] std::size_t abandoned() const {
    const std::lock_guard lock(mutex_);
    return abandoned_;
  }

 private:
  struct Script {
    std::vector<Step> steps;
    std::size_t next = 0;
  };

  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock(mutex_);
      if (stopping_) {
        if (socket >= 0) ::close(socket);
        return;
      }
      if (socket < 0) continue;  // the client was gone before it was accepted
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      open_.insert(socket);
      ++connections_;
      threads_.emplace_back([this, socket] {
        serve(socket);
        const std::lock_guard closing(mutex_);  // the destructor must not shut down a number that is used anew
        open_.erase(socket);
        ::close(socket);
      });
    }
  }

  void serve(int socket) {
    std::string buffer;
    while (const std::optional<std::string> head = read_head(socket, buffer)) {
      const Step step = next_step(parse(*head, socket));
      if (!play(socket, step)) {
        const std::lock_guard lock(mutex_);
        if (!stopping_) ++abandoned_;
        return;
      }
      if (step.after == After::keep_alive) continue;
      if (step.after == After::reset) {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      }
      return;
    }
  }

  Step next_step(Received request) {
    const std::lock_guard lock(mutex_);
    const auto found = scripts_.find(request.target());
    requests_.push_back(std::move(request));
    if (found == scripts_.end()) return answers(404, "no script");
    auto& [steps, next] = found->second;
    const Step& step = steps[next];
    if (next + 1 < steps.size()) ++next;
    return step;
  }

  /// \returns whether all was sent before the client went
  static bool play(int socket, const Step& step) {
    if (step.delay.count() > 0 && wait_for_hang_up(socket, step.delay)) return false;
    const std::size_t piece = step.piece > 0 ? step.piece : std::max<std::size_t>(step.bytes.size(), 1);
    for (std::size_t begin = 0; begin < step.bytes.size(); begin += piece) {
      if (!send_all(socket, std::string_view(step.bytes).substr(begin, piece))) return false;
      if (step.pause.count() > 0 && wait_for_hang_up(socket, step.pause)) return false;
    }
    if (!step.flood.empty()) {
      while (send_all(socket, step.flood)) {
      }
      return false;
    }
    return step.after != After::stall || !wait_for_hang_up(socket, std::nullopt);
  }

  int listener_;
  int port_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> threads_;  // of acceptor_ until that has ended

  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::set<int> open_;
  std::map<std::string, Script> scripts_;
  std::vector<Received> requests_;
  std::size_t connections_ = 0;
  std::size_t abandoned_ = 0;
};

FaultServer::FaultServer(int port) : impl_(std::make_unique<Impl>(port)) {}
FaultServer::~FaultServer() = default;

void FaultServer::script(const std::string& target, std::vector<Step> steps) {
  impl_->script(target, std::move(steps));
}

int FaultServer::port() const { return impl_->port(); }

std::string FaultServer::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

std::vector<Received> FaultServer::requests() const { return impl_->requests(); }

std::size_t FaultServer::count(const std::string& target) const {
  const auto all = requests();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const Received& request) { return request.target() == target; }));
}

std::size_t FaultServer::connections() const { return impl_->connections(); }

std::size_t FaultServer::abandoned() const { return impl_->abandoned(); }

std::string http_answer(int status, const std::string& body, const std::multimap<std::string, std::string>& headers) {
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  for (const auto& [name, value] : headers) answer += name + ": " + value + "\r\n";
  return answer + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

Step answers(int status, const std::string& body, const std::multimap<std::string, std::string>& headers) {
  return {.bytes = http_answer(status, body, headers)};
}

Step closes_unanswered() { return {.after = After::close}; }

Step resets() { return {.after = After::reset}; }

namespace {

Step breaks_off(const std::string& body, After after) {
  const std::string whole = http_answer(200, body);
  return {.bytes = whole.substr(0, whole.size() - (body.size() + 1) / 2), .after = after};
}

}  // namespace

Step cuts_body(const std::string& body) { return breaks_off(body, After::close); }

Step resets_in_body(const std::string& body) { return breaks_off(body, After::reset); }

Step stalls() { return {.after = After::stall}; }

Step stalls_after_headers() {
  return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", .after = After::stall};
}

Step stalls_in_body(const std::string& body) { return breaks_off(body, After::stall); }

Step sends_garbage() { return {.bytes = "\x16\x03\x01\x02 this is no HTTP\n\n", .after = After::close}; }

Step announces_absurd_length() {
  return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1152921504606846976\r\n\r\nabc", .after = After::close};
}

Step sends_endless_body() {
  return {.bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", .flood = std::string(65536, 'x')};
}

Step sends_endless_headers() { return {.bytes = "HTTP/1.1 200 OK\r\n", .flood = "X-More: and more\r\n"}; }

Step sends_huge_header(std::size_t size) { return answers(200, "body", {{"X-Huge", std::string(size, 'x')}}); }

Step redirects(const std::string& location) { return answers(302, "", {{"Location", location}}); }

Step trickles(const std::string& body, std::size_t piece, milliseconds pause) {
  return {.bytes = http_answer(200, body), .piece = piece, .pause = pause};
}

Step unavailable(const std::string& retry_after) {
  if (retry_after.empty()) return answers(503, "busy");
  return answers(503, "busy", {{"Retry-After", retry_after}});
}

}  // namespace catvox::test
