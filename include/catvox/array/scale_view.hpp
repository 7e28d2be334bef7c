#pragma once

#include <algorithm>
#include <array>
#include <catvox/array/blocks.hpp>
#include <catvox/array/detail/block_run.hpp>
#include <catvox/array/detail/cast_source.hpp>
#include <catvox/array/detail/evaluation.hpp>
#include <catvox/array/detail/options_source.hpp>
#include <catvox/array/detail/reducers.hpp>
#include <catvox/array/detail/resident_regions.hpp>
#include <catvox/array/detail/slice.hpp>
#include <catvox/array/detail/view_access.hpp>
#include <catvox/array/detail/view_expression.hpp>
#include <catvox/array/detail/view_geometry.hpp>
#include <catvox/array/detail/view_layout.hpp>
#include <catvox/array/detail/window_source.hpp>
#include <catvox/array/detail/xtensor_overloads.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/array/xtensor.hpp>
#include <catvox/core/detail/memory.hpp>
#include <catvox/core/error.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace catvox {

/// One scale level of a stack, or a part of one, as a lazy N-D array: voxels are fetched when they are needed and no
/// others. A whole level has the axes (z, y, x) = (slice, row, column), C order; with all of its channels (c, z, y, x).
///
/// It is an xtensor expression like any other: assign it to a container, mix it with other expressions, reduce it,
/// iterate over it. slice(), transpose(), world() and rescale() give further views and read nothing. Copies are handles
/// to one level; views are immutable and safe to use from several threads.
///
/// Wherever voxels are read, an Error of the read is thrown out of the statement that evaluates the view.
///
/// \tparam T  the element type: that of the level
/// \tparam N  number of axes, known when compiling: 3 for a level, 4 with channels; an integer index in slice() takes one, a new axis
/// adds one
template <class T, std::size_t N = 3>
class ScaleView : public detail::ViewExpression<ScaleView<T, N>, T, N> {
  static_assert(N <= abi::ViewLayout::max_rank, "catvox: a view has at most 8 axes");
  using base = detail::ViewExpression<ScaleView, T, N>;

 public:
  using typename base::inner_shape_type;

  /// Views a whole level.
  /// \throws Error{invalid_argument} if T is not its element type
  explicit ScaleView(std::shared_ptr<const LevelSource> source) requires(N == 3)
      : ScaleView(std::make_shared<abi::ResidentRegions>(std::move(source))) {
    check_type();
  }

  /// Views a whole level with its channels, axes (c, z, y, x).
  /// \throws Error{invalid_argument} if T is not its element type
  explicit ScaleView(const std::shared_ptr<const LevelSource>& source) requires(N == 4)
      : ScaleView(std::make_shared<abi::ResidentRegions>(source),
                  abi::ViewLayout(AxisSelection{0, 1, source->channels()}, source->geometry().shape())) {
    check_type();
  }

  /// Views one channel of a whole level.
  /// \throws Error{not_found} if there is no such channel; Error{invalid_argument} if T is not its element type
  ScaleView(const std::shared_ptr<const LevelSource>& source, std::int64_t channel) requires(N == 3)
      : ScaleView(std::make_shared<abi::ResidentRegions>(source),
                  abi::ViewLayout(source->geometry().shape()).of_channel(channel)) {
    check_type();
    if (channel < 0 || channel >= source->channels()) {
      throw Error(Errc::not_found, "level " + std::to_string(source->level()) + " has no channel " +
                                       std::to_string(channel) + ", but " + std::to_string(source->channels()) +
                                       (source->channels() == 1 ? " channel" : " channels"));
    }
  }

  /// Voxels per axis.
  [[nodiscard]] const inner_shape_type& shape() const& noexcept { return shape_; }
  /// Voxels per axis, of a view that is about to go.
  [[nodiscard]] inner_shape_type shape() const&& noexcept { return shape_; }
  using base::shape;

  /// The project axis that each axis runs along, "z", "y" and "x" for a level of an XY stack; "c" for an axis of channels,
  /// "" for one that slice() inserted.
  [[nodiscard]] std::array<std::string_view, N> dims() const {
    return per_axis<std::string_view>([&](std::size_t axis) { return abi::axis_name(layout_, geometry(), axis); });
  }

