// A program of someone who uses catvox: compiles against the headers, links what the library stands on, and reads a
// stack whose tiles are all missing.
#include <catvox/catvox.hpp>
#include <cstdint>
#include <cstdlib>
#include <iostream>

int main() {
  catvox::StackInfo info;
  info.dimension = {.x = 16, .y = 8, .z = 4};
  info.num_zoom_levels = 0;
  info.mirrors.emplace_back();
  info.mirrors[0].image_base = "file:///no/such/folder/";
  info.mirrors[0].tile_width = info.mirrors[0].tile_height = 8;
  info.mirrors[0].tile_source_type = 1;
  info.mirrors[0].file_extension = "jpg";

  const catvox::Stack stack(info, {.allow_file = true});
  const xt::xtensor<std::uint8_t, 3> voxels = stack.scale<std::uint8_t>();
  std::cout << "catvox " << CATVOX_VERSION << " read " << voxels.size() << " voxels\n";
  return voxels(3, 7, 15) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
