#include "bytes/http_source.hpp"

#include <utility>

#include "http/status.hpp"

namespace catvox::detail {
namespace {

// Turns the end of a transfer into that of a read.
class Answer final : public TransferHandler {
 public:
  Answer(MissingStatuses missing, std::shared_ptr<ByteHandler> handler)
      : missing_(missing), handler_(std::move(handler)) {}

  void on_response(Response& response) override {
    ByteResult result;
    if (missing_.contains(response.status)) {
      result.state = ByteResult::State::missing;
    } else if (response.status != 200 && response.status != 206) {
      throw status_error(response.status);
    }
    result.url = response.url;
    result.from_disk = response.from_disk;
    result.attempts = response.attempts;
    result.first_byte_seconds = response.first_byte_seconds;
    result.seconds = response.seconds;
    // The transport reuses the body's memory, unless the handler takes it.
    result.body = std::move(response.body);
    try {
      handler_->on_bytes(result);
    } catch (...) {
      response.body = std::move(result.body);
      throw;
    }
    response.body = std::move(result.body);
  }

  void on_error(const Error& error) noexcept override { handler_->on_error(error); }

 private:
  const MissingStatuses missing_;
  const std::shared_ptr<ByteHandler> handler_;
};

class HttpSource final : public ByteSource {
 public:
  explicit HttpSource(HttpSourceOptions options) : options_(std::move(options)) {}

  ReadId read(ByteRequest request, std::shared_ptr<ByteHandler> handler) override {
    return options_.transport->start(transfer_request(std::move(request)), answer(std::move(handler)));
  }

  ReadId deliver(ByteRequest request, ByteResult known, std::shared_ptr<ByteHandler> handler) override {
    Response response;
    response.status = 200;
    response.body = std::move(known.body);
    return options_.transport->deliver(transfer_request(std::move(request)), std::move(response),
                                       answer(std::move(handler)));
  }

  void cancel(ReadId id) noexcept override { options_.transport->cancel(id); }
  [[nodiscard]] int concurrency() const noexcept override { return options_.transport->concurrency(); }

 private:
  [[nodiscard]] Request transfer_request(ByteRequest asked) const {
    Request request;
    request.url = std::move(asked.key);
    request.credentials = options_.credentials;
    request.allow_file = options_.allow_file;
    request.cacheable = options_.cacheable;
    request.max_attempts = asked.max_attempts;
    request.timeout = asked.timeout;
    request.range = asked.range;
    request.max_body_bytes = asked.max_bytes;
    request.past_caches = asked.past_caches;
    return request;
  }

  [[nodiscard]] std::shared_ptr<TransferHandler> answer(std::shared_ptr<ByteHandler> handler) const {
    return std::make_shared<Answer>(options_.missing, std::move(handler));
  }

  const HttpSourceOptions options_;
};

}  // namespace

std::shared_ptr<ByteSource> make_http_source(HttpSourceOptions options) {
  return std::make_shared<HttpSource>(std::move(options));
}

}  // namespace catvox::detail
