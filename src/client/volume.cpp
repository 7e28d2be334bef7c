#include "client/volume.hpp"

#include <algorithm>
#include <atomic>
#include <catvox/core/buffer.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <catvox/metadata/geometry.hpp>
#include <catvox/store/tile_store.hpp>
#include <utility>

#include "read/chunk_reader.hpp"

namespace catvox::detail {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t next_store_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

Request Volume::request_template() const {
  Request request;
  request.credentials = parts_.credentials;
  request.allow_file = parts_.allow_file;
  return request;
}

const std::vector<Volume::Level>& Volume::opened() const {
  std::call_once(once_, [this] { levels_ = open_tiles(); });
  return levels_;
}

std::vector<Volume::Level> Volume::open_tiles() const {
  std::vector<Level> levels;
  for (const StackVector& factors : scale_factors(*parts_.info)) {
    auto store = make_tile_store({.level = static_cast<int>(levels.size()),
                                  .shape = tile_level_shape(parts_.info->dimension, factors),
                                  .image_base = parts_.image_base,
                                  .mirror = mirror(),
                                  .request = request_template()});
    levels.push_back({factors, std::move(store), next_store_number()});
  }
  return levels;
}

std::shared_ptr<const LevelSource> Volume::source(int level) const {
  const auto& levels = opened();
  if (level < 0 || level >= static_cast<int>(levels.size())) {
    throw Error(Errc::not_found, "stack \"" + parts_.info->stitle + "\", mirror \"" + mirror().title +
                                     "\", has no level " + std::to_string(level) + "; it has levels 0 to " +
                                     std::to_string(levels.size() - 1));
  }
  const Level& chosen = levels[static_cast<std::size_t>(level)];
  return make_chunk_reader(
      {.level = level,
       .geometry = LevelGeometry(*parts_.info, chosen.factors, chosen.store->shape()),
       .broken = BrokenSlices(parts_.info->broken_slices, parts_.info->dimension.z, parts_.policy),
       .origin = {chosen.store, chosen.number, parts_.session.transport(), parts_.forbidden_is_missing},
       .pool = parts_.pool,
       .at_level = [self = shared_from_this()](int other) { return self->source(other); }});
}

double Volume::time_canary(std::chrono::milliseconds timeout) const {
  const ChunkStore& store = *opened().at(0).store;
  const StackDimension canary = parts_.info->canary_location.value_or(
      StackDimension{parts_.info->dimension.x / 2, parts_.info->dimension.y / 2, parts_.info->dimension.z / 2});
  const Index3 voxel{canary.z, canary.y, canary.x};
  Index3 chunk{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    chunk[axis] = std::clamp<std::int64_t>(voxel[axis], 0, store.shape()[axis] - 1) / store.chunk_shape()[axis];
  }
  Request request = store.request(chunk);
  request.max_attempts = 1;
  request.timeout = timeout;
  double best = 0;
  Response response;
  for (int round = 0; round < 2; ++round) {  // the first also opens the connection
    const auto start = Clock::now();
    response = parts_.session.get(request);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (response.status != 200) {
      throw Error(Errc::http_status, "HTTP " + std::to_string(response.status),
                  {.url = response.url, .http_status = response.status, .attempts = 1});
    }
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  const Shape3& shape = store.chunk_shape();
  const auto item = static_cast<std::int64_t>(item_size(store.dtype()));
  Buffer voxels(static_cast<std::size_t>(checked_multiply(volume(shape), item, "bytes of a chunk")));
  store.decode(chunk, response.body.bytes(), {{0, 0, 0}, shape},
               {voxels.data(), {shape[1] * shape[2] * item, shape[2] * item, item}});
  return best;
}

}  // namespace catvox::detail
