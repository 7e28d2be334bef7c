#include "delay_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace bench {
namespace {

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

}  // namespace

DelayServer::DelayServer(Bodies bodies) : bodies_(std::move(bodies)) {
  listening_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  checked(::bind(listening_, reinterpret_cast<const sockaddr*>(&address), size), "bind");
  checked(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  checked(::listen(listening_, 1024), "listen");
  port_ = ntohs(address.sin_port);
  epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  stop_ = checked(::eventfd(0, EFD_CLOEXEC), "eventfd");
  watch(listening_, EPOLLIN, EPOLL_CTL_ADD);
  watch(stop_, EPOLLIN, EPOLL_CTL_ADD);
  thread_ = std::thread([this] { serve(); });
}

DelayServer::~DelayServer() {
  const std::uint64_t one = 1;
  (void)!::write(stop_, &one, sizeof one);
  thread_.join();
  for (const auto& [socket, connection] : connections_) ::close(socket);
  ::close(stop_);
  ::close(epoll_);
  ::close(listening_);
}

std::string DelayServer::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

double DelayServer::cpu_seconds() {
  clockid_t clock{};
  timespec used{};
  if (::pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) return 0;
  checked(::clock_gettime(clock, &used), "clock_gettime");
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

void DelayServer::watch(int socket, std::uint32_t events, int operation) const {
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  checked(::epoll_ctl(epoll_, operation, socket, &event), "epoll_ctl");
}

void DelayServer::serve() {
  std::array<epoll_event, 64> events{};
  while (true) {
    // In nanoseconds: epoll_wait's milliseconds would add a tenth to a delay of 5 ms.
    timespec wait{1, 0};
    if (!due_.empty()) {
      const auto left = std::max(due_.top().time - Clock::now(), Clock::duration::zero());
      wait = {left / std::chrono::seconds(1), left % std::chrono::seconds(1) / std::chrono::nanoseconds(1)};
    }
    const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      const int socket = event.data.fd;
      if (socket == stop_) return;
      if (socket == listening_) {
        accept_all();
      } else if ((event.events & EPOLLOUT) != 0) {
        send_on(socket);
      } else {
        receive(socket);
      }
    }
    while (!due_.empty() && due_.top().time <= Clock::now()) {
      const Due due = due_.top();
      due_.pop();
      const auto found = connections_.find(due.socket);
      if (found != connections_.end() && found->second.first == due.connection) send_on(due.socket);
    }
  }
}

void DelayServer::accept_all() {
  while (true) {
    const int socket = ::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_[socket] = {++last_connection_, {}};
    watch(socket, EPOLLIN, EPOLL_CTL_ADD);
  }
}

void DelayServer::receive(int socket) {
  Connection& connection = connections_.at(socket).second;
  std::array<char, 4096> buffer{};
  const auto count = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (count <= 0) {
    if (count == 0 || errno != EAGAIN) close(socket);
    return;
  }
  connection.received.append(buffer.data(), static_cast<std::size_t>(count));
  // A client that waits for each answer, as libcurl does, has sent one request at most.
  if (connection.received.ends_with("\r\n\r\n")) answer(socket);
}

void DelayServer::answer(int socket) {
  auto& [number, connection] = connections_.at(socket);
  const std::string_view request = connection.received;
  const auto start = request.find(' ') + 1;
  connection.body = bodies_(request.substr(start, request.find(' ', start) - start));
  connection.header = (connection.body.data() != nullptr ? "HTTP/1.1 200 OK" : "HTTP/1.1 404 Not Found") +
                      std::string("\r\nContent-Type: application/octet-stream\r\nContent-Length: ") +
                      std::to_string(connection.body.size()) + "\r\n\r\n";
  connection.received.clear();
  connection.sent = 0;
  ++requests_;
  const auto delay = delay_.load();
  if (delay.count() > 0) {
    due_.push({Clock::now() + delay, socket, number});
  } else {
    send_on(socket);
  }
}

void DelayServer::send_on(int socket) {
  Connection& connection = connections_.at(socket).second;
  const std::size_t all = connection.header.size() + connection.body.size();
  while (connection.sent < all) {
    const std::size_t of_header = std::min(connection.sent, connection.header.size());
    const std::size_t of_body = connection.sent - of_header;
    std::array<iovec, 2> parts{
        iovec{connection.header.data() + of_header, connection.header.size() - of_header},
        iovec{const_cast<std::byte*>(connection.body.data()) + of_body, connection.body.size() - of_body}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const auto count = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN) return close(socket);
      if (!connection.waits_for_room) watch(socket, EPOLLOUT, EPOLL_CTL_MOD);
      connection.waits_for_room = true;
      return;
    }
    connection.sent += static_cast<std::size_t>(count);
  }
  if (connection.waits_for_room) watch(socket, EPOLLIN, EPOLL_CTL_MOD);
  connection.waits_for_room = false;
}

void DelayServer::close(int socket) {
  ::close(socket);
  connections_.erase(socket);
}

}  // namespace bench
