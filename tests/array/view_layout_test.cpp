#include <catvox/array/detail/view_layout.hpp>
#include <catvox/core/error.hpp>
#include <limits>
#include <optional>
#include <vector>

#include "support/catch.hpp"

using catvox::AxisSelection;
using catvox::Box;
using catvox::Selection3;
using catvox::Slice;
using catvox::abi::ViewLayout;

namespace {

using Bound = std::optional<std::int64_t>;
constexpr auto none = std::nullopt;

Slice span_of(Bound start, Bound stop, Bound step = none) { return {Slice::Kind::range, start, stop, step}; }
Slice index(std::int64_t i) { return {.kind = Slice::Kind::index, .start = i}; }
const Slice whole = {.kind = Slice::Kind::range};
const Slice new_axis = {.kind = Slice::Kind::new_axis};
const Slice ellipsis = {.kind = Slice::Kind::ellipsis};

ViewLayout slice(const ViewLayout& layout, const std::vector<Slice>& slices) { return layout.sliced(slices); }

std::vector<std::int64_t> indices(const AxisSelection& selection) {
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < selection.count; ++i) result.push_back(selection.start + i * selection.step);
  return result;
}

std::vector<int> axes(const ViewLayout& layout) {
  std::vector<int> result;
  for (std::size_t axis = 0; axis < layout.rank(); ++axis) result.push_back(layout.source_axis(axis));
  return result;
}

}  // namespace

// What Python gives for span_of(*slice(start, stop, step).indices(7)).
TEST_CASE("resolve_range selects what a Python slice selects", "[array]") {
  using Row = std::tuple<Bound, Bound, Bound, std::vector<std::int64_t>>;
  const auto [start, stop, step, expected] = GENERATE(values<Row>({
      {2, -1, none, {2, 3, 4, 5}},
      {-3, 0, 2, {}},
      {0, none, -1, {0}},
      {-9, 0, 2, {}},
      {9, none, -1, {6, 5, 4, 3, 2, 1, 0}},
      {0, -1, -3, {}},
      {none, 12, -3, {}},
      {none, -9, 2, {}},
      {none, 0, 2, {}},
      {-9, 0, -1, {}},
      {-3, none, -1, {4, 3, 2, 1, 0}},
      {none, -1, -3, {}},
      {2, 5, none, {2, 3, 4}},
      {-3, 12, none, {4, 5, 6}},
      {2, 12, -1, {}},
      {0, 12, none, {0, 1, 2, 3, 4, 5, 6}},
      {0, none, -3, {0}},
      {0, 5, 2, {0, 2, 4}},
      {9, 0, -3, {6, 3}},
      {9, none, none, {}},
      {-9, 12, -1, {}},
      {none, none, -3, {6, 3, 0}},
      {-9, 5, -1, {}},
      {-3, 5, -1, {}},
      {9, 0, -1, {6, 5, 4, 3, 2, 1}},
      {0, 5, -1, {}},
      {0, none, none, {0, 1, 2, 3, 4, 5, 6}},
      {none, 12, 2, {0, 2, 4, 6}},
      {9, -9, -1, {6, 5, 4, 3, 2, 1, 0}},
      {0, -1, 2, {0, 2, 4}},
      {-3, 5, none, {4}},
      {-3, 12, 2, {4, 6}},
      {-9, -1, 2, {0, 2, 4}},
      {none, 5, -3, {6}},
      {0, -9, -3, {0}},
      {1, none, std::numeric_limits<std::int64_t>::max(), {1}},
      {none, none, std::numeric_limits<std::int64_t>::min(), {6}},
      {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), none, {0, 1, 2, 3, 4, 5, 6}},
  }));
  CAPTURE(start.value_or(99), stop.value_or(99), step.value_or(99));
  CHECK(indices(catvox::abi::resolve_range(span_of(start, stop, step), 7, 0)) == expected);
}

TEST_CASE("resolve_range of an axis without voxels is empty", "[array]") {
  CHECK(indices(catvox::abi::resolve_range(whole, 0, 0)).empty());
  CHECK(indices(catvox::abi::resolve_range(span_of(none, none, -1), 0, 0)).empty());
}

