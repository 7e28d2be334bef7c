#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <thread>

namespace bench {

/// A server that answers late, as one far away does: HTTP/1.1 on 127.0.0.1, GET only, any number of connections on one
/// thread that does nothing but epoll. The tests' own server has a thread for each connection, which at 64 of them
/// takes the cores from the reader that is to be measured.
class DelayServer {
 public:
  /// \param path  as the request has it: "/0/1_2_0.jpg"
  /// \returns     the body; without data: 404
  using Bodies = std::function<std::span<const std::byte>(std::string_view path)>;

  /// \throws std::system_error
  explicit DelayServer(Bodies bodies);
  ~DelayServer();
  DelayServer(const DelayServer&) = delete;
  DelayServer& operator=(const DelayServer&) = delete;

  /// \param path  absolute
  [[nodiscard]] std::string url(std::string_view path) const;

  /// How long an answer is held back from the moment that its request is complete.
  void set_delay(std::chrono::microseconds delay) { delay_ = delay; }

  /// Answered since the start.
  [[nodiscard]] std::int64_t requests() const { return requests_; }

  /// What the server's thread has used up to now.
  [[nodiscard]] double cpu_seconds();

 private:
  using Clock = std::chrono::steady_clock;

  struct Connection {
    std::string received;
    std::string header;
    std::span<const std::byte> body;
    std::size_t sent = 0;  // of header and body
    bool waits_for_room = false;
  };

  struct Due {
    Clock::time_point time;
    int socket;
    std::uint64_t connection;  // another one may have got the socket's number meanwhile
    friend bool operator<(const Due& a, const Due& b) { return a.time > b.time; }
  };

  void serve();
  void accept_all();
  void receive(int socket);
  void answer(int socket);
  void send_on(int socket);
  void close(int socket);
  void watch(int socket, std::uint32_t events, int operation) const;

  const Bodies bodies_;
  std::atomic<std::chrono::microseconds> delay_{std::chrono::microseconds(0)};
  std::atomic<std::int64_t> requests_ = 0;
  int listening_ = -1, epoll_ = -1, stop_ = -1;
  int port_ = 0;
  std::uint64_t last_connection_ = 0;
  std::map<int, std::pair<std::uint64_t, Connection>> connections_;
  std::priority_queue<Due> due_;
  std::thread thread_;
};

}  // namespace bench
