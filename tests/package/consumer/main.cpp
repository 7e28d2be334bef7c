// A program of someone who uses catvox: it compiles against the headers, and links what the library stands on.
#include <catvox/core/version.hpp>
#include <catvox/http/session.hpp>
#include <cstdlib>
#include <iostream>

int main() {
  const catvox::Response response = catvox::HttpSession().get({.url = "file:///no/such/file", .allow_file = true});
  std::cout << "catvox " << CATVOX_VERSION << ", status " << response.status << '\n';
  return response.status == 404 ? EXIT_SUCCESS : EXIT_FAILURE;
}
