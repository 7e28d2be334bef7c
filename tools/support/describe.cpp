#include "support/describe.hpp"

#include <algorithm>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/redact.hpp>
#include <catvox/core/text.hpp>
#include <catvox/http/url.hpp>
#include <cstdio>
#include <iterator>
#include <ostream>

namespace tools {

namespace {

std::string three(const std::string& a, const std::string& b, const std::string& c) {
  return a + " x " + b + " x " + c;
}

std::string shape_text(const catvox::Shape3& shape) {
  return three(std::to_string(shape[0]), std::to_string(shape[1]), std::to_string(shape[2]));
}

std::string orientation_text(catvox::Orientation orientation) {
  switch (orientation) {
    case catvox::Orientation::xy:
      return "XY";
    case catvox::Orientation::xz:
      return "XZ";
    case catvox::Orientation::zy:
      return "ZY";
  }
  return "unknown";
}

void print_levels(std::ostream& out, const catvox::StackInfo& info) {
  const auto factors = catvox::scale_factors(info.scale_levels());
  for (std::size_t level = 0; level < factors.size(); ++level) {
    const catvox::LevelGeometry geometry(info.frame(), factors[level],
                                         catvox::tile_level_shape(info.dimension, factors[level]));
    out << "  level " << level << "      " << shape_text(geometry.shape()) << " voxels of "
        << per_world_axis_text(geometry.dims(), geometry.voxel_size()) << " nm\n";
  }
}

void print_broken_slices(std::ostream& out, const catvox::StackInfo& info) {
  if (info.broken_slices.empty()) return;
  constexpr int most = 20;
  out << "  broken       slices";
  int shown = 0;
  for (const auto& [slice, marker] : info.broken_slices) {
    if (shown++ == most) break;
    out << ' ' << slice;
  }
  if (info.broken_slices.size() > most) out << " … (" << info.broken_slices.size() << " in all)";
  out << '\n';
}

void print_mirrors(std::ostream& out, const catvox::StackInfo& info) {
  for (const catvox::MirrorInfo& mirror : info.mirrors) {
    out << "  mirror " << mirror.id << "     " << catvox::in_quotes(mirror.title) << ", type "
        << mirror.tile_source_type << ", " << mirror.tile_width << " x " << mirror.tile_height << " tiles, "
        << (catvox::is_supported(mirror.tile_source_type) ? "readable" : "NOT readable: catvox lacks its type") << ", "
        << catvox::redact_url(mirror.image_base) << '\n';
  }
}

}  // namespace

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

std::string duration_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %s", seconds < 1 ? 1000 * seconds : seconds, seconds < 1 ? "ms" : "s");
  return text;
}

std::string effort_text(const catvox::ReadStatistics& statistics) {
  std::string text = "decoding " + duration_text(statistics.decode_seconds) + " on all threads, waiting " +
                     duration_text(statistics.wait_seconds);
  if (statistics.fetch_seconds > 0) {
    const auto requests = static_cast<double>(statistics.requests);
    text += "; answers began after " + duration_text(statistics.first_byte_seconds / requests) + " and took " +
            duration_text(statistics.fetch_seconds / requests);
  }
  const bool waited = statistics.wait_seconds > statistics.seconds / 2;
  const bool for_answers = statistics.first_byte_seconds > statistics.fetch_seconds / 2;
  const bool from_disk = statistics.fetch_seconds == 0;
  return text + "; the limit was the " + (!waited ? "CPU" : from_disk ? "disk" : for_answers ? "server" : "network");
}

std::string extent_text(const catvox::WorldBox& box) {
  const auto axis = [](const char* name, double min, double max) {
    return name + number_text(min) + " to " + number_text(max);
  };
  return axis("x ", box.min.x, box.max.x) + axis(", y ", box.min.y, box.max.y) + axis(", z ", box.min.z, box.max.z);
}

std::string per_world_axis_text(const std::array<std::string_view, 3>& dims, const std::array<double, 3>& values) {
  std::array<std::string, 3> texts;
  for (std::size_t axis = 0; axis < 3; ++axis) texts[axis] = std::string(dims[axis]) + " " + number_text(values[axis]);
  std::ranges::sort(texts);
  return texts[0] + ", " + texts[1] + ", " + texts[2];
}

void print_projects(std::ostream& out, const std::vector<catvox::ProjectSummary>& projects) {
  for (const catvox::ProjectSummary& project : projects) {
    out << "project " << project.id << "  " << catvox::in_quotes(project.title) << '\n';
    if (project.stacks.empty()) out << "  no stack\n";
    for (const catvox::StackSummary& stack : project.stacks) {
      out << "  stack " << stack.id << "  " << catvox::in_quotes(stack.title) << '\n';
    }
    for (const catvox::StackGroupSummary& group : project.stack_groups) {
      out << "  stack group " << group.id << "  " << catvox::in_quotes(group.title) << '\n';
    }
  }
}

void print_stack(std::ostream& out, const catvox::StackInfo& info) {
  const catvox::StackVector whole{1, 1, 1};
  const catvox::LevelGeometry geometry(info.frame(), whole, catvox::tile_level_shape(info.dimension, whole));
  const auto [nz, ny, nx] = geometry.shape();
  const auto last =
      geometry.voxel_to_world({static_cast<double>(nz), static_cast<double>(ny), static_cast<double>(nx)});
  const auto dims = geometry.dims();
  out << "stack " << info.sid << ' ' << catvox::in_quotes(info.stitle) << ", project " << info.pid << ' '
      << catvox::in_quotes(info.ptitle) << '\n'
      << "  axes         (" << dims[0] << ", " << dims[1] << ", " << dims[2] << "), orientation "
      << orientation_text(info.orientation) << '\n'
      << "  world        " << extent_text({geometry.voxel_to_world({0, 0, 0}), last}) << " nm\n";
  print_levels(out, info);
  print_broken_slices(out, info);
  print_mirrors(out, info);
}

void print_channels(std::ostream& out, const catvox::Stack& stack) {
  try {
    const std::int64_t channels = stack.channels();
    const int type = stack.mirror().tile_source_type;
    constexpr int n5 = 11, precomputed = 14;  // the types whose levels are no tiles
    out << "  channels     " << channels
        << (type == n5 || type == precomputed ? "" : ": red, green, blue, alpha; grey is all three colours") << '\n';
  } catch (const catvox::Error& error) {
    out << "  channels     unknown: " << error.what() << '\n';
  }
}

void print_groups(std::ostream& out, const std::vector<catvox::StackGroup>& groups) {
  for (const catvox::StackGroup& group : groups) {
    out << "  group " << group.id << "      " << catvox::in_quotes(group.title) << ':';
    for (std::size_t i = 0; i < group.stacks.size(); ++i) {
      out << (i == 0 ? " " : ", ") << group.stacks[i].relation << ' ' << group.stacks[i].stack_id;
    }
    out << '\n';
  }
}

}  // namespace tools
