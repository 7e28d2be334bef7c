#include <algorithm>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/format/tiles/tile_store.hpp>
#include <catvox/http/url.hpp>
#include <utility>

#include "catmaid/titles.hpp"
#include "catmaid/volume.hpp"

namespace catvox {
namespace {

std::string supported_types() {
  std::string text;
  for (int type = 1; type <= 14; ++type) {
    if (is_supported(type)) text += (text.empty() ? "" : ", ") + std::to_string(type);
  }
  return text;
}

std::string describe_type(const MirrorInfo& mirror) {
  return "mirror " + in_quotes(mirror.title) + " has tile source type " + std::to_string(mirror.tile_source_type) +
         ", which is not read; types " + supported_types() + " are";
}

}  // namespace

bool is_supported(int tile_source_type) noexcept { return detail::is_supported(tile_source_type); }

std::vector<std::string> Stack::warnings() const {
  const auto own = volume().own_shape();
  const StackDimension& said = info_->dimension;
  if (!own || *own == Shape3{said.z, said.y, said.x}) return {};
  const auto text = [](std::int64_t x, std::int64_t y, std::int64_t z) {
    return std::to_string(x) + " x " + std::to_string(y) + " x " + std::to_string(z);
  };
  return {"the volume has " + text((*own)[2], (*own)[1], (*own)[0]) + " voxels (x, y, z), the stack's dimension says " +
          text(said.x, said.y, said.z) + "; the volume's own size is used"};
}

Stack::Stack(StackInfo info, StackOptions options)
    : info_(std::make_shared<const StackInfo>(std::move(info))),
      options_(std::move(options)),
      pool_(std::make_shared<detail::ChunkPool>(options_.cache_bytes)) {
  const auto& mirrors = info_->mirrors;
  const auto first = std::find_if(mirrors.begin(), mirrors.end(),
                                  [](const MirrorInfo& mirror) { return is_supported(mirror.tile_source_type); });
  if (first != mirrors.end()) mirror_ = static_cast<std::size_t>(first - mirrors.begin());
  reopen();
}

void Stack::reopen() {
  volume_ = nullptr;
  if (!mirror_) return;
  try {
    volume_ = open(*mirror_);
  } catch (const Error&) {
    // An image_base that cannot be used is the business of whoever reads; volume() says it then.
  }
}

const detail::Volume& Stack::volume() const {
  (void)mirror();  // throws if there is none
  if (!volume_) (void)open(*mirror_);
  return *volume_;
}

int Stack::levels() const { return volume().levels(); }

std::shared_ptr<const LevelSource> Stack::source(int level) const { return volume().source(level); }

const MirrorInfo& Stack::mirror() const {
  if (mirror_) return info_->mirrors[*mirror_];
  std::string reasons;
  for (const MirrorInfo& mirror : info_->mirrors) reasons += "; " + describe_type(mirror);
  throw Error(Errc::unsupported, "stack " + in_quotes(info_->stitle) + " has no mirror that can be read" +
                                     (reasons.empty() ? ": it has none at all" : reasons));
}

std::size_t Stack::find_mirror(const IdOrTitle& mirror) const {
  const auto found = detail::find_by_id_or_title(info_->mirrors, mirror, &MirrorInfo::id, &MirrorInfo::title);
  if (!found) throw detail::no_such_mirror(*info_, mirror);
  return *found;
}

void Stack::set_mirror(const IdOrTitle& mirror) {
  const auto position = find_mirror(mirror);
  const MirrorInfo& chosen = info_->mirrors[position];
  if (!is_supported(chosen.tile_source_type)) throw Error(Errc::unsupported, describe_type(chosen));
  auto opened = open(position);
  mirror_ = position;
  volume_ = std::move(opened);
}

void Stack::set_mirror_auth(const IdOrTitle& mirror, BasicAuth auth) {
  const auto position = find_mirror(mirror);
  access_[position].auth = std::move(auth);
  reopen();
}

void Stack::set_mirror_session(const IdOrTitle& mirror, HttpSession session) {
  const auto position = find_mirror(mirror);
  access_[position].session = std::move(session);
  reopen();
}

void Stack::set_broken_slices(BrokenSlicePolicy policy) {
  policy_ = policy;
  reopen();
}

std::vector<MirrorTiming> Stack::set_fastest_mirror(std::chrono::milliseconds timeout) {
  std::vector<MirrorTiming> timings;
  std::optional<std::size_t> fastest;
  double best = 0;
  for (std::size_t i = 0; i < info_->mirrors.size(); ++i) {
    const MirrorInfo& candidate = info_->mirrors[i];
    if (!is_supported(candidate.tile_source_type)) continue;
    MirrorTiming timing{candidate.id, candidate.title, {}, {}};
    try {
      const double seconds = open(i)->time_canary(timeout);
      timing.seconds = seconds;
      if (!fastest || seconds < best) {
        fastest = i;
        best = seconds;
      }
    } catch (const Error& error) {
      timing.failure = (error.context().url.empty() ? "" : error.context().url + ": ") + error.what();
    }
    timings.push_back(std::move(timing));
  }
  if (!fastest) {
    if (timings.empty()) (void)mirror();  // throws, saying which types there are
    std::string failures;
    for (const auto& timing : timings) failures += "; " + in_quotes(timing.title) + ": " + timing.failure;
    throw Error(Errc::connection,
                "no mirror of stack " + in_quotes(info_->stitle) + " delivered its canary tile" + failures);
  }
  set_mirror(info_->mirrors[*fastest].id);
  return timings;
}

std::shared_ptr<const detail::Volume> Stack::open(std::size_t position) const {
  const MirrorInfo& mirror = info_->mirrors[position];
  const auto refuse = [&](Errc code, const std::string& why) {
    throw Error(code,
                "mirror " + in_quotes(mirror.title) + ", image_base \"" + redact_url(mirror.image_base) + "\": " + why);
  };
  auto [base, user, password] = split_user(mirror.image_base);
  if (scheme_of(base).empty()) {
    if (options_.server.empty()) refuse(Errc::invalid_argument, "it is relative, and no server URL is known");
    base = resolve_url(options_.server, base);
  }
  const auto scheme = scheme_of(base);
  if (scheme == "file" ? !options_.allow_file : scheme != "http" && scheme != "https") {
    refuse(Errc::refused, scheme == "file" ? "a server on the web may not point into local folders"
                                           : "only http, https and file are read");
  }
  const auto found = access_.find(position);
  const Access access = found == access_.end() ? Access{} : found->second;
  const HttpSession& session = access.session.value_or(options_.session);
  std::shared_ptr<const Credentials> credentials;
  if (scheme != "file") {
    const auto& from_session = session.options();
    if (access.auth || !user.empty() || access.session) {
      BasicAuth auth = access.auth               ? *access.auth
                       : !user.empty()           ? BasicAuth{user, password}
                       : from_session.basic_auth ? *from_session.basic_auth
                                                 : BasicAuth{};
      credentials = std::make_shared<const Credentials>(
          base, std::move(auth), access.session ? from_session.headers : std::vector<HttpHeader>{});
    } else {
      credentials = options_.credentials;
    }
  }
  return std::make_shared<const detail::Volume>(
      detail::VolumeParts{.info = info_,
                          .mirror = position,
                          .image_base = encode_url(base),
                          .session = session,
                          .credentials = std::move(credentials),
                          .forbidden_is_missing = options_.forbidden_is_missing,
                          .policy = policy_,
                          .pool = pool_,
                          .read_ahead = options_.read_ahead});
}

}  // namespace catvox
