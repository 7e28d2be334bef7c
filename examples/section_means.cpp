// The mean brightness of each section: finds dark, bright and missing ones.
//
//   section_means [server]

#include <catvox/catvox.hpp>
#include <cstdio>
#include <xtensor/xmath.hpp>

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  catvox::Stack stack = client.stack("demo EM");
  stack.set_mirror("PNG");
  stack.set_broken_slices(catvox::BrokenSlicePolicy::none);  // as they are, not as their neighbours

  // A coarse level is enough for a mean, and a fraction of the data.
  const auto level = stack.scale<std::uint8_t>(2);
  const xt::xtensor<double, 1> means = xt::mean(level, {1, 2});  // over rows and columns
  const auto z = level.coords(0);
  for (std::size_t i = 0; i < means.size(); ++i) std::printf("z %g nm: %.2f\n", z[i], means(i));
} catch (const catvox::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
