#pragma once

#include <catvox/core/buffer.hpp>
#include <catvox/export/block_writer.hpp>
#include <catvox/export/export_volume.hpp>
#include <filesystem>
#include <string>

#include "core/file_descriptor.hpp"

namespace catvox::detail {

/// How the voxels of a volume lie in one file: a header, then all of them without gaps.
struct FileLayout {
  std::string header;
  bool channels_within_slices = false;  ///< plane (z, c) is z * channels + c; else channel after channel
  std::string description;              ///< of the format, for settings()
};

/// Formats that are one file of known size: blocks are written to their places. The file lies in the state folder, hidden
/// beside the target, until it is complete.
class SingleFileWriter final : public BlockWriter {
 public:
  /// \throws Error{invalid_argument} if the volume has several levels; Error{too_large} beyond 2^63 bytes
  SingleFileWriter(ExportVolume volume, std::filesystem::path file, FileLayout layout);

  [[nodiscard]] const std::filesystem::path& target() const noexcept override { return target_; }
  [[nodiscard]] std::filesystem::path state_folder() const override { return state_; }
  [[nodiscard]] std::string settings() const override { return layout_.description; }
  [[nodiscard]] Shape3 block_shape(std::size_t) const override { return block_; }
  void create(bool resumed) override;
  std::int64_t write(const OutputBlock& block, const BlockVoxels& voxels) override;
  bool read(const OutputBlock& block, const BlockVoxels& voxels) override;
  void sync() override;
  void finish() override;

 private:
  [[noreturn]] void throw_gone() const;
  [[nodiscard]] std::int64_t offset(std::int64_t channel, std::int64_t z, std::int64_t y) const noexcept;

  ExportVolume volume_;
  std::filesystem::path target_, state_, data_;
  FileLayout layout_;
  Shape3 block_{};
  std::int64_t row_bytes_ = 0, bytes_ = 0;
  FileDescriptor file_;
};

}  // namespace catvox::detail
