// Walks the scale levels from coarse to fine, and reads the first that is fine enough.
//
//   levels_by_resolution [server]

#include <catvox/catvox.hpp>
#include <cstdio>

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  const catvox::Stack stack = client.stack("demo EM");
  constexpr double wanted = 10;  // nm a voxel within a section

  for (int i = stack.levels() - 1; i >= 0; --i) {
    const auto level = stack.scale<std::uint8_t>(i);
    const auto [z, y, x] = level.voxel_size();
    std::printf("level %d: %zu x %zu x %zu voxels of %g x %g x %g nm\n", i, level.shape()[0], level.shape()[1],
                level.shape()[2], z, y, x);
    if (x > wanted) continue;

    const xt::xtensor<std::uint8_t, 2> section = level.slice(0);
    std::printf("the first section takes %zu bytes there\n", section.size());
    break;
  }
} catch (const catvox::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