  /// World coordinates of the voxels' lower corners along an axis, in project units (nm by convention): voxel i covers
  /// coords[i] to coords[i] + voxel_size()[axis]. Descending where the step is negative; {0} for an inserted axis; the
  /// channels' numbers for an axis of channels.
  [[nodiscard]] std::vector<double> coords(std::size_t axis) const {
    check_axis("coords", axis);
    return abi::axis_coords(layout_, geometry(), axis);
  }

  /// World units from one voxel to the next per axis, > 0: a step multiplies it. 1 for an inserted axis and for channels.
  [[nodiscard]] std::array<double, N> voxel_size() const {
    return per_axis<double>([&](std::size_t axis) { return abi::axis_voxel_size(layout_, geometry(), axis); });
  }

  /// The element type, T.
  [[nodiscard]] DType dtype() const noexcept { return dtype_of<T>; }

  /// The scale level that this is a part of.
  [[nodiscard]] int level() const noexcept { return source().level(); }

  /// Position of a point in this view: continuous, except along the stack's slices, where it is that of the whole
  /// slice. May lie outside. Inverse of voxel_to_world() up to that.
  [[nodiscard]] std::array<double, N> world_to_voxel(const WorldPoint& point) const {
    std::array<double, N> position{};
    abi::world_to_position(layout_, geometry(), point, position);
    return position;
  }

  /// The voxel that holds a point, in the axes of this view: the one that at_world() picks. Outside [0, shape()) where
  /// the point lies outside; 0 along inserted axes and channels. \throws Error{invalid_argument} if a coordinate is not finite
  [[nodiscard]] std::array<std::int64_t, N> voxel_at(const WorldPoint& point) const {
    std::array<std::int64_t, N> index{};
    abi::voxel_at(layout_, geometry(), point, index);
    return index;
  }

  /// The lower corner of the voxel at a position of this view; dropped axes contribute the index that they are fixed
  /// at.
  [[nodiscard]] WorldPoint voxel_to_world(const std::array<double, N>& position) const {
    return abi::position_to_world(layout_, geometry(), position);
  }

  /// The same for an integer index, as voxel_at() gives it.
  template <std::integral I>
  [[nodiscard]] WorldPoint voxel_to_world(const std::array<I, N>& index) const {
    return voxel_to_world(per_axis<double>([&](std::size_t axis) { return static_cast<double>(index[axis]); }));
  }

  /// The part of this view that a world box touches: every voxel with any part inside, clipped to the view. Dropped
  /// axes do not count. An axis along which the box lies outside has extent 0. \throws Error{invalid_argument} if min >
  /// max on an axis or a coordinate is not finite
  [[nodiscard]] ScaleView world(const WorldBox& box) const {
    return ScaleView(level_, layout_.clipped(geometry().touched(box)));
  }

