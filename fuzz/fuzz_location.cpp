// Where volumes lie: an image_base is refused, or taken apart so that its pieces, put together by hand, are the addresses
// that are read. No message shows what stands behind its '?'.

#include <algorithm>
#include <array>
#include <catvox/core/error.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "format/n5/n5_location.hpp"
#include "format/precomputed/location.hpp"
#include "input.hpp"

namespace {

using namespace catvox;
using namespace catvox::detail;
using catvox::fuzz::require;

constexpr std::string_view placeholder = "%SCALE_DATASET%";
constexpr std::string_view secret = "s3cReTs3cReT";

void check_n5(const std::string& base) {
  const N5Location location = parse_n5_location(base);
  const auto [z, y, x] = location.axes;
  require(x != y && y != z && x != z);
  require(location.query.empty() || location.query[0] == '?');
  require(location.before.find('?') == std::string::npos && location.before.find(placeholder) == std::string::npos);
  require(location.has_levels || location.after.empty());
  const std::string folder =
      location.before + (location.has_levels ? std::string(placeholder) : std::string()) + location.after;
  require(base.starts_with(folder) && !folder.ends_with('/') && base.ends_with(location.query));
  const std::string axes = std::to_string(x) + '_' + std::to_string(y) + '_' + std::to_string(z);
  const std::string between = base.substr(folder.size(), base.size() - folder.size() - location.query.size());
  std::string numbers;  // without slashes, and zeros before a number
  for (std::size_t i = 0; i < between.size(); ++i) {
    const bool leads = between[i] == '0' && (numbers.empty() || numbers.back() == '_') && i + 1 < between.size() &&
                       between[i + 1] >= '0' && between[i + 1] <= '9';
    if (between[i] != '/' && !leads) numbers += between[i];
  }
  require(numbers == axes);
  const std::string level = location.has_levels ? location.before + "s3" + location.after : location.before;
  require(location.attributes_url(3) == level + "/attributes.json" + location.query);
  const std::array<std::int64_t, 3> position{7, 0, 12};
  require(location.block_url(3, position) == level + "/7/0/12" + location.query);
}

void check_precomputed(const std::string& base, const std::string& key) {
  const PrecomputedLocation location = parse_precomputed_location(base);
  auto axes = location.axes;
  std::sort(axes.begin(), axes.end());
  require(axes == std::array<std::size_t, 3>{0, 1, 2});
  require(location.query.empty() || location.query[0] == '?');
  require(base.starts_with(location.dataset) && !location.dataset.ends_with('/'));
  const auto roots = location.roots();
  require(!roots.empty() && roots.size() <= 32);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    require(location.dataset.starts_with(roots[i]));
    require(i == 0 || roots[i].size() < roots[i - 1].size());
  }
  PrecomputedInfo info;
  info.scales.resize(2);
  info.scales[0].key = "8_8_8";
  info.scales[1].key = key;
  for (const std::string& root : roots) {
    for (const PrecomputedScale& scale : info.scales) {
      const std::string url = location.scale_url(scale, root);
      const std::string path = url.substr(std::min(url.find("://") + 3, url.size()));
      require(url.ends_with('/') && path.find("/../") == std::string::npos && path.find("/./") == std::string::npos);
    }
    try {
      const auto level = location.single_level(info, root);
      require(level.has_value() == (location.dataset.find(placeholder) == std::string::npos));
      require(!level || *level < info.scales.size());
    } catch (const Error& error) {
      require(error.code() == Errc::invalid_metadata);
    }
  }
}

template <class Check>
void unless_refused(const Check& check) {
  try {
    check();
  } catch (const Error& error) {
    require(error.code() == Errc::invalid_metadata && std::string(error.what()).find(secret) == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 500) return 0;  // longer ones take long, and say nothing new
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string half = text.substr(size / 2);
  for (const char* before : {"", "http://h/", "file:///"}) {
    for (const std::string& base :
         {before + text, before + text + "/0_2_1",
          before + text.substr(0, size / 2) + std::string(placeholder) + half + "/2_0_1//?k=" + std::string(secret)}) {
      unless_refused([&] { check_n5(base); });
      unless_refused([&] { check_precomputed(base, half); });
    }
  }
  (void)cloud_url(text);
  (void)cloud_url("gs://" + text);
  (void)cloud_url("s3://" + text);
  return 0;
}
