#include "bytes/http_source.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "bytes/read_error.hpp"
#include "http/content_encoding.hpp"
#include "http/status.hpp"

namespace catvox::detail {
namespace {

// A generation is a header line that asks for anything else: exact for ETag, to the second for Last-Modified.
constexpr std::string_view by_tag = "If-None-Match: ";
constexpr std::string_view by_time = "If-Modified-Since: ";

std::string generation_of(const Response& response) {
  if (!response.etag.empty()) return std::string(by_tag) + response.etag;
  if (!response.last_modified.empty()) return std::string(by_time) + response.last_modified;
  return {};
}

std::uint64_t size_that_can_be_sent(const ByteRange& range) {
  if (range.size == 0) throw Error(Errc::invalid_argument, "an empty range is asked for");
  constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();  // that servers take for the last byte
  return std::max<std::uint64_t>(1, std::min(range.size, largest - std::min(range.begin, largest)));
}

HttpHeader condition(const std::string& generation) {
  const auto colon = generation.find(": ");
  if (!generation.starts_with(by_tag) && !generation.starts_with(by_time)) {
    throw Error(Errc::invalid_argument, "a generation that no HTTP source gave: " + generation);
  }
  return {generation.substr(0, colon), generation.substr(colon + 2)};
}

// Turns the end of a transfer into that of a read.
class Answer final : public TransferHandler {
 public:
  Answer(const HttpSourceOptions& options, const ByteRequest& request, std::shared_ptr<ByteHandler> handler)
      : missing_(options.missing),
        max_bytes_(request.max_bytes > 0 ? std::min(request.max_bytes, options.max_bytes) : options.max_bytes),
        ranged_(request.range.has_value()),
        conditional_(!request.unless_generation.empty()),
        handler_(std::move(handler)) {}

  void on_response(Response& response) override {
    ByteResult result;
    // Of an answer that has no bytes of the object, the body is a page that says so.
    if (missing_.contains(response.status)) {
      result.state = ByteResult::State::missing;
      response.body.clear();
    } else if (response.status == 304 && conditional_) {
      result.state = ByteResult::State::unchanged;
      response.body.clear();
    } else if (response.status == 416 && ranged_) {
      response.body.clear();
    } else if (response.status != 200 && !(response.status == 206 && ranged_)) {
      throw status_error(response);
    } else {
      decode_content(response, max_bytes_);
    }
    result.generation = generation_of(response);
    result.may_store = !response.no_store && response.status != 403;  // that may be allowed tomorrow
    result.url = response.url;
    result.attempts = response.attempts;
    result.first_byte_seconds = response.first_byte_seconds;
    result.seconds = response.seconds;
    // The transport reuses the body's memory, unless the handler takes it.
    result.body = std::move(response.body);
    try {
      handler_->on_bytes(result);
    } catch (...) {
      response.body = std::move(result.body);
      throw current_error({});
    }
    response.body = std::move(result.body);
  }

  void on_error(const Error& error) noexcept override { handler_->on_error(error); }

 private:
  const MissingStatuses missing_;
  const std::size_t max_bytes_;
  const bool ranged_, conditional_;
  const std::shared_ptr<ByteHandler> handler_;
};

class HttpSource final : public ByteSource {
 public:
  explicit HttpSource(HttpSourceOptions options) : options_(std::move(options)) {}

  ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) override {
    auto ended = std::make_shared<Answer>(options_, request, std::move(handler));
    return options_.transport->start(transfer_request(std::move(request)), std::move(ended));
  }

  ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) override {
    Response response;
    response.status = known.missing() ? 404 : 200;
    response.body = std::move(known.body);
    auto ended = std::make_shared<Answer>(options_, request, std::move(handler));
    return options_.transport->deliver(transfer_request(std::move(request)), std::move(response), std::move(ended));
  }

  void cancel(ReadId id) noexcept override { options_.transport->cancel(id); }
  [[nodiscard]] int concurrency() const noexcept override { return options_.transport->concurrency(); }

 private:
  [[nodiscard]] Request transfer_request(ByteRequest asked) const {
    Request request;
    request.url = std::move(asked.key);
    request.credentials = options_.credentials;
    request.cacheable = options_.cacheable;
    request.max_attempts = asked.max_attempts;
    request.timeout = asked.timeout;
    if (asked.range) request.range = ByteRange{asked.range->begin, size_that_can_be_sent(*asked.range)};
    request.max_body_bytes = asked.max_bytes;
    request.past_caches = asked.past_caches;
    if (!asked.unless_generation.empty()) request.headers.push_back(condition(asked.unless_generation));
    return request;
  }

  const HttpSourceOptions options_;
};

}  // namespace

std::shared_ptr<ByteSource> make_http_source(HttpSourceOptions options) {
  return std::make_shared<HttpSource>(std::move(options));
}

}  // namespace catvox::detail
