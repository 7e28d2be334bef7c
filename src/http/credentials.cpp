#include <catvox/core/error.hpp>
#include <catvox/http/credentials.hpp>
#include <utility>

#include "http/digest.hpp"
#include "http/header_line.hpp"

namespace catvox {
namespace {

constexpr std::size_t longest_secret = std::size_t{1} << 20;

// As every origin's address begins.
std::string root_of(const Origin& origin) {
  const bool default_port = origin.port == (origin.scheme == "https" ? 443 : 80);
  return origin.scheme + "://" + origin.host + (default_port ? "" : ":" + std::to_string(origin.port)) + "/";
}

}  // namespace

bool may_see(const Origin& given_for, const Origin& target, Upgrades upgrades) {
  if (given_for == target) return true;
  const bool upgrade = given_for.scheme == "http" && target.scheme == "https" && given_for.host == target.host;
  return upgrade && (upgrades == Upgrades::any_port || (given_for.port == 80 && target.port == 443));
}

Credentials::Credentials(std::string_view url, BasicAuth basic, std::vector<HttpHeader> headers, Upgrades upgrades)
    : origin_(origin_of(url)), root_(root_of(origin_)), upgrades_(upgrades), headers_(std::move(headers)) {
  if (!basic.user.empty() || !basic.password.empty()) {
    if (basic.user.size() + basic.password.size() > longest_secret) {
      throw Error(Errc::invalid_argument, "a user and password of more than 1 MiB");
    }
    headers_.push_back({"Authorization", "Basic " + detail::base64(basic.user + ":" + basic.password)});
  }
  std::string all = root_ + "\n";
  for (const HttpHeader& header : headers_) {
    detail::require_header(header);
    all += header.name + ":" + header.value + "\n";
  }
  digest_ = detail::sha256(all);
}

bool Credentials::may_go_to(std::string_view url) const {
  // Most requests go to the origin itself: what begins as its address does has no other host.
  return url.starts_with(root_) || may_see(origin_, origin_of(url), upgrades_);
}

std::vector<HttpHeader> Credentials::headers_for(std::string_view url) const {
  return may_go_to(url) ? headers_ : std::vector<HttpHeader>{};
}

std::string Credentials::names() const {
  std::string names;
  for (const HttpHeader& header : headers_) names += (names.empty() ? "" : ", ") + header.name;
  return names;
}

}  // namespace catvox
