#pragma once

#include <curl/curl.h>

#include <array>
#include <catvox/http/message.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/transport.hpp>
#include <chrono>
#include <cstddef>
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
  bool past_caches = false;  // after a body that did not decode

  // For the disk cache.
  std::optional<Digest> disk_key;  // that the answer is kept under; known once it was looked up
  std::optional<DiskEntry> kept;   // to be confirmed by the server
  bool no_store = false;           // the server's word on this answer, and how it names it
  std::string etag, last_modified;

  Response response;
  Easy easy;
  List headers;
  std::size_t body_limit = 0;
  bool body_too_large = false;
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
