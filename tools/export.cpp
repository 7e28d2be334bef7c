#include "export.hpp"

#include <unistd.h>

#include <catvox/catvox.hpp>
#include <catvox/core/redact.hpp>
#include <catvox/core/text.hpp>
#include <catvox/export/run_export.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "export_format.hpp"
#include "support/describe.hpp"
#include "support/program.hpp"
#include "support/progress_bar.hpp"
#include "support/stack_options.hpp"
#include "support/stop_on_interrupt.hpp"

namespace tools {
using catvox::Errc;
using catvox::Error;
namespace fs = std::filesystem;

namespace {

struct Options {
  StackOptions stack;
  FormatOptions format;
  std::string format_name;
  int levels = 1;
  std::string make = "source";
  std::string axes = "world";
  std::string on_error = "stop";
  std::string part;
  int memory_mb = 256;
  int threads = 0;
  bool overwrite = false;
  bool no_space_check = false;
};

void add_options(CLI::App& app, Options& options) {
  add_stack_options(app, options.stack, " [the whole level]");
  app.add_option("--output", options.format.output, "File or folder to write")
      ->type_name("FILE|FOLDER")
      ->transform(home_path);
  std::string formats = "What to write [by the ending of --output]:";
  for (const ExportFormat& format : export_formats()) {
    formats += "\n" + format.name + std::string(10 - std::min<std::size_t>(9, format.name.size()), ' ') + format.help +
               (format.ending.empty() ? "" : ", " + format.ending);
  }
  app.add_option("--format", options.format_name, formats)
      ->type_name(format_names())
      ->check(CLI::Validator(
          [](const std::string& name) {
            for (const ExportFormat& format : export_formats()) {
              if (format.name == name) return std::string();
            }
            return "no such format: " + name;
          },
          ""));
  app.add_option("--levels", options.levels, "How many scale levels to write, --level and coarser ones [1]")
      ->type_name("COUNT")
      ->check(CLI::Range(1, 60).description(""));
  app.add_option(
         "--make", options.make,
         "Where coarser levels come from: the source's own, or averages (images) or modes (labels) of the finer "
         "ones [source]")
      ->type_name("{source,average,mode}")
      ->check(CLI::IsMember({"source", "average", "mode"}).description(""));
  app.add_option("--axes", options.axes,
                 "Order of the axes: the world's z, y, x, or the stack's slice, row, column [world]")
      ->type_name("{world,stack}")
      ->check(CLI::IsMember({"world", "stack"}).description(""));
  app.add_option("--block", options.format.block, "Voxels of a block: x y z [64 64 64]")
      ->type_name("NUMBER")
      ->expected(3);
  app.add_option("--compression", options.format.compression, "Of blocks [gzip]")
      ->type_name("{raw,gzip,zstd,blosc}")
      ->check(CLI::IsMember({"raw", "gzip", "zstd", "blosc"}).description(""));
  app.add_option("--compression-level", options.format.compression_level, "1 to 9, of zstd 1 to 19 [5, of zstd 3]")
      ->type_name("LEVEL");
  app.add_option("--encoding", options.format.encoding, "Of precomputed chunks [raw]")
      ->type_name("{raw,jpeg,compressed_segmentation}")
      ->check(CLI::IsMember({"raw", "jpeg", "compressed_segmentation"}).description(""));
  app.add_option("--jpeg-quality", options.format.jpeg_quality, "1 to 100 [85]")->type_name("QUALITY");
  app.add_option("--images", options.format.images, "Of a CATMAID instance: tiles (uint8), or blocks [jpeg]")
      ->type_name("{jpeg,n5}")
      ->check(CLI::IsMember({"jpeg", "n5"}).description(""));
  app.add_flag("--segmentation", options.format.segmentation,
               "Tell viewers of precomputed volumes that voxels are labels");
  app.add_flag("--sharded", options.format.sharded, "Put many precomputed chunks into one file");
  app.add_flag("--round-origin", options.format.round_origin,
               "Let a precomputed volume begin at the nearest whole voxel: the format has no other");
  app.add_option("--on-error", options.on_error,
                 "Where a tile or block cannot be had: stop, or skip it, list it, and write it when run again [stop]")
      ->type_name("{stop,skip}")
      ->check(CLI::IsMember({"stop", "skip"}).description(""));
  app.add_option("--part", options.part,
                 "Write only part I of N, counted from 0: for job arrays, whose jobs all name the same --output")
      ->type_name("I/N");
  app.add_option("--memory", options.memory_mb, "MB of voxels to hold at a time; the same for all parts [256]")
      ->type_name("MB")
      ->check(CLI::Range(1, 1 << 20).description(""));
  app.add_option("--threads", options.threads, "That encode and write [one for each core]")->type_name("COUNT");
  app.add_flag("--overwrite", options.overwrite, "Remove what is at --output first");
  app.add_flag("--no-space-check", options.no_space_check, "Do not look for room on the disk first");
}

/// "3/16"
std::unique_ptr<catvox::WorkShare> share_of(const std::string& part) {
  if (part.empty()) return nullptr;
  std::size_t slash = 0, end = 0;
  try {
    const std::int64_t i = std::stoll(part, &slash);
    if (slash < part.size() && part[slash] == '/') {
      const std::int64_t n = std::stoll(part.substr(slash + 1), &end);
      if (slash + 1 + end == part.size()) return catvox::part_of(i, n);
    }
  } catch (const std::logic_error&) {  // NOLINT(bugprone-empty-catch): said below
  }
  throw Error(Errc::invalid_argument, "--part takes I/N, as 3/16, got " + catvox::in_quotes(part, 60));
}

catvox::ExportVolume volume_of(const catvox::Stack& stack, const Options& options) {
  catvox::ExportView view = stack.visit_scale(options.stack.level, [&](const auto& level) {
    if (options.stack.min.empty() && options.stack.max.empty()) return catvox::ExportView(level);
    const auto box = level.world(asked_box(options.stack));
    if (box.size() == 0) throw Error(Errc::not_found, "the box lies outside of the stack");
    return catvox::ExportView(box);
  });
  if (options.axes == "world") view = view.in_world_order();
  catvox::ExportVolume volume(view);
  if (options.levels > 1) {
    if (options.make == "source") {
      volume.copy_levels(options.levels - 1);
    } else {
      volume.make_levels(options.levels - 1,
                         options.make == "mode" ? catvox::Downsampling::mode : catvox::Downsampling::average);
    }
  }
  return volume;
}

/// The broken slices of the part of a stack that an export covers, as its own; none where slices are not its first axis.
std::map<std::int64_t, std::int64_t> broken_slices(const catvox::Stack& stack, const catvox::ExportVolume& volume) {
  std::map<std::int64_t, std::int64_t> result;
  const catvox::LevelGeometry whole(stack.info().frame(), {1, 1, 1}, {1, 1, 1});
  const catvox::ArrayPlace& place = volume.first().place;
  const double slice_size = whole.voxel_size()[0];
  if (place.axes[0] != whole.dims()[0] || place.voxel_size[0] != slice_size) return result;
  const std::int64_t first =
      std::llround((place.corner[0] - whole.origin()[0]) / slice_size) + std::llround(stack.info().voxel_offset().z);
  for (const auto& [slice, value] : stack.info().broken_slices) {
    if (slice >= first && slice < first + place.shape[0]) result[slice - first] = value;
  }
  return result;
}

/// Text that tells one export from another.
std::string source_text(const catvox::Stack& stack, const Options& options) {
  const catvox::MirrorInfo& mirror = stack.mirror();
  return "stack " + std::to_string(stack.info().sid) + " " + catvox::in_quotes(stack.info().stitle) + " of project " +
         std::to_string(stack.info().pid) + ", mirror " + std::to_string(mirror.id) + " " +
         catvox::redact_url(mirror.image_base) + ", level " + std::to_string(options.stack.level) + ", broken slices " +
         options.stack.broken;
}

/// A bar on a terminal, else a line now and then.
class Show {
 public:
  void operator()(const catvox::ExportProgress& progress) {
    if (isatty(STDERR_FILENO) == 1) {
      bar_.show({progress.blocks_mine, progress.blocks_total - (progress.blocks_done - progress.blocks_mine),
                 progress.bytes_received});
      return;
    }
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::seconds(10);
    std::cerr << "catvox export: " << progress.blocks_done << " of " << progress.blocks_total << " blocks, "
              << byte_text(static_cast<double>(progress.bytes_received)) << " received, "
              << byte_text(static_cast<double>(progress.bytes_written)) << " written\n";
  }

