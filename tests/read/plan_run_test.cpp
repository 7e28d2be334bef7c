#include "read/plan_run.hpp"

#include <atomic>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "read/array_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_source.hpp"

using namespace catvox;
using namespace catvox::test;

namespace {

constexpr std::int64_t chunk_bytes = 1000;

// Chunks [first, end) of a row.
ReadPlan row_of_chunks(std::int64_t first, std::int64_t end) {
  return ReadPlan(box(0, 1, 0, 1, first * chunk_bytes, end * chunk_bytes), {1, 1, chunk_bytes}, 1, BrokenSlices{}, 1);
}

// A prefetch one of whose parts is held up on its way to the pool until all others are done.
class HeldUp final : public PlanRun {
 public:
  HeldUp(const ChunkOrigin& origin, std::shared_ptr<ChunkPool> pool, ReadPlan plan, std::int64_t held_up)
      : PlanRun(origin, std::move(pool), std::move(plan), 2, {}, "cancelled"), held_up_(held_up) {}

  [[nodiscard]] Purpose purpose() const noexcept override { return Purpose::prefetch; }
  [[nodiscard]] ChunkPart part(std::int64_t number) const override {
    if (number == held_up_) others_are_done_.get_future().wait();
    return {.of = plan().part(number)};
  }

 private:
  std::optional<Error> count(std::int64_t, const ChunkCost&) override {
    if (++done_ == parts() - 1) others_are_done_.set_value();
    return std::nullopt;
  }

  const std::int64_t held_up_;
  std::int64_t done_ = 0;
  mutable std::promise<void> others_are_done_;
};

}  // namespace

TEST_CASE("a thread that falls behind finds the chunk that was there when it set out", "[read]") {
  // A cache for eight chunks, which holds 2 to 9 when a plan over 20 begins.
  const auto pool = std::make_shared<ChunkPool>(8 * (chunk_bytes + ChunkCache::entry_bytes));
  std::mutex mutex;
  std::map<std::string, int> requests;
  ChunkOrigin origin{
      .store = std::make_shared<ArrayStore>(DType::uint8, Shape3{1, 1, 20 * chunk_bytes}, Shape3{1, 1, chunk_bytes}),
      .source = std::make_shared<ScriptedSource>([&](const ByteRequest& request) {
        const std::lock_guard lock(mutex);
        ++requests[request.key];
        return ByteResult{.body = Buffer(chunk_bytes)};
      }),
      .data = "row"};
  pool->enlist(origin);
  const auto earlier = std::make_shared<HeldUp>(origin, pool, row_of_chunks(2, 10), -1);
  earlier->start();
  earlier->drain();
  REQUIRE(pool->statistics().chunks == 8);

  // The thread that has done with chunk 0 or 1 asks for chunk 2, and its fellow does all the rest meanwhile.
  const auto run = std::make_shared<HeldUp>(origin, pool, row_of_chunks(0, 20), 2);
  run->start();
  run->drain();
  CHECK(requests.size() == 20);
  CHECK(requests[url_of({0, 0, 2})] == 1);
}