TEST_CASE("a layout of a whole level has its axes in order", "[array]") {
  const ViewLayout layout({6, 7, 8});
  CHECK(axes(layout) == std::vector{0, 1, 2});
  CHECK(layout.selection() == Selection3{{{0, 1, 6}, {0, 1, 7}, {0, 1, 8}}});
  CHECK(layout.size() == 336);
}

TEST_CASE("slices drop, keep and insert axes", "[array]") {
  const ViewLayout layout({6, 7, 8});

  const ViewLayout plane = slice(layout, {span_of(1, 5), index(-1)});
  CHECK(axes(plane) == std::vector{0, 2});
  CHECK(plane.selection() == Selection3{{{1, 1, 4}, {6, 1, 1}, {0, 1, 8}}});

  const ViewLayout inserted = slice(layout, {new_axis, ellipsis, new_axis, index(3)});
  CHECK(axes(inserted) == std::vector{ViewLayout::new_axis, 0, 1, ViewLayout::new_axis});
  CHECK(inserted.extent(0) == 1);
  CHECK(inserted.size() == 42);

  CHECK(axes(slice(layout, {index(0), index(0), index(0)})).empty());
  CHECK(axes(slice(layout, {ellipsis})) == std::vector{0, 1, 2});
  CHECK(axes(slice(inserted, {index(0), ellipsis, index(0)})) == std::vector{0, 1});
}

TEST_CASE("slices of slices count from the inner one", "[array]") {
  const ViewLayout layout({100, 7, 8});
  const ViewLayout outer = slice(layout, {span_of(10, 90, 3)});  // 10, 13, ... 88
  CHECK(outer.extent(0) == 27);
  CHECK(slice(outer, {span_of(2, 5)}).selection()[0] == AxisSelection{16, 3, 3});
  CHECK(slice(outer, {span_of(none, none, -2)}).selection()[0] == AxisSelection{88, -6, 14});
  CHECK(slice(slice(outer, {span_of(none, none, -2)}), {index(-1)}).selection()[0].start == 10);
}

TEST_CASE("slices that make no sense say why", "[array]") {
  const ViewLayout layout({6, 7, 8});
  CHECK_THROWS_WITH(slice(layout, {whole, index(7)}), "slice: index 7 is out of range for axis 1 with 7 voxels");
  CHECK_THROWS_WITH(slice(layout, {whole, index(-8)}), "slice: index -8 is out of range for axis 1 with 7 voxels");
  CHECK_THROWS_WITH(slice(layout, {whole, whole, span_of(0, 4, 0)}), "slice: the step of axis 2 is 0");
  CHECK_THROWS_WITH(slice(layout, {whole, whole, whole, index(0)}), "slice: 4 slices for a view with 3 axes");
  CHECK_THROWS_WITH(slice(layout, {ellipsis, ellipsis}), "slice: more than one ellipsis");
  CHECK_THROWS_WITH(slice(layout, std::vector<Slice>(6, new_axis)), "slice: a view has at most 8 axes");
  CHECK_THROWS_WITH(slice(slice(layout, {new_axis}), {span_of(1, 1)}),
                    "slice: axis 0 is a new axis and cannot become empty");
  try {
    slice(layout, {index(6)});
  } catch (const catvox::Error& error) {
    CHECK(error.code() == catvox::Errc::invalid_argument);
  }
}

