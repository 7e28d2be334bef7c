#include "catmaid/volume.hpp"

#include <algorithm>
#include <atomic>
#include <catvox/core/buffer.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/format/n5/n5_location.hpp>
#include <catvox/format/n5/n5_store.hpp>
#include <catvox/format/tiles/tile_store.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <catvox/geometry/scale_levels.hpp>
#include <catvox/http/url.hpp>
#include <cmath>
#include <map>
#include <utility>

#include "bytes/file_source.hpp"
#include "bytes/http_source.hpp"
#include "bytes/read_now.hpp"
#include "read/chunk_reader.hpp"

namespace catvox::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int n5_type = 11;

std::uint64_t next_store_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

// Levels beyond the list of explicit factors lie nowhere that is known.
std::optional<StackVector> factors_of(const StackInfo& info, int level) {
  const auto& factors = info.downsample_factors;
  if (!factors || factors->empty()) return StackVector{std::ldexp(1.0, level), std::ldexp(1.0, level), 1};
  if (static_cast<std::size_t>(level) >= factors->size()) return std::nullopt;
  return (*factors)[static_cast<std::size_t>(level)];
}

// Broken slices are numbered in stack space, arrays start at the volume's first voxel.
BrokenSlices broken_slices_of(const StackInfo& info, BrokenSlicePolicy policy) {
  const auto offset = std::llround(info.voxel_offset().z);
  std::map<std::int64_t, std::int64_t> broken;
  for (const auto& [slice, value] : info.broken_slices) broken.emplace(slice - offset, value);
  return {broken, info.dimension.z, policy};
}

std::shared_ptr<ByteSource> source_of(const VolumeParts& parts, bool cacheable) {
  if (scheme_of(parts.image_base) == "file") {
    const HttpOptions& options = parts.session.options();
    return make_file_source({.threads = options.threads, .max_bytes = options.max_body_bytes});
  }
  return make_http_source({.transport = parts.session.transport(),
                           .credentials = parts.credentials,
                           .missing = {.not_found = true, .forbidden = parts.forbidden_is_missing},
                           .cacheable = cacheable});
}

}  // namespace

bool is_supported(int tile_source_type) noexcept {
  const auto& types = tile_source_types();
  return tile_source_type == n5_type || std::find(types.begin(), types.end(), tile_source_type) != types.end();
}

Volume::Volume(VolumeParts parts)
    : parts_(std::move(parts)),
      chunks_(source_of(parts_, true)),
      metadata_(scheme_of(parts_.image_base) == "file" ? chunks_ : source_of(parts_, false)) {}

const std::vector<Volume::Level>& Volume::opened() const {
  std::call_once(once_, [this] { levels_ = mirror().tile_source_type == n5_type ? open_n5() : open_tiles(); });
  return levels_;
}

Volume::Level Volume::make_level(int level, const StackVector& factors, std::shared_ptr<const ChunkStore> store) const {
  const ChunkOrigin origin{std::move(store), next_store_number(), chunks_};
  return {level, factors, origin, std::make_shared<Prefetcher>(origin, parts_.pool)};
}

std::vector<Volume::Level> Volume::open_tiles() const {
  std::vector<Level> levels;
  for (const StackVector& factors : scale_factors(parts_.info->scale_levels())) {
    auto store = make_tile_store({.level = static_cast<int>(levels.size()),
                                  .shape = tile_level_shape(parts_.info->dimension, factors),
                                  .image_base = parts_.image_base,
                                  .tile_source_type = mirror().tile_source_type,
                                  .tile_height = mirror().tile_height,
                                  .tile_width = mirror().tile_width,
                                  .file_extension = mirror().file_extension,
                                  .mirror_title = mirror().title});
    levels.push_back(make_level(static_cast<int>(levels.size()), factors, std::move(store)));
  }
  return levels;
}

