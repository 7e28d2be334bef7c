#include "export/single_file_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <catvox/core/error.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "export/atomic_file.hpp"
#include "export/chunked_writer.hpp"

namespace catvox::detail {
namespace fs = std::filesystem;

SingleFileWriter::SingleFileWriter(ExportVolume volume, fs::path file, FileLayout layout)
    : volume_(std::move(volume)),
      target_(std::move(file)),
      state_(target_.parent_path() / ("." + target_.filename().string() + ".catvox")),
      data_(state_ / "data"),
      layout_(std::move(layout)) {
  if (volume_.levels().size() > 1) {
    throw Error(Errc::invalid_argument,
                target_.string() + " can hold one level, got " + std::to_string(volume_.levels().size()));
  }
  const Shape3& shape = volume_.first().place.shape;
  const std::int64_t voxels = volume_.bytes(0);
  if (__builtin_add_overflow(voxels, static_cast<std::int64_t>(layout_.header.size()), &bytes_)) {
    throw Error(Errc::too_large, target_.string() + " would have more than 2^63 bytes");
  }
  row_bytes_ = shape[2] * static_cast<std::int64_t>(item_size(volume_.dtype()));
  // Whole rows of one slice: each block is one run of bytes.
  constexpr std::int64_t usual = 1 << 20;
  block_ = {1, std::clamp<std::int64_t>(usual / row_bytes_, 1, shape[1]), shape[2]};
}

std::int64_t SingleFileWriter::offset(std::int64_t channel, std::int64_t z, std::int64_t y) const noexcept {
  const Shape3& shape = volume_.first().place.shape;
  const std::int64_t plane = layout_.channels_within_slices ? z * volume_.channels() + channel : channel * shape[0] + z;
  return static_cast<std::int64_t>(layout_.header.size()) + (plane * shape[1] + y) * row_bytes_;
}

void SingleFileWriter::create(bool resumed) {
  if (file_.open()) return;
  std::error_code error;
  if (resumed && !fs::exists(data_, error)) throw_gone();  // a new one would hold zeros where blocks are complete
  make_folders(state_);
  file_ = open_file(data_);
  write_at(file_, data_, 0, std::as_bytes(std::span(layout_.header)));
  if (::ftruncate(file_.get(), bytes_) != 0) throw_errno("write", data_);
}

void SingleFileWriter::throw_gone() const {
  throw Error(Errc::io, target_.string() + " is gone, though blocks of it are complete: remove " + state_.string() +
                            " to write it again");
}

std::int64_t SingleFileWriter::write(const OutputBlock& block, const BlockVoxels& voxels) {
  const std::size_t item = item_size(volume_.dtype());
  const Box& box = block.box;
  std::int64_t bytes = 0;
  for (std::int64_t channel = 0; channel < volume_.channels(); ++channel) {
    Buffer rows = contiguous(voxels, channel, box.shape(), box.shape(), item);
    if constexpr (std::endian::native == std::endian::big) swap_items(writable(rows), item);
    write_at(file_, data_, offset(channel, box.min[0], box.min[1]), rows.bytes());
    bytes += static_cast<std::int64_t>(rows.size());
  }
  return bytes;
}

bool SingleFileWriter::read(const OutputBlock&, const BlockVoxels&) { return false; }  // has no coarser levels

void SingleFileWriter::sync() {
  if (::fdatasync(file_.get()) != 0) throw_errno("write", data_);
}

void SingleFileWriter::finish() {
  if (::rename(data_.c_str(), target_.c_str()) == 0) return;
  const int reason = errno;
  std::error_code error;
  if (reason == ENOENT && fs::exists(target_, error)) return;  // it was before, or another process was quicker
  if (reason == ENOENT) throw_gone();
  errno = reason;
  throw_errno("write", target_);
}

}  // namespace catvox::detail