 private:
  using Clock = std::chrono::steady_clock;
  ProgressBar bar_{STDERR_FILENO};
  Clock::time_point next_ = Clock::now() + std::chrono::seconds(10);
};

void print_place(const catvox::ExportVolume& volume) {
  for (std::size_t i = 0; i < volume.levels().size(); ++i) {
    const catvox::ArrayPlace& place = volume.levels()[i].place;
    std::cout << "level      " << i << ": " << place.shape[0] << " x " << place.shape[1] << " x " << place.shape[2]
              << " (" << place.axes[0] << ", " << place.axes[1] << ", " << place.axes[2] << "), "
              << catvox::name(volume.dtype()) << ", voxels of ";
    for (std::size_t axis = 0; axis < 3; ++axis)
      std::cout << (axis > 0 ? " x " : "") << number_text(place.voxel_size[axis]);
    std::cout << " from ";
    for (std::size_t axis = 0; axis < 3; ++axis) std::cout << (axis > 0 ? ", " : "") << number_text(place.corner[axis]);
    std::cout << " nm\n";
  }
}

void print_report(const catvox::ExportReport& report) {
  std::cout << "blocks     " << report.blocks << ", " << report.before << " of them complete before; " << report.written
            << " written, " << report.absent << " absent, " << report.failed << " failed\n";
  if (report.nothing_to_do()) return;
  const double seconds = std::max(report.seconds, 1e-9);
  std::cout << "received   " << byte_text(static_cast<double>(report.reads.bytes_received)) << ", wrote "
            << byte_text(static_cast<double>(report.bytes_written)) << " in " << duration_text(seconds) << ": "
            << byte_text(static_cast<double>(report.bytes_written) / seconds) << "/s\n";
  if (report.missing_chunks > 0) {
    std::cout << "missing    " << report.missing_chunks << " tiles or blocks are missing from the source: 0\n";
  }
}

/// \throws Error{http_status} if blocks failed
void print_end(const catvox::ExportReport& report, const fs::path& output) {
  print_failures(report);
  if (report.failed > 0) {
    throw Error(Errc::http_status,
                std::to_string(report.failed) + " blocks could not be read; the same command tries them again");
  }
  if (report.nothing_to_do()) {
    std::cout << "nothing    to do: " << output.string() << " is complete\n";
  } else if (report.complete()) {
    std::cout << "wrote      " << output.string() << '\n';
  } else {
    std::cout << "waiting    for " << report.waiting << " blocks, of other parts or made of theirs\n";
  }
}

void remove_output(const catvox::BlockWriter& writer) {
  for (const fs::path& path : {writer.state_folder(), writer.target()}) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) throw Error(Errc::io, "cannot remove " + path.string() + ": " + error.message());
  }
}

