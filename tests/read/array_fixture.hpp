#pragma once

#include <atomic>
#include <catvox/core/error.hpp>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bytes/http_source.hpp"
#include "read/chunk_reader.hpp"
#include "support/scripted_transport.hpp"

namespace catvox::test {

using namespace catvox::detail;

inline std::string url_of(const Index3& chunk) {
  return "mem:" + std::to_string(chunk[0]) + "/" + std::to_string(chunk[1]) + "/" + std::to_string(chunk[2]);
}

// A volume in memory whose chunks are "encoded" as their raw voxels, full size, so that decoding is a plain copy.
class ArrayStore final : public ChunkStore {
 public:
  ArrayStore(DType dtype, const Shape3& shape, const Shape3& chunk_shape)
      : dtype_(dtype), shape_(shape), chunk_shape_(chunk_shape), item_(static_cast<std::int64_t>(item_size(dtype))) {
    voxels_.resize(static_cast<std::size_t>(volume(shape) * item_));
    std::mt19937 random(7);
    for (auto& byte : voxels_) byte = static_cast<std::byte>(1 + random() % 255);  // never 0, which is fill
  }

  [[nodiscard]] DType dtype() const noexcept override { return dtype_; }
  [[nodiscard]] const Shape3& shape() const noexcept override { return shape_; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunk_shape_; }
  [[nodiscard]] ByteRequest request(const Index3& chunk) const override { return {.key = url_of(chunk)}; }
  [[nodiscard]] std::string describe(const Index3& chunk) const override { return "chunk " + url_of(chunk).substr(4); }

  void decode(const Index3& chunk, std::span<const std::byte> encoded, const Box& window,
              const StridedBytes& out) const override {
    const std::string body(reinterpret_cast<const char*>(encoded.data()), encoded.size());
    const std::string whole = short_bodies ? voxels_of(chunk) : body;
    if (short_bodies ? body != url_of(chunk) : body.size() != static_cast<std::size_t>(volume(chunk_shape_) * item_)) {
      throw Error(Errc::corrupt_data, "expected a whole chunk, got " + std::to_string(encoded.size()) + " bytes");
    }
    ++decodes;
    decoded_voxels += volume(window.shape());
    if (before_decode) before_decode(window);
    if (out.strides[2] != item_) throw Error(Errc::invalid_argument, "the reader broke its promise on strides");
    for (auto z = window.min[0]; z < window.max[0]; ++z) {
      for (auto y = window.min[1]; y < window.max[1]; ++y) {
        const auto* from = whole.data() + ((z * chunk_shape_[1] + y) * chunk_shape_[2] + window.min[2]) * item_;
        auto* to = out.data + (z - window.min[0]) * out.strides[0] + (y - window.min[1]) * out.strides[1];
        std::memcpy(to, from, static_cast<std::size_t>((window.max[2] - window.min[2]) * item_));
      }
    }
  }

  [[nodiscard]] const std::byte* voxel(const Index3& at) const {
    return voxels_.data() + ((at[0] * shape_[1] + at[1]) * shape_[2] + at[2]) * item_;
  }

  // The bytes that a server would give for a chunk.
  [[nodiscard]] std::string encoded(const Index3& chunk) const {
    return short_bodies ? url_of(chunk) : voxels_of(chunk);
  }

  // All voxels of a chunk, 0xEE where it sticks out of the volume.
  [[nodiscard]] std::string voxels_of(const Index3& chunk) const {
    std::string bytes;
    for (std::int64_t z = 0; z < chunk_shape_[0]; ++z) {
      for (std::int64_t y = 0; y < chunk_shape_[1]; ++y) {
        for (std::int64_t x = 0; x < chunk_shape_[2]; ++x) {
          const Index3 at{chunk[0] * chunk_shape_[0] + z, chunk[1] * chunk_shape_[1] + y,
                          chunk[2] * chunk_shape_[2] + x};
          const bool inside = at[0] < shape_[0] && at[1] < shape_[1] && at[2] < shape_[2];
          for (std::int64_t i = 0; i < item_; ++i) {
            bytes += inside ? static_cast<char>(voxel(at)[i]) : static_cast<char>(0xEE);
          }
        }
      }
    }
    return bytes;
  }

