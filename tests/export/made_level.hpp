#pragma once

#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/core/error.hpp>
#include <catvox/export/export_view.hpp>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace catvox::test {

/// A level whose voxels are made on the spot, without a server: it can miss chunks, fail, and count.
class MadeLevel final : public LevelSource, public std::enable_shared_from_this<MadeLevel> {
 public:
  DType type = DType::uint8;
  LevelGeometry place{{.resolution = {4, 5, 40}, .translation = {1000, 2000, 3000}}, {1, 1, 1}, {20, 70, 100}};
  Shape3 chunks{1, 32, 32};
  int number = 0;
  std::shared_ptr<const LevelSource> coarser{};                                      ///< level number + 1
  std::function<bool(const Index3&)> missing = [](const Index3&) { return false; };  ///< by position of the chunk
  std::function<void(const Index3&)> before_chunk = [](const Index3&) {};            ///< may throw

  /// What voxel (z, y, x) is: small, so that every type can hold it, and different where axes are exchanged.
  static std::uint8_t voxel(int level, std::int64_t z, std::int64_t y, std::int64_t x) {
    return static_cast<std::uint8_t>(1 + (z * 37 + y * 11 + x * 3 + (x * y) % 7 + level * 101) % 120);
  }

  [[nodiscard]] int level() const noexcept override { return number; }
  [[nodiscard]] DType dtype() const noexcept override { return type; }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return place; }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return chunks; }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    ReadStatistics statistics;
    auto report = std::make_shared<ReadReport>();
    Box touched;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto& [start, step, count] = selection[axis];
      touched.min[axis] = start / chunks[axis];
      touched.max[axis] = (start + (count - 1) * step) / chunks[axis] + 1;
    }
    Index3 at = touched.min;
    for (at[0] = touched.min[0]; at[0] < touched.max[0]; ++at[0]) {
      for (at[1] = touched.min[1]; at[1] < touched.max[1]; ++at[1]) {
        for (at[2] = touched.min[2]; at[2] < touched.max[2]; ++at[2]) {
          if (options.stop.stop_requested()) throw Error(Errc::cancelled, "read cancelled");
          before_chunk(at);
          ++statistics.chunks;
          if (!missing(at)) continue;
          ++statistics.missing;
          MissingChunk chunk;
          for (std::size_t axis = 0; axis < 3; ++axis) {
            chunk.voxels.min[axis] = at[axis] * chunks[axis];
            chunk.voxels.max[axis] = chunk.voxels.min[axis] + chunks[axis];
          }
          if (report->missing_chunks.size() < ReadReport::most_listed) report->missing_chunks.push_back(chunk);
        }
      }
    }
    report->missing = statistics.missing;
    if (options.missing == Missing::report) statistics.report = report;
    visit_dtype(type, [&]<class T>(std::type_identity<T>) { fill<T>(selection, out); });
    if (options.progress) options.progress({statistics.chunks, statistics.chunks, statistics.chunks * 1000});
    statistics.bytes_received = statistics.chunks * 1000;
    return statistics;
  }

  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    if (level == number) return shared_from_this();
    if (level == number + 1 && coarser) return coarser;
    throw Error(Errc::not_found, "no level " + std::to_string(level));
  }

 private:
  template <class T>
  void fill(const Selection3& selection, const StridedBytes& out) const {
    for (std::int64_t i = 0; i < selection[0].count; ++i) {
      for (std::int64_t j = 0; j < selection[1].count; ++j) {
        for (std::int64_t k = 0; k < selection[2].count; ++k) {
          const Index3 v{selection[0].start + i * selection[0].step, selection[1].start + j * selection[1].step,
                         selection[2].start + k * selection[2].step};
          const bool gone = missing({v[0] / chunks[0], v[1] / chunks[1], v[2] / chunks[2]});
          const T value = gone ? T{} : static_cast<T>(voxel(number, v[0], v[1], v[2]));
          std::memcpy(out.data + i * out.strides[0] + j * out.strides[1] + k * out.strides[2], &value, sizeof value);
        }
      }
    }
  }
};

inline std::shared_ptr<MadeLevel> level_of(DType type) {
  auto level = std::make_shared<MadeLevel>();
  level->type = type;
  return level;
}

/// The whole of a level as a view.
inline abi::ViewLayout whole(const LevelSource& level) { return abi::ViewLayout(level.geometry().shape()); }

inline ExportView view_of(const std::shared_ptr<MadeLevel>& level) { return {level, whole(*level)}; }

}  // namespace catvox::test
