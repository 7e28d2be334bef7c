#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "catmaid/lazy.hpp"
#include "catmaid/mirror.hpp"

namespace catvox::detail {

/// The mirror that is read.
struct ChosenMirror {
  std::shared_ptr<const Mirror> mirror;
  std::vector<std::string> passed_over;  ///< why those before it could not be opened
};

/// Which mirror of a stack is read: the first of several that can be opened, found out when it is first needed.
/// Immutable and thread-safe.
class MirrorChoice {
 public:
  /// \param candidates  in order of preference
  explicit MirrorChoice(std::vector<std::shared_ptr<const Mirror>> candidates) : candidates_(std::move(candidates)) {}

  /// \throws Error of the only candidate, or naming every one and what is wrong with it; Error{cancelled}
  [[nodiscard]] std::shared_ptr<const ChosenMirror> get(const std::stop_token& stop) const;

 private:
  [[nodiscard]] ChosenMirror choose(const std::stop_token& stop) const;

  const std::vector<std::shared_ptr<const Mirror>> candidates_;
  const Lazy<ChosenMirror> chosen_;
};

}  // namespace catvox::detail
