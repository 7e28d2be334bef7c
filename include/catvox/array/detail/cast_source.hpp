#pragma once

#include <algorithm>
#include <catvox/array/detail/chunk_count.hpp>
#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/error.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace catvox::detail {

/// As static_cast, but a floating value outside an integer type's range, which is undefined behaviour there, becomes the
/// nearest of its values, and NaN 0.
template <class To, class From>
To convert(From value) noexcept {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // The highest value may round up to a power of two that is out of range itself, hence >=.
    constexpr auto low = static_cast<From>(std::numeric_limits<To>::min());
    constexpr auto high = static_cast<From>(std::numeric_limits<To>::max());
    if (std::isnan(value)) return 0;
    if (value <= low) return std::numeric_limits<To>::min();
    if (value >= high) return std::numeric_limits<To>::max();
  }
  return static_cast<To>(value);
}

/// \param in   C order, without gaps
/// \param out  strides in bytes
template <class From, class To>
void convert_all(const From* in, const Shape3& shape, const StridedBytes& out) noexcept {
  for (std::int64_t z = 0; z < shape[0]; ++z) {
    for (std::int64_t y = 0; y < shape[1]; ++y, in += shape[2]) {
      std::byte* row = out.data + z * out.strides[0] + y * out.strides[1];
      if (out.strides[2] == sizeof(To)) {
        std::transform(in, in + shape[2], reinterpret_cast<To*>(row), convert<To, From>);
      } else {
        for (std::int64_t x = 0; x < shape[2]; ++x) {
          *reinterpret_cast<To*>(row + x * out.strides[2]) = convert<To>(in[x]);
        }
      }
    }
  }
}

/// The same level with its voxels converted as they are read. Reads in slabs, so that it takes a bounded amount of memory
/// beside the output.
template <class From, class To>
class CastSource final : public LevelSource {
 public:
  /// \throws Error{invalid_argument} if the source's element type is not From
  explicit CastSource(std::shared_ptr<const LevelSource> source) : source_(std::move(source)) {
    if (source_->dtype() != catvox::dtype_of<From>) {
      throw Error(Errc::invalid_argument, "cannot cast level " + std::to_string(source_->level()) + " from " +
                                              std::string(name(catvox::dtype_of<From>)) + ": its voxels are " +
                                              std::string(name(source_->dtype())));
    }
  }

  [[nodiscard]] int level() const noexcept override { return source_->level(); }
  [[nodiscard]] DType dtype() const noexcept override { return catvox::dtype_of<To>; }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept override { return source_->geometry(); }
  [[nodiscard]] const Shape3& chunk_shape() const noexcept override { return source_->chunk_shape(); }

  [[nodiscard]] std::shared_ptr<const LevelSource> at_level(int level) const override {
    return std::make_shared<const CastSource>(source_->at_level(level));
  }

  ReadStatistics read(const Selection3& selection, const StridedBytes& out, const ReadOptions& options) const override {
    return read_parts(ViewLayout(geometry().shape()).with_selection(selection), out, 0, options);
  }

  [[nodiscard]] std::int64_t channels() const noexcept override { return source_->channels(); }

  ReadStatistics read_channels(const ChannelSelection& channels, const Selection3& selection, const StridedBytes& out,
                               const ReadOptions& options) const override {
    return read_parts(ViewLayout(channels.which, geometry().shape()).with_selection(selection), out, channels.stride,
                      options);
  }

  void prefetch(const Selection3& selection, const std::stop_token& stop) const override {
    source_->prefetch(selection, stop);
  }

 private:
  struct Totals {
    std::int64_t chunks = 0;
    Progress finished{};
    ReadStatistics statistics{};
  };

  ReadStatistics read_parts(const ViewLayout& whole, const StridedBytes& out, std::int64_t channel_stride,
                            const ReadOptions& options) const {
    const Selection3& selection = whole.selection();
    const auto max_voxels = static_cast<std::int64_t>(ResidentRegions::region_bytes / sizeof(From));
    Totals totals{count_chunks(selection, chunk_shape())};
    // part_around() sizes z by y and y by x, so the parts tile the selection when x is the outermost loop.
    Box part;
    for (Index3 at{0, 0, 0}; at[2] < selection[2].count; at[2] = part.max[2]) {
      for (at[1] = 0; at[1] < selection[1].count; at[1] = part.max[1]) {
        for (at[0] = 0; at[0] < selection[0].count; at[0] = part.max[0]) {
          part = part_around(whole, chunk_shape(), at, c_order(whole), max_voxels);
          read_part(whole.part(part),
                    {out.data + at[0] * out.strides[0] + at[1] * out.strides[1] + at[2] * out.strides[2], out.strides},
                    channel_stride, options, totals);
        }
      }
    }
    return totals.statistics;
  }

  void read_part(const ViewLayout& part, const StridedBytes& out, std::int64_t channel_stride,
                 const ReadOptions& options, Totals& totals) const {
    ReadOptions part_options = options;
    // The parts of a large read are no walk of the caller's.
    const bool only = count_chunks(part.selection(), chunk_shape()) == totals.chunks;
    part_options.read_ahead = options.read_ahead && only;
    if (options.progress) {
      part_options.progress = [&](const Progress& now) {
        options.progress({totals.finished.chunks_done + now.chunks_done, totals.chunks,
                          totals.finished.bytes_received + now.bytes_received});
      };
    }
    ReadStatistics done;
    const Region region = read_region(*source_, part, part_options, &done);
    const Shape3 shape = {part.selection()[0].count, part.selection()[1].count, part.selection()[2].count};
    for (std::int64_t channel = 0; channel < part.channel_count(); ++channel) {
      convert_all<From, To>(region.template data<From>() + channel * volume(shape), shape,
                            {out.data + channel * channel_stride, out.strides});
    }
    totals.finished.chunks_done += count_chunks(part.selection(), chunk_shape());
    totals.finished.bytes_received += done.bytes_received;
    totals.statistics += done;
  }

  std::shared_ptr<const LevelSource> source_;
};

}  // namespace catvox::detail
