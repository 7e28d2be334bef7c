#include <catvox/catmaid/stack_info.hpp>
#include <catvox/core/error.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace catvox;

/// What a client does with a stack info before it reads: none of it may do more than throw an Error.
void open_every_level(const StackInfo& info) {
  const BrokenSlices slices(info.broken_slices, info.dimension.z, BrokenSlicePolicy::follow);
  for (const StackVector& factors : scale_factors(info.scale_levels())) {
    const Shape3 shape = tile_level_shape(info.dimension, factors);
    const LevelGeometry geometry(info.frame(), factors, shape);
    const Box everything = geometry.touched({{-1e300, -1e300, -1e300}, {1e300, 1e300, 1e300}});
    const Box inside = intersect(everything, {{0, 0, 0}, shape});
    for (const std::int64_t z : {std::int64_t{0}, shape[0] / 2, shape[0] - 1}) (void)slices.resolve_level(z, factors.z);
    if (inside.shape()[0] < 0) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  StackInfo info;
  try {
    info = StackInfo::from_json(text);
  } catch (const Error&) {
    return 0;
  }
  if (StackInfo::from_json(info.to_json()) != info) std::abort();  // an Error here is a finding too
  try {
    open_every_level(info);
  } catch (const Error&) {
  }
  return 0;
}
