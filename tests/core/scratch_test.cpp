#include "core/scratch.hpp"

#include <optional>
#include <thread>

#include "support/catch.hpp"

using namespace catvox::detail;

namespace {

/// On a thread of its own, which keeps nothing yet.
template <class F>
void on_fresh_thread(F f) {
  std::thread(f).join();
}

constexpr std::size_t mib = std::size_t{1} << 20;

}  // namespace

TEST_CASE("scratch memory is used again", "[core]") {
  on_fresh_thread([] {
    std::byte* first = nullptr;
    { first = Scratch(mib).data(); }
    CHECK(kept_scratch_bytes() == mib);
    Scratch again(mib / 2);
    CHECK(again.data() == first);
    CHECK(again.bytes().size() == mib / 2);
    CHECK(kept_scratch_bytes() == 0);
  });
}

TEST_CASE("nested scopes find their memory again, each its own", "[core]") {
  on_fresh_thread([] {
    std::byte* outer_first = nullptr;
    std::byte* inner_first = nullptr;
    for (int repeat = 0; repeat < 3; ++repeat) {
      Scratch outer(mib);
      Scratch inner(2 * mib);
      CHECK(outer.data() != inner.data());
      if (repeat > 0) CHECK(outer.data() == outer_first);
      if (repeat > 0) CHECK(inner.data() == inner_first);
      outer_first = outer.data();
      inner_first = inner.data();
    }
    CHECK(kept_scratch_bytes() == 3 * mib);
  });
}

TEST_CASE("a thread keeps no scratch memory that is large, nor much in all", "[core]") {
  on_fresh_thread([] {
    { const Scratch large(most_kept_scratch_bytes + 1); }
    CHECK(kept_scratch_bytes() == 0);
    { const Scratch largest(most_kept_scratch_bytes); }
    CHECK(kept_scratch_bytes() == most_kept_scratch_bytes);
    {
      const Scratch small(1);  // takes the kept one, and gives it back last
      const Scratch other(mib);
    }
    CHECK(kept_scratch_bytes() == mib);
    std::optional<Scratch> many[8];
    for (auto& each : many) each.emplace(mib / 2);
    for (auto& each : many) each.reset();
    CHECK(kept_scratch_bytes() <= most_kept_scratch_bytes);
  });
}
