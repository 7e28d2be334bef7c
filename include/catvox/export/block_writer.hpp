#pragma once

#include <array>
#include <catvox/core/box.hpp>
#include <catvox/core/export.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace catvox {

/// A piece of an export that is written at once.
struct OutputBlock {
  std::size_t level = 0;  ///< of the export, 0 is the finest
  Index3 position{};      ///< in the grid of blocks
  Box box{};              ///< its voxels, clipped to the level
};

/// The voxels of a block in memory, channel after channel.
struct BlockVoxels {
  std::byte* data = nullptr;        ///< voxel box.min of channel 0
  std::int64_t channel_stride = 0;  ///< bytes from one channel to the next
  Strides3 strides{};               ///< bytes per axis; the last is one voxel
};

/// A file format: where each block of an export goes. One object for one export; made by n5_writer() and its kin, which
/// check that everything fits before anything is written.
class CATVOX_EXPORT BlockWriter {
 public:
  virtual ~BlockWriter() = default;

  /// What is written, for people: a folder or a file.
  [[nodiscard]] virtual const std::filesystem::path& target() const noexcept = 0;

  /// The folder in which the export keeps what it knows of itself.
  [[nodiscard]] virtual std::filesystem::path state_folder() const = 0;

  /// All that shapes the files beside the voxels: another text is another export.
  [[nodiscard]] virtual std::string settings() const = 0;

  /// Voxels of a block of a level; the last of each axis may be smaller.
  [[nodiscard]] virtual Shape3 block_shape(std::size_t level) const = 0;

  /// Bytes that a byte of voxels is likely to take on disk.
  [[nodiscard]] virtual double expected_ratio() const noexcept { return 1; }

  /// Makes folders and metadata, or finds them made. Several processes may do so at a time.
  /// \param resumed  some blocks are complete already
  virtual void create(bool resumed) = 0;

  /// Writes a block, whole or not at all. Called by several threads. \returns bytes on disk
  virtual std::int64_t write(const OutputBlock& block, const BlockVoxels& voxels) = 0;

  /// Notes that the source has nothing of a block. \returns false where the format cannot say so: it is then written as
  /// zeros
  virtual bool write_absent(const OutputBlock& block) {
    (void)block;
    return false;
  }

  /// Reads back what write() wrote: coarser levels are made of it.
  /// \returns false, and gives zeros, where it was absent
  virtual bool read(const OutputBlock& block, const BlockVoxels& voxels) = 0;

  /// Returns when what was written is on the disk, where blocks are no files of their own.
  virtual void sync() {}

  /// Called when every block is there; may have been called before, also by another process.
  virtual void finish() = 0;
};

}  // namespace catvox
