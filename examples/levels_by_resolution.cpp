// Lists the scale levels from coarse to fine, and reads a section at the level nearest to a resolution.
//
//   levels_by_resolution [server]

#include <catvox/catvox.hpp>
#include <cstdio>

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  const catvox::Stack stack = client.stack("demo EM");

  for (int level = stack.levels() - 1; level >= 0; --level) {
    const auto [nz, ny, nx] = stack.shape(level);
    const auto [z, y, x] = stack.voxel_size(level);
    std::printf("level %d: %zu x %zu x %zu voxels of %g x %g x %g nm\n", level, nz, ny, nx, z, y, x);
  }

  const int level = stack.level_near(10);  // nm
  const xt::xtensor<std::uint8_t, 2> section = stack.scale<std::uint8_t>(level).slice(0);
  std::printf("nearest to 10 nm is level %d; a section takes %zu bytes there\n", level, section.size());
} catch (const catvox::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
