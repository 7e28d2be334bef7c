#include "core/ready_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "support/catch.hpp"

using catvox::Buffer;
using catvox::detail::reserve_ready;

TEST_CASE("memory that is reserved ready has its pages", "[core]") {
  constexpr std::size_t bytes = std::size_t{8} << 20;  // more than malloc has lying about
  Buffer buffer;
  buffer.append(std::vector<std::byte>(1000, std::byte{7}));
  reserve_ready(buffer, bytes);
  CHECK(buffer.capacity() >= bytes);
  CHECK(buffer.size() == 1000);
  CHECK(std::ranges::count(buffer.bytes(), std::byte{7}) == 1000);
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(buffer.data()) + page - 1) / page * page;
  std::vector<unsigned char> resident(bytes / page - 1);
  REQUIRE(::mincore(reinterpret_cast<void*>(begin), resident.size() * page, resident.data()) == 0);
  const auto there = std::ranges::count_if(resident, [](unsigned char flags) { return (flags & 1) != 0; });
#ifdef MADV_POPULATE_WRITE
  CHECK(there == static_cast<std::ptrdiff_t>(resident.size()));
#endif
  CHECK(there > 0);
  reserve_ready(buffer, 10);  // there is more already
  CHECK(buffer.capacity() >= bytes);
}
