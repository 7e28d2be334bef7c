#include <catvox/core/detail/memory.hpp>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "support/catch.hpp"

#ifdef __linux__

namespace {

/// True if the kernel's notes on the mapping that holds an address have the flag `hg`: huge pages advised.
bool is_advised(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream range(line);
    if (range >> std::hex >> begin >> dash >> end && dash == '-') inside = begin <= wanted && wanted < end;
    if (inside && line.starts_with("VmFlags:")) return line.find(" hg") != std::string::npos;
  }
  return false;
}

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

}  // namespace

TEST_CASE("large memory is put on huge pages, the parts that do not fill one are not", "[core]") {
  if (!std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled")) {
    WARN("a kernel without transparent huge pages");
    return;
  }
  constexpr std::size_t mib = std::size_t{1} << 20;
  const std::unique_ptr<void, Free> memory(std::aligned_alloc(2 * mib, 16 * mib));
  std::byte* bytes = static_cast<std::byte*>(memory.get());
  catvox::abi::use_huge_pages(bytes, 4 * mib - 1);  // too little
  CHECK_FALSE(is_advised(bytes));
  catvox::abi::use_huge_pages(bytes + 16, 8 * mib);  // reaches from inside page 0 to inside page 4
  CHECK_FALSE(is_advised(bytes));
  CHECK(is_advised(bytes + 2 * mib));
  CHECK(is_advised(bytes + 8 * mib - 1));
  CHECK_FALSE(is_advised(bytes + 8 * mib));
  catvox::abi::use_huge_pages(nullptr, 0);
}

#endif
