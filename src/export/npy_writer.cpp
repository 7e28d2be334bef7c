#include <catvox/export/npy.hpp>
#include <utility>

#include "export/single_file_writer.hpp"

namespace catvox {
namespace {

/// numpy.lib.format, version 1.0; the voxels begin at a multiple of 64 bytes.
std::string header_of(const ExportVolume& volume) {
  const std::size_t size = item_size(volume.dtype());
  const char kind = name(volume.dtype()).front();  // of uint, int, float
  std::string text = std::string("{'descr': '") + (size == 1 ? '|' : '<') + kind + std::to_string(size) +
                     "', 'fortran_order': False, 'shape': (";
  if (volume.channels() > 1) text += std::to_string(volume.channels()) + ", ";
  const Shape3& shape = volume.first().place.shape;
  for (std::size_t axis = 0; axis < 3; ++axis) text += (axis > 0 ? ", " : "") + std::to_string(shape[axis]);
  text += "), }";
  constexpr std::size_t preamble = 10;
  while ((preamble + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace

std::unique_ptr<BlockWriter> npy_writer(const ExportVolume& volume, std::filesystem::path file) {
  return std::make_unique<detail::SingleFileWriter>(
      volume, std::move(file), detail::FileLayout{.header = header_of(volume), .description = "npy"});
}

}  // namespace catvox
