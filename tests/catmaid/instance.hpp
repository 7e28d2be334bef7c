#pragma once

#include <array>
#include <catvox/catmaid/catmaid_client.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "support/http_server.hpp"
#include "support/png.hpp"

namespace catvox::test {

/// The grey value of a voxel of the test stack: never 0, which is fill, and another one for each neighbour and level.
inline std::uint8_t voxel(int level, std::int64_t z, std::int64_t y, std::int64_t x) {
  return static_cast<std::uint8_t>(1 + (x * 3 + y * 7 + z * 29 + level * 101) % 255);
}

/// A small CATMAID instance behind a real HTTP server. Stack 1, "em": 100 x 70 x 12 voxels of 4 x 5 x 40 nm at
/// (1000, 2000, 3000), slices 4 to 6 broken; tiles of 32 x 16 pixels at levels 0 to 2.
struct Instance {
  static constexpr std::int64_t width = 100, height = 70, depth = 12;
  static constexpr std::int64_t tile_width = 32, tile_height = 16;

  Instance() {
    server.add("/projects/", R"([{"id": 1, "title": "fly", "comment": null, "stacks": [], "stackgroups": []}])");
    server.add("/1/stacks", R"([{"id": 1, "pid": 1, "title": "em ", "comment": null},
                                {"id": 2, "pid": 1, "title": "labels", "comment": ""}])");
    publish();
    for (const auto& [path, extension] : {std::pair{"/t1/", "png"}, {"/t4/", "jpg"}, {"/t5/", "png?v=2"}}) {
      add_tiles(path, extension);
    }
  }

  /// The stack info, with other values for some keys (JSON text, "key": value).
  void publish(const std::string& orientation = "0", const std::string& factors = "null",
               const std::string& broken = R"({"4": 1, "5": 1, "6": 1})", const std::string& more_mirrors = "") {
    server.add(
        "/1/stack/1/info",
        R"({"sid": 1, "pid": 1, "ptitle": "fly", "stitle": "em ", "comment": null,
        "description": "", "metadata": null, "attribution": null, "placeholder_color": null,
        "num_zoom_levels": 2, "downsample_factors": )" +
            factors +
            R"(, "translation": {"x": 1000.0, "y": 2000.0, "z": 3000.0}, "resolution": {"x": 4.0, "y": 5.0, "z": 40.0},
        "dimension": {"x": 100, "y": 70, "z": 12}, "canary_location": {"x": 40, "y": 20, "z": 1},
        "broken_slices": )" +
            broken + R"(, "orientation": )" + orientation + R"(, "mirrors": [)" +
            mirror(11, "type 1", server.url("/t1/"), 1, "png", 0) + "," + mirror(14, "type 4", "/t4/", 4, "jpg", 1) +
            "," +  // relative to the server, and an extension that lies
            mirror(15, "type 5", "//127.0.0.1:" + std::to_string(server.port()) + "/t5/", 5, "png?v=2", 2) + "," +
            mirror(19, "tomorrow", server.url("/new/"), 99, "jpg", 3) + more_mirrors + "]}");
  }

  static std::string mirror(int id, const std::string& title, const std::string& base, int type,
                            const std::string& extension, int position) {
    return R"({"id": )" + std::to_string(id) + R"(, "title": ")" + title + R"(", "image_base": ")" + base +
           R"(", "tile_width": 32, "tile_height": 16, "tile_source_type": )" + std::to_string(type) +
           R"(, "file_extension": ")" + extension + R"(", "position": )" + std::to_string(position) + "}";
  }

  /// One handler a mirror: the path says which tile, and the tile is made on the spot, as PNG whatever the extension.
  void add_tiles(const std::string& prefix, const std::string& extension) {
    for (int s = 0; s < 3; ++s) {
      for (std::int64_t z = 0; z < depth; ++z) {
        for (std::int64_t r = 0; r * tile_height < (height >> s); ++r) {
          for (std::int64_t c = 0; c * tile_width < (width >> s); ++c) {
            const auto text = [](auto number) { return std::to_string(number); };
            const std::string name = prefix == "/t1/"   ? text(z) + "/" + text(r) + "_" + text(c) + "_" + text(s)
                                     : prefix == "/t4/" ? text(z) + "/" + text(s) + "/" + text(r) + "_" + text(c)
                                                        : text(s) + "/" + text(z) + "/" + text(r) + "/" + text(c);
            server.add(prefix + name + "." + extension, tile(s, z, r, c), "image/png");
          }
        }
      }
    }
  }

  static std::string tile(int level, std::int64_t z, std::int64_t r, std::int64_t c) {
    std::vector<std::uint8_t> pixels;
    for (std::int64_t y = r * tile_height; y < (r + 1) * tile_height; ++y) {
      for (std::int64_t x = c * tile_width; x < (c + 1) * tile_width; ++x) {
        // Padded with black to the right and below, as most tilers do.
        const bool inside = y < (height >> level) && x < (width >> level);
        pixels.push_back(inside ? voxel(level, z, y, x) : std::uint8_t{0});
      }
    }
    return grey_png(pixels, tile_height, tile_width);
  }

  [[nodiscard]] CatmaidClient client(ClientOptions options = {}) const {
    options.server = server.url("/");
    options.project_id = 1;
    if (!options.session) {
      options.session = HttpSession(
          HttpOptions{.threads = 2, .retry = {.max_attempts = 2, .initial_delay = std::chrono::milliseconds(1)}});
    }
    return CatmaidClient(std::move(options));
  }

  HttpServer server;
};

}  // namespace catvox::test
