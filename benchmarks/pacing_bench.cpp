// Tiles from servers that limit their clients: a real nginx with limit_req and limit_conn, against tiles / rate. Each
// read is a process of its own; what was refused is counted from nginx's own log. Reads hardly use the processor, so
// several rows are measured at a time.
//
//   catvox_bench_pacing [--quick] [--tiles=N] [--rate=50|100|300] [--parallel=N]

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catvox/http/session.hpp>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "delay_server.hpp"
#include "http/pacer.hpp"
#include "measure.hpp"
#include "nginx.hpp"
#include "support/temp_dir.hpp"

namespace {

using namespace bench;
using catvox::test::TempDir;

struct Server {
  std::string name;
  std::string http, location;  // directives
  double rate = 0;             // that it allows, tiles a second
  double target = 0;           // read / ideal
  int delay_ms = 0;            // of an upstream server; 0: nginx's own files
};

Server limits_rate(int rate, bool burst, int status, bool retry_after, int delay_ms = 0) {
  const std::string answer = std::to_string(status);
  std::string location = "limit_req zone=limited" + std::string(burst ? " burst=20 nodelay" : "") +
                         ";\nlimit_req_status " + answer + ";\n";
  if (retry_after) location += "error_page " + answer + " @busy;\n";
  return {std::to_string(rate) + "/s " + (burst ? "burst 20" : "no burst") + ", " + answer +
              (retry_after ? ", Retry-After: 1" : "") + (delay_ms > 0 ? ", " + std::to_string(delay_ms) + " ms" : ""),
          "limit_req_zone $binary_remote_addr zone=limited:1m rate=" + std::to_string(rate) + "r/s;\n",
          location,
          static_cast<double>(rate),
          burst ? 1.1 : 1.4,
          delay_ms};
}

Server limits_connections(int connections, int delay_ms) {
  return {"limit_conn " + std::to_string(connections) + ", " + std::to_string(delay_ms) + " ms",
          "limit_conn_zone $binary_remote_addr zone=few:1m;\n",
          "limit_conn few " + std::to_string(connections) + ";\n",
          connections * 1e3 / delay_ms,
          1.1,
          delay_ms};
}

class Tiles final : public catvox::TransferHandler {
 public:
  void on_response(catvox::Response& response) override { ended(response.status == 200 ? 0 : 1); }
  void on_error(const catvox::Error&) noexcept override { ended(1); }
  int wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ >= count; });
    return failed_;
  }

 private:
  void ended(int failed) {
    const std::lock_guard lock(mutex_);
    ++ended_;
    failed_ += failed;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  int ended_ = 0, failed_ = 0;
};

int read_tiles(const std::string& url, int tiles, int connections) {
  const catvox::HttpSession session({.max_connections = connections, .threads = 2});
  const auto handler = std::make_shared<Tiles>();
  catvox::Request request;
  request.url = url;
  for (int i = 0; i < tiles; ++i) session.transport()->start(request, handler);
  return handler->wait_for(tiles);
}

pid_t read_in_process(const std::string& url, int tiles, int connections) {
  const pid_t process = ::fork();
  if (process < 0) throw std::runtime_error("no process can be started");
  if (process > 0) return process;
  ::close_range(3, ~0U, 0);  // the other rows' sockets: they have to end when their own process closes them
  ::_exit(read_tiles(url, tiles, connections) == 0 ? 0 : 1);
}

struct Refused {
  int all = 0, later = 0;
};

// "time status" a line.
Refused refused_of(const std::string& log) {
  std::ifstream lines(log);
  Refused refused;
  double first = 0, time = 0;
  for (int status = 0; lines >> time >> status;) {
    if (first == 0) first = time;
    if (status != 429 && status != 503) continue;
    ++refused.all;
    if (time - first > 1) ++refused.later;
  }
  return refused;
}

struct Row {
  Server server;
  int connections = 64;
  int processes = 1;
};

