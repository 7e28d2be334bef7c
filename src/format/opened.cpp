#include "format/opened.hpp"

#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <catvox/http/url.hpp>
#include <cmath>
#include <cstddef>

#include "bytes/json.hpp"

namespace catvox::detail {

PendingText::PendingText(ByteSource& source, const std::string& url, int max_attempts)
    : url_(redact_url(url)), read_(source, {.key = url, .max_bytes = max_json_bytes, .max_attempts = max_attempts}) {}

std::optional<std::string> PendingText::wait(const MirrorAccess& access) {
  try {
    const ByteResult result = read_.wait(access.stop, access.deadline);
    if (result.missing()) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(result.body.data()), result.body.size());
  } catch (const Error& error) {
    throw Error(error.code(), "cannot fetch " + url_ + ": " + error.what(), error.context());
  }
}

std::optional<std::string> fetch_text(ByteSource& source, const std::string& url, const MirrorAccess& access) {
  return PendingText(source, url).wait(access);
}

std::optional<StackVector> level_factors(const ScaleLevels& scales, int level) {
  const auto& factors = scales.downsample_factors;
  if (!factors || factors->empty()) return StackVector{std::ldexp(1.0, level), std::ldexp(1.0, level), 1};
  if (static_cast<std::size_t>(level) >= factors->size()) return std::nullopt;
  return (*factors)[static_cast<std::size_t>(level)];
}

}  // namespace catvox::detail
