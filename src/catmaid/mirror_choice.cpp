#include "catmaid/mirror_choice.hpp"

#include <catvox/core/error.hpp>
#include <optional>
#include <utility>

namespace catvox::detail {

std::shared_ptr<const ChosenMirror> MirrorChoice::get(const std::stop_token& stop) const {
  return chosen_.get(stop, [&] { return choose(stop); });
}

ChosenMirror MirrorChoice::choose(const std::stop_token& stop) const {
  std::vector<std::string> failures;
  std::optional<Error> first;
  for (const auto& mirror : candidates_) {
    try {
      (void)mirror->levels(stop);
      return {mirror, std::move(failures)};
    } catch (const Error& error) {
      if (error.code() == Errc::cancelled) throw;
      if (!first) first = error;
      failures.emplace_back(error.what());
    }
  }
  if (failures.size() == 1) throw *first;
  std::string text = "no mirror can be opened";
  for (const auto& failure : failures) text += "; " + failure;
  throw Error(first ? first->code() : Errc::unsupported, text, first ? first->context() : ErrorContext{});
}

}  // namespace catvox::detail
