#pragma once

#include <catvox/core/buffer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace catvox {

class Credentials;

/// One header line of a request; not for secrets, which live in Credentials.
struct HttpHeader {
  std::string name;
  std::string value;
};

/// A GET. `url` is http:, https: or (where the opener allowed it) file:.
struct Request {
  std::string url;
  std::vector<HttpHeader> headers{};
  std::shared_ptr<const Credentials> credentials{};  ///< sent only to the origin that they are bound to
  bool allow_file = false;                           ///< whether a file: URL may be opened
  bool retry_on_500 = true;                          ///< CATMAID's API answers 500 to questions, not only in trouble
  bool cacheable = false;                            ///< may be kept on disk: what is there does not change
  int max_attempts = 0;                              ///< 0: as the session's retry policy says
  std::chrono::milliseconds timeout{0};              ///< for each attempt from start to end; 0: none
};

/// What came back. A status is final: redirects were followed, retries were made.
/// For file: URLs 200 stands for a file that was read and 404 for one that does not exist.
struct Response {
  int status = 0;
  Buffer body;
  std::string content_type;
  bool from_disk = false;  ///< the body was kept on disk; with attempts > 0 the server said that it still holds
  std::string url;         ///< that answered, after redirects, without credentials
  int attempts = 1;        ///< requests made for it, the first included; 0: none, it was here already

  // Of the last request, from its beginning; both hold the time that the connection took, if it was new. 0: unknown.
  double first_byte_seconds = 0;  ///< until the first byte of the answer
  double seconds = 0;             ///< until the last
};

}  // namespace catvox