void run(const Options& options, Team* team) {
  if (options.stack.stack.empty()) {
    throw Error(Errc::invalid_argument, "--stack is required; catvox list shows what there is");
  }
  if (options.format.output.empty()) throw Error(Errc::invalid_argument, "--output is required");
  const ExportFormat& format = find_format(options.format_name, options.format.output);
  const auto share = share_of(options.part);
  if (share && options.overwrite) {
    throw Error(Errc::invalid_argument,
                "--overwrite would remove what other parts have written: remove it before the first");
  }

  const catvox::Stack stack = open_stack(options.stack);
  const catvox::ExportVolume volume = volume_of(stack, options);
  FormatOptions format_options = options.format;
  format_options.title = stack.info().stitle;
  format_options.broken_slices = broken_slices(stack, volume);
  const auto writer = format.open(volume, format_options);
  if (options.overwrite) remove_output(*writer);
  print_place(volume);

  const StopOnInterrupt interrupt;
  catvox::ExportReport report;
  try {
    Show show;
    report = catvox::run_export(volume, *writer,
                                {.source = source_text(stack, options),
                                 .on_error = options.on_error == "skip" ? catvox::OnError::skip : catvox::OnError::stop,
                                 .progress = [&](const catvox::ExportProgress& progress) { show(progress); },
                                 .stop = interrupt.token(),
                                 .memory_bytes = static_cast<std::size_t>(options.memory_mb) * 1'000'000,
                                 .threads = options.threads,
                                 .check_space = !options.no_space_check,
                                 .share = team != nullptr ? &team->share() : share.get()});
  } catch (const Error& error) {
    if (error.code() != Errc::cancelled || !interrupt.token().stop_requested()) throw;
    throw Error(Errc::cancelled, "interrupted: the same command goes on where it was");
  }
  if (team != nullptr) report = team->total(report);
  print_report(report);
  print_end(report, options.format.output);
}

}  // namespace

void print_failures(const catvox::ExportReport& report) {
  for (const catvox::FailedBlock& failure : report.failures) {
    std::cerr << "catvox export: level " << failure.level << ", voxels " << failure.box << ": " << failure.error
              << '\n';
  }
}

Command add_export(CLI::App& program, Team* team) {
  auto options = std::make_shared<Options>();
  CLI::App* app = program.add_subcommand(
      "export",
      "Write a scale level of a stack, or a box of it, of any size, to files that other programs open. Interrupted or "
      "killed, the same command goes on where it was.");
  add_options(*app, *options);
  return {app,
          "  catvox export --server https://example.org/catmaid --project 1 --stack \"FAFB v14\" --level 4 \\\n"
          "    --levels 3 --output fafb.zarr\n"
          "  catvox export --server demo --stack 1 --output demo.n5 --compression zstd --part $SLURM_ARRAY_TASK_ID/100",
          [options, team] { run(*options, team); }};
}

}  // namespace tools
