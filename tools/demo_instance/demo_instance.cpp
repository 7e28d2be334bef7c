#include <algorithm>
#include <atomic>
#include <catvox/core/detail/checked.hpp>
#include <cstdio>
#include <future>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "demo_instance/demo_instance.hpp"
#include "demo_instance/jpeg_writer.hpp"
#include "support/output_files.hpp"
#include "support/png_writer.hpp"

namespace tools {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view projects_json =
    R"([{"id": 1, "title": "Demo project", "comment": "", "stackgroups": [], "stacks": [
  {"id": 1, "title": "demo EM", "comment": "", "dimensions": [810, 605, 12]},
  {"id": 2, "title": "demo EM, XZ", "comment": "", "dimensions": [810, 605, 12]},
  {"id": 3, "title": "demo labels", "comment": "", "dimensions": [405, 302, 12]}]}]
)";

constexpr std::string_view stacks_json = R"([{"id": 1, "pid": 1, "title": "demo EM", "comment": ""},
 {"id": 2, "pid": 1, "title": "demo EM, XZ", "comment": ""},
 {"id": 3, "pid": 1, "title": "demo labels", "comment": ""}]
)";

constexpr std::string_view stack_1_json = R"({"sid": 1, "pid": 1, "ptitle": "Demo project", "stitle": "demo EM",
 "downsample_factors": null, "num_zoom_levels": 3,
 "translation": {"x": 2000.0, "y": 3000.0, "z": 800.0}, "resolution": {"x": 4.0, "y": 4.0, "z": 40.0},
 "dimension": {"x": 810, "y": 605, "z": 12},
 "comment": "", "description": "Made-up neural tissue", "metadata": null, "broken_slices": {"4": 1, "5": 1},
 "mirrors": [
  {"id": 1, "title": "JPEG", "image_base": "tiles/jpeg/", "tile_width": 256, "tile_height": 256,
   "tile_source_type": 1, "file_extension": "jpg", "position": 0},
  {"id": 2, "title": "PNG", "image_base": "tiles/png/", "tile_width": 320, "tile_height": 192,
   "tile_source_type": 5, "file_extension": "png", "position": 1}],
 "orientation": 0, "attribution": null, "canary_location": {"x": 405, "y": 302, "z": 1},
 "placeholder_color": {"r": 0.0, "g": 0.0, "b": 0.0, "a": 1.0}}
)";

constexpr std::string_view stack_2_json = R"({"sid": 2, "pid": 1, "ptitle": "Demo project", "stitle": "demo EM, XZ",
 "downsample_factors": null, "num_zoom_levels": 3,
 "translation": {"x": 2000.0, "y": 3000.0, "z": 800.0}, "resolution": {"x": 4.0, "y": 4.0, "z": 40.0},
 "dimension": {"x": 810, "y": 605, "z": 12},
 "comment": "", "description": "Made-up neural tissue", "metadata": null, "broken_slices": {"4": 1, "5": 1},
 "mirrors": [
  {"id": 3, "title": "JPEG", "image_base": "tiles/jpeg/", "tile_width": 256, "tile_height": 256,
   "tile_source_type": 1, "file_extension": "jpg", "position": 0}],
 "orientation": 1, "attribution": null, "canary_location": {"x": 405, "y": 302, "z": 1},
 "placeholder_color": {"r": 0.0, "g": 0.0, "b": 0.0, "a": 1.0}}
)";

constexpr std::string_view stack_3_json = R"({"sid": 3, "pid": 1, "ptitle": "Demo project", "stitle": "demo labels",
 "downsample_factors": null, "num_zoom_levels": 0,
 "translation": {"x": 2000.0, "y": 3000.0, "z": 800.0}, "resolution": {"x": 8.0, "y": 8.0, "z": 40.0},
 "dimension": {"x": 405, "y": 302, "z": 12},
 "comment": "", "description": "The cells of demo EM", "metadata": null, "broken_slices": {},
 "mirrors": [
  {"id": 4, "title": "N5", "image_base": "labels/0_1_2", "tile_width": 128, "tile_height": 128,
   "tile_source_type": 11, "file_extension": "", "position": 0}],
 "orientation": 0, "attribution": null, "canary_location": {"x": 202, "y": 151, "z": 1},
 "placeholder_color": {"r": 0.0, "g": 0.0, "b": 0.0, "a": 1.0}}
)";

constexpr std::string_view labels_attributes_json =
    R"({"dimensions": [405, 302, 12], "blockSize": [128, 128, 4], "dataType": "uint64", "compression": {"type": "raw"}}
)";

/// A tear from the top left to the bottom right, and too little light.
void damage(Section& section) {
  for (std::int64_t y = 0; y < section.height; ++y) {
    for (std::int64_t x = 0; x < section.width; ++x) {
      auto& pixel = section.pixels[static_cast<std::size_t>(y * section.width + x)];
      const std::int64_t across = 3 * x - 4 * y;
      pixel = static_cast<std::uint8_t>(across > -150 && across < 150 ? 235 : pixel / 3);
    }
  }
}

Section halve(const Section& section) {
  Section half{section.height / 2, section.width / 2, {}};
  half.pixels.reserve(static_cast<std::size_t>(half.height * half.width));
  for (std::int64_t y = 0; y < half.height; ++y) {
    for (std::int64_t x = 0; x < half.width; ++x) {
      const std::uint8_t* at = section.pixels.data() + 2 * y * section.width + 2 * x;
      half.pixels.push_back(
          static_cast<std::uint8_t>((at[0] + at[1] + at[section.width] + at[section.width + 1] + 2) / 4));
    }
  }
  return half;
}

