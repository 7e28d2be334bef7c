// Which segments lie in a box, and how large they are there.
//
//   labels_in_box [server]

#include <algorithm>
#include <catvox/catvox.hpp>
#include <cstdio>
#include <map>
#include <vector>

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  const auto level = client.stack("demo labels").scale<std::uint64_t>(0);
  const auto box = level.world({.min = {2400, 3400, 800}, .max = {3600, 4200, 1280}});

  const xt::xtensor<std::uint64_t, 3> labels = box;
  std::map<std::uint64_t, std::int64_t> voxels;
  for (const std::uint64_t label : labels) ++voxels[label];
  voxels.erase(0);  // between the segments

  std::vector<std::pair<std::int64_t, std::uint64_t>> by_size;
  for (const auto& [label, count] : voxels) by_size.emplace_back(count, label);
  std::sort(by_size.rbegin(), by_size.rend());

  const auto [z, y, x] = box.voxel_size();
  std::printf("%zu segments; the largest are\n", by_size.size());
  for (std::size_t i = 0; i < std::min<std::size_t>(5, by_size.size()); ++i) {
    const auto [count, label] = by_size[i];
    std::printf("%llu: %.4f um^3\n", static_cast<unsigned long long>(label),
                static_cast<double>(count) * z * y * x * 1e-9);
  }
} catch (const catvox::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