std::vector<std::string> measure(const Row& row, int tiles) {
  const Server& server = row.server;
  const TempDir folder;
  folder.write("tile", std::string(20'000, 't'));
  const std::string body(20'000, 't');
  DelayServer upstream([&](std::string_view) { return std::as_bytes(std::span(body)); });
  upstream.set_delay(std::chrono::milliseconds(server.delay_ms));
  const std::string log = (folder.path() / "log").string();
  std::string location = server.location;
  if (server.delay_ms > 0) {
    location += "proxy_http_version 1.1;\nproxy_set_header Connection \"\";\nproxy_pass http://upstream_tiles;\n";
  }
  const Nginx nginx(folder.path(),
                    {.http = "log_format refusals '$msec $status';\n" + server.http +
                             "upstream upstream_tiles { server " + upstream.url("").substr(7) + "; keepalive 64; }\n",
                     .server = "access_log " + log + " refusals;\nlocation = /tile {\n" + location +
                               "}\nlocation @busy { add_header Retry-After 1 always; return " +
                               (server.name.find("429") != std::string::npos ? "429" : "503") + "; }\n"});
  double cpu = 0;
  bool failed = false;
  const auto start = std::chrono::steady_clock::now();
  std::vector<pid_t> readers;
  for (int i = 0; i < row.processes; ++i)
    readers.push_back(read_in_process(nginx.url("/tile"), tiles, row.connections));
  for (const pid_t reader : readers) {
    int status = 0;
    rusage used{};
    ::wait4(reader, &status, 0, &used);
    failed = failed || status != 0;
    for (const timeval& time : {used.ru_utime, used.ru_stime}) {
      cpu += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    }
  }
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Refused refused = refused_of(log);
  const double all = static_cast<double>(tiles) * row.processes;
  const double ideal = all / server.rate;
  return {server.name + (row.processes > 1 ? ", two processes" : ""),
          std::to_string(row.connections),
          fixed(ideal, 1),
          fixed(wall, 1),
          fixed(wall / ideal, 2),
          row.processes > 1 ? "ends" : "<= " + fixed(server.target, 1),
          std::to_string(refused.all),
          fixed(100.0 * refused.later / all, 1),
          failed ? "FAILED" : "all",
          fixed(1e6 * cpu / all, 0)};
}

std::vector<Row> rows_of(int rate) {
  std::vector<Row> rows;
  for (const bool burst : {true, false}) {
    for (const int status : {503, 429}) {
      for (const bool retry_after : {false, true}) {
        rows.push_back({limits_rate(rate, burst, status, retry_after)});
      }
    }
  }
  for (const int connections : {1, 8}) {
    rows.push_back({limits_rate(rate, true, 503, false), connections});
    rows.push_back({limits_rate(rate, false, 503, false), connections});
  }
  rows.push_back({limits_rate(rate, true, 503, false, 50)});
  rows.push_back({limits_rate(rate, true, 503, false), 64, 2});
  rows.push_back({limits_rate(rate, false, 503, false), 64, 2});
  return rows;
}

// What pacing costs where there is nothing to pace: what the engine asks of it for each request.
double open_nanoseconds(int requests) {
  using Clock = catvox::detail::Pacer::Clock;
  catvox::detail::Pacer pacer;
  auto now = Clock::now();
  std::vector<double> each;
  for (int round = 0; round < 9; ++round) {
    const Cost cost = cost_of([&] {
      for (int i = 0; i < requests; ++i) {
        now += std::chrono::microseconds(30);
        if (pacer.next_send(now) > now) throw std::runtime_error("nothing is to be paced");
        pacer.accepted(pacer.sent(now, true), now);
      }
    });
    each.push_back(1e9 * cost.cpu / requests);
  }
  return median(each);
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"tiles", "rate", "parallel"});
  const bool quick = arguments.quick();
  const int tiles = arguments.number("tiles", 2500, 200);
  const int only = arguments.number("rate", 300, 0);
  const auto parallel = static_cast<std::size_t>(arguments.number("parallel", 4, 4));
  return run([&] {
    const Table table("Tiles from servers that limit their clients: " + std::to_string(tiles) + " a process", 46,
                      {"server", "connections", "ideal s", "read s", "read / ideal", "target", "refused", "later %",
                       "tiles", "CPU us"});
    std::vector<Row> rows;
    if (quick) {
      rows = {
          {limits_rate(300, true, 503, false)}, {limits_rate(100, true, 503, false, 50)}, {limits_connections(4, 50)}};
    } else {
      rows = rows_of(only);
      for (const int connections : {8, 64}) rows.push_back({limits_connections(4, 50), connections});
      rows.push_back({limits_connections(4, 50), 64, 2});
    }
    for (std::size_t first = 0; first < rows.size(); first += parallel) {
      std::vector<std::future<std::vector<std::string>>> measured;
      for (std::size_t i = first; i < std::min(rows.size(), first + parallel); ++i) {
        measured.push_back(std::async(std::launch::async, measure, rows[i], tiles));
      }
      for (auto& row : measured) table.row(row.get());
    }
    std::printf("\nPacing a server that does not limit: %s ns of CPU a request\n",
                fixed(open_nanoseconds(quick ? 100'000 : 1'000'000), 1).c_str());
  });
}
