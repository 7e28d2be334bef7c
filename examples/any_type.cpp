// A stack whose element type is known at run time only: visit_scale() calls a generic function with the right view.
//
//   any_type [server] [stack]

#include <algorithm>
#include <catvox/catvox.hpp>
#include <iostream>

int main(int argc, char** argv) try {
  const std::string server = argc > 1 ? argv[1] : catvox::file_url("out/demo");
  const std::string title = argc > 2 ? argv[2] : "demo labels";
  const catvox::CatmaidClient client({.server = server, .project_id = 1});
  const catvox::Stack stack = client.stack(title);

  stack.visit_scale(0, [&]<class T>(const catvox::ScaleView<T>& level) {
    const xt::xtensor<T, 2> section = level.slice(0);
    const auto [least, most] = std::minmax_element(section.begin(), section.end());
    // + shows an 8-bit number as a number.
    std::cout << title << ": " << catvox::name(level.dtype()) << ", first section from " << +*least << " to " << +*most
              << "\n";
  });
} catch (const catvox::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