std::vector<Volume::Level> Volume::open_n5() const {
  const N5Location location = parse_n5_location(parts_.image_base);
  const auto highest = static_cast<int>(scale_factors(parts_.info->scale_levels()).size()) - 1;
  std::vector<N5Level> found;
  try {
    found = discover_n5_levels(
        location, [this](const std::string& url) { return fetch_text(url); }, highest);
  } catch (const Error& error) {
    if (!error.context().url.empty()) throw;
    const auto url = redact_url(parts_.image_base);
    throw Error(error.code(), "cannot open the volume at " + url + ": " + error.what(), {.url = url});
  }
  std::vector<Level> levels;
  for (auto& [level, attributes] : found) {
    const auto factors = factors_of(*parts_.info, level);
    if (!factors) break;
    auto store = std::make_shared<const N5Store>(std::move(attributes), location, level);
    levels.push_back(make_level(level, *factors, std::move(store)));
  }
  return levels;
}

std::optional<std::string> Volume::fetch_text(const std::string& url) const {
  try {
    const ByteResult result = read_now(*metadata_, {.key = url});
    if (result.missing()) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(result.body.data()), result.body.size());
  } catch (const Error& error) {
    throw Error(error.code(), "cannot fetch " + redact_url(url) + ": " + error.what(), error.context());
  }
}

std::optional<Shape3> Volume::own_shape() const {
  if (mirror().tile_source_type != n5_type || opened().front().level != 0) return std::nullopt;
  return opened().front().store().shape();
}

std::shared_ptr<const LevelSource> Volume::source(int level) const {
  const auto& levels = opened();
  const auto found = std::find_if(levels.begin(), levels.end(), [level](const Level& l) { return l.level == level; });
  if (found == levels.end()) {
    std::string known;
    for (const Level& each : levels) known += (known.empty() ? "" : ", ") + std::to_string(each.level);
    throw Error(Errc::not_found, "stack " + in_quotes(parts_.info->stitle) + ", mirror " + in_quotes(mirror().title) +
                                     ", has no level " + std::to_string(level) + "; it has " + known);
  }
  const Level& chosen = *found;
  return make_chunk_reader({.level = level,
                            .geometry = LevelGeometry(parts_.info->frame(), chosen.factors, chosen.store().shape()),
                            .broken = broken_slices_of(*parts_.info, parts_.policy),
                            .origin = chosen.origin,
                            .pool = parts_.pool,
                            .prefetcher = chosen.prefetcher,
                            .read_ahead = parts_.read_ahead,
                            .at_level = [self = shared_from_this()](int other) { return self->source(other); }});
}

double Volume::time_canary(std::chrono::milliseconds timeout) const {
  const ChunkStore& store = opened().at(0).store();
  const StackDimension canary = parts_.info->canary_location.value_or(
      StackDimension{parts_.info->dimension.x / 2, parts_.info->dimension.y / 2, parts_.info->dimension.z / 2});
  const Index3 voxel{canary.z, canary.y, canary.x};
  Index3 chunk{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    chunk[axis] = std::clamp<std::int64_t>(voxel[axis], 0, store.shape()[axis] - 1) / store.chunk_shape()[axis];
  }
  ByteRequest request = store.request(chunk);
  request.max_attempts = 1;
  request.timeout = timeout;
  double best = 0;
  ByteResult result;
  for (int round = 0; round < 2; ++round) {  // the first also opens the connection
    const auto start = Clock::now();
    result = read_now(*chunks_, request);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (result.missing()) throw Error(Errc::not_found, "the canary tile is missing", {.url = result.url});
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  const Shape3& shape = store.chunk_shape();
  const auto item = static_cast<std::int64_t>(item_size(store.dtype()));
  Buffer voxels(static_cast<std::size_t>(checked_multiply(volume(shape), item, "bytes of a chunk")));
  store.decode(chunk, result.body.bytes(), {{0, 0, 0}, shape},
               {voxels.data(), {shape[1] * shape[2] * item, shape[2] * item, item}});
  return best;
}

}  // namespace catvox::detail
