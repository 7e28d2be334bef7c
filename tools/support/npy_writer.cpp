#include "support/npy_writer.hpp"

#include <bit>

#include "support/output_files.hpp"

namespace tools {

namespace {
/// NumPy's type string: '|u1', '<f4', …
std::string npy_descr(catvox::DType dtype) {
  const std::size_t size = catvox::item_size(dtype);
  const char byte_order = size == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  const char kind = catvox::name(dtype).front();  // of uint, int, float
  return {byte_order, kind, static_cast<char>('0' + size)};
}
}  // namespace

std::string npy_header(catvox::DType dtype, const catvox::Shape3& shape, std::int64_t channels) {
  constexpr std::size_t preamble = 10;  // magic, version, length
  std::string text = "{'descr': '" + npy_descr(dtype) + "', 'fortran_order': False, 'shape': (" +
                     (channels > 1 ? std::to_string(channels) + ", " : "") + std::to_string(shape[0]) + ", " +
                     std::to_string(shape[1]) + ", " + std::to_string(shape[2]) + "), }";
  while ((preamble + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';

  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

void write_npy(const std::filesystem::path& name, const Volume& volume) {
  File file = create_file(name);
  const std::string header = npy_header(volume.dtype, volume.shape, volume.channels);
  if (std::fwrite(header.data(), 1, header.size(), file.get()) != header.size() ||
      std::fwrite(volume.voxels.data(), 1, volume.voxels.size(), file.get()) != volume.voxels.size()) {
    throw_cannot_write(name);
  }
  close_file(std::move(file), name);
}

}  // namespace tools
