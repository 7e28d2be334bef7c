// parse_precomputed_info() on any text: it throws catvox::Error, or every scale gives a store whose first and last chunks
// have an address and a description, or an Error that says why there is none.

#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "format/precomputed/info.hpp"
#include "format/precomputed/location.hpp"
#include "format/precomputed/precomputed_store.hpp"

using namespace catvox;
using namespace catvox::detail;

namespace {

void check_scale(const PrecomputedInfo& info, const PrecomputedScale& scale) {
  const auto location = parse_precomputed_location("https://h/a/b/%SCALE_DATASET%/1_2_0");
  const std::string folder = location.scale_url(scale, location.roots().front());
  if (!folder.starts_with("https://h/") || !folder.ends_with('/')) std::abort();
  const PrecomputedStore store(
      {.dtype = info.dtype, .channels = info.channels, .scale = scale, .axes = location.axes, .folder = folder});
  Index3 last{};
  for (std::size_t axis = 0; axis < 3; ++axis)
    last[axis] = ceil_div(store.shape()[axis], store.chunk_shape()[axis]) - 1;
  for (const Index3& chunk : {Index3{0, 0, 0}, last}) {
    if (store.request(chunk).key.empty() || store.describe(chunk).empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  PrecomputedInfo info;
  try {
    info = parse_precomputed_info({reinterpret_cast<const char*>(data), size});
  } catch (const Error&) {
    return 0;
  }
  for (const PrecomputedScale& scale : info.scales) {
    try {
      check_scale(info, scale);
    } catch (const Error&) {
    }
  }
  return 0;
}
