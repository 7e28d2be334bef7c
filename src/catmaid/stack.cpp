#include <algorithm>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <cmath>
#include <exception>
#include <iterator>
#include <numeric>
#include <utility>

#include "catmaid/mirror.hpp"
#include "catmaid/mirror_choice.hpp"
#include "catmaid/mirror_types.hpp"
#include "catmaid/stand_in.hpp"
#include "catmaid/titles.hpp"
#include "http/url_parts.hpp"
#include "read/chunk_pool.hpp"

namespace catvox {
namespace {

std::string dimension_text(const StackDimension& d) {
  return std::to_string(d.x) + " x " + std::to_string(d.y) + " x " + std::to_string(d.z);
}

Error nothing_to_read(const StackInfo& info) {
  std::string reasons;
  for (const MirrorInfo& mirror : info.mirrors) {
    reasons += "; mirror " + in_quotes(mirror.title) + " has " + detail::unreadable_type_text(mirror.tile_source_type);
  }
  return {Errc::unsupported, "stack " + in_quotes(info.stitle) + " has no mirror that can be read" +
                                 (reasons.empty() ? ": it has none at all" : reasons)};
}

// A session for all mirrors, which the server names, has its secrets for one of them only.
HttpSession bound_to_mirror(const HttpSession& session, const std::string& server, const MirrorInfo& mirror) {
  try {
    return session.bound_to(detail::resolve_prefix(server, mirror.image_base));
  } catch (const Error&) {
    return session.bound_to("file:///");  // its base is no address: for none
  }
}

}  // namespace

Stack::Stack(std::shared_ptr<const StackInfo> info) : info_(std::move(info)) {}

Stack::Stack(StackInfo info, StackOptions options)
    : info_(std::make_shared<const StackInfo>(std::move(info))), session_(options.session) {
  pool_ = std::make_shared<detail::ChunkPool>(options.cache_bytes);
  const auto& mirrors = info_->mirrors;
  const auto first = std::find_if(mirrors.begin(), mirrors.end(),
                                  [](const MirrorInfo& mirror) { return is_supported(mirror.tile_source_type); });
  if (first != mirrors.end()) options.session = bound_to_mirror(session_, options.server, *first);
  for (std::size_t i = 0; i < mirrors.size(); ++i) {
    mirrors_.push_back(std::make_shared<const detail::Mirror>(
        detail::MirrorParts{.stack = info_, .position = i, .options = options, .pool = pool_}));
  }
  choose();
}

Stack Stack::from_sources(StackInfo info, std::vector<std::shared_ptr<const LevelSource>> levels) {
  Stack stack(std::make_shared<const StackInfo>(std::move(info)));
  if (levels.empty()) throw Error(Errc::invalid_argument, "Stack::from_sources: there must be a level");
  stack.sources_ = std::move(levels);
  return stack;
}

Stack Stack::from_stores(StackInfo info, std::vector<std::shared_ptr<const ChunkStore>> levels, StackOptions options) {
  if (levels.empty()) throw Error(Errc::invalid_argument, "Stack::from_stores: there must be a level");
  MirrorInfo own;
  own.title = "chunk stores";
  own.image_base = levels.front()->request({0, 0, 0}).key;
  info.mirrors = {std::move(own)};
  Stack stack(std::make_shared<const StackInfo>(std::move(info)));
  const auto pool = std::make_shared<detail::ChunkPool>(options.cache_bytes);
  stack.mirrors_.push_back(std::make_shared<const detail::Mirror>(detail::MirrorParts{
      .stack = stack.info_, .options = std::move(options), .pool = pool, .stores = std::move(levels)}));
  stack.chosen_ = 0;
  stack.choose();
  return stack;
}

void Stack::choose() {
  std::vector<std::shared_ptr<const detail::Mirror>> candidates;
  stand_ins_ = nullptr;
  if (!chosen_several_.empty()) {
    for (const std::size_t position : chosen_several_) candidates.push_back(mirrors_[position]);
    stand_ins_ = std::make_shared<detail::StandIns>(candidates, stand_in_options_);
  } else if (chosen_) {
    candidates.push_back(mirrors_[*chosen_]);
  } else {
    std::copy_if(mirrors_.begin(), mirrors_.end(), std::back_inserter(candidates),
                 [](const auto& mirror) { return is_supported(mirror->info().tile_source_type); });
  }
  choice_ = candidates.empty() ? nullptr : std::make_shared<const detail::MirrorChoice>(std::move(candidates));
}

std::shared_ptr<const detail::ChosenMirror> Stack::chosen(const std::stop_token& stop) const {
  if (!sources_.empty()) {
    throw Error(Errc::unsupported,
                "stack " + in_quotes(info_->stitle) + " stands on sources of its own: it has no mirror");
  }
  if (!choice_) throw nothing_to_read(*info_);
  return choice_->get(stop);
}

StackInfo Stack::info() && { return *info_; }

MirrorInfo Stack::mirror() && { return static_cast<const Stack&>(*this).mirror(); }

const MirrorInfo& Stack::mirror() const& {
  if (chosen_) return info_->mirrors[*chosen_];
  return chosen({})->mirror->info();
}

std::size_t Stack::find_mirror(const IdOrTitle& mirror) const {
  const auto found = detail::find_by_id_or_title(info_->mirrors, mirror, &MirrorInfo::id, &MirrorInfo::title);
  if (!found) throw detail::no_such_mirror(*info_, mirror);
  return *found;
}

// A mirror that the user names may have the session's secrets.
std::shared_ptr<const detail::Mirror> Stack::trusted(std::size_t position) const {
  mirrors_[position]->check_address();
  auto parts = mirrors_[position]->parts();
  const HttpSession bound = bound_to_mirror(session_, parts.options.server, mirrors_[position]->info());
  const bool secrets = bound.options().basic_auth.has_value() || !bound.options().headers.empty();
  if (!secrets || bound.bound_origin() == parts.options.session.bound_origin()) return mirrors_[position];
  parts.options.session = bound;
  return std::make_shared<const detail::Mirror>(std::move(parts));
}

void Stack::set_mirror(const IdOrTitle& mirror) {
  const auto position = find_mirror(mirror);
  mirrors_[position] = trusted(position);
  chosen_ = position;
  chosen_several_.clear();
  choose();
}

void Stack::set_mirrors(const std::vector<IdOrTitle>& mirrors, const StandInOptions& options,
                        const std::stop_token& stop) {
  if (mirrors.empty()) throw Error(Errc::invalid_argument, "set_mirrors: there must be a mirror");
  std::vector<std::size_t> positions;
  std::vector<std::shared_ptr<const detail::Mirror>> candidates;
  for (const IdOrTitle& mirror : mirrors) {
    positions.push_back(find_mirror(mirror));
    candidates.push_back(trusted(positions.back()));
  }
  detail::StandIns(candidates, options).check(stop);
  for (std::size_t i = 0; i < positions.size(); ++i) mirrors_[positions[i]] = candidates[i];
  chosen_.reset();
  chosen_several_ = std::move(positions);
  stand_in_options_ = options;
  choose();
}

void Stack::set_mirror_auth(const IdOrTitle& mirror, BasicAuth auth) {
  auto& changed = mirrors_[find_mirror(mirror)];
  auto parts = changed->parts();
  parts.auth = std::move(auth);
  changed = std::make_shared<const detail::Mirror>(std::move(parts));
  choose();
}

void Stack::set_mirror_session(const IdOrTitle& mirror, HttpSession session) {
  auto& changed = mirrors_[find_mirror(mirror)];
  auto parts = changed->parts();
  parts.session = std::move(session);
  changed = std::make_shared<const detail::Mirror>(std::move(parts));
  choose();
}

void Stack::set_broken_slices(BrokenSlicePolicy policy) { policy_ = policy; }

std::vector<MirrorTiming> Stack::set_fastest_mirror(std::chrono::milliseconds timeout, const std::stop_token& stop) {
  std::vector<MirrorTiming> timings;
  std::optional<std::size_t> fastest;
  double best = 0;
  for (std::size_t i = 0; i < mirrors_.size(); ++i) {
    const MirrorInfo& candidate = info_->mirrors[i];
    if (!is_supported(candidate.tile_source_type)) continue;
    MirrorTiming timing{candidate.id, candidate.title, {}, {}};
    try {
      const double seconds = mirrors_[i]->time_canary(timeout, stop);
      timing.seconds = seconds;
      if (!fastest || seconds < best) {
        fastest = i;
        best = seconds;
      }
    } catch (const Error& error) {
      if (error.code() == Errc::cancelled) throw;
      timing.failure = (error.context().url.empty() ? "" : error.context().url + ": ") + error.what();
    } catch (const std::exception& error) {  // a mirror of absurd sizes must not take the others with it
      timing.failure = error.what();
    }
    timings.push_back(std::move(timing));
  }
  if (!fastest) {
    if (timings.empty()) throw nothing_to_read(*info_);
    std::string failures;
    for (const auto& timing : timings) failures += "; " + in_quotes(timing.title) + ": " + timing.failure;
    throw Error(Errc::connection,
                "no mirror of stack " + in_quotes(info_->stitle) + " delivered its canary tile" + failures);
  }
  chosen_ = fastest;
  chosen_several_.clear();
  choose();
  return timings;
}

std::vector<int> Stack::level_numbers(const std::stop_token& stop) const {
  if (sources_.empty()) return chosen(stop)->mirror->levels(stop)->numbers();
  std::vector<int> numbers(sources_.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

int Stack::levels(const std::stop_token& stop) const { return level_numbers(stop).back() + 1; }

std::vector<std::string> Stack::warnings() const {
  if (!sources_.empty()) return {};
  const auto chosen = this->chosen({});
  std::vector<std::string> warnings = chosen->passed_over;
  if (!warnings.empty()) warnings.push_back("mirror " + in_quotes(chosen->mirror->info().title) + " is read instead");
  const auto levels = chosen->mirror->levels({});
  if (const auto& own = levels->own_shape; own) {
    const StackDimension has{(*own)[2], (*own)[1], (*own)[0]};
    if (has != info_->dimension) {
      warnings.push_back("the volume has " + dimension_text(has) + " voxels (x, y, z), the stack's dimension says " +
                         dimension_text(info_->dimension) + "; the volume's own size is used");
    }
  }
  warnings.insert(warnings.end(), levels->warnings.begin(), levels->warnings.end());
  return warnings;
}

void Stack::clear_cache() const { pool_->clear(); }

CacheStatistics Stack::cache_statistics() const { return pool_->statistics(); }

std::shared_ptr<const LevelSource> Stack::source(int level, const std::stop_token& stop) const {
  return source_as(level, std::nullopt, stop);
}

std::shared_ptr<const LevelSource> Stack::source_as(int level, std::optional<DType> wanted,
                                                    const std::stop_token& stop) const {
  if (sources_.empty()) {
    auto source = chosen(stop)->mirror->source(level, wanted, policy_, stop);
    if (!stand_ins_) return source;
    return detail::make_stand_in_source(stand_ins_, std::move(source), wanted, policy_);
  }
  if (level >= 0 && static_cast<std::size_t>(level) < sources_.size()) return sources_[static_cast<std::size_t>(level)];
  throw Error(Errc::not_found, "stack " + in_quotes(info_->stitle) + " has no level " + std::to_string(level) +
                                   "; it has 0 to " + std::to_string(sources_.size() - 1));
}

std::array<std::size_t, 3> Stack::shape(int level) const {
  const Shape3 shape = source(level)->geometry().shape();
  return {static_cast<std::size_t>(shape[0]), static_cast<std::size_t>(shape[1]), static_cast<std::size_t>(shape[2])};
}

std::array<double, 3> Stack::voxel_size(int level) const { return source(level)->geometry().voxel_size(); }

WorldBox Stack::world_box(int level) const {
  const auto opened = source(level);
  const Shape3& shape = opened->geometry().shape();
  return {opened->geometry().voxel_to_world(VoxelPoint{0, 0, 0}),
          opened->geometry().voxel_to_world(
              VoxelPoint{static_cast<double>(shape[0]), static_cast<double>(shape[1]), static_cast<double>(shape[2])})};
}

int Stack::level_near(double nm) const {
  if (!std::isfinite(nm) || nm <= 0) {
    throw Error(Errc::invalid_argument, "level_near: the voxel size must be a number > 0");
  }
  std::optional<int> nearest;
  double best = 0;
  for (const int level : level_numbers({})) {
    const auto size = voxel_size(level);
    const double distance = std::abs((size[1] + size[2]) / 2 - nm);
    if (!nearest || distance < best) {
      nearest = level;
      best = distance;
    }
  }
  return *nearest;
}

}  // namespace catvox
