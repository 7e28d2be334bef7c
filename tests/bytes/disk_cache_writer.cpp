// Reads <url>/0 … <url>/<count - 1> through a disk cache, over and over, until it is killed.
//
//   disk_cache_writer <url> <count> <folder> <max_bytes>

#include <cstdlib>
#include <string>

#include "bytes/read_now.hpp"
#include "kept_source.hpp"

int main(int, char* argv[]) {
  const std::string url = argv[1];
  const int count = std::atoi(argv[2]);
  catvox::HttpOptions options;
  options.disk_cache = {.folder = argv[3], .max_bytes = std::stoull(argv[4])};
  const catvox::test::KeptSource source(options);
  for (int i = 0;; i = (i + 1) % count) {
    (void)catvox::detail::read_now(*source, {.key = url + "/" + std::to_string(i)});
  }
}
