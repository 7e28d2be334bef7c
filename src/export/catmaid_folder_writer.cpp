#include <algorithm>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <catvox/export/catmaid_folder.hpp>
#include <catvox/export/n5.hpp>
#include <cmath>
#include <utility>

#include "codec/encode_jpeg.hpp"
#include "codec/image.hpp"
#include "export/chunked_writer.hpp"

namespace catvox {
namespace {

using namespace detail;
namespace fs = std::filesystem;

constexpr std::int64_t project_id = 1;
constexpr std::int64_t group_id = 1;

Orientation orientation_of(const ArrayPlace& place) {
  using Axes = std::array<std::string, 3>;
  if (place.axes == Axes{"z", "y", "x"}) return Orientation::xy;
  if (place.axes == Axes{"y", "z", "x"}) return Orientation::xz;
  if (place.axes == Axes{"x", "y", "z"}) return Orientation::zy;
  throw Error(Errc::invalid_argument, "CATMAID has stacks with the axes (z, y, x), (y, z, x) and (x, y, z), not (" +
                                          place.axes[0] + ", " + place.axes[1] + ", " + place.axes[2] + ")");
}

/// A ratio of voxel sizes; a whole number within rounding errors is that number.
double ratio(double coarse, double fine) {
  const double value = coarse / fine;
  return std::abs(value - std::round(value)) < 1e-9 * value ? std::round(value) : value;
}

/// The stack of one channel, without its mirror.
StackInfo stack_info(const ExportVolume& volume, std::int64_t stack, const CatmaidFolderOptions& options) {
  const ArrayPlace& first = volume.first().place;
  StackInfo info;
  info.sid = stack;
  info.pid = project_id;
  info.ptitle = options.title;
  const auto channel = static_cast<std::size_t>(stack - 1);
  info.stitle = channel < options.channel_titles.size() ? options.channel_titles[channel] : options.title;
  info.comment = options.comment;
  info.dimension = {first.shape[2], first.shape[1], first.shape[0]};
  info.resolution = {first.voxel_size[2], first.voxel_size[1], first.voxel_size[0]};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double& coordinate = first.axes[axis] == "x"   ? info.translation.x
                         : first.axes[axis] == "y" ? info.translation.y
                                                   : info.translation.z;
    coordinate = first.corner[axis];
  }
  info.orientation = orientation_of(first);
  info.downsample_factors.emplace();
  for (const auto& level : volume.levels()) {
    std::array<double, 3> factors{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      factors[axis] = ratio(level.place.voxel_size[axis], first.voxel_size[axis]);
      if (std::abs(level.place.corner[axis] - first.corner[axis]) > 1e-6 * level.place.voxel_size[axis]) {
        throw Error(
            Errc::invalid_argument,
            "the levels of a CATMAID stack have one corner, and the box begins inside of a coarser voxel: choose a "
            "box that begins on the coarsest level's grid, or have the levels made");
      }
    }
    info.downsample_factors->push_back({factors[2], factors[1], factors[0]});
  }
  info.num_zoom_levels = static_cast<std::int64_t>(volume.levels().size()) - 1;
  for (const auto& [slice, value] : options.broken_slices) {
    if (slice >= 0 && slice < first.shape[0]) info.broken_slices[slice] = value;
  }
  info.canary_location = StackDimension{first.shape[2] / 2, first.shape[1] / 2, first.shape[0] / 2};
  return info;
}

/// Every answer of the instance's API, as files.
std::vector<std::pair<std::string, Json>> instance(const ExportVolume& volume, const CatmaidFolderOptions& options,
                                                   MirrorInfo mirror, const std::string& image_base_end) {
  std::vector<std::pair<std::string, Json>> files;
  Json rows = Json::array(), members = Json::array();
  const bool grouped = volume.channels() > 1;
  const std::string project = std::to_string(project_id);
  const std::string folder = mirror.image_base;
  for (std::int64_t stack = 1; stack <= volume.channels(); ++stack) {
    StackInfo info = stack_info(volume, stack, options);
    mirror.id = stack;
    mirror.image_base = folder + std::to_string(stack) + image_base_end;
    info.mirrors = {mirror};
    const std::string path = project + "/stack/" + std::to_string(stack);
    files.emplace_back(path + "/info", parse_json(info.to_json(), "stack info"));
    files.emplace_back(path + "/groups", Json{{"stack_group_ids", grouped ? Json{group_id} : Json::array()}});
    rows.push_back({{"id", stack}, {"pid", project_id}, {"title", info.stitle}, {"comment", info.comment}});
    members.push_back({{"id", stack}, {"relation", "channel"}, {"position", stack - 1}});
  }
  Json groups = Json::array();
  if (grouped) {
    groups.push_back({{"id", group_id}, {"title", options.title}, {"comment", ""}});
    files.emplace_back(
        project + "/stackgroup/" + std::to_string(group_id) + "/info",
        Json{{"id", group_id}, {"project_id", project_id}, {"title", options.title}, {"stacks", members}});
  }
  files.emplace_back(project + "/stacks", rows);
  files.emplace_back("projects.json", Json::array({{{"id", project_id},
                                                    {"title", options.title},
                                                    {"comment", ""},
                                                    {"stacks", rows},
                                                    {"stackgroups", groups}}}));
  return files;
}

/// Tiles of type 1: tiles/STACK/SLICE/ROW_COLUMN_LEVEL.jpg, all of full size.
class TileWriter final : public ChunkedWriter {
 public:
  TileWriter(const ExportVolume& source, fs::path folder, const CatmaidFolderOptions& options)
      : ChunkedWriter(source, std::move(folder)), options_(options) {
    if (volume().dtype() != DType::uint8) {
      throw Error(Errc::invalid_argument, "JPEG tiles cannot hold " + std::string(name(volume().dtype())) +
                                              " voxels, only uint8: write N5 instead");
    }
    if (options.tile_side < 1 || options.tile_side > max_jpeg_side) {
      throw Error(Errc::invalid_argument, "the side of a tile is 1 to " + std::to_string(max_jpeg_side) + ", got " +
                                              std::to_string(options.tile_side));
    }
    if (options.jpeg_quality < 1 || options.jpeg_quality > 100) {
      throw Error(Errc::invalid_argument,
                  "a JPEG has the qualities 1 to 100, got " + std::to_string(options.jpeg_quality));
    }
    (void)metadata();  // throws for what CATMAID cannot say
  }

