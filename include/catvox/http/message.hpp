#pragma once

#include <catvox/core/buffer.hpp>
#include <catvox/core/byte_range.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace catvox {

class Credentials;

/// One header line of a request; not for secrets, which live in Credentials.
struct HttpHeader {
  std::string name;   ///< before the colon
  std::string value;  ///< behind it
};

/// A GET. `url` is http: or https:.
struct Request {
  std::string url;                                   ///< absolute, http: or https:
  std::vector<HttpHeader> headers{};                 ///< without secrets
  std::shared_ptr<const Credentials> credentials{};  ///< sent only to the origin that they are bound to
  bool retry_on_500 = true;                          ///< CATMAID's API answers 500 to questions, not only in trouble
  bool cacheable = false;                            ///< the answer is to say how it may be kept
  int max_attempts = 0;                              ///< 0: as the session's retry policy says
  std::chrono::milliseconds timeout{0};              ///< for each attempt from start to end; 0: none
  std::chrono::milliseconds deadline{0};             ///< for its answer, all attempts and waits included; 0: none
  std::optional<ByteRange> range{};                  ///< the part that is asked for; absent: the whole
  std::size_t max_body_bytes = 0;                    ///< a larger answer is Error{too_large}; 0: the session's limit
  bool past_caches = false;                          ///< what caches on the way keep must not answer
};

/// What came back. A status is final: redirects were followed, retries were made.
/// Where a range was asked for, 206 comes with that part and no other, cut out of the whole if the server sent that;
/// shorter where the object ends before. 416: the object ends before the range begins.
struct Response {
  /// HTTP status
  int status = 0;
  Buffer body;                     ///< as it came, unless HttpSession::get() gave it
  std::string content_type;        ///< as the server names it
  std::string content_encoding{};  ///< of the body; as the server names it
  std::string etag{};              ///< this and what follows only for requests that are `cacheable`
  std::string last_modified{};     ///< as the server sent it
  bool no_store = false;           ///< the server wants no copy of it kept, or a redirect on the way did
  std::string url;                 ///< that answered, after redirects, without credentials
  std::string secrets_sent{};      ///< there, by name: "X-Authorization, Authorization"
  std::string secrets_withheld{};  ///< that a redirect to `url` left behind
  int attempts = 1;                ///< requests made for it, the first included; 0: none, it was here already

  // Of the last request, from its beginning; both hold the time that the connection took, if it was new. 0: unknown.
  double first_byte_seconds = 0;  ///< until the first byte of the answer
  double seconds = 0;             ///< until the last
};

}  // namespace catvox
