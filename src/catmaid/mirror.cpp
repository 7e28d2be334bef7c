#include "catmaid/mirror.hpp"

#include <algorithm>
#include <array>
#include <catvox/core/buffer.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <catvox/core/text.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <utility>

#include "bytes/disk_cache_source.hpp"
#include "bytes/file_source.hpp"
#include "bytes/http_source.hpp"
#include "bytes/range_merger.hpp"
#include "bytes/read_now.hpp"
#include "catmaid/mirror_types.hpp"
#include "catmaid/titles.hpp"
#include "format/precomputed/location.hpp"
#include "http/url_parts.hpp"
#include "read/chunk_reader.hpp"

namespace catvox::detail {
namespace {

// What the bytes of a level depend on. On credentials, too: to whoever may not see it, a server may say that it is missing.
std::string data_of(const MirrorInfo& mirror, const std::string& url, const Credentials* credentials, int level) {
  std::string data = url + '\n' + mirror.file_extension + '\n';
  for (const int number : {mirror.tile_source_type, level}) data += std::to_string(number) + ' ';
  if (credentials != nullptr) {
    const auto& digest = credentials->digest();
    data.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  return data;
}

}  // namespace

template <class F>
auto Mirror::named(F&& f) const {
  try {
    return f();
  } catch (const Error& error) {
    if (error.code() == Errc::cancelled) throw;
    const auto base = redact_url(info().image_base);
    auto context = error.context();
    if (context.url.empty()) context.url = base;
    throw Error(error.code(),
                "cannot open mirror " + in_quotes(info().title) + " of stack " + in_quotes(parts_.stack->stitle) +
                    ", image_base \"" + base + "\": " + error.what(),
                std::move(context));
  }
}

Mirror::Mirror(MirrorParts parts) : parts_(std::move(parts)) {}

Mirror::Address Mirror::address() const {
  const StackOptions& options = parts_.options;
  if (is_served_by_catmaid(info().tile_source_type)) return {std::string(trimmed(info().image_base)), nullptr};
  if (info().image_base.empty()) throw Error(Errc::invalid_metadata, "it has no image_base");
  if (scheme_of(info().image_base).empty() && options.server.empty()) {
    throw Error(Errc::invalid_argument, "it is relative, and no server URL is known");
  }
  // A server is a folder, whether its URL ends in a slash or not.
  const std::string server =
      options.server.empty() || options.server.ends_with('/') ? options.server : options.server + '/';
  const auto [base, user, password] = split_user(resolve_prefix(server, cloud_url(info().image_base)));
  const auto scheme = scheme_of(base);
  if (scheme == "file" && !options.allow_file) {
    throw Error(Errc::refused, "a server on the web may not point into local folders");
  }
  if (scheme != "file" && scheme != "http" && scheme != "https") {
    throw Error(Errc::refused, "only http, https and file are read");
  }
  Address address{base, nullptr};
  if (scheme == "file") return address;
  std::optional<BasicAuth> basic = parts_.auth;
  if (!basic && !user.empty()) basic = BasicAuth{user, password};
  address.credentials = (basic ? session().with_secrets(base, basic) : session()).credentials_for(base);
  return address;
}

const Mirror::Reading& Mirror::Level::reading(std::optional<DType> wanted) const {
  const auto found = std::find_if(readings.begin(), readings.end(),
                                  [wanted](const Reading& each) { return each.origin.store->dtype() == wanted; });
  return found == readings.end() ? readings.front() : *found;
}

std::vector<int> Mirror::Levels::numbers() const {
  std::vector<int> numbers;
  for (const Level& level : all) numbers.push_back(level.opened.level);
  return numbers;
}

void Mirror::check_address() const {
  named([this] {
    if (!is_supported(info().tile_source_type)) {
      throw Error(Errc::unsupported, "it has " + unreadable_type_text(info().tile_source_type));
    }
    (void)address();
  });
}

std::shared_ptr<ByteSource> Mirror::source_of(const Address& address, const SourceNeeds& needs) const {
  if (!needs.api_token && scheme_of(address.url) == "file") {
    const HttpOptions& options = session().options();
    return make_file_source({.threads = options.threads, .max_bytes = options.max_body_bytes});
  }
  const auto& credentials = needs.api_token ? parts_.options.api_credentials : address.credentials;
  const bool anonymous =
      needs.anonymous_403_is_missing && (!credentials || credentials->headers_for(address.url).empty());
  const auto disk_cache = session().disk_cache();
  const bool keeps = needs.cacheable && disk_cache;
  auto source = make_http_source({.transport = session().transport(),
                                  .credentials = credentials,
                                  .missing = {.not_found = needs.not_found_is_missing,
                                              .forbidden = parts_.options.forbidden_is_missing || anonymous},
                                  .cacheable = keeps,
                                  .max_bytes = session().options().max_body_bytes});
  if (needs.ranges) source = make_range_merger(std::move(source));
  if (!keeps) return source;
  return make_disk_cache_source({.source = std::move(source), .cache = disk_cache, .credentials = credentials});
}

std::shared_ptr<const Mirror::Levels> Mirror::levels(const std::stop_token& stop) const {
  return levels_until(deadline_after(parts_.options.metadata_timeout), stop);
}

std::shared_ptr<const Mirror::Levels> Mirror::levels_until(Clock::time_point deadline,
                                                           const std::stop_token& stop) const {
  return levels_.get(stop, [&] { return named([&] { return open(deadline, stop); }); });
}

Opened Mirror::open_own(const Address& address) const {
  const auto chunks = source_of(address, {.cacheable = true});
  Opened opened;
  for (const auto& store : parts_.stores) {
    const auto level = static_cast<int>(opened.levels.size());
    const auto factors = level_factors(parts_.stack->scale_levels(), level);
    if (!factors) {
      throw Error(Errc::invalid_argument, "the stack's downsample_factors end before level " + std::to_string(level));
    }
    opened.levels.push_back({level, *factors, store, chunks});
  }
  return opened;
}

Mirror::Levels Mirror::open(Clock::time_point deadline, const std::stop_token& stop) const {
  const OpenMirror opener = mirror_opener(info().tile_source_type);
  if (opener == nullptr && parts_.stores.empty()) {
    throw Error(Errc::unsupported, "it has " + unreadable_type_text(info().tile_source_type));
  }
  const StackInfo& stack = *parts_.stack;
  const Address address = this->address();
  const MirrorLocation location{.image_base = address.url,
                                .file_extension = info().file_extension,
                                .title = info().title,
                                .fault = info().fault,
                                .tile_height = info().tile_height,
                                .tile_width = info().tile_width,
                                .orientation = stack.orientation,
                                .voxel_offset = stack.voxel_offset(),
                                .scales = stack.scale_levels(),
                                .server = parts_.options.server,
                                .project_id = stack.pid,
                                .stack_id = stack.sid};
  const MirrorAccess access{.source = [&](const SourceNeeds& needs) { return source_of(address, needs); },
                            .stop = stop,
                            .deadline = deadline};
  Opened opened = parts_.stores.empty() ? opener(location, access) : open_own(address);
  Levels levels{{}, opened.own_shape, std::move(opened.warnings)};
  for (OpenedLevel& level : opened.levels) {
    std::vector<Reading> readings;
    const auto add = [&](const std::shared_ptr<const ChunkStore>& store) {
      ChunkOrigin origin{.store = store,
                         .source = level.chunks,
                         .data = data_of(info(), address.url, address.credentials.get(), level.level)};
      auto prefetcher = std::make_shared<Prefetcher>(origin, parts_.pool);
      readings.push_back({std::move(origin), std::move(prefetcher)});
    };
    add(level.store);
    for (const auto& other : level.other_types) add(other);
    levels.all.push_back({std::move(level), std::move(readings)});
  }
  return levels;
}

std::shared_ptr<const PartialSource> Mirror::source(int level, std::optional<DType> wanted, BrokenSlicePolicy policy,
                                                    const std::stop_token& stop) const {
  const auto levels = this->levels(stop);
  const auto found = std::find_if(levels->all.begin(), levels->all.end(),
                                  [level](const Level& each) { return each.opened.level == level; });
  const StackInfo& stack = *parts_.stack;
  if (found == levels->all.end()) {
    std::string known;
    for (const int each : levels->numbers()) known += (known.empty() ? "" : ", ") + std::to_string(each);
    throw Error(Errc::not_found, "stack " + in_quotes(stack.stitle) + ", mirror " + in_quotes(info().title) +
                                     ", has no level " + std::to_string(level) + "; it has " + known);
  }
  const Reading& reading = found->reading(wanted);
  return make_chunk_reader(
      {.level = level,
       .geometry = LevelGeometry(stack.frame(), found->opened.factors, found->opened.store->shape()),
       .broken = BrokenSlices(stack.broken_slices, stack.dimension.z, policy, stack.voxel_offset().z),
       .origin = reading.origin,
       .pool = parts_.pool,
       .prefetcher = reading.prefetcher,
       .read_ahead = parts_.options.read_ahead,
       .at_level = [self = shared_from_this(), wanted, policy](int other) {
         return self->source(other, wanted, policy, {});
       }});
}

double Mirror::time_canary(std::chrono::milliseconds timeout, const std::stop_token& stop) const {
  const auto deadline = deadline_after(timeout);
  const auto levels = levels_until(deadline, stop);
  const ChunkStore& store = *levels->all.front().opened.store;
  const StackDimension& size = parts_.stack->dimension;
  const StackDimension canary =
      parts_.stack->canary_location.value_or(StackDimension{size.x / 2, size.y / 2, size.z / 2});
  const Index3 asked{canary.z, canary.y, canary.x};
  Index3 chunk{};
  Box voxel;  // of the chunk: one is decoded, so that a mirror that declares huge tiles costs no memory
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto at = std::clamp<std::int64_t>(asked[axis], 0, store.shape()[axis] - 1);
    chunk[axis] = at / store.chunk_shape()[axis];
    voxel.min[axis] = at % store.chunk_shape()[axis];
    voxel.max[axis] = voxel.min[axis] + 1;
  }
  ByteRequest request = store.request(chunk);
  request.max_attempts = 1;
  request.past_caches = true;
  double best = 0;
  for (int round = 0; round < 2; ++round) {  // the first also opens the connection
    const auto start = Clock::now();
    const ByteResult result = read_now(*levels->all.front().opened.chunks, request, stop, deadline);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (result.missing()) throw Error(Errc::not_found, "the canary tile is missing", {.url = result.url});
    best = round == 0 ? seconds : std::min(best, seconds);
    const auto item = static_cast<std::int64_t>(item_size(store.dtype()));
    std::array<std::byte, 8> one{};
    store.decode(chunk, result.body.bytes(), voxel, {one.data(), {item, item, item}});
  }
  return best;
}

}  // namespace catvox::detail
