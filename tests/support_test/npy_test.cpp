#include "support/npy.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace catvox::test;

namespace {

// Headers as numpy 1.24's np.save writes them, shortened by their padding.
std::string npy(const std::string& header, const std::string& items) {
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size());
  file += '\0';
  return file + header + items;
}

}  // namespace

TEST_CASE("read_npy reads what numpy saves", "[support]") {
  const TempDir folder;
  const NpyArray bytes =
      read_npy(folder.write("u1.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3), }\n",
                                          std::string("\0\1\2\3\4\xff", 6))));
  CHECK(bytes.shape == std::vector<std::int64_t>{1, 2, 3});
  CHECK(bytes.values<std::uint8_t>() == std::vector<std::uint8_t>{0, 1, 2, 3, 4, 255});
  CHECK_THROWS_WITH(bytes.values<std::uint16_t>(), "the .npy file holds |u1, expected <u2");

  const NpyArray words = read_npy(folder.write(
      "i2.npy", npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }\n", std::string("\1\2\xff\xff", 4))));
  CHECK(words.shape == std::vector<std::int64_t>{2});
  CHECK(words.values<std::int16_t>() == std::vector<std::int16_t>{513, -1});

  const auto cut = folder.write("cut.npy", npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }\n", "abc"));
  CHECK_THROWS_WITH(read_npy(cut), cut.string() + ": expected 4 bytes of items, got 3");
  const auto fortran = folder.write("f.npy", npy("{'descr': '<i2', 'fortran_order': True, 'shape': (2,), }\n", "abcd"));
  CHECK_THROWS_WITH(read_npy(fortran), fortran.string() + ": not in C order");
}
