#include "support/output_files.hpp"

#include <catvox/core/error.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace tools {
namespace fs = std::filesystem;

namespace {
void remove_all(const std::vector<fs::path>& files) noexcept {
  std::error_code ignored;
  for (const fs::path& file : files) fs::remove(file, ignored);
}
}  // namespace

void throw_cannot_write(const fs::path& name) {
  const std::string reason = std::generic_category().message(errno);
  throw catvox::Error(catvox::Errc::io, "cannot write " + name.string() + ": " + reason);
}

File create_file(const fs::path& name) {
  File file(std::fopen(name.c_str(), "wb"));
  if (file == nullptr) throw_cannot_write(name);
  return file;
}

void close_file(File file, const fs::path& name) {
  if (std::fclose(file.release()) != 0) throw_cannot_write(name);
}

OutputFiles::OutputFiles(std::vector<fs::path> names) : names_(std::move(names)) {
  partial_.reserve(names_.size());
  try {
    for (const fs::path& name : names_) {
      std::error_code ignored;
      if (fs::is_directory(name, ignored)) {
        errno = EISDIR;
        throw_cannot_write(name);
      }
      partial_.push_back(name.string() + ".partial");
      close_file(create_file(partial_.back()), partial_.back());
    }
  } catch (...) {
    remove_all(partial_);
    throw;
  }
}

OutputFiles::~OutputFiles() { remove_all(partial_); }

void OutputFiles::commit() {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    std::error_code error;
    fs::rename(partial_[i], names_[i], error);
    if (error) {
      throw catvox::Error(catvox::Errc::io, "cannot rename " + partial_[i].string() + " to " + names_[i].string() +
                                                ": " + error.message());
    }
  }
  partial_.clear();
}

}  // namespace tools
