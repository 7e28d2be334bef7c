#include "support/describe.hpp"

#include <string>

#include "support/catch.hpp"

using catvox::ReadStatistics;

TEST_CASE("what a read took says what was the limit", "[tools]") {
  ReadStatistics did{.requests = 100, .first_byte_seconds = 5, .fetch_seconds = 6, .decode_seconds = 0.4, .seconds = 2};
  did.wait_seconds = 1.5;
  CHECK(tools::effort_text(did) ==
        "decoding 400 ms on all threads, waiting 1.5 s; answers began after 50 ms and took 60 ms; the limit was the "
        "server");
  did.first_byte_seconds = 1;
  CHECK(tools::effort_text(did) ==
        "decoding 400 ms on all threads, waiting 1.5 s; answers began after 10 ms and took 60 ms; the limit was the "
        "network");
  did.wait_seconds = 0.9;
  CHECK(tools::effort_text(did).ends_with("; the limit was the CPU"));
  // From a folder, or a disk cache.
  did = {.decode_seconds = 0.4, .wait_seconds = 1.5, .seconds = 2};
  CHECK(tools::effort_text(did) == "decoding 400 ms on all threads, waiting 1.5 s; the limit was the disk");
}
