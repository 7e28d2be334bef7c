#pragma once

#include <array>
#include <catvox/array/detail/view_access.hpp>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/array/scale_view.hpp>
#include <catvox/core/box.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/export.hpp>
#include <cstddef>
#include <memory>
#include <string>

namespace catvox {

/// Where an array of three axes lies in the world.
struct ArrayPlace {
  Shape3 shape{};                             ///< voxels per axis, slowest first
  std::array<std::string, 3> axes;            ///< the project axis that each runs along: "z", "y", "x"
  std::array<double, 3> voxel_size{1, 1, 1};  ///< nm (the project's unit) per voxel, > 0
  std::array<double, 3> corner{};             ///< world coordinate of the lower corner of the first voxel, nm
  friend bool operator==(const ArrayPlace&, const ArrayPlace&) = default;
};

/// A view of three axes of any element type, as exports take it.
class CATVOX_EXPORT ExportView {
 public:
  /// \throws Error{invalid_argument} if an axis was inserted, or runs backwards: no format can say so
  template <class T>
  ExportView(const ScaleView<T, 3>& view)  // NOLINT(google-explicit-constructor): any view is one
      : ExportView(detail::ViewAccess::level(view).source(), detail::ViewAccess::layout(view)) {}

  /// The same of a source's voxels.
  ExportView(std::shared_ptr<const LevelSource> source, const abi::ViewLayout& layout);

  /// The element type.
  [[nodiscard]] DType dtype() const noexcept { return source_->dtype(); }
  /// Where it lies.
  [[nodiscard]] const ArrayPlace& place() const noexcept { return place_; }
  /// Voxels per axis.
  [[nodiscard]] const Shape3& shape() const noexcept { return place_.shape; }
  /// The scale level that it is a part of.
  [[nodiscard]] int level() const noexcept { return source_->level(); }

  /// The most voxels that a chunk of the source has along each axis.
  [[nodiscard]] Shape3 chunk_shape() const noexcept;

  /// The same voxels with the axes (z, y, x) of the world, whatever the orientation of the stack.
  [[nodiscard]] ExportView in_world_order() const;

  /// The same part of the world at another scale level. \throws Error{not_found} listing the levels
  [[nodiscard]] ExportView rescaled(int level) const;

  /// Reads a box of voxels.
  /// \param out      where voxel box.min goes; the others by `strides`, in bytes per axis
  ReadStatistics read(const Box& box, std::byte* out, const Strides3& strides, const ReadOptions& options) const;

  /// Begins to fetch the chunks of a box.
  void prefetch(const Box& box, const std::stop_token& stop) const;

  /// Voxels of a box that lie in a box of the source's level.
  [[nodiscard]] std::int64_t voxels_in(const Box& box, const Box& of_source) const noexcept;

 private:
  [[nodiscard]] abi::ViewLayout part(const Box& box) const noexcept;

  std::shared_ptr<const LevelSource> source_;
  abi::ViewLayout layout_;
  ArrayPlace place_;
};

}  // namespace catvox
