// Crops a box, given in world units, out of a CATMAID image stack and writes it to a file.

#include <unistd.h>

#include <catvox/catvox.hpp>
#include <cmath>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "support/describe.hpp"
#include "support/output_files.hpp"
#include "support/program.hpp"
#include "support/progress_bar.hpp"
#include "support/stop_on_interrupt.hpp"
#include "support/volume_file.hpp"

namespace {

using catvox::Errc;
using catvox::Error;

struct CropOptions {
  examples::ServerOptions server;
  bool list = false;
  std::string stack;
  std::string mirror;
  catvox::BasicAuth mirror_auth;
  int level = 0;
  std::vector<double> min, max;
  catvox::BrokenSlicePolicy broken = catvox::BrokenSlicePolicy::nearest;
  std::filesystem::path output;
  bool montage = false;
};

const std::map<std::string, catvox::BrokenSlicePolicy> broken_policies{
    {"nearest", catvox::BrokenSlicePolicy::nearest}, {"follow", catvox::BrokenSlicePolicy::follow},
    {"fill", catvox::BrokenSlicePolicy::fill},       {"previous", catvox::BrokenSlicePolicy::previous},
    {"next", catvox::BrokenSlicePolicy::next},       {"none", catvox::BrokenSlicePolicy::none},
};

void add_options(CLI::App& app, CropOptions& options) {
  examples::add_server_options(app, options.server);
  app.add_flag("--list", options.list,
               "List projects and stacks, or with --stack that stack's levels and mirrors, and end");
  app.add_option("--stack", options.stack, "Stack to read, id or title");
  app.add_option("--mirror", options.mirror,
                 "Mirror to read from: id, title, or \"fastest\" [the first that can be read]");
  app.add_option("--mirror-user", options.mirror_auth.user, "HTTP Basic user of the mirror, if it wants one")
      ->envname("CATVOX_MIRROR_USER");
  app.add_option("--mirror-password", options.mirror_auth.password, "Its password; better in the environment")
      ->envname("CATVOX_MIRROR_PASSWORD");
  app.add_option("--level", options.level, "Scale level, 0 is full resolution [0]");
  app.add_option("--min", options.min, "Lower corner of the box: x y z in the project's units, nm as a rule")
      ->expected(3);
  app.add_option("--max", options.max, "Upper corner; every voxel that the box touches is read")->expected(3);
  app.add_option("--broken", options.broken,
                 "Instead of broken slices: nearest, follow, fill, previous, next or none [nearest]")
      ->transform(CLI::CheckedTransformer(broken_policies).description(""));
  app.add_option(
      "--output", options.output,
      "File to write: .npy (NumPy, axes slice, row, column), .tif (ImageJ stack), .png (a file for each slice)");
  app.add_flag("--montage", options.montage, "Put all slices into one .png");
  app.footer(
      std::string(
          "Example, after `make_demo_instance demo`:\n"
          "  crop_world_box --server demo --stack \"demo EM\" --level 1 --min 2000 3000 800 --max 5240 5420 1280 "
          "--montage --output demo.png\n\n"
          "An API token is taken from CATMAID_API_TOKEN. The environment is used only for the server that "
          "CATMAID_SERVER names, if it names one.\n") +
      examples::exit_code_help);
}

catvox::WorldBox asked_box(const CropOptions& options) {
  if (options.min.size() != 3 || options.max.size() != 3) {
    throw Error(Errc::invalid_argument, "--min and --max are required: x y z each");
  }
  return {{options.min[0], options.min[1], options.min[2]}, {options.max[0], options.max[1], options.max[2]}};
}

void choose_mirror(catvox::Stack& stack, const CropOptions& options) {
  if (options.mirror == "fastest") {
    if (!options.mirror_auth.user.empty()) {
      throw Error(Errc::invalid_argument, "--mirror-user needs --mirror to name the mirror that it is for");
    }
    for (const catvox::MirrorTiming& timing : stack.set_fastest_mirror()) {
      std::cout << "mirror     " << timing.id << " \"" << timing.title << "\": "
                << (timing.seconds ? examples::number_text(std::round(1e5 * *timing.seconds) / 100) + " ms"
                                   : timing.failure)
                << '\n';
    }
    return;
  }
  if (!options.mirror.empty()) stack.set_mirror(examples::id_or_title(options.mirror));
  if (!options.mirror_auth.user.empty()) stack.set_mirror_auth(stack.mirror().id, options.mirror_auth);
}

/// The world that an array of voxels covers.
template <class View>
catvox::WorldBox world_extent(const View& view) {
  const auto& shape = view.shape();
  return {view.voxel_to_world({0, 0, 0}),
          view.voxel_to_world(
              {static_cast<double>(shape[0]), static_cast<double>(shape[1]), static_cast<double>(shape[2])})};
}

/// Whether part of the box lies outside, by more than rounding explains.
bool reaches_beyond(const catvox::WorldBox& box, const catvox::WorldBox& extent) {
  constexpr double slack = 1e-6;
  const auto beyond = [](double min, double max, double from, double to) {
    return min < from - slack || max > to + slack;
  };
  return beyond(box.min.x, box.max.x, extent.min.x, extent.max.x) ||
         beyond(box.min.y, box.max.y, extent.min.y, extent.max.y) ||
         beyond(box.min.z, box.max.z, extent.min.z, extent.max.z);
}

void print_summary(const catvox::Stack& stack, const CropOptions& options, const examples::Volume& volume,
                   const catvox::WorldBox& world, const std::array<std::string_view, 3>& dims,
                   const catvox::ReadStatistics& statistics, const std::vector<std::filesystem::path>& files) {
  const auto [nz, ny, nx] = volume.shape;
  const double seconds = std::max(statistics.seconds, 1e-9);
  std::cout << "stack      " << stack.info().sid << " \"" << stack.info().stitle << "\"\n"
            << "mirror     " << stack.mirror().id << " \"" << stack.mirror().title << "\"\n"
            << "level      " << options.level << " of 0 to " << stack.levels() - 1 << '\n'
            << "shape      " << nz << " x " << ny << " x " << nx << " (" << dims[0] << ", " << dims[1] << ", "
            << dims[2] << "), " << catvox::name(volume.dtype) << '\n'
            << "world      " << examples::extent_text(world) << '\n'
            << "voxel      " << examples::per_world_axis_text(dims, volume.voxel_size) << '\n'
            << "tiles      " << statistics.chunks << ", " << statistics.missing << " missing; " << statistics.requests
            << " requests, " << statistics.retries << " repeated\n"
            << "received   " << examples::byte_text(static_cast<double>(statistics.bytes_received)) << " in "
            << examples::number_text(std::round(1000 * seconds) / 1000) << " s, "
            << examples::byte_text(static_cast<double>(statistics.bytes_received) / seconds) << "/s encoded, "
            << examples::byte_text(static_cast<double>(volume.voxels.size()) / seconds) << "/s decoded\n"
            << "wrote      " << files.front().string();
  if (files.size() > 1) std::cout << " to " << files.back().string();
  std::cout << '\n';
}

template <class T>
void crop(const catvox::Stack& stack, const catvox::ScaleView<T>& level, const CropOptions& options) {
  const examples::FileFormat format = examples::file_format(options.output, options.montage);
  examples::check_dtype(format, level.dtype());

  const catvox::WorldBox asked = asked_box(options);
  const catvox::ScaleView<T> box = level.world(asked);
  const catvox::WorldBox extent = world_extent(level);
  if (box.size() == 0) {
    throw Error(Errc::not_found, "the box lies outside of the stack, which covers " + examples::extent_text(extent));
  }
  if (reaches_beyond(asked, extent)) {
    std::cerr << "crop_world_box: the box reaches beyond the stack and is clipped to it: the stack covers "
              << examples::extent_text(extent) << '\n';
  }

  const auto& shape = box.shape();
  examples::OutputFiles files(examples::file_names(format, options.output, static_cast<std::int64_t>(shape[0])));
  const examples::StopOnInterrupt interrupt;
  xt::xtensor<T, 3> voxels(shape);
  catvox::ReadStatistics statistics;
  {
    examples::ProgressBar bar(STDERR_FILENO);
    statistics = box.read_into(
        voxels, {.progress = [&](const catvox::Progress& progress) { bar.show(progress); }, .stop = interrupt.token()});
  }

  const auto corner = box.voxel_to_world({0, 0, 0});
  examples::Volume volume;
  volume.voxels = std::as_bytes(std::span(voxels.data(), voxels.size()));
  volume.dtype = box.dtype();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    volume.shape[axis] = static_cast<std::int64_t>(shape[axis]);
    volume.voxel_size[axis] = box.voxel_size()[axis];
    volume.origin[axis] = box.dims()[axis] == "x" ? corner.x : box.dims()[axis] == "y" ? corner.y : corner.z;
  }
  examples::write_volume(format, files.partial(), volume);
  if (interrupt.token().stop_requested()) throw Error(Errc::cancelled, "interrupted; nothing was written");
  files.commit();
  print_summary(stack, options, volume, world_extent(box), box.dims(), statistics, files.names());
}

void run(const CropOptions& options) {
  if (options.list && options.stack.empty()) {
    return examples::print_projects(std::cout, catvox::CatmaidClient(examples::client_options(options.server)));
  }
  if (options.stack.empty()) throw Error(Errc::invalid_argument, "--stack is required; --list shows what there is");
  const catvox::CatmaidClient client = examples::connect(options.server);
  if (options.list) return examples::print_stack(std::cout, client.stack_info(examples::id_or_title(options.stack)));
  asked_box(options);
  examples::file_format(options.output, options.montage);

  catvox::Stack stack = client.stack(examples::id_or_title(options.stack));
  choose_mirror(stack, options);
  stack.set_broken_slices(options.broken);
  stack.visit_scale(options.level, [&](const auto& level) { crop(stack, level, options); });
}

}  // namespace

int main(int argc, char** argv) {
  CropOptions options;
  CLI::App app{"Crop a box, given in world units, out of a CATMAID image stack and write it to a file.",
               "crop_world_box"};
  add_options(app, options);
  return examples::run_program(app, argc, argv, [&] { run(options); });
}
