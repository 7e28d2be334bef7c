#include "crop.hpp"

#include <unistd.h>

#include <algorithm>
#include <catvox/catvox.hpp>
#include <catvox/core/redact.hpp>
#include <catvox/core/text.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/describe.hpp"
#include "support/output_files.hpp"
#include "support/program.hpp"
#include "support/progress_bar.hpp"
#include "support/stack_options.hpp"
#include "support/stop_on_interrupt.hpp"
#include "support/volume_file.hpp"

namespace tools {
using catvox::Errc;
using catvox::Error;

namespace {

struct CropOptions : StackOptions {
  std::vector<double> around;
  std::vector<std::int64_t> size{64};
  bool pad = false;
  bool preview = false;
  std::vector<std::int64_t> channels;
  std::filesystem::path output;
  bool montage = false;
};

void add_options(CLI::App& app, CropOptions& options) {
  add_stack_options(app, options, "");
  app.add_option("--around", options.around, "Instead of a box: a point in its middle, x y z in the project's units")
      ->type_name("NUMBER")
      ->expected(3);
  app.add_option("--size", options.size, "Voxels of the box around it: along x y z, or the same along each [64]")
      ->type_name("VOXELS")
      ->expected(1, 3);
  app.add_flag("--pad", options.pad, "Where the box sticks out of the stack, keep its size, black there");
  app.add_flag(
      "--preview", options.preview,
      "Write one small 8-bit picture of the slice in the middle of the box, or of the stack, from the coarsest "
      "level that serves; the level is chosen, not asked for");
  app.add_option(
         "--channel", options.channels,
         "Channels to read, 0 is the first; several, evenly spaced, become a hyperstack (.tif) or the first axis "
         "(.npy) [grey of colour tiles, the first of a volume]")
      ->type_name("NUMBER")
      ->expected(1, 64);
  app.add_option("--output", options.output,
                 "File to write: .npy (NumPy; axes slice, row, column), .tif (ImageJ stack), .png (slice 0 becomes "
                 "NAME_0000.png, and so on)")
      ->type_name("FILE")
      ->transform(home_path);
  app.add_flag("--montage", options.montage, "Put all slices into one .png of that name");
}

catvox::WorldPoint point_of(const std::vector<double>& numbers) { return {numbers[0], numbers[1], numbers[2]}; }

/// Whether there is a box, in either form.
/// \throws Error{invalid_argument} for half of one, or both
bool check_box(const CropOptions& options) {
  const bool box = !options.min.empty() && !options.max.empty();
  if ((!options.min.empty() || !options.max.empty()) && (!box || !options.around.empty())) {
    throw Error(Errc::invalid_argument, options.around.empty() ? "--min and --max go together: x y z each"
                                                               : "--around is instead of --min and --max");
  }
  if (options.size.size() == 2 || std::ranges::any_of(options.size, [](std::int64_t side) { return side < 1; })) {
    throw Error(Errc::invalid_argument, "--size takes one number or three, > 0");
  }
  return box || !options.around.empty();
}

double along(std::string_view axis, const catvox::WorldPoint& point) {
  return axis == "x" ? point.x : axis == "y" ? point.y : point.z;
}

/// The voxels of a level that the options ask for; they may lie outside of it.
template <class View>
catvox::Box asked_voxels(const View& level, const catvox::LevelGeometry& geometry, const CropOptions& options) {
  if (options.around.empty()) return geometry.touched({point_of(options.min), point_of(options.max)});
  const bool one = options.size.size() == 1;
  const auto size_along = [&](std::string_view axis) {
    return options.size[one || axis == "x" ? 0 : axis == "y" ? 1 : 2];
  };
  catvox::Box box{level.voxel_at(point_of(options.around)), {}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t side = size_along(level.dims()[axis]);
    box.min[axis] -= side / 2;
    box.max[axis] = box.min[axis] + side;
  }
  return box;
}

/// The world that an array of voxels covers.
template <class View>
catvox::WorldBox world_extent(const View& view) {
  const auto& shape = view.shape();
  return {view.voxel_to_world({0, 0, 0}),
          view.voxel_to_world(
              {static_cast<double>(shape[0]), static_cast<double>(shape[1]), static_cast<double>(shape[2])})};
}

/// Whether the box reaches beyond the level, a world box by a voxel or more: a level may end up to one of its voxels before
/// the stack does, as sizes are rounded down.
template <class View>
bool sticks_out(const catvox::Box& asked, const catvox::Box& inside, const View& level, const CropOptions& options) {
  if (!options.around.empty()) return asked != inside;
  const catvox::WorldBox box{point_of(options.min), point_of(options.max)};
  const catvox::WorldBox extent = world_extent(level);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto name = level.dims()[axis];
    const double voxel = level.voxel_size()[axis];
    if (along(name, box.min) <= along(name, extent.min) - voxel) return true;
    if (along(name, box.max) >= along(name, extent.max) + voxel) return true;
  }
  return false;
}

/// Says which slices of the crop show another one, because they are broken.
/// \param factor  full-resolution slices for each slice of the level
void print_replaced_slices(const catvox::StackInfo& info, const CropOptions& options, std::int64_t first,
                           std::int64_t count, double factor) {
  // The server counts slices in stack space, arrays start at the volume's first voxel.
  const std::int64_t offset = std::llround(info.voxel_offset().z);
  std::map<std::int64_t, std::int64_t> marked;
  for (const auto& [slice, value] : info.broken_slices) marked.emplace(slice - offset, value);
  const catvox::BrokenSlices broken(marked, info.dimension.z, broken_policy(options));
  for (std::int64_t z = std::max<std::int64_t>(0, first); z < first + count; ++z) {
    if (static_cast<double>(z) * factor >= static_cast<double>(info.dimension.z)) break;  // padding
    const auto shown = broken.resolve_level(z, factor);
    if (shown == z) continue;
    std::cout << "broken     slice " << z << " is "
              << (shown ? "replaced by slice " + std::to_string(*shown) : std::string("left black")) << '\n';
  }
}

void print_summary(const catvox::Stack& stack, const CropOptions& options, const Volume& volume,
                   const catvox::WorldBox& world, const std::array<std::string_view, 3>& dims,
                   const catvox::ReadStatistics& statistics) {
  const auto [nz, ny, nx] = volume.shape;
  const double seconds = std::max(statistics.seconds, 1e-9);
  const auto received = static_cast<double>(statistics.bytes_received);
  const auto decoded = static_cast<double>(volume.voxels.size());
  std::cout << "stack      " << stack.info().sid << ' ' << catvox::in_quotes(stack.info().stitle) << '\n'
            << "mirror     " << stack.mirror().id << ' ' << catvox::in_quotes(stack.mirror().title) << '\n'
            << "level      " << options.level << " of 0 to " << stack.levels() - 1 << '\n'
            << "shape      " << nz << " x " << ny << " x " << nx << " (" << dims[0] << ", " << dims[1] << ", "
            << dims[2] << "), " << catvox::name(volume.dtype) << '\n'
            << "world      " << extent_text(world) << '\n'
            << "voxel      " << per_world_axis_text(dims, volume.voxel_size) << '\n'
            << "tiles      " << statistics.chunks << ", " << statistics.missing << " of them missing (black); "
            << statistics.requests << " requests, " << statistics.retries << " of them repeats; "
            << statistics.cache_hits + statistics.disk_hits << " from a cache\n"
            << "received   " << byte_text(received) << " in " << duration_text(seconds) << ": "
            << byte_text(received / seconds) << "/s encoded, " << byte_text(decoded / seconds) << "/s decoded\n"
            << "effort     " << effort_text(statistics) << '\n';
}

/// "channels   0 1 2 of 0 to 3"
void print_channels(const CropOptions& options, std::int64_t there_are) {
  if (options.channels.empty()) return;
  std::cout << "channels  ";
  for (const std::int64_t channel : options.channels) std::cout << ' ' << channel;
  std::cout << " of 0 to " << there_are - 1 << '\n';
}

/// \throws Error{too_large} if there is not enough
template <class T>
xt::xtensor<T, 4> memory_for(const catvox::ScaleView<T>& box, std::size_t channels) {
  const auto [slices, rows, columns] = box.shape();
  try {
    return xt::xtensor<T, 4>({channels, slices, rows, columns});
  } catch (const std::bad_alloc&) {
    double bytes = sizeof(T) * static_cast<double>(channels);
    for (const std::size_t extent : box.shape()) bytes *= static_cast<double>(extent);
    throw Error(Errc::too_large, "the box takes " + byte_text(bytes) +
                                     ", more than there is memory: choose a smaller one, or a higher --level");
  }
}

/// The channels of a level that the options name.
template <class T>
catvox::ScaleView<T, 4> chosen(const catvox::ScaleView<T, 4>& level, const CropOptions& options) {
  const auto& channels = options.channels;
  if (channels.front() < 0 || channels.back() >= static_cast<std::int64_t>(level.shape()[0])) {
    throw Error(Errc::not_found, "level " + std::to_string(options.level) + " has channels 0 to " +
                                     std::to_string(level.shape()[0] - 1));
  }
  return level.slice(xt::range(channels.front(), channels.back() + 1, channels[1] - channels[0]));
}

/// Reads the voxels, with a progress bar.
template <class T, std::size_t N>
catvox::ReadStatistics read(const catvox::ScaleView<T, N>& box, std::span<T> voxels, const std::stop_token& stop) {
  ProgressBar bar(STDERR_FILENO);
  return box.read_into(voxels,
                       {.progress = [&](const catvox::Progress& progress) { bar.show(progress); }, .stop = stop});
}

/// Missing tiles are black in the picture, as dark tissue may be: so it says how many there are, always.
/// \throws Error{not_found} if there is nothing else, as when the mirror's addresses are wrong
void check_missing(const catvox::Stack& stack, const catvox::ReadStatistics& statistics) {
  if (statistics.missing == 0) return;
  const catvox::MirrorInfo& mirror = stack.mirror();
  const std::string where = "mirror " + std::to_string(mirror.id) + " " + catvox::in_quotes(mirror.title);
  if (statistics.missing == statistics.chunks) {
    throw Error(Errc::not_found,
                "nothing was written: " + where + " has none of the " + std::to_string(statistics.chunks) +
                    " tiles that the box touches. If it should, its image_base " +
                    catvox::in_quotes(catvox::redact_url(mirror.image_base)) + " or its file_extension " +
                    catvox::in_quotes(mirror.file_extension) + " is wrong");
  }
  std::cerr << "catvox crop: " << statistics.missing << " of " << statistics.chunks << " tiles are missing from "
            << where << " and left black\n";
}

template <class T>
void crop(const catvox::Stack& stack, const catvox::ScaleView<T>& level, const CropOptions& options) {
  const FileFormat format = file_format(options.output, options.montage);
  check_dtype(format, level.dtype());

  const std::string covered = extent_text(world_extent(level)) + " at this level";
  const catvox::Box asked = asked_voxels(level, stack.source(options.level)->geometry(), options);
  const auto [slices, rows, columns] = stack.source(options.level)->geometry().shape();
  const catvox::Box inside = intersect(asked, {{0, 0, 0}, {slices, rows, columns}});
  if (inside.empty()) throw Error(Errc::not_found, "the box lies outside of the stack, which covers " + covered);
  const catvox::ScaleView<T> box = level.window(options.pad ? asked : inside);
  if (!options.pad && sticks_out(asked, inside, level, options)) {
    std::cerr << "catvox crop: the box is clipped to the stack, which covers " << covered << '\n';
  }

  Volume volume;
  volume.dtype = box.dtype();
  volume.voxel_size = box.voxel_size();
  std::ranges::transform(box.shape(), volume.shape.begin(), [](std::size_t n) { return static_cast<std::int64_t>(n); });
  for (std::size_t axis = 0; axis < 3; ++axis) {
    volume.origin[axis] = along(box.dims()[axis], box.voxel_to_world({0, 0, 0}));
  }

  const StopOnInterrupt interrupt;  // lives longest: a signal must not end the program before the files are removed
  OutputFiles files(file_names(format, options.output, volume.shape[0]));
  const std::size_t channels = std::max<std::size_t>(1, options.channels.size());
  volume.channels = static_cast<std::int64_t>(channels);
  xt::xtensor<T, 4> voxels = memory_for(box, channels);
  const std::span<T> memory(voxels.data(), voxels.size());
  volume.voxels = std::as_bytes(memory);
  const catvox::ReadStatistics statistics =
      channels == 1 ? read(box, memory, interrupt.token())
                    : read(chosen(stack.scale<T, 4>(options.level), options).window(options.pad ? asked : inside),
                           memory, interrupt.token());
  check_missing(stack, statistics);
  write_volume(format, files.partial(), volume);
  if (interrupt.token().stop_requested()) throw Error(Errc::cancelled, "interrupted: nothing was written");
  files.commit();

  print_summary(stack, options, volume, world_extent(box), box.dims(), statistics);
  print_channels(options, stack.channels(options.level));
  print_replaced_slices(stack.info(), options, (options.pad ? asked : inside).min[0], volume.shape[0],
                        level.voxel_size()[0] / stack.info().resolution.z);
  std::cout << "wrote      " << files.names().front().string();
  if (files.names().size() > 1) std::cout << " to " << files.names().back().string();
  std::cout << '\n';
  if (const auto stale = remove_later_slices(format, options.output, volume.shape[0]); !stale.empty()) {
    std::cout << "removed    " << stale.front().string();
    if (stale.size() > 1) std::cout << " to " << stale.back().string();
    std::cout << ", of a longer crop before\n";
  }
}

/// Writes a small picture of the box, or of the whole stack.
void preview(const catvox::Stack& stack, const CropOptions& options) {
  std::optional<catvox::WorldBox> box;
  if (!options.around.empty()) {
    const auto opened = stack.source(options.level);
    const catvox::LevelGeometry& geometry = opened->geometry();
    const catvox::Box voxels =
        stack.visit_scale(options.level, [&](const auto& level) { return asked_voxels(level, geometry, options); });
    const auto corner = [&](const catvox::Index3& voxel) {
      return geometry.voxel_to_world(catvox::VoxelPoint::of(voxel));
    };
    box = {corner(voxels.min), corner(voxels.max)};
  } else if (!options.min.empty()) {
    box = {point_of(options.min), point_of(options.max)};
  }
  const FileFormat format = file_format(options.output, options.output.extension() == ".png");  // one file
  const StopOnInterrupt interrupt;
  catvox::ReadOptions read;
  read.stop = interrupt.token();
  const catvox::Preview picture = stack.preview(512 * 512, box, read);
  Volume volume;
  volume.dtype = catvox::DType::uint8;
  volume.voxels = std::as_bytes(std::span(picture.pixels.data(), picture.pixels.size()));
  volume.shape = {1, static_cast<std::int64_t>(picture.pixels.shape(0)),
                  static_cast<std::int64_t>(picture.pixels.shape(1))};
  volume.voxel_size = {stack.voxel_size(picture.level)[0], picture.pixel_size[0], picture.pixel_size[1]};
  for (const std::size_t axis : {0U, 1U}) volume.origin[axis + 1] = along(picture.dims[axis], picture.world.min);
  OutputFiles files(file_names(format, options.output, 1));
  write_volume(format, files.partial(), volume);
  files.commit();
  std::cout << "stack      " << stack.info().sid << ' ' << catvox::in_quotes(stack.info().stitle) << '\n'
            << "level      " << picture.level << " of 0 to " << stack.levels() - 1 << '\n'
            << "shape      " << volume.shape[1] << " x " << volume.shape[2] << " (" << picture.dims[0] << ", "
            << picture.dims[1] << "), uint8\n"
            << "world      " << extent_text(picture.world) << '\n'
            << "wrote      " << files.names().front().string() << '\n';
}

/// \throws Error{invalid_argument} unless they are evenly spaced, so that they can be read at once
void check_chosen_channels(const CropOptions& options) {
  check_channels(file_format(options.output, options.montage), std::max<std::int64_t>(1, std::ssize(options.channels)));
  for (std::size_t i = 1; i < options.channels.size(); ++i) {
    const std::int64_t step = options.channels[1] - options.channels[0];
    if (step <= 0 || options.channels[i] - options.channels[i - 1] != step) {
      throw Error(Errc::invalid_argument, "--channel takes ascending numbers with the same step between them");
    }
  }
}

void run(const CropOptions& options) {
  if (options.stack.empty())
    throw Error(Errc::invalid_argument, "--stack is required; catvox list shows what there is");
  if (!check_box(options) && !options.preview) {
    throw Error(Errc::invalid_argument, "--min and --max are required: x y z each; or --around: x y z");
  }
  check_chosen_channels(options);

  const catvox::Stack stack = open_stack(options);
  if (options.preview) return preview(stack, options);
  catvox::visit_dtype(stack.dtype(options.level), [&]<class T>(std::type_identity<T>) {
    crop(stack,
         options.channels.empty() ? stack.scale<T>(options.level)
                                  : stack.scale<T>(options.level, {.channel = options.channels.front()}),
         options);
  });
}

}  // namespace

Command add_crop(CLI::App& program) {
  auto options = std::make_shared<CropOptions>();
  CLI::App* app =
      program.add_subcommand("crop", "Crop a box, given in world units, out of a stack and write it to a file.");
  add_options(*app, *options);
  return {app,
          "  catvox crop --server https://example.org/catmaid --project 1 --stack \"FAFB v14\" --level 2 \\\n"
          "    --min 440000 210000 100000 --max 444000 212000 101000 --output box.tif",
          [options] { run(*options); }};
}

}  // namespace tools
