#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "demo_instance/em_texture.hpp"

namespace tools {

/// Voxels of the demo stacks at level 0, zyx. Odd, so that halving rounds.
inline constexpr std::array<std::int64_t, 3> demo_shape{12, 605, 810};

/// Levels 0 to 3, each half as wide and high as the one before (rounded down), all with 12 sections.
inline constexpr int demo_levels = 4;

/// The sections that the demo declares broken: torn and underexposed.
inline constexpr std::array<std::int64_t, 2> demo_broken_slices{4, 5};

/// A section of the demo as it is before encoding, broken ones included.
/// Levels above 0 are means of 2 x 2 pixels of the level below, halves rounded up.
Section demo_section(std::int64_t z, int level);

/// Voxels of the demo's labels, zyx.
inline constexpr std::array<std::int64_t, 3> demo_labels_shape{12, 302, 405};

/// A section of the labels: for every second pixel of every second row of the image the cell that it lies in, 0 for
/// membranes.
std::vector<std::uint64_t> demo_labels(std::int64_t z);

/// Writes a small CATMAID instance into a folder, for a client opened on its file: URL. Always the same bytes.
///
/// Project 1 has two stacks of 810 x 605 x 12 voxels (stack axes x, y, z), 4 x 4 x 40 nm, 4 levels, placed at world
/// (2000, 3000, 800) nm, sections 4 and 5 broken, and the labels of the first: 405 x 302 x 12 voxels, 8 x 8 x 40 nm.
///
/// - 1 "demo EM", XY: mirror 1 "JPEG", type 1, 256 x 256 tiles padded with black; mirror 2 "PNG", type 5, 320 x 192
///   tiles cut off at the edge.
/// - 2 "demo EM, XZ", XZ: mirror 3 "JPEG", the same tiles as mirror 1.
/// - 3 "demo labels", XY: mirror 4 "N5", uint64, blocks of 128 x 128 x 4, raw.
///
/// Tiles of section 8 that lie wholly in x >= 512, y >= 512 of level 0 do not exist. PNG tiles hold demo_section()
/// exactly. Answers of the web API are files: projects.json for /projects/, 1/stacks, 1/stack/1/info, …
/// \throws Error{io}, std::filesystem::filesystem_error
void write_demo_instance(const std::filesystem::path& folder);

}  // namespace tools