  mutable std::atomic<int> decodes = 0;
  mutable std::atomic<std::int64_t> decoded_voxels = 0;
  std::function<void(const Box& window)> before_decode;  // may throw
  bool short_bodies = false;                             // "compressed": a body is but the chunk's name

 private:
  DType dtype_;
  Shape3 shape_, chunk_shape_;
  std::int64_t item_;
  std::vector<std::byte> voxels_;
};

inline Index3 chunk_of(const std::string& url) {
  Index3 chunk{};
  std::sscanf(url.c_str(), "mem:%ld/%ld/%ld", &chunk[0], &chunk[1], &chunk[2]);
  return chunk;
}

struct Fixture {
  explicit Fixture(DType dtype = DType::uint8, Shape3 shape = {7, 23, 31}, Shape3 chunk_shape = {1, 8, 10},
                   std::size_t cache_bytes = 1 << 20)
      : store(std::make_shared<ArrayStore>(dtype, shape, chunk_shape)),
        pool(std::make_shared<ChunkPool>(cache_bytes)),
        transport(std::make_shared<ScriptedTransport>([this](const std::string& url) { return reply(url); })) {}

  std::shared_ptr<const LevelSource> reader(BrokenSlices broken = {}) {
    const ChunkOrigin origin{
        .store = store,
        .source = source ? source
                         : make_http_source({.transport = transport,
                                             .missing = {.not_found = true, .forbidden = forbidden_is_missing}}),
        .data = data};
    if (!prefetcher) prefetcher = std::make_shared<Prefetcher>(origin, pool);
    return make_chunk_reader({.level = 0,
                              .geometry = LevelGeometry(StackFrame{}, {1, 1, 1}, store->shape()),
                              .broken = std::move(broken),
                              .origin = origin,
                              .pool = pool,
                              .prefetcher = prefetcher,
                              .at_level = {}});
  }

  ScriptedTransport::Reply reply(const std::string& url) {
    if (const auto it = scripted.find(url); it != scripted.end()) return it->second;
    return {200, store->encoded(chunk_of(url))};
  }

  std::map<std::string, ScriptedTransport::Reply> scripted;
  bool forbidden_is_missing = false;
  std::string data = "volume";
  std::shared_ptr<ByteSource> source;  // instead of one over `transport`
  std::shared_ptr<ArrayStore> store;
  std::shared_ptr<ChunkPool> pool;
  std::shared_ptr<ScriptedTransport> transport;
  std::shared_ptr<Prefetcher> prefetcher;
};

inline std::int64_t count_of(const Selection3& s) { return s[0].count * s[1].count * s[2].count; }

inline StridedBytes c_order(std::byte* data, const Selection3& s, std::int64_t item) {
  return {data, {s[1].count * s[2].count * item, s[2].count * item, item}};
}

inline std::vector<std::byte> read(const LevelSource& reader, const Selection3& selection,
                                   ReadStatistics* statistics = nullptr, const ReadOptions& options = {}) {
  const auto item = static_cast<std::int64_t>(item_size(reader.dtype()));
  std::vector<std::byte> out(static_cast<std::size_t>(count_of(selection) * item), std::byte{0xAA});
  const auto result = reader.read(selection, c_order(out.data(), selection, item), options);
  if (statistics != nullptr) *statistics = result;
  return out;
}

// By indexing the volume, voxel by voxel.
inline std::vector<std::byte> expected(const ArrayStore& store, const Selection3& s) {
  std::vector<std::byte> out;
  const auto item = static_cast<std::ptrdiff_t>(item_size(store.dtype()));
  for (std::int64_t z = 0; z < s[0].count; ++z) {
    for (std::int64_t y = 0; y < s[1].count; ++y) {
      for (std::int64_t x = 0; x < s[2].count; ++x) {
        const auto* voxel =
            store.voxel({s[0].start + z * s[0].step, s[1].start + y * s[1].step, s[2].start + x * s[2].step});
        out.insert(out.end(), voxel, voxel + item);
      }
    }
  }
  return out;
}

inline Selection3 box(std::int64_t z0, std::int64_t z1, std::int64_t y0, std::int64_t y1, std::int64_t x0,
                      std::int64_t x1) {
  return {AxisSelection{z0, 1, z1 - z0}, {y0, 1, y1 - y0}, {x0, 1, x1 - x0}};
}

}  // namespace catvox::test
