// What HTTP costs the client: tiles from a local nginx through a session's transport and then forgotten, against
// libcurl itself, with reused handles and buffers that are there already. Both at 2 x 8 connections or what the
// transport takes; CPU time of this process per request, medians of interleaved rounds.
//
//   catvox_bench_fetch [--quick] [--rounds=N]

#include <curl/curl.h>

#include <catvox/http/session.hpp>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "measure.hpp"
#include "nginx.hpp"
#include "tile_stack.hpp"

namespace {

using namespace bench;

/// Fetches through catvox: some requests under way at any time, as a read has them.
class Fetching : public std::enable_shared_from_this<Fetching> {
 public:
  Fetching(catvox::Transport& transport, const std::vector<std::string>& urls) : transport_(transport), urls_(urls) {}

  void run() {
    for (int i = 0; i < 2 * transport_.concurrency(); ++i) start_next();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return ended_ == urls_.size(); });
    if (!failure_.empty()) throw std::runtime_error(failure_);
  }

 private:
  struct Handler final : catvox::TransferHandler {
    explicit Handler(std::shared_ptr<Fetching> all) : fetching(std::move(all)) {}
    void on_response(catvox::Response& response) override {
      fetching->ended(response.status == 200 ? "" : "HTTP " + std::to_string(response.status));
    }
    void on_error(const catvox::Error& error) noexcept override { fetching->ended(error.what()); }
    std::shared_ptr<Fetching> fetching;
  };

  void start_next() {
    catvox::Request request;
    {
      const std::lock_guard lock(mutex_);
      if (next_ == urls_.size()) return;
      request.url = urls_[next_++];
    }
    transport_.start(std::move(request), std::make_shared<Handler>(shared_from_this()));
  }

  void ended(const std::string& failure) {
    start_next();
    const std::lock_guard lock(mutex_);
    if (!failure.empty()) failure_ = failure;
    if (++ended_ == urls_.size()) done_.notify_all();
  }

  catvox::Transport& transport_;
  const std::vector<std::string>& urls_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t next_ = 0, ended_ = 0;
  std::string failure_;
};

enum class Protocol { http, https, http2 };