TEST_CASE("transposing permutes axes and their strides", "[array]") {
  const ViewLayout layout({6, 7, 8});
  const ViewLayout turned = layout.transposed(std::vector<std::size_t>{2, 0, 1});
  CHECK(axes(turned) == std::vector{2, 0, 1});
  CHECK(turned.extent(0) == 8);
  // Rows of the turned view run along y: y is contiguous, z follows after 7 voxels, x after 6 x 7.
  CHECK(turned.contiguous_strides(2) == catvox::Strides3{14, 2, 84});
  CHECK(turned.source_strides(std::vector<std::int64_t>{5, -3, 1}) == catvox::Strides3{-3, 1, 5});
  CHECK(turned.positions(std::vector<std::size_t>{4, 5, 6}) == catvox::Index3{5, 6, 4});

  CHECK_THROWS_WITH(layout.transposed(std::vector<std::size_t>{0, 0, 1}),
                    "transpose: (0, 0, 1) is not a permutation of the axes of a view with 3 axes");
  CHECK_THROWS_WITH(layout.transposed(std::vector<std::size_t>{0, 1}),
                    "transpose: (0, 1) is not a permutation of the axes of a view with 3 axes");
  CHECK_THROWS_WITH(layout.transposed(std::vector<std::size_t>{0, 1, 3}),
                    "transpose: (0, 1, 3) is not a permutation of the axes of a view with 3 axes");
}

TEST_CASE("clipping keeps the selected voxels inside a box", "[array]") {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  // Of the indices of the first, those in [min, max).
  using Row = std::tuple<Slice, std::int64_t, std::int64_t, std::vector<std::int64_t>>;
  const auto [slices, min, max, expected] = GENERATE_COPY(values<Row>({
      {whole, 3, 6, {3, 4, 5}},
      {whole, -4, 2, {0, 1}},
      {whole, 8, 40, {8, 9}},
      {whole, 10, 12, {}},
      {whole, -2, 0, {}},
      {whole, lowest, highest, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
      {whole, highest - 1, highest, {}},
      {span_of(1, none, 3), 4, 8, {4, 7}},
      {span_of(1, none, 3), 5, 7, {}},
      {span_of(1, none, 3), 7, 8, {7}},
      {span_of(none, none, -1), 3, 6, {5, 4, 3}},
      {span_of(none, none, -3), 3, 9, {6, 3}},
      {span_of(none, none, -3), 4, 6, {}},
      {span_of(4, 4), 0, 10, {}},
  }));
  CAPTURE(min, max);
  const ViewLayout layout = ViewLayout({10, 4, 4}).sliced(std::vector{slices});
  const ViewLayout clipped = layout.clipped({{min, 0, 0}, {max, 4, 4}});
  CHECK(indices(clipped.selection()[0]) == expected);
  CHECK(indices(clipped.selection()[1]) == std::vector<std::int64_t>{0, 1, 2, 3});
}

TEST_CASE("clipping leaves dropped axes alone", "[array]") {
  const ViewLayout plane = slice(ViewLayout({10, 4, 4}), {index(7)});
  CHECK(plane.clipped({{0, 1, 1}, {1, 3, 2}}).selection() == Selection3{{{7, 1, 1}, {1, 1, 2}, {1, 1, 1}}});
}

TEST_CASE("strides overlap unless each steps over what the smaller ones reach", "[array]") {
  using List = std::vector<std::int64_t>;
  const auto [shape, strides, overlap] = GENERATE(table<List, List, bool>({
      {{2, 3, 4}, {12, 4, 1}, false},
      {{2, 3, 4}, {-12, 4, -1}, false},
      {{2, 3, 4}, {1, 2, 6}, false},
      {{2, 3, 4}, {11, 4, 1}, true},
      {{2, 3, 4}, {0, 4, 1}, true},
      {{1, 3, 4}, {0, 4, 1}, false},
      {{0, 3, 4}, {0, 0, 0}, false},
      {{2, 3, 4}, {12, 3, 1}, true},
      {{}, {}, false},
  }));
  CAPTURE(shape, strides);
  CHECK(catvox::abi::strides_overlap(shape, strides) == overlap);
}

TEST_CASE("numbers in messages look like tuples", "[array]") {
  CHECK(catvox::abi::to_text(std::vector<std::size_t>{}) == "()");
  CHECK(catvox::abi::to_text(std::vector<std::size_t>{3}) == "(3,)");
  CHECK(catvox::abi::to_text(std::vector<std::int64_t>{-3, 4}) == "(-3, 4)");
}
