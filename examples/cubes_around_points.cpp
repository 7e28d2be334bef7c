// Cubes of voxels around points, of synapses for instance: which segment each lies in, and how many are near it.
//
//   cubes_around_points [server]

#include <catvox/catvox.hpp>
#include <cstdio>
#include <set>
#include <vector>

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  const auto level = client.stack("demo labels").scale<std::uint64_t>(0);

  // The last two lie at the border of the stack: what sticks out of it is 0.
  const std::vector<catvox::WorldPoint> points{
      {3000, 3800, 1000}, {2410, 3404, 900}, {3020, 3790, 1040}, {5236, 5410, 1270}, {2001, 3001, 801}};
  std::vector<std::uint64_t> held(points.size());
  std::vector<std::size_t> near(points.size());
  level.read_cubes(points, {5, 32, 32}, [&](std::size_t i, const xt::xtensor<std::uint64_t, 3>& cube) {
    held[i] = cube(2, 16, 16);  // the voxel that holds the point is in the middle
    std::set<std::uint64_t> segments(cube.begin(), cube.end());
    segments.erase(0);  // between the segments
    near[i] = segments.size();
  });
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::printf("point %zu: segment %llu, %zu segments around it\n", i, static_cast<unsigned long long>(held[i]),
                near[i]);
  }
} catch (const catvox::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
