#include "format/n5/open_n5.hpp"

#include <algorithm>
#include <catvox/core/error.hpp>
#include <string>
#include <utility>
#include <vector>

#include "format/n5/n5_location.hpp"
#include "format/n5/n5_store.hpp"

namespace catvox::detail {
namespace {

/// A pyramid of more levels would halve 2^63 voxels to nothing.
constexpr int most_levels = 64;

/// Asked for at the same time where the stack does not say how many there are.
constexpr int levels_at_a_time = 8;

/// How many levels there can be, and how many there probably are.
struct LevelCounts {
  int most = 1;
  int expected = 1;
};

LevelCounts count_levels(const N5Location& volume, const ScaleLevels& scales) {
  if (!volume.has_levels) return {};
  const int expected = std::min(static_cast<int>(scale_factors(scales).size()), most_levels);
  const bool explicit_factors = scales.downsample_factors && !scales.downsample_factors->empty();
  const bool known = explicit_factors || scales.num_zoom_levels >= 0;
  return {known ? expected : most_levels, expected};
}

/// Whether a server has said something that is no attributes, rather than nothing at all.
bool is_answer(Errc code) noexcept {
  return code != Errc::cancelled && code != Errc::timeout && code != Errc::connection && code != Errc::io;
}

/// The attributes of levels 0, 1, …: requests for many levels are under way while the first answers come.
class LevelReader {
 public:
  LevelReader(const N5Location& volume, const LevelCounts& counts, ByteSource& source, const MirrorAccess& access)
      : volume_(volume), counts_(counts), source_(source), access_(access) {}

  std::vector<N5Attributes> read(std::vector<std::string>& warnings) {
    std::vector<N5Attributes> levels;
    ask_up_to(std::max(counts_.expected, std::min(levels_at_a_time, counts_.most)));
    for (int level = 0; level < counts_.most; ++level) {
      if (level == static_cast<int>(texts_.size())) ask_up_to(level + levels_at_a_time);
      try {
        const auto text = texts_[static_cast<std::size_t>(level)].wait(access_);
        if (!text) break;
        levels.push_back(parse(level, *text));
      } catch (const Error& error) {
        if (level == 0 || !is_answer(error.code())) throw;
        // As CATMAID does; but a user may want to know.
        warnings.push_back("the N5 volume's levels end at " + std::to_string(level - 1) + ": " + error.what());
        break;
      }
    }
    if (levels.empty()) throw Error(Errc::not_found, "N5 volume: no attributes.json where image_base says");
    return levels;
  }

 private:
  void ask_up_to(int count) {
    for (auto level = static_cast<int>(texts_.size()); level < std::min(count, counts_.most); ++level) {
      // A level that is not there may answer anything, 500 included: not worth many attempts.
      constexpr int attempts_above_0 = 2;
      texts_.emplace_back(source_, volume_.attributes_url(level), level == 0 ? 0 : attempts_above_0);
    }
  }

  static N5Attributes parse(int level, const std::string& text) {
    try {
      return parse_n5_attributes(text);
    } catch (const Error& error) {
      throw Error(error.code(), "level " + std::to_string(level) + ": " + error.what(), error.context());
    }
  }

  const N5Location& volume_;
  const LevelCounts counts_;
  ByteSource& source_;
  const MirrorAccess& access_;
  std::vector<PendingText> texts_;
};

}  // namespace

Opened open_n5(const MirrorLocation& location, const MirrorAccess& access) {
  const N5Location volume = parse_n5_location(location.image_base);
  const auto metadata = access.source({});
  const auto chunks = access.source({.cacheable = true});
  Opened opened;
  LevelReader reader(volume, count_levels(volume, location.scales), *metadata, access);
  int level = 0;
  for (N5Attributes& attributes : reader.read(opened.warnings)) {
    const auto factors = level_factors(location.scales, level);
    if (!factors) break;
    auto store = std::make_shared<const N5Store>(std::move(attributes), volume, level);
    opened.levels.push_back({level++, *factors, std::move(store), chunks});
  }
  opened.own_shape = opened.levels.front().store->shape();
  return opened;
}

}  // namespace catvox::detail
