// Volumes by tensorstore and cloud-volume, see tests/data/precomputed/README.md, read whole: every level, channel and order
// of axes, from a folder and over HTTP.

#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <catvox/http/session.hpp>
#include <catvox/http/url.hpp>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "bytes/file_source.hpp"
#include "bytes/http_source.hpp"
#include "bytes/range_merger.hpp"
#include "bytes/read_now.hpp"
#include "format/precomputed/open_precomputed.hpp"
#include "format/precomputed/precomputed_store.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/http_server.hpp"
#include "support/npy.hpp"
#include "support/precomputed_volumes.hpp"

using namespace catvox;
using namespace catvox::detail;
using catvox::test::error_of;
using catvox::test::HttpServer;

namespace {

MirrorAccess access_of(std::shared_ptr<ByteSource> source) {
  return {.source = [source = std::move(source)](const SourceNeeds&) { return source; }};
}

std::shared_ptr<ByteSource> http_source(const HttpSession& session) {
  return make_range_merger(make_http_source({.transport = session.transport()}));
}

/// All of one channel of a level, zyx, chunk by chunk.
std::string read_all(const OpenedLevel& level, int channel) {
  const auto& store = dynamic_cast<const PrecomputedStore&>(*level.store);
  const Shape3& shape = store.shape();
  const Shape3& cell = store.chunk_shape();
  const auto item = static_cast<std::int64_t>(item_size(store.dtype()));
  std::string array(static_cast<std::size_t>(volume(shape) * item), '\xEE');
  const Strides3 strides{shape[1] * shape[2] * item, shape[2] * item, item};
  Index3 chunk{};
  for (chunk[0] = 0; chunk[0] < ceil_div(shape[0], cell[0]); ++chunk[0]) {
    for (chunk[1] = 0; chunk[1] < ceil_div(shape[1], cell[1]); ++chunk[1]) {
      for (chunk[2] = 0; chunk[2] < ceil_div(shape[2], cell[2]); ++chunk[2]) {
        Box window;
        std::int64_t offset = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          window.max[axis] = std::min(cell[axis], shape[axis] - chunk[axis] * cell[axis]);
          offset += chunk[axis] * cell[axis] * strides[axis];
        }
        std::byte* const to = reinterpret_cast<std::byte*>(array.data()) + offset;
        const ByteResult result = read_now(*level.chunks, store.request(chunk));
        if (!result.missing()) {
          store.decode_channels(chunk, result.body.bytes(), {.which = {channel, 1, 1}}, window, {to, strides});
          continue;
        }
        const Shape3 extent = window.shape();
        for (std::int64_t z = 0; z < extent[0]; ++z) {
          for (std::int64_t y = 0; y < extent[1]; ++y) {
            std::memset(to + z * strides[0] + y * strides[1], 0, static_cast<std::size_t>(extent[2] * item));
          }
        }
      }
    }
  }
  return array;
}

/// Reads a volume in an order of axes and compares all of it.
void check_volume(const nlohmann::json& volume, const std::string& base, const std::string& suffix,
                  const std::shared_ptr<ByteSource>& source) {
  const std::string name = volume["name"];
  CAPTURE(name, base, suffix);
  const Opened opened =
      open_precomputed({.image_base = base + "/" + name + "/%SCALE_DATASET%/" + suffix + "/"}, access_of(source));
  const auto& scales = volume["scales"];
  REQUIRE(opened.levels.size() == scales.size());
  for (std::size_t level = 0; level < scales.size(); ++level) {
    const test::NpyArray array =
        test::read_npy(test::precomputed_root() / scales[level]["expected"].get<std::string>());
    for (int channel = 0; channel < volume["num_channels"].get<int>(); ++channel) {
      CAPTURE(level, channel);
      const bool same = read_all(opened.levels[level], channel) == test::expected_voxels(array, suffix, channel);
      CHECK(same);
    }
  }
}

}  // namespace

TEST_CASE("every precomputed volume reads as it was written, from a folder, in every order of axes", "[format]") {
  const auto source = make_file_source();
  for (const auto& volume : test::precomputed_volumes()) {
    if (!test::lies_in_folder(volume)) continue;
    for (const char* suffix : test::all_axes)
      check_volume(volume, file_url(test::precomputed_root().string()), suffix, source);
  }
}

TEST_CASE("every precomputed volume reads as it was written over HTTP, with ranges and without", "[format]") {
  HttpServer server;
  test::serve_precomputed(server);
  server.set_cuts_ranges(GENERATE(true, false));
  const HttpSession session;
  for (const auto& volume : test::precomputed_volumes()) {
    for (const char* suffix : {"0_1_2", "2_1_0"}) {
      check_volume(volume, server.url("/volumes"), suffix, http_source(session));
    }
  }
}

TEST_CASE("an encoding that is not read is refused by name", "[format]") {
  const auto [name, encoding] = GENERATE(table<std::string, std::string>(
      {{"crackle_u32", "crackle"}, {"jxl_u8", "jxl"}, {"fpzip_f32", "fpzip"}, {"kempressed_f32", "kempressed"}}));
  const std::string base = file_url((test::precomputed_root() / name).string()) + "/%SCALE_DATASET%/0_1_2";
  const Error error = error_of([&] { (void)open_precomputed({.image_base = base}, access_of(make_file_source())); });
  CHECK(error.code() == Errc::unsupported);
  CHECK(error.what() == "precomputed volume, level 0: encoding \"" + encoding + "\" is not read");
}
