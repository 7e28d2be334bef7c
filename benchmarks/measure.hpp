#pragma once

/// \file
/// What the benchmarks share: time, memory, medians, tables, options.

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catvox/core/detail/memory.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

inline unsigned cores() { return std::max(1U, std::thread::hardware_concurrency()); }

/// Seconds, of a clock on the wall and of the CPU, all threads of this process added.
struct Cost {
  double wall = 0;
  double cpu = 0;
};

inline double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <class F>
Cost cost_of(F&& work) {
  const Cost start{seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
  std::forward<F>(work)();
  return {seconds_of(CLOCK_MONOTONIC) - start.wall, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start.cpu};
}

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Makes the compiler believe that `value` is used.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// Calls work(i) for each i in [0, count), on `threads` threads.
template <class F>
void in_parallel(unsigned threads, std::int64_t count, const F& work) {
  std::atomic<std::int64_t> next = 0;
  std::vector<std::jthread> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      for (std::int64_t i = next++; i < count; i = next++) work(i);
    });
  }
}

/// Fresh memory that nothing has touched, on huge pages: as the library's own outputs are.
class Output {
 public:
  explicit Output(std::int64_t bytes) : size_(static_cast<std::size_t>(bytes)) {
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    const std::size_t alignment = size_ < huge_page ? 64 : huge_page;
    data_ = static_cast<std::uint8_t*>(std::aligned_alloc(alignment, (size_ + alignment - 1) / alignment * alignment));
    if (data_ == nullptr) throw std::bad_alloc();
    catvox::abi::use_huge_pages(data_, size_);
  }
  ~Output() { std::free(data_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  [[nodiscard]] std::uint8_t* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  std::uint8_t* data_;
};

/// A number of KiB that /proc/self/status gives ("VmRSS", "VmHWM"), in bytes.
inline std::int64_t status_bytes(std::string_view key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return 1024 * std::strtoll(line.c_str() + key.size() + 1, nullptr, 10);
  }
  throw std::runtime_error("/proc/self/status has no " + std::string(key));
}

inline std::int64_t resident_bytes() { return status_bytes("VmRSS"); }

/// The most that was resident since reset_peak().
inline std::int64_t peak_bytes() { return status_bytes("VmHWM"); }

inline void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

inline std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

inline std::string in_ms(double seconds) { return fixed(1e3 * seconds, seconds < 0.01 ? 3 : 1); }

/// A Markdown table whose rows appear as they are known. The first column is text, the others numbers.
class Table {
 public:
  Table(const std::string& title, std::size_t first_width, std::vector<std::string> header) {
    std::printf("\n### %s\n\n", title.c_str());
    for (const auto& name : header) widths_.push_back(std::max<std::size_t>(name.size(), 6));
    widths_[0] = std::max(widths_[0], first_width);
    row(header);
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      std::printf("|%s%s", std::string(widths_[i] + 1, '-').c_str(), i == 0 ? "-" : ":");
    }
    std::puts("|");
  }

  void row(const std::vector<std::string>& cells) const {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const int width = static_cast<int>(widths_[i]);
      std::printf("| %*s ", i == 0 ? -width : width, cells[i].c_str());
    }
    std::puts("|");
    std::fflush(stdout);
  }

 private:
  std::vector<std::size_t> widths_;
};

/// Runs a benchmark; what stops it becomes a line of text. \returns the program's exit code
template <class F>
int run(F&& benchmark) {
  try {
    std::forward<F>(benchmark)();
    return 0;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

/// The command line: --quick, and --name=number for each of `names`. Ends the program at anything else.
class Arguments {
 public:
  Arguments(int argc, char* argv[], std::initializer_list<std::string_view> names) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view argument = argv[i];
      const auto equals = argument.find('=');
      const auto name = argument.substr(0, equals).substr(std::min<std::size_t>(2, argument.size()));
      if (argument == "--quick") {
        quick_ = true;
      } else if (equals != argument.npos && std::find(names.begin(), names.end(), name) != names.end()) {
        numbers_.emplace_back(name, std::max(1, std::atoi(argv[i] + equals + 1)));
      } else {
        std::fprintf(stderr, "usage: %s [--quick]", argv[0]);
        for (const auto known : names)
          std::fprintf(stderr, " [--%.*s=N]", static_cast<int>(known.size()), known.data());
        std::fputs("\n", stderr);
        std::exit(2);
      }
    }
  }

  /// A smoke run: whether it works, not how fast it is.
  [[nodiscard]] bool quick() const { return quick_; }

  [[nodiscard]] int number(std::string_view name, int usual, int when_quick) const {
    for (const auto& [given, value] : numbers_) {
      if (given == name) return value;
    }
    return quick_ ? when_quick : usual;
  }

 private:
  bool quick_ = false;
  std::vector<std::pair<std::string, int>> numbers_;
};

}  // namespace bench
