#pragma once

#include <catvox/core/buffer.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/chunk_options.hpp>
#include <catvox/export/export_volume.hpp>
#include <filesystem>
#include <string>
#include <utility>

#include "bytes/json.hpp"
#include "codec/compress.hpp"
#include "export/atomic_file.hpp"

namespace catvox::detail {

/// \throws Error{invalid_argument, unsupported} for what cannot be written
Compressor compressor_of(const ChunkOptions& options);

/// Voxels of one channel of a block, one after the other in C order.
/// \param shape   of what is there
/// \param padded  of the result: the rest is 0
Buffer contiguous(const BlockVoxels& voxels, std::int64_t channel, const Shape3& shape, const Shape3& padded,
                  std::size_t item);

/// The inverse.
void spread(std::span<const std::byte> contiguous, const Shape3& padded, const BlockVoxels& voxels,
            std::int64_t channel, const Shape3& shape, std::size_t item);

/// Sets a channel of a block to 0.
void zero(const BlockVoxels& voxels, std::int64_t channel, const Shape3& shape, std::size_t item);

/// The bytes of a buffer, to be changed.
inline std::span<std::byte> writable(Buffer& buffer) noexcept { return {buffer.data(), buffer.size()}; }

/// Turns the bytes of each item around. \param item  1, 2, 4 or 8
void swap_items(std::span<std::byte> items, std::size_t item);

/// Formats whose blocks are files in a folder, one for each channel, and whose metadata are JSON files.
class ChunkedWriter : public BlockWriter {
 public:
  ChunkedWriter(ExportVolume volume, std::filesystem::path folder);

  [[nodiscard]] const std::filesystem::path& target() const noexcept override { return folder_; }
  [[nodiscard]] std::filesystem::path state_folder() const override { return folder_ / ".catvox"; }
  void create(bool) override;
  std::int64_t write(const OutputBlock& block, const BlockVoxels& voxels) override;
  bool write_absent(const OutputBlock&) override { return true; }
  bool read(const OutputBlock& block, const BlockVoxels& voxels) override;
  void finish() override {}

 protected:
  /// A file of metadata, relative to the folder, and what it says.
  using Metadata = std::vector<std::pair<std::string, Json>>;

  [[nodiscard]] virtual Metadata metadata() const = 0;
  /// Relative to the folder.
  [[nodiscard]] virtual std::string chunk_name(const OutputBlock& block, std::int64_t channel) const = 0;
  [[nodiscard]] virtual Buffer encode(const OutputBlock& block, const BlockVoxels& voxels,
                                      std::int64_t channel) const = 0;
  virtual void decode(const OutputBlock& block, std::span<const std::byte> encoded, const BlockVoxels& voxels,
                      std::int64_t channel) const = 0;

  [[nodiscard]] const ExportVolume& volume() const noexcept { return volume_; }
  [[nodiscard]] std::size_t item() const noexcept { return item_size(volume_.dtype()); }
  [[nodiscard]] bool has_channels() const noexcept { return volume_.channels() > 1; }

 private:
  ExportVolume volume_;
  std::filesystem::path folder_;
  WholeFiles files_;
};

}  // namespace catvox::detail