/// Rows [row, row + height) and columns [column, column + width) of a section; black where it ends.
std::vector<std::uint8_t> cut(const Section& section, std::int64_t row, std::int64_t column, std::int64_t height,
                              std::int64_t width) {
  std::vector<std::uint8_t> tile(static_cast<std::size_t>(height * width));
  const std::int64_t columns = std::min(width, section.width - column);
  for (std::int64_t y = 0; y < std::min(height, section.height - row); ++y) {
    std::copy_n(section.pixels.data() + (row + y) * section.width + column, columns, tile.data() + y * width);
  }
  return tile;
}

void write_tile(const fs::path& name, std::int64_t height, std::int64_t width,
                const std::vector<std::uint8_t>& pixels) {
  fs::create_directories(name.parent_path());
  const GreyImage image{height, width, catvox::DType::uint8, std::as_bytes(std::span(pixels))};
  if (name.extension() == ".jpg") {
    write_jpeg(name, image, 85);
  } else {
    write_png(name, image);
  }
}

bool is_missing(std::int64_t z, int level, std::int64_t row, std::int64_t column) {
  return z == 8 && level == 0 && row >= 512 && column >= 512;
}

void write_tiles(const fs::path& folder, const Section& section, std::int64_t z, int level) {
  const auto text = [](std::int64_t number) { return std::to_string(number); };
  for (std::int64_t r = 0; r < catvox::detail::ceil_div(section.height, 256); ++r) {
    for (std::int64_t c = 0; c < catvox::detail::ceil_div(section.width, 256); ++c) {
      if (is_missing(z, level, 256 * r, 256 * c)) continue;
      write_tile(folder / "jpeg" / text(z) / (text(r) + "_" + text(c) + "_" + text(level) + ".jpg"), 256, 256,
                 cut(section, 256 * r, 256 * c, 256, 256));
    }
  }
  for (std::int64_t r = 0; r < catvox::detail::ceil_div(section.height, 192); ++r) {
    for (std::int64_t c = 0; c < catvox::detail::ceil_div(section.width, 320); ++c) {
      if (is_missing(z, level, 192 * r, 320 * c)) continue;
      const std::int64_t height = std::min<std::int64_t>(192, section.height - 192 * r);
      const std::int64_t width = std::min<std::int64_t>(320, section.width - 320 * c);
      write_tile(folder / "png" / text(level) / text(z) / text(r) / (text(c) + ".png"), height, width,
                 cut(section, 192 * r, 320 * c, height, width));
    }
  }
}

void write_section(const fs::path& tiles, std::int64_t z) {
  Section section = demo_section(z, 0);
  for (int level = 0; level < demo_levels; ++level) {
    if (level > 0) section = halve(section);
    write_tiles(tiles, section, z, level);
  }
}

void append_big_endian(std::string& bytes, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
}

void write_text(const fs::path& name, std::string_view text) {
  fs::create_directories(name.parent_path());
  File file = create_file(name);
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size()) throw_cannot_write(name);
  close_file(std::move(file), name);
}

/// The N5 blocks (https://github.com/saalfeldlab/n5#file-system-specification) that hold sections z to z + 3.
void write_labels(const fs::path& folder, std::int64_t z) {
  constexpr std::int64_t side = 128, depth = 4;
  const auto [_, height, width] = demo_labels_shape;
  std::vector<std::vector<std::uint64_t>> sections;
  for (std::int64_t i = z; i < z + depth; ++i) sections.push_back(demo_labels(i));
  for (std::int64_t row = 0; row < height; row += side) {
    for (std::int64_t column = 0; column < width; column += side) {
      const std::int64_t rows = std::min(side, height - row), columns = std::min(side, width - column);
      std::string block;
      append_big_endian(block, 0, 2);  // the block has the size that follows
      append_big_endian(block, 3, 2);
      for (const std::int64_t extent : {columns, rows, depth}) {
        append_big_endian(block, static_cast<std::uint64_t>(extent), 4);
      }
      for (const auto& section : sections) {
        for (std::int64_t y = row; y < row + rows; ++y) {
          for (std::int64_t x = column; x < column + columns; ++x) {
            append_big_endian(block, section[static_cast<std::size_t>(y * width + x)], 8);
          }
        }
      }
      write_text(folder / std::to_string(column / side) / std::to_string(row / side) / std::to_string(z / depth),
                 block);
    }
  }
}

}  // namespace

Section demo_section(std::int64_t z, int level) {
  Section section = em_section(z, demo_shape[1], demo_shape[2]);
  if (std::ranges::count(demo_broken_slices, z) != 0) damage(section);
  for (int i = 0; i < level; ++i) section = halve(section);
  return section;
}

std::vector<std::uint64_t> demo_labels(std::int64_t z) { return em_labels(z, demo_shape[1], demo_shape[2], 2); }

void write_demo_instance(const fs::path& folder) {
  write_text(folder / "projects.json", projects_json);
  write_text(folder / "1" / "stacks", stacks_json);
  write_text(folder / "1" / "stack" / "1" / "info", stack_1_json);
  write_text(folder / "1" / "stack" / "2" / "info", stack_2_json);
  write_text(folder / "1" / "stack" / "3" / "info", stack_3_json);
  write_text(folder / "labels" / "attributes.json", labels_attributes_json);

  std::atomic<std::int64_t> next = 0;
  std::vector<std::future<void>> workers;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    workers.push_back(std::async(std::launch::async, [&] {
      for (std::int64_t z = next++; z < demo_shape[0]; z = next++) {
        write_section(folder / "tiles", z);
        if (z % 4 == 0) write_labels(folder / "labels", z);
      }
    }));
  }
  for (auto& worker : workers) worker.get();
}

}  // namespace tools