  [[nodiscard]] std::string settings() const override {
    return "catmaid jpeg " + std::to_string(options_.jpeg_quality) + " " + options_.title;
  }
  [[nodiscard]] Shape3 block_shape(std::size_t) const override { return tile(); }
  [[nodiscard]] double expected_ratio() const noexcept override { return 0.3; }

 private:
  [[nodiscard]] Shape3 tile() const noexcept { return {1, options_.tile_side, options_.tile_side}; }

  [[nodiscard]] Metadata metadata() const override {
    return instance(volume(), options_,
                    {.title = "JPEG",
                     .image_base = "tiles/",
                     .tile_width = options_.tile_side,
                     .tile_height = options_.tile_side,
                     .tile_source_type = 1,
                     .file_extension = "jpg"},
                    "/");
  }
  [[nodiscard]] std::string chunk_name(const OutputBlock& block, std::int64_t channel) const override {
    const auto& [slice, row, column] = block.position;
    return "tiles/" + std::to_string(channel + 1) + "/" + std::to_string(slice) + "/" + std::to_string(row) + "_" +
           std::to_string(column) + "_" + std::to_string(block.level) + ".jpg";
  }
  [[nodiscard]] Buffer encode(const OutputBlock& block, const BlockVoxels& voxels,
                              std::int64_t channel) const override {
    const Buffer pixels = contiguous(voxels, channel, block.box.shape(), tile(), 1);
    return encode_jpeg(pixels.bytes(), {options_.tile_side, options_.tile_side}, options_.jpeg_quality);
  }
  void decode(const OutputBlock& block, std::span<const std::byte> encoded, const BlockVoxels& voxels,
              std::int64_t channel) const override {
    const Shape3 shape = block.box.shape();
    decode_grey8(encoded, {options_.tile_side, options_.tile_side}, {0, 0, shape[1], shape[2]}, 0,
                 reinterpret_cast<std::uint8_t*>(voxels.data + channel * voxels.channel_stride), voxels.strides[1]);
  }

