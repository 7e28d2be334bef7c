#pragma once

#include <cstdint>
#include <vector>

namespace tools {

/// Rows x columns of one section.
struct Section {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;
};

/// A section through made-up neural tissue that looks like an electron micrograph at 4 nm a pixel: profiles of cells
/// bounded by dark membranes, mitochondria, vesicles, synapses, grain.
///
/// Each pixel follows from its position alone, by integer hashes and by floating-point operations that IEEE 754 rounds
/// exactly: the same on every machine, whatever the size of the section. `z` counts sections of 40 nm; neighbouring
/// sections show the same cells a little further on.
Section em_section(std::int64_t z, std::int64_t height, std::int64_t width);

/// The cells of em_section(), as a segmentation has them: an id for each, 0 for the membranes between. Every `step`-th
/// pixel of every `step`-th row.
std::vector<std::uint64_t> em_labels(std::int64_t z, std::int64_t height, std::int64_t width, std::int64_t step);

}  // namespace tools
