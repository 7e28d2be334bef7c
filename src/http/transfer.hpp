#pragma once

#include <curl/curl.h>

#include <array>
#include <catvox/core/error.hpp>
#include <catvox/http/message.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/transport.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/disk_entry.hpp"

namespace catvox::detail {

using Clock = std::chrono::steady_clock;

struct EasyDeleter {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

/// One request on its way, from the queue to its handler: what it is, how far it got, and libcurl's side of it.
struct Transfer {
  Transport::TransferId id = 0;
  Request request;
  std::shared_ptr<TransferHandler> handler;

  std::string url;  // of this hop
  int redirects = 0;

  // For the disk cache.
  std::optional<Digest> disk_key;  // that the answer is kept under; known once it was looked up
  std::optional<DiskEntry> kept;   // to be confirmed by the server

  Response response;
  Easy easy;
  List headers;

  // Of the body, as it arrives; see receive.hpp.
  std::size_t body_limit = 0;    // of what is kept
  std::size_t whole_limit = 0;   // of what is passed over where a whole object comes instead of a part
  bool body_begun = false;       // its first byte was there
  std::size_t room = 0;          // that it may take
  std::uint64_t skip = 0;        // bytes before the part
  std::uint64_t passed = 0;      // bytes that came of a whole object
  bool complete = false;         // no more of it is wanted
  std::optional<Error> refusal;  // why it is not taken
  bool out_of_memory = false;

  Clock::time_point last_byte{};
  std::array<char, CURL_ERROR_SIZE> curl_message{};
};

using TransferPtr = std::unique_ptr<Transfer>;

/// A handle with all that is the same for every transfer of a session.
/// \param share  outlives it
Easy make_easy(const HttpOptions& options, CURLSH* share);

/// Makes transfer.easy ready to be run: address, headers, the secrets that may go there, where the answer goes.
/// \throws Error if the address is no http(s) URL
void prepare(Transfer& transfer);

/// The HTTP status that came, 0 if none did.
int status_of(const Transfer& transfer);

/// Whether the same request may well succeed a moment later.
bool worth_retrying(CURLcode code);
bool worth_retrying(const Request& request, int status);

}  // namespace catvox::detail
