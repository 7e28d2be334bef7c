#pragma once

#include <catvox/array/read_options.hpp>
#include <chrono>
#include <string>

namespace tools {

/// "1.2 kB", "340 MB": decimal units, three digits.
std::string byte_text(double bytes);

/// One line, at most `width` characters: " 42 % [#####       ] 12.3 MB, 4.1 MB/s, 0:07 left".
/// The bar goes first where there is no room for it, then the rest from the right.
std::string progress_line(const catvox::Progress& progress, double seconds, int width);

/// Shows how far a read is, in the last line of a terminal; nothing at all if the file is not one.
class ProgressBar {
 public:
  explicit ProgressBar(int file_descriptor);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Erases the line.
  ~ProgressBar();

  /// Draws at most ten times a second.
  void show(const catvox::Progress& progress);

 private:
  using Clock = std::chrono::steady_clock;

  int file_descriptor_;
  bool is_terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_;
};

}  // namespace tools
