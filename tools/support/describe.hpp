#pragma once

#include <array>
#include <catvox/array/read_options.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/catmaid/stack_group.hpp>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace tools {

/// At most ten digits, as few as they need: "4.6", "6050", "1.25e-07".
std::string number_text(double value);

/// Three digits, in seconds or milliseconds: "12.3 s", "4.56 ms".
std::string duration_text(double seconds);

/// "x 2000 to 5240, y 3000 to 5420, z 800 to 1280"
std::string extent_text(const catvox::WorldBox& box);

/// "x 4, y 4, z 40": array axes with the project axes that they run along, in alphabetical order.
std::string per_world_axis_text(const std::array<std::string_view, 3>& dims, const std::array<double, 3>& values);

/// "decoding 3.2 s on all threads, waiting 120 ms; answers began after 3.1 ms and took 4 ms; the limit was the CPU".
std::string effort_text(const catvox::ReadStatistics& statistics);

/// A line for each project and each of its stacks.
void print_projects(std::ostream& out, const std::vector<catvox::ProjectSummary>& projects);

/// What a person needs to know before cropping: sizes, place, levels, broken slices, mirrors and whether they are read.
/// All by the server's metadata: no mirror is asked.
void print_stack(std::ostream& out, const catvox::StackInfo& info);

/// How many channels there are to choose from, by the mirror that would be read; or why that cannot be told.
void print_channels(std::ostream& out, const catvox::Stack& stack);

/// A line for each stack group: its stacks, by what they are in it.
void print_groups(std::ostream& out, const std::vector<catvox::StackGroup>& groups);

}  // namespace tools
