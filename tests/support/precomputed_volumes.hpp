#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/http_server.hpp"
#include "support/npy.hpp"

// Volumes by tensorstore and cloud-volume with the arrays that they hold, see tests/data/precomputed/README.md. The
// environment variable CATVOX_PRECOMPUTED_DATA may name a larger collection of that form.
namespace catvox::test {

inline std::filesystem::path precomputed_root() {
  const char* const folder = std::getenv("CATVOX_PRECOMPUTED_DATA");
  return folder == nullptr ? std::filesystem::path(CATVOX_TEST_DATA) / "precomputed" : std::filesystem::path(folder);
}

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether a volume's files are there under the names that are asked for. Others are NAME.gz or NAME.br: a server gives
/// them as NAME, with their Content-Encoding.
inline bool lies_in_folder(const nlohmann::json& volume) {
  return !volume["name"].get<std::string>().starts_with("files_");
}

/// The volumes that catvox reads, as index.json has them.
inline std::vector<nlohmann::json> precomputed_volumes() {
  constexpr std::array unread{"crackle_u32", "jxl_u8", "fpzip_f32", "kempressed_f32"};
  std::vector<nlohmann::json> found;
  for (auto& volume : nlohmann::json::parse(text_of(precomputed_root() / "index.json"))) {
    const std::string name = volume["name"];
    if (std::find(unread.begin(), unread.end(), name) == unread.end()) found.push_back(std::move(volume));
  }
  return found;
}

/// Serves the collection as /volumes.
inline void serve_precomputed(HttpServer& server) {
  server.serve_folder("/volumes", precomputed_root());
  for (const auto& [ending, coding] : {std::array{"gz", "gzip"}, {"br", "br"}}) {
    const std::string prefix = std::string("/volumes/files_") + ending + "/";
    server.add_prefix(prefix, [ending = std::string(ending), coding = std::string(coding)](const Received& request) {
      const auto file = precomputed_root() / request.path.substr(std::string("/volumes/").size());
      if (std::filesystem::exists(file)) return Answer{.body = text_of(file)};
      const auto packed = file.string() + "." + ending;
      if (!std::filesystem::exists(packed)) return Answer{.status = 404};
      return Answer{.body = text_of(packed), .headers = {{"Content-Encoding", coding}}};
    });
  }
}

inline constexpr std::array all_axes{"0_1_2", "0_2_1", "1_0_2", "1_2_0", "2_0_1", "2_1_0"};

/// One channel of an expected array in the axes of an image_base that ends in `axes`, C order.
inline std::string expected_voxels(const NpyArray& array, const std::string& axes, int channel) {
  const std::int64_t channels = array.shape.size() == 4 ? array.shape[3] : 1;
  const auto item = static_cast<std::int64_t>(array.dtype[2] - '0');
  const std::array<std::int64_t, 3> extent{array.shape[2], array.shape[1], array.shape[0]};  // x, y, z
  const std::array<std::size_t, 3> xyz{static_cast<std::size_t>(axes[0] - '0'), static_cast<std::size_t>(axes[2] - '0'),
                                       static_cast<std::size_t>(axes[4] - '0')};
  std::string wanted;
  std::array<std::int64_t, 3> at{};
  for (at[xyz[2]] = 0; at[xyz[2]] < extent[xyz[2]]; ++at[xyz[2]]) {
    for (at[xyz[1]] = 0; at[xyz[1]] < extent[xyz[1]]; ++at[xyz[1]]) {
      for (at[xyz[0]] = 0; at[xyz[0]] < extent[xyz[0]]; ++at[xyz[0]]) {
        const std::int64_t voxel = (at[2] * extent[1] + at[1]) * extent[0] + at[0];
        wanted.append(array.bytes, static_cast<std::size_t>((voxel * channels + channel) * item),
                      static_cast<std::size_t>(item));
      }
    }
  }
  return wanted;
}

}  // namespace catvox::test
