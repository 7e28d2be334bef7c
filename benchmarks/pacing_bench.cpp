// Tiles from servers that limit their clients: a real nginx with limit_req and limit_conn, against tiles / rate. What was
// refused is counted from nginx's own log.
//
//   catvox_bench_pacing [--quick] [--tiles=N]

#include <catvox/http/session.hpp>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "delay_server.hpp"
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
  int delay_ms = 0;            // of an upstream server; 0: nginx's own files
};

std::string limit_rate(const std::string& burst, int status = 503) {
  return "limit_req zone=limited" + burst + ";\nlimit_req_status " + std::to_string(status) + ";\n";
}

std::string zone(int rate) {
  return "limit_req_zone $binary_remote_addr zone=limited:1m rate=" + std::to_string(rate) + "r/s;\n";
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

void measure(const Table& table, const Server& server, int tiles, int connections) {
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
  const std::string upstream_url = upstream.url("");
  const Nginx nginx(folder.path(),
                    {.http = "log_format refusals '$msec $status';\n" + server.http +
                             "upstream upstream_tiles { server " + upstream_url.substr(7) + "; keepalive 64; }\n",
                     .server = "access_log " + log + " refusals;\nlocation = /tile {\n" + location + "}\n"});
  int failed = 0;
  const Cost cost = cost_of([&] {
    const catvox::HttpSession session({.max_connections = connections, .threads = 2});
    const auto handler = std::make_shared<Tiles>();
    catvox::Request request;
    request.url = nginx.url("/tile");
    for (int i = 0; i < tiles; ++i) session.transport()->start(request, handler);
    failed = handler->wait_for(tiles);
  });
  const Refused refused = refused_of(log);
  const double ideal = tiles / server.rate;
  table.row({server.name + ", " + std::to_string(connections) + " connections", std::to_string(tiles), fixed(ideal, 1),
             fixed(cost.wall, 1), fixed(cost.wall / ideal, 2), std::to_string(refused.all),
             fixed(100.0 * refused.later / tiles, 1), std::to_string(failed), in_ms(cost.cpu)});
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"tiles"});
  const bool quick = arguments.quick();
  const int tiles = arguments.number("tiles", 2500, 200);
  return run([&] {
    const Table table(
        "Tiles from servers that limit their clients (<= 1.1 of tiles / rate, without a burst <= 1.4)", 46,
        {"server", "tiles", "ideal s", "read s", "read / ideal", "refused", "later %", "failed", "CPU ms"});
    std::vector<Server> servers;
    for (const int rate : {300, 100, 50}) {
      const std::string name = std::to_string(rate) + "/s";
      servers.push_back({name + " burst 20", zone(rate), limit_rate(" burst=20 nodelay"), static_cast<double>(rate)});
      if (quick) break;
      servers.push_back({name + " no burst", zone(rate), limit_rate(""), static_cast<double>(rate)});
    }
    if (!quick) {
      servers.push_back({"100/s burst 20, 429", zone(100), limit_rate(" burst=20 nodelay", 429), 100.0});
    }
    servers.push_back({"limit_conn 4, 50 ms", "limit_conn_zone $binary_remote_addr zone=few:1m;\n",
                       "limit_conn few 4;\n", 4 / 0.05, 50});
    servers.push_back({"100/s burst 20, 50 ms", zone(100), limit_rate(" burst=20 nodelay"), 100.0, 50});
    for (const auto& server : servers) measure(table, server, tiles, 64);
    if (!quick) measure(table, servers.front(), tiles, 8);
  });
}
