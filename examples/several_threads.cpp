// Several threads that share one view, each with sections of its own. A view is immutable: nothing to lock.
//
//   several_threads [server]

#include <algorithm>
#include <catvox/catvox.hpp>
#include <cstdio>
#include <future>
#include <vector>

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  catvox::Stack stack = client.stack("demo EM");
  stack.set_mirror("PNG");
  const auto level = stack.scale<std::uint8_t>(1);

  // Each thread reads and works on whole sections. Reads decode on all cores by themselves: threads of your own pay
  // off where the work on the voxels is what takes long.
  const auto darkest_of = [&level](std::size_t first, std::size_t step) {
    std::vector<int> darkest;
    for (std::size_t z = first; z < level.shape()[0]; z += step) {
      const xt::xtensor<std::uint8_t, 2> section = level.slice(z);
      darkest.push_back(*std::min_element(section.begin(), section.end()));
    }
    return darkest;
  };

  constexpr std::size_t threads = 4;
  std::vector<std::future<std::vector<int>>> workers;
  for (std::size_t i = 0; i < threads; ++i) workers.push_back(std::async(std::launch::async, darkest_of, i, threads));

  std::vector<int> darkest(level.shape()[0]);
  for (std::size_t i = 0; i < threads; ++i) {
    const std::vector<int> part = workers[i].get();  // an Error of that thread comes out here
    for (std::size_t j = 0; j < part.size(); ++j) darkest[i + j * threads] = part[j];
  }
  for (std::size_t z = 0; z < darkest.size(); ++z) std::printf("section %zu: %d\n", z, darkest[z]);
} catch (const catvox::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
