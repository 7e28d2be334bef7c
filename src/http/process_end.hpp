#pragma once

namespace catvox::detail {

class CurlTransport;

/// Transports whose lanes run. When the process ends, they are stopped before the libraries that they use go.
///
/// Holds because exit handlers run in the reverse order of their registration, and ours is registered when libcurl, and
/// with it its TLS library, has begun. Lanes of static objects that are destroyed later find themselves stopped.
class RunningTransports {
 public:
  static RunningTransports& all();

  /// To be called when libcurl has begun. \throws Error{io} if the process ends
  void add(CurlTransport& transport);
  /// Returns when nobody else stops it any more.
  void remove(CurlTransport& transport) noexcept;

 private:
  struct State;
  RunningTransports();
  static void stop_all() noexcept;
  State* state_;  // never destroyed: it is used to the very end
};

}  // namespace catvox::detail
