// Ends in the middle of transfers, as a program does whose view fetches ahead when main() returns.
//   exit_program URL CERTIFICATE

#include <atomic>
#include <catvox/http/session.hpp>
#include <chrono>
#include <memory>
#include <thread>

namespace {

class Again final : public catvox::TransferHandler {
 public:
  void on_response(catvox::Response&) override { ++answers; }
  void on_error(const catvox::Error&) noexcept override {}
  std::atomic<int> answers = 0;
};

// Of static storage: made before, and gone after, everything that the first request begins.
std::unique_ptr<catvox::HttpSession> session;

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  session = std::make_unique<catvox::HttpSession>(
      catvox::HttpOptions{.max_connections = 16, .threads = 2, .ca_file = argv[2]});
  const auto handler = std::make_shared<Again>();
  catvox::Request request;
  request.url = argv[1];
  for (int i = 0; i < 2000; ++i) session->transport()->start(request, handler);
  while (handler->answers < 10) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return 0;
}
