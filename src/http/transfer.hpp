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

#include "http/gate.hpp"
#include "http/pacer.hpp"
#include "http/progress.hpp"

namespace catvox::detail {

class Lane;
class OriginQueue;
class TransferQueue;

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
  explicit Transfer(Gate& its_gate) : gate(its_gate) {}
  ~Transfer() { gate.leave(place); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Transport::TransferId id = 0;
  Request request;
  std::shared_ptr<TransferHandler> handler;
  Clock::time_point asked{};     // for it
  Clock::time_point deadline{};  // for its end; max: none

  // Where it is. Guarded by the transport's mutex; the links by whoever guards the queue.
  Lane* lane = nullptr;  // that has it; null while queued, ready or delivered
  OriginQueue* origin = nullptr;
  bool in_flight = false;  // as its origin's pacer sees it
  Pacer::Ticket ticket;
  std::uint64_t accepted_before = 0;  // of its origin's requests, when it was sent
  bool cancelled = false;
  bool expired = false;
  TransferQueue* queue = nullptr;
  Transfer* previous = nullptr;
  Transfer* next = nullptr;

  // What follows belongs to the thread that has it.
  std::string url;  // of this hop
  int redirects = 0;
  bool streamed = false;            // its answer came over HTTP/2
  Clock::time_point due{};          // when it is to be made again
  int refusals = 0;                 // by a server that takes no more requests
  int excused = 0;                  // of its attempts, those that do not count
  std::uint64_t accepted_then = 0;  // of its origin's requests, when it was refused first

  Response response;
  Easy easy;
  List headers;
  Progress progress;
  Progress::Fault fault = Progress::Fault::none;
  std::array<char, CURL_ERROR_SIZE> curl_message{};

  // Of the body, as it arrives; see receive.hpp.
  Gate& gate;
  Gate::Place place;
  std::size_t expected_bytes = 0;  // if the answer does not say
  std::size_t body_limit = 0;      // of what is kept
  std::size_t whole_limit = 0;     // of what is passed over where a whole object comes instead of a part
  bool body_begun = false;         // its first byte was there
  bool paused = false;             // until the gate admits it
  std::size_t room = 0;            // that it may take
  std::uint64_t skip = 0;          // bytes before the part
  std::uint64_t passed = 0;        // bytes that came of a whole object, or of an error's body
  bool complete = false;           // no more of it is wanted
  std::optional<Error> refusal;    // why it is not taken
  bool out_of_memory = false;
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

}  // namespace catvox::detail