  CatmaidFolderOptions options_;
};

/// One N5 volume for each channel: CATMAID's have three dimensions.
class BlocksWriter final : public BlockWriter {
 public:
  BlocksWriter(const ExportVolume& volume, fs::path folder, const CatmaidFolderOptions& options)
      : folder_(std::move(folder)), files_(state_folder() / "unfinished"), options_(options) {
    for (std::int64_t channel = 0; channel < volume.channels(); ++channel) {
      writers_.push_back(
          n5_writer(volume.channel(channel), folder_ / "n5" / std::to_string(channel + 1), options.blocks));
    }
    answers_ = instance(volume, options,
                        {.title = "N5",
                         .image_base = "n5/",
                         .tile_width = options.blocks.block_shape[2],
                         .tile_height = options.blocks.block_shape[1],
                         .tile_source_type = 11,
                         .file_extension = {}},
                        "/%SCALE_DATASET%/0_1_2");
  }

  [[nodiscard]] const fs::path& target() const noexcept override { return folder_; }
  [[nodiscard]] fs::path state_folder() const override { return folder_ / ".catvox"; }
  [[nodiscard]] std::string settings() const override {
    return "catmaid " + writers_.front()->settings() + " " + options_.title;
  }
  [[nodiscard]] Shape3 block_shape(std::size_t level) const override { return writers_.front()->block_shape(level); }
  [[nodiscard]] double expected_ratio() const noexcept override { return writers_.front()->expected_ratio(); }
  void create(bool resumed) override {
    for (const auto& [name, content] : answers_) files_.write(folder_ / name, json_text(content) + "\n");
    for (const auto& writer : writers_) writer->create(resumed);
  }
  std::int64_t write(const OutputBlock& block, const BlockVoxels& voxels) override {
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < writers_.size(); ++i) bytes += writers_[i]->write(block, of_channel(voxels, i));
    return bytes;
  }
  bool write_absent(const OutputBlock&) override { return true; }
  bool read(const OutputBlock& block, const BlockVoxels& voxels) override {
    bool there = false;
    for (std::size_t i = 0; i < writers_.size(); ++i) there = writers_[i]->read(block, of_channel(voxels, i)) || there;
    return there;
  }
  void finish() override {}

 private:
  static BlockVoxels of_channel(BlockVoxels voxels, std::size_t channel) {
    voxels.data += static_cast<std::int64_t>(channel) * voxels.channel_stride;
    return voxels;
  }

  fs::path folder_;
  WholeFiles files_;
  CatmaidFolderOptions options_;
  std::vector<std::unique_ptr<BlockWriter>> writers_;
  std::vector<std::pair<std::string, Json>> answers_;
};

}  // namespace

std::unique_ptr<BlockWriter> catmaid_folder_writer(const ExportVolume& volume, fs::path folder,
                                                   const CatmaidFolderOptions& options) {
  if (options.images == "jpeg") return std::make_unique<TileWriter>(volume, std::move(folder), options);
  if (options.images == "n5") return std::make_unique<BlocksWriter>(volume, std::move(folder), options);
  throw Error(Errc::invalid_argument,
              "images of a CATMAID instance are written as jpeg or n5, not " + in_quotes(options.images, 60));
}

}  // namespace catvox