  /// A box of this view's voxels that may stick out of it, lazily: of the shape that is asked for, `fill` outside. Where
  /// it lies, dims() and coords() are as if the view went on; rescale() of it gives what lies inside of the stack.
  /// \param box  half-open, in voxels of this view, of any sign; an axis of channels does not count, and stays whole
  /// \throws Error{invalid_argument} if min > max on an axis, or a view of four axes has none of channels;
  ///         Error{too_large} if it is 2^60 voxels away
  [[nodiscard]] ScaleView window(const Box& box, T fill = T{}) const requires(N == 3 || N == 4) {
    const std::array<std::size_t, 3> axes = axes_of_boxes("window");
    const LevelSource& level = source();
    Index3 first{};
    Shape3 shape{1, 1, 1};
    Box inside;
    Selection3 selection = layout_.selection();
    const auto place = [&](std::size_t axis, std::int64_t min, std::int64_t max) {
      const WindowAxis along = window_axis(selection[axis], level.chunk_shape()[axis], min, max);
      first[axis] = along.first;
      shape[axis] = along.extent;
      inside.min[axis] = along.inside_min;
      inside.max[axis] = along.inside_max;
      selection[axis] = along.selection;
    };
    std::array<bool, 3> placed{};
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (box.min[i] > box.max[i]) {
        throw Error(Errc::invalid_argument, "window: min must not exceed max along axis " + std::to_string(axes[i]) +
                                                ", got " + std::to_string(box.min[i]) + " and " +
                                                std::to_string(box.max[i]));
      }
      const int along = layout_.source_axis(axes[i]);
      if (along == abi::ViewLayout::new_axis) {
        if (box.min[i] == 0 && box.max[i] == 1) continue;
        throw Error(Errc::invalid_argument, "window: axis " + std::to_string(axes[i]) + " is a new axis: 0 to 1, got " +
                                                std::to_string(box.min[i]) + " to " + std::to_string(box.max[i]));
      }
      place(static_cast<std::size_t>(along), box.min[i], box.max[i]);
      placed[static_cast<std::size_t>(along)] = true;
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (!placed[axis]) place(axis, 0, 1);  // dropped
    }
    auto windowed = std::make_shared<const detail::WindowSource<T>>(level_->source(), first, shape, inside, fill);
    return ScaleView(std::make_shared<abi::ResidentRegions>(std::move(windowed)), layout_.with_selection(selection));
  }

  /// A window around a point: the voxel that holds it, as voxel_at() says, has the index shape / 2 (rounded down).
  /// \param shape  voxels along the axes of this view, channels aside, >= 0
  /// \throws Error{invalid_argument} if a side is < 0, a coordinate not finite, or as window()
  [[nodiscard]] ScaleView cube_around(const WorldPoint& point, const Shape3& shape, T fill = T{}) const
      requires(N == 3 || N == 4) {
    const std::array<std::size_t, 3> axes = axes_of_boxes("cube_around");
    const std::array<std::int64_t, N> centre = voxel_at(point);
    Box box;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (shape[i] < 0) {
        throw Error(Errc::invalid_argument, "cube_around: the sides must be >= 0, got " + abi::to_text(shape));
      }
      box.min[i] = centre[axes[i]] - shape[i] / 2;
      box.max[i] = box.min[i] + shape[i];
    }
    return window(box, fill);
  }

  /// Windows around many points, shape (points, z, y, x) in the order of the points, each as cube_around() gives it. Read in
  /// an order in which points that share chunks follow each other, so that what fits the cache is requested once.
  /// \param options  of the loop over the points; see for_each_block()
  /// \throws Error   as cube_around() before anything is read; {too_large} if the machine has less memory than this takes
  template <class Options = BlockOptions>
  [[nodiscard]] auto read_cubes(std::span<const WorldPoint> points, const Shape3& shape, T fill = T{},
                                const Options& options = {}) const requires(N == 3) {
    return load_cubes(*this, points, shape, fill, options);
  }

  /// The same, each given to f(i, cube) as it comes: i is the number of its point, cube an xt::xtensor<T, 3> that goes when
  /// f returns. In memory is one cube for each thread.
  template <std::invocable<std::size_t, const xt::xtensor<T, 3>&> F, class Options = BlockOptions>
  void read_cubes(std::span<const WorldPoint> points, const Shape3& shape, F&& f, T fill = T{},
                  const Options& options = {}) const requires(N == 3) {
    visit_cubes(*this, points, shape, f, fill, options);
  }

  /// The same voxels, every read of which has these options, also inside of expressions. Options that are given to a read
  /// go before the bound ones; a bound Missing::error stays, and a bound stop token ends the read beside the given one.
  [[nodiscard]] ScaleView with(ReadOptions options) const {
    auto bound = std::make_shared<const detail::OptionsSource>(level_->source(), std::move(options));
    return ScaleView(std::make_shared<abi::ResidentRegions>(std::move(bound)), layout_);
  }

  /// The most voxels that a chunk of the source has along each axis of this view: 1 for an inserted axis, all for one of
  /// channels.
  [[nodiscard]] inner_shape_type chunk_shape() const {
    return per_axis<std::size_t>(
        [&](std::size_t axis) { return abi::chunk_extent(layout_, source().chunk_shape(), axis); });
  }

  /// This view in parts that follow the chunk grid, in C order: each touches one chunk of the source. Lazy.
  [[nodiscard]] Blocks<ScaleView> blocks() const {
    return {*this, abi::BlockGrid(layout_, source().chunk_shape(), {})};
  }

  /// The same in parts of at most `shape` voxels: of whole chunks where that is no smaller than a chunk along an axis, and
  /// else of parts of one. Channels stay together. \throws Error{invalid_argument} if a side is 0, or less than the channels
  [[nodiscard]] Blocks<ScaleView> blocks(const inner_shape_type& shape) const {
    return {*this, abi::BlockGrid(layout_, source().chunk_shape(), shape)};
  }

  /// The share of worker i of n: all together are this view, no two share a voxel or a chunk, and each has as many chunks
  /// as the next to within what boxes of whole chunks allow. Without voxels where there are more workers than chunks.
  /// \throws Error{invalid_argument} if not 0 <= i < n
  [[nodiscard]] ScaleView part(std::int64_t i, std::int64_t n) const {
    if (i < 0 || i >= n) {
      throw Error(Errc::invalid_argument, "part: there is no worker " + std::to_string(i) + " of " + std::to_string(n));
    }
    const abi::BlockGrid grid(layout_, source().chunk_shape(), {});
    return ScaleView(level_, grid.share(static_cast<std::size_t>(i), static_cast<std::size_t>(n)));
  }

  /// The value of the voxel nearest to a point: the one that holds it, or in a stepped view the nearest one left. Reads
  /// one chunk. \throws Error{invalid_argument} if the point lies outside the view, or the view has several channels
  [[nodiscard]] T at_world(const WorldPoint& point) const {
    inner_shape_type index{};
    abi::nearest_voxel(layout_, geometry(), point, index);
    return voxel(index);
  }

  /// A part of this view, by xtensor's slices: xt::range (negative, stepped, open-ended: clipped to the axis),
  /// xt::all(), integers (negative from the end; the axis is dropped), xt::newaxis(), xt::ellipsis(). Axes without a
  /// slice stay whole. xt::keep and xt::drop are for xt::view, which gives an expression without coordinates.
  /// \throws Error{invalid_argument} for an integer outside its axis, an unsigned number that went below 0 (also in a
  ///                                range), or a step of 0
  template <class... S>
  [[nodiscard]] auto slice(const S&... slices) const {
    static_assert(!(detail::list_slice<S> || ...),
                  "catvox: slice() takes no xt::keep or xt::drop; xt::view(level, xt::keep(...)) does");
    static_assert(((detail::basic_slice<S> || detail::list_slice<S>)&&...),
                  "catvox: slice() takes integers, xt::range, xt::all, xt::newaxis and xt::ellipsis");
    static_assert(detail::count_kept<S...> + detail::count_dropped<S...> <= N,
                  "catvox: slice() got more slices than the view has axes");
    const std::array<Slice, sizeof...(S)> list{detail::to_slice(slices)...};
    return ScaleView<T, N - detail::count_dropped<S...> + detail::count_inserted<S...>>(level_, layout_.sliced(list));
  }

  /// The same for slices that are made at run time, one for each axis. Integers drop their axis, so the number of axes that
  /// are left is a parameter: level.slice<2>({7, xt::range(0, 64)}).
  /// \tparam M     axes of the result
  /// \throws Error  as above; {invalid_argument} if another number of axes is left
  template <std::size_t M>
  [[nodiscard]] ScaleView<T, M> slice(const std::vector<AnySlice>& slices) const {
    return with_rank<M>(layout_.sliced(std::vector<Slice>(slices.begin(), slices.end())));
  }
  /// The same where all axes are kept.
  [[nodiscard]] ScaleView slice(const std::vector<AnySlice>& slices) const { return slice<N>(slices); }

  /// The same for some axes, by the names that dims() has for them; the others stay whole:
  /// level.slice_by_name<2>({{"z", 7}, {"x", xt::range(0, 64)}}).
  /// \throws Error{invalid_argument} for a name that is not there or there twice, and for what is no index or range
  template <std::size_t M>
  [[nodiscard]] ScaleView<T, M> slice_by_name(const std::vector<std::pair<std::string, AnySlice>>& slices) const {
    std::vector<std::string_view> names;
    std::vector<Slice> list;
    for (const auto& [name, slice] : slices) {
      names.push_back(name);
      list.push_back(slice);
    }
    return with_rank<M>(layout_.sliced(abi::slices_of_axes(dims(), names, list)));
  }
  /// The same where all axes are kept.
  [[nodiscard]] ScaleView slice_by_name(const std::vector<std::pair<std::string, AnySlice>>& slices) const {
    return slice_by_name<N>(slices);
  }

  /// The view with its axes reversed.
  [[nodiscard]] ScaleView transpose() const {
    std::array<std::size_t, N> permutation{};
    for (std::size_t axis = 0; axis < N; ++axis) permutation[axis] = N - 1 - axis;
    return transpose(permutation);
  }

  /// The view whose axis i is axis permutation[i] of this one. \throws Error{invalid_argument} if it is no permutation
  [[nodiscard]] ScaleView transpose(const std::array<std::size_t, N>& permutation) const {
    return ScaleView(level_, layout_.transposed(permutation));
  }

  /// The same region of the world at another scale level: every voxel that it touches there, so steps become 1 or -1; a
  /// dropped axis moves to the voxel that holds the lower corner of its voxel.
  /// \throws Error{not_found} listing the levels, Error{invalid_argument} if that level has another element type
  [[nodiscard]] ScaleView rescale(int level) const {
    const ScaleView<T, 3> whole(source().at_level(level));
    return ScaleView(whole.level_, abi::rescaled(layout_, geometry(), whole.geometry()));
  }

  /// The same voxels as another type, lazily: as static_cast converts, but a floating value outside an integer type's
  /// range becomes the nearest of its values, NaN becomes 0.
  template <class U>
  [[nodiscard]] ScaleView<U, N> cast() const {
    if constexpr (dtype_of<U> == dtype_of<T>) {
      return ScaleView<U, N>(level_, layout_);
    } else {
      return ScaleView<U, N>(
          std::make_shared<abi::ResidentRegions>(std::make_shared<detail::CastSource<T, U>>(level_->source())),
          layout_);
    }
  }

  /// Reads all voxels, in C order, into memory without gaps.
  /// \returns            what the read did
  /// \throws Error       {invalid_argument} if the span does not hold exactly size() elements; else the first failure
  /// of
  ///                     the read: the memory is then partly written
  ReadStatistics read_into(std::span<T> out, const ReadOptions& options = {}) const {
    if (out.size() != this->size()) {
      throw Error(Errc::invalid_argument, "read_into: the span has " + std::to_string(out.size()) +
                                              " elements, the view of shape " + abi::to_text(shape_) + " has " +
                                              std::to_string(this->size()));
    }
    return read(out.data(), layout_.c_strides(item), options);
  }

  /// Reads all voxels into memory of any strides: voxel (i, j, …) goes to data[i * strides[0] + j * strides[1] + …].
  /// \throws Error{invalid_argument} if voxels would overlap; else as above
  ReadStatistics read_into(T* data, const std::array<std::int64_t, N>& strides, const ReadOptions& options = {}) const {
    std::array<std::int64_t, N> extents{}, bytes{};
    for (std::size_t axis = 0; axis < N; ++axis) {
      extents[axis] = layout_.extent(axis);
      bytes[axis] = detail::checked_multiply(strides[axis], item, "bytes per stride");
    }
    if (abi::strides_overlap(extents, strides)) {
      throw Error(Errc::invalid_argument, "read_into: strides " + abi::to_text(strides) +
                                              " make voxels of a view of shape " + abi::to_text(shape_) + " overlap");
    }
    return read(data, bytes, options);
  }

  /// Reads all voxels into an xtensor container, adaptor or strided view of this view's shape and type.
  /// \throws Error{invalid_argument} if its shape is another or its elements overlap; else as above
  template <detail::StridedExpression E>
  ReadStatistics read_into(E&& out, const ReadOptions& options = {}) const {
    using Out = std::remove_cvref_t<E>;
    static_assert(std::is_same_v<typename Out::value_type, T>,
                  "catvox: the destination's type is not the view's; view.cast<U>().read_into(...) converts");
    static_assert(xt::get_rank<Out>::value == SIZE_MAX || xt::get_rank<Out>::value == N,
                  "catvox: the destination's rank is not the view's");
    if (!std::ranges::equal(out.shape(), shape_)) {
      const std::vector<std::size_t> extents(out.shape().begin(), out.shape().end());
      throw Error(Errc::invalid_argument, "read_into: the destination has shape " + abi::to_text(extents) +
                                              ", the view " + abi::to_text(shape_));
    }
    std::array<std::int64_t, N> strides{};
    std::ranges::copy(out.strides(), strides.begin());
    return read_into(out.data() + out.data_offset(), strides, options);
  }

  /// Reads all voxels into a new container.
  /// \throws Error{too_large} before it takes memory, if the machine has less than this takes; else as LevelSource::read
  [[nodiscard]] xt::xtensor<T, N> load(const ReadOptions& options = {}) const {
    abi::require_memory(layout_, sizeof(T));
    xt::xtensor<T, N> out(shape_);
    abi::use_huge_pages(out.data(), out.size() * sizeof(T));
    read_into(out, options);
    return out;
  }

  /// load() on a thread of its own: a std::future<xt::xtensor<T, N>>. Errors come out of get(); destroying the future
  /// waits for the read, so stop it by its token first. Progress is reported on the reading thread.
  /// Include <catvox/array/read_async.hpp>, unless <catvox/catvox.hpp> is included.
  template <class Options = ReadOptions>
  [[nodiscard]] auto read_async(Options options = {}) const {
    return load_asynchronously(*this, std::move(options));
  }

  /// Begins to fetch the chunks of this view into the cache and returns: a read of it, or of a part, finds them there.
  /// They stay encoded, and fill at most a quarter of StackOptions::cache_bytes; what fails is left to the read. Goes
  /// on until it is done, `stop` is triggered, or the stack and all its views are gone.
  void prefetch(const std::stop_token& stop = {}) const {
    if (this->size() > 0) source().prefetch(layout_.selection(), stop);
  }

  /// The same for the part of this view that a world box touches.
  /// \throws Error{invalid_argument} as world()
  void prefetch(const WorldBox& box, const std::stop_token& stop = {}) const { world(box).prefetch(stop); }

  /// One voxel, all indices given and none stretched, unlike operator() (see ViewExpression). Both fetch the chunk
  /// around it and keep the last ones in memory. \throws Error{invalid_argument} for an index outside its axis
  template <std::integral... I>
  [[nodiscard]] T at(I... index) const {
    static_assert(sizeof...(I) == N, "catvox: at() takes one index per axis");
    const inner_shape_type at{static_cast<std::size_t>(index)...};
    check_index(at);
    return voxel(at);
  }

  /// xtensor's hook for whole assignments: `a = view`, `xt::noalias(a) = view`, `xt::xarray<T> a = view` are one read.
  /// \throws Error{invalid_argument} for a container that cannot take this shape (at run time: xtensor instantiates
  /// this
  ///                                for other ranks too, when it assigns to a view of more axes)
  template <class E>
  void assign_to(xt::xexpression<E>& expression) const {
    E& out = expression.derived_cast();
    if constexpr (xt::get_rank<E>::value != SIZE_MAX && xt::get_rank<E>::value != N) {
      throw Error(Errc::invalid_argument, "cannot assign a view of shape " + abi::to_text(shape_) +
                                              " to a container of rank " + std::to_string(xt::get_rank<E>::value));
    } else {
      abi::require_memory(layout_, sizeof(typename E::value_type));
      out.resize(shape_);
      if (!std::ranges::equal(out.shape(), shape_)) {  // of fixed shape: resize() does nothing
        throw Error(Errc::invalid_argument, "cannot assign a view of shape " + abi::to_text(shape_) +
                                                " to a container of the fixed shape " + detail::shape_text(out));
      }
      if constexpr (detail::StridedExpression<E> && std::is_same_v<typename E::value_type, T>) {
        abi::use_huge_pages(out.data(), out.size() * sizeof(T));
        read_into(out);
      } else {
        xt::noalias(out) = load();
      }
    }
  }

 private:
  template <class, std::size_t>
  friend class ScaleView;
  friend base;
  friend class detail::Stepper<ScaleView>;
  friend detail::IterableView<ScaleView>;
  template <class, xt::layout_type>
  friend class detail::ViewIterator;
  friend struct detail::ViewAccess;
  using Window = detail::Window<T, N>;

  static constexpr std::int64_t item = sizeof(T);

  explicit ScaleView(std::shared_ptr<abi::ResidentRegions> level)
      : ScaleView(level, abi::ViewLayout(level->source()->geometry().shape())) {}

  ScaleView(std::shared_ptr<abi::ResidentRegions> level, const abi::ViewLayout& layout)
      : level_(std::move(level)),
        layout_(layout),
        shape_(per_axis<std::size_t>([&](std::size_t axis) { return static_cast<std::size_t>(layout.extent(axis)); })) {
  }

  [[nodiscard]] const LevelSource& source() const noexcept { return *level_->source(); }
  [[nodiscard]] const LevelGeometry& geometry() const noexcept { return source().geometry(); }

  /// One source axis of a window.
  struct WindowAxis {
    std::int64_t first;                   ///< source voxel that is the window's voxel 0
    std::int64_t extent;                  ///< of the window's source
    std::int64_t inside_min, inside_max;  ///< source voxels that this view shows
    AxisSelection selection;              ///< of the window's source
  };
  static WindowAxis window_axis(const AxisSelection& shown, std::int64_t chunk, std::int64_t min, std::int64_t max) {
    constexpr std::int64_t far = std::int64_t{1} << 60;
    const auto source_voxel = [&](std::int64_t position) {
      std::int64_t voxel = 0;
      if (__builtin_mul_overflow(position, shown.step, &voxel) || __builtin_add_overflow(voxel, shown.start, &voxel) ||
          voxel <= -far || voxel >= far) {
        throw Error(Errc::too_large, "window: voxel " + std::to_string(position) + " is too far away");
      }
      return voxel;
    };
    const std::int64_t begin = source_voxel(min);
    const std::int64_t last = max > min ? source_voxel(max - 1) : begin;
    const auto [low, high] = std::minmax(begin, last);
    // Down to a corner of the chunk grid, so that the window has the same one.
    const std::int64_t first = (low / chunk - (low % chunk < 0 ? 1 : 0)) * chunk;
    const std::int64_t end = shown.start + (shown.count - 1) * shown.step;
    return {.first = first,
            .extent = high + 1 - first,
            .inside_min = std::min(shown.start, end),
            .inside_max = shown.count == 0 ? std::min(shown.start, end) : std::max(shown.start, end) + 1,
            .selection = {begin - first, shown.step, max - min}};
  }

  template <std::size_t M>
  [[nodiscard]] ScaleView<T, M> with_rank(const abi::ViewLayout& layout) const {
    if (layout.rank() == M) return ScaleView<T, M>(level_, layout);
    throw Error(Errc::invalid_argument, "slice: the slices leave " + std::to_string(layout.rank()) +
                                            " axes, a view of " + std::to_string(M) + " was asked for");
  }

  template <class V, class F>
  static std::array<V, N> per_axis(F value) {
    std::array<V, N> values{};
    for (std::size_t axis = 0; axis < N; ++axis) values[axis] = value(axis);
    return values;
  }

  void check_type() const {
    if (source().dtype() == dtype_of<T>) return;
    throw Error(Errc::invalid_argument, "cannot view level " + std::to_string(source().level()) + " as " +
                                            std::string(name(dtype_of<T>)) + ": its voxels are " +
                                            std::string(name(source().dtype())));
  }

  // The three axes that a box is of: all but one of channels.
  [[nodiscard]] std::array<std::size_t, 3> axes_of_boxes(const char* what) const {
    std::array<std::size_t, 3> axes{};
    std::size_t count = 0;
    for (std::size_t axis = 0; axis < N; ++axis) {
      if (layout_.source_axis(axis) == abi::ViewLayout::channel_axis) continue;
      if (count < axes.size()) axes[count] = axis;
      ++count;
    }
    if (count != axes.size()) {
      throw Error(Errc::invalid_argument, std::string(what) + ": the view has " + std::to_string(count) +
                                              " axes beside channels, a box is of 3");
    }
    return axes;
  }

  void check_axis(const char* what, std::size_t axis) const {
    if (axis >= N) {
      throw Error(Errc::invalid_argument, std::string(what) + ": axis " + std::to_string(axis) + " of a view with " +
                                              std::to_string(N) + " axes");
    }
  }

  // strides: bytes per axis
  ReadStatistics read(T* data, std::span<const std::int64_t> strides, const ReadOptions& options) const {
    if (this->size() == 0) return {};
    return abi::read_view(source(), layout_, reinterpret_cast<std::byte*>(data), strides, options);
  }

  // Axes of extent 1 stretch.
  [[nodiscard]] T voxel(const inner_shape_type& index) const {
    const auto& recent = detail::element_table<N>.windows.front();
    if (recent.view == number_ && recent.box.contains(index)) [[likely]] {
      return static_cast<const T*>(recent.data)[recent.box.offset(index)];
    }
    return find_voxel(index);
  }

  // From another window of this thread, or one that is opened on the chunk around the index.
  [[gnu::noinline]] T find_voxel(inner_shape_type index) const {
    auto& table = detail::element_table<N>;
    for (auto& known : table.windows) {
      if (known.view != number_ || !known.box.contains(index)) continue;
      std::swap(known, table.windows.front());
      return static_cast<const T*>(table.windows.front().data)[table.windows.front().box.offset(index)];
    }
    for (std::size_t axis = 0; axis < N; ++axis) index[axis] = shape_[axis] == 1 ? 0 : index[axis];
    check_index(index);
    const Box part = chunk_around(layout_, source().chunk_shape(), layout_.positions(index));
    abi::HeldRegions* held = detail::held_regions(table);
    if (held != nullptr) level_->tell_when_gone(held->weak_from_this());
    std::shared_ptr<const abi::Region> region = level_->get(layout_.part(part));
    detail::WindowBox<N> box;
    box.open(layout_, part);
    const T value = region->template data<T>()[box.offset(index)];
    if (held == nullptr) return value;
    box.stretch(shape_);
    auto& replaced = table.windows[1 + table.replaced++ % (table.entries - 1)];
    const std::size_t slot = replaced.slot;
    replaced = {number_, region->voxels.data(), box, slot};
    (void)held->put(slot, level_.get(), std::move(region));
    std::swap(replaced, table.windows.front());
    return value;
  }

  // For iterators.
  [[nodiscard]] std::uint64_t walk(xt::layout_type order) const noexcept {
    return number_ + (order == xt::layout_type::column_major ? 1 : 0);
  }
  [[nodiscard]] std::size_t walk_end() const noexcept { return voxels_; }
  template <xt::layout_type L>
  [[gnu::noinline]] T walked(std::uint64_t walk, std::size_t position) const {
    static_assert(L == xt::layout_type::row_major || L == xt::layout_type::column_major);
    T value{};
    if constexpr (L == xt::layout_type::row_major) {
      detail::find_in_walk(detail::run_table, walk, position, *level_, layout_, &value);
    } else {
      detail::find_in_walk(detail::run_table, walk, position, *level_, transpose().layout_, &value);
    }
    return value;
  }

  // A voxel out of a window. Where the window does not hold it, it is opened anew: on the chunk around the index, or on
  // as much of the view as a walk in an order should hold.
  [[nodiscard]] T look_at_chunk(Window& window, const inner_shape_type& index) const {
    if (!window.contains(index)) [[unlikely]] {
      check_index(index);
      open(window, abi::chunk_around(layout_, source().chunk_shape(), layout_.positions(index)));
    }
    return window[index];
  }
  [[nodiscard]] T look(Window& window, const inner_shape_type& index, const abi::AxisOrder& order) const {
    if (!window.contains(index)) [[unlikely]] {
      check_index(index);
      constexpr auto max_voxels = static_cast<std::int64_t>(abi::ResidentRegions::region_bytes / sizeof(T));
      open(window, abi::part_around(layout_, source().chunk_shape(), layout_.positions(index), order, max_voxels));
    }
    return window[index];
  }
  [[nodiscard]] T look(Window& window, const inner_shape_type& index) const {
    return window.contains(index) ? window[index] : look(window, index, abi::c_order(layout_));
  }

  void open(Window& window, const Box& part) const { window.open(level_->get(layout_.part(part)), layout_, part); }

  void check_index(const inner_shape_type& index) const {
    for (std::size_t axis = 0; axis < N; ++axis) {
      if (index[axis] < shape_[axis]) continue;
      throw Error(Errc::invalid_argument, "index " + std::to_string(static_cast<std::int64_t>(index[axis])) +
                                              " is out of range for axis " + std::to_string(axis) +
                                              " of a view of shape " + abi::to_text(shape_));
    }
  }

  std::shared_ptr<abi::ResidentRegions> level_;  // shared with every view that descends from the same one
  abi::ViewLayout layout_;
  inner_shape_type shape_;
  std::size_t voxels_ = base::size();
  std::uint64_t number_ = abi::next_view_number();  // of these voxels in the tables of threads; copies have it, too
};

}  // namespace catvox
