// What it costs to coordinate a read: chunks that are empty, from a source that has them at once, decoded by a function
// that does nothing. All that is left is planning, the pool, the cache and the hand-over to 1 to 16 threads.
//
//   catvox_bench_coordination [--quick] [--rounds=N]
//
// "source alone" asks the same source for the same chunks without a reader: its queue and the wake-ups of its threads.
// CPU is that of all threads; what the reader adds to a chunk is the difference. Context switches that were voluntary are
// waits for a lock or for work.

#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "measure.hpp"
#include "read/chunk_reader.hpp"
#include "support/scripted_source.hpp"

namespace {

using namespace bench;
using namespace catvox;
using namespace catvox::detail;

class EmptyStore final : public ChunkStore {
 public:
  explicit EmptyStore(std::int64_t chunks) : shape_{1, 1, chunks} {}
  [[nodiscard]] DType dtype() const noexcept override { return DType::uint8; }
  [[nodiscard]] const Shape3& shape() const noexcept override { return shape_; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunk_shape_; }
  [[nodiscard]] ByteRequest request(const Index3&) const override { return {}; }
  [[nodiscard]] std::string describe(const Index3&) const override { return "chunk"; }
  void decode(const Index3&, std::span<const std::byte>, const Box&, const StridedBytes& out) const override {
    *out.data = std::byte{1};
  }

 private:
  const Shape3 shape_;
  const Shape3 chunk_shape_{1, 1, 1};
};

std::shared_ptr<test::ScriptedSource> make_source(int threads) {
  return std::make_shared<test::ScriptedSource>([](const ByteRequest&) { return ByteResult(); }, threads, 8 * threads);
}

double voluntary_switches() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_nvcsw);
}

Cost read_all(std::int64_t chunks, int threads, std::size_t cache_bytes) {
  const auto store = std::make_shared<EmptyStore>(chunks);
  const auto pool = std::make_shared<ChunkPool>(cache_bytes);
  const ChunkOrigin origin{.store = store, .source = make_source(threads), .data = "empty"};
  const auto prefetcher = std::make_shared<Prefetcher>(origin, pool);
  const auto level = make_chunk_reader({.level = 0,
                                        .geometry = LevelGeometry(StackFrame{}, {1, 1, 1}, store->shape()),
                                        .broken = {},
                                        .origin = origin,
                                        .pool = pool,
                                        .prefetcher = prefetcher,
                                        .at_level = {}});
  std::vector<std::byte> out(static_cast<std::size_t>(chunks));
  return cost_of([&] {
    level->read({AxisSelection{0, 1, 1}, {0, 1, 1}, {0, 1, chunks}}, {out.data(), {chunks, chunks, 1}}, {});
  });
}

// Asks for the next chunk when one has come, as a reader does.
class Relay final : public ByteHandler, public std::enable_shared_from_this<Relay> {
 public:
  Relay(ByteSource& source, std::int64_t chunks) : source_(source), left_(chunks), to_come_(chunks) {}
  void ask() {
    if (left_-- > 0) source_.read({}, shared_from_this());
  }
  void on_bytes(ByteResult&) override {
    ask();
    if (--to_come_ > 0) return;
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }
  void on_error(const Error&) noexcept override {}
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

 private:
  ByteSource& source_;
  std::atomic<std::int64_t> left_, to_come_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

Cost ask_all(std::int64_t chunks, int threads) {
  const auto source = make_source(threads);
  const auto relay = std::make_shared<Relay>(*source, chunks);
  return cost_of([&] {
    for (int i = 0; i < 16 * threads; ++i) relay->ask();
    relay->wait();
  });
}

}  // namespace

int main(int argc, char* argv[]) {
  const Arguments arguments(argc, argv, {"rounds"});
  const int rounds = arguments.number("rounds", 5, 1);
  const std::int64_t chunks = arguments.quick() ? 20'000 : 200'000;
  return run([&] {
    const Table table("Empty chunks, by threads: what a chunk costs beside fetching and decoding", 10,
                      {"threads", "chunks/s", "source alone", "CPU us", "of it source", "reader adds (<= 5)",
                       "with a cache", "waits/chunk"});
    for (const int threads : {1, 2, 4, 8, 16}) {
      std::vector<double> rate, source_rate, cpu, source_cpu, added, cached, waits;
      for (int round = 0; round < rounds; ++round) {
        const auto each = static_cast<double>(chunks);
        const Cost alone = ask_all(chunks, threads);
        const double before = voluntary_switches();
        const Cost read = read_all(chunks, threads, 0);
        waits.push_back((voluntary_switches() - before) / each);
        const Cost kept = read_all(chunks, threads, std::size_t{256} << 20);
        rate.push_back(each / read.wall);
        source_rate.push_back(each / alone.wall);
        cpu.push_back(1e6 * read.cpu / each);
        source_cpu.push_back(1e6 * alone.cpu / each);
        added.push_back(1e6 * (read.cpu - alone.cpu) / each);
        cached.push_back(1e6 * (kept.cpu - alone.cpu) / each);
      }
      table.row({std::to_string(threads), fixed(median(rate), 0), fixed(median(source_rate), 0), fixed(median(cpu), 2),
                 fixed(median(source_cpu), 2), fixed(median(added), 2), fixed(median(cached), 2),
                 fixed(median(waits), 3)});
    }
  });
}