/// libcurl and nothing else: one multi handle, as many easy handles as connections.
class BareCurl {
 public:
  /// \param transfers  at a time: each on its own connection, but streams of one with HTTP/2
  BareCurl(std::size_t transfers, Protocol protocol, const std::string& certificate)
      : multi_(curl_multi_init()), slots_(transfers) {
    for (Slot& slot : slots_) {
      slot.easy = curl_easy_init();
      slot.body.resize(std::size_t{1} << 20);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEFUNCTION, &receive);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEDATA, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_PRIVATE, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_BUFFERSIZE, 65536L);
      curl_easy_setopt(slot.easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(slot.easy, CURLOPT_PROXY, "");
      curl_easy_setopt(slot.easy, CURLOPT_HTTP_VERSION,
                       static_cast<long>(protocol == Protocol::http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
      curl_easy_setopt(slot.easy, CURLOPT_PIPEWAIT, protocol == Protocol::http2 ? 1L : 0L);
      if (!certificate.empty()) curl_easy_setopt(slot.easy, CURLOPT_CAINFO, certificate.c_str());
    }
  }
  ~BareCurl() {
    for (Slot& slot : slots_) curl_easy_cleanup(slot.easy);
    curl_multi_cleanup(multi_);
  }
  BareCurl(const BareCurl&) = delete;
  BareCurl& operator=(const BareCurl&) = delete;

  /// \param next  shared with other threads: the first URL that nobody has taken
  void run(const std::vector<std::string>& urls, std::atomic<std::size_t>& next) {
    std::size_t running = 0;
    const auto start_next = [&](Slot& slot) {
      const auto i = next++;
      if (i >= urls.size()) return;
      slot.size = 0;
      curl_easy_setopt(slot.easy, CURLOPT_URL, urls[i].c_str());
      curl_multi_add_handle(multi_, slot.easy);
      ++running;
    };
    for (Slot& slot : slots_) start_next(slot);
    while (running > 0) {
      int left = 0;
      curl_multi_perform(multi_, &left);
      bool ended = false;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->data.result != CURLE_OK) throw std::runtime_error(curl_easy_strerror(message->data.result));
        Slot* slot = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
        curl_multi_remove_handle(multi_, slot->easy);
        --running;
        start_next(*slot);
        ended = true;
      }
      if (!ended) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  struct Slot {
    CURL* easy = nullptr;
    std::vector<char> body;
    std::size_t size = 0;
  };

  static std::size_t receive(char* data, std::size_t, std::size_t count, void* user) {
    auto& slot = *static_cast<Slot*>(user);
    if (count > slot.body.size() - slot.size) return 0;
    std::memcpy(slot.body.data() + slot.size, data, count);
    slot.size += count;
    return count;
  }

  CURLM* multi_;
  std::vector<Slot> slots_;
};

void measure(const Table& table, std::int64_t side, Protocol protocol, std::int64_t slices, int rounds,
             const char* target) {
  const TileStack stack(encode_tiles(Format::jpeg, side), {slices, 8, 8});
  const catvox::test::TempDir folder;
  stack.write(folder.path());
  Nginx::Options serving;
  serving.tls = protocol != Protocol::http;
  const Nginx server(folder.path(), serving);
  std::vector<std::string> urls;
  for (const TilePart& part : stack.parts_of(stack.whole())) {
    urls.push_back(server.url("/" + std::to_string(part.tile[0]) + "/" + std::to_string(part.tile[1]) + "_" +
                              std::to_string(part.tile[2]) + "_0.jpg"));
  }
  catvox::HttpOptions options;
  options.ca_file = server.certificate();
  options.http2 = protocol == Protocol::http2;
  const catvox::HttpSession session(options);
  constexpr std::size_t transfers = 8;  // a thread; more do not help with a near server
  std::vector<std::unique_ptr<BareCurl>> bare;
  for (unsigned i = 0; i < cores(); ++i)
    bare.push_back(std::make_unique<BareCurl>(transfers, protocol, server.certificate()));

  const auto by_catvox = [&] { std::make_shared<Fetching>(*session.transport(), urls)->run(); };
  const auto by_curl = [&] {
    std::atomic<std::size_t> next = 0;
    in_parallel(cores(), cores(), [&](std::int64_t i) { bare[static_cast<std::size_t>(i)]->run(urls, next); });
  };
  by_catvox();  // connects
  by_curl();
  std::vector<double> cpu, bound_cpu, ratio, wall, bound_wall;
  const auto each = static_cast<double>(urls.size());
  for (int round = 0; round < rounds; ++round) {
    const Cost bound = cost_of(by_curl);
    const Cost read = cost_of(by_catvox);
    cpu.push_back(1e6 * read.cpu / each);
    bound_cpu.push_back(1e6 * bound.cpu / each);
    ratio.push_back(read.cpu / bound.cpu);
    wall.push_back(1e6 * read.wall / each);
    bound_wall.push_back(1e6 * bound.wall / each);
  }
  table.row({fixed(stack.tiles().mean_kilobytes(), 0) + " KB, " +
                 (protocol == Protocol::http    ? "http"
                  : protocol == Protocol::https ? "https"
                                                : "https, HTTP/2"),
             fixed(median(bound_cpu), 1), fixed(median(cpu), 1), fixed(median(ratio), 2), target,
             fixed(median(bound_wall), 1), fixed(median(wall), 1)});
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"rounds"});
  const int rounds = arguments.number("rounds", 9, 1);
  const std::int64_t slices = arguments.quick() ? 1 : 16;
  return run([&] {
    const Table table("Fetching from nginx without decoding, against libcurl alone (us for each request)", 20,
                      {"bodies", "curl CPU", "catvox CPU", "CPU / curl", "target", "curl wall", "catvox wall"});
    measure(table, 256, Protocol::http, slices, rounds, "");
    measure(table, 512, Protocol::http, slices, rounds, "<= 45 us");
    measure(table, 1024, Protocol::http, slices, rounds, "");
    measure(table, 512, Protocol::https, slices, rounds, "");
    measure(table, 512, Protocol::http2, slices, rounds, "<= 1.1");
  });
}
