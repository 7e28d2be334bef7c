#include "support/progress_bar.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tools {

namespace {

constexpr int assumed_width = 80;

int terminal_width(int file_descriptor) {
  winsize size{};
  if (ioctl(file_descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return assumed_width;
  return size.ws_col;
}

/// "0:07", "12:30", "3:05:00"
std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(std::min(seconds, 1e9));
  char text[32];
  if (whole < 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return text;
}

void write_text(int file_descriptor, const std::string& text) {
  // A progress bar that cannot be shown is no reason to end a read.
  [[maybe_unused]] const auto written = ::write(file_descriptor, text.data(), text.size());
}

}  // namespace

std::string byte_text(double bytes) {
  constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %s", unit == 0 || bytes >= 99.95 ? 0 : 1, bytes, units[unit]);
  return text;
}

std::string progress_line(const catvox::Progress& progress, double seconds, int width) {
  const auto bytes = static_cast<double>(progress.bytes_received);
  const double done = progress.chunks_total == 0
                          ? 1
                          : static_cast<double>(progress.chunks_done) / static_cast<double>(progress.chunks_total);
  char percent[16];
  std::snprintf(percent, sizeof percent, "%3.0f %%", std::floor(100 * done));
  std::string tail = byte_text(bytes);
  if (seconds > 0) tail += ", " + byte_text(bytes / seconds) + "/s";
  if (done > 0 && done < 1) tail += ", " + clock_text(std::ceil(seconds * (1 - done) / done)) + " left";

  constexpr int least_bar = 10;
  const int room = width - static_cast<int>(std::string(percent).size() + tail.size()) - 4;  // " [" and "] "
  std::string line = std::string(percent) + " ";
  if (room >= least_bar) {
    const int filled = static_cast<int>(done * room);
    line += "[" + std::string(static_cast<std::size_t>(filled), '#') +
            std::string(static_cast<std::size_t>(room - filled), ' ') + "] ";
  }
  return (line + tail).substr(0, static_cast<std::size_t>(std::max(width, 0)));
}

ProgressBar::ProgressBar(int file_descriptor)
    : file_descriptor_(file_descriptor), is_terminal_(isatty(file_descriptor) == 1) {}

ProgressBar::~ProgressBar() {
  if (drawn_) write_text(file_descriptor_, "\r\x1b[K");
}

void ProgressBar::show(const catvox::Progress& progress) {
  const auto now = Clock::now();
  if (!is_terminal_ || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  // One column stays free: a character in the last one makes some terminals wrap.
  write_text(file_descriptor_,
             "\r" + progress_line(progress, seconds, terminal_width(file_descriptor_) - 1) + "\x1b[K");
}

}  // namespace tools
