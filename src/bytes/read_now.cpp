#include "bytes/read_now.hpp"

#include <catvox/core/redact.hpp>
#include <catvox/http/url.hpp>
#include <utility>
#include <variant>

#include "core/mailbox.hpp"

namespace catvox::detail {

// Hands one read's end to the thread that waits for it.
class ReadMailbox final : public ByteHandler, public Mailbox<ByteResult> {
 public:
  void on_bytes(ByteResult& result) override { put(std::move(result)); }
  void on_error(const Error& error) noexcept override { put(error); }
};

std::chrono::steady_clock::time_point deadline_after(std::chrono::milliseconds timeout) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::hours longest{24 * 365};
  return timeout < longest ? Clock::now() + timeout : Clock::time_point::max();
}

PendingRead::PendingRead(ByteSource& source, ByteRequest request)
    : source_(&source), url_(redact_url(request.key)), mailbox_(std::make_shared<ReadMailbox>()) {
  id_ = source_->read(std::move(request), mailbox_);
}

PendingRead::PendingRead(PendingRead&& other) noexcept
    : source_(other.source_),
      url_(std::move(other.url_)),
      mailbox_(std::move(other.mailbox_)),
      id_(other.id_),
      ended_(std::exchange(other.ended_, true)) {}

PendingRead::~PendingRead() {
  if (!ended_) source_->cancel(id_);
}

ByteResult PendingRead::wait(const std::stop_token& stop, std::chrono::steady_clock::time_point deadline) {
  auto result = mailbox_->wait(stop, deadline);
  ended_ = result.index() != 0;
  if (auto* bytes = std::get_if<ByteResult>(&result)) return std::move(*bytes);
  if (const auto* error = std::get_if<Error>(&result)) throw *error;
  if (!stop.stop_requested()) throw Error(Errc::timeout, "no answer in the time that was allowed", {.url = url_});
  throw Error(Errc::cancelled, "cancelled", {.url = url_});
}

ByteResult read_now(ByteSource& source, ByteRequest request, const std::stop_token& stop,
                    std::chrono::steady_clock::time_point deadline) {
  return PendingRead(source, std::move(request)).wait(stop, deadline);
}

}  // namespace catvox::detail
