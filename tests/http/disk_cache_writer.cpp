// Fetches <url>/0 … <url>/<count - 1> through a disk cache, over and over, until it is killed.
//
//   disk_cache_writer <url> <count> <folder> <max_bytes>

#include <catvox/http/session.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

int main(int, char* argv[]) {
  const std::string url = argv[1];
  const int count = std::atoi(argv[2]);
  catvox::HttpOptions options;
  options.disk_cache = {.folder = argv[3], .max_bytes = std::stoull(argv[4])};
  const catvox::HttpSession session(options);
  for (int i = 0;; i = (i + 1) % count) {
    catvox::Request request;
    request.url = url + "/" + std::to_string(i);
    request.cacheable = true;
    (void)session.get(request);
  }
}
