#include "export/tiff_pages.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

// By hand and not by libtiff: a file that grows by blocks, in any order and by several processes, wants its headers
// first and the places of all pixels known, and ImageJ's layout from 4 GiB on (one header for all pages, in a classic
// TIFF) is one that libtiff does not write.
namespace catvox::detail {
namespace {

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

/// 1 / size as a fraction of 32-bit numbers; sizes of few decimals are exact.
std::pair<std::uint32_t, std::uint32_t> inverse(double size) {
  double scale = 1e9;
  while (scale > 1 && scale * size > 4e9) scale /= 10;
  const double denominator = std::clamp(std::round(scale * size), 1.0, 4294967295.0);
  return {static_cast<std::uint32_t>(scale), static_cast<std::uint32_t>(denominator)};
}

/// Writes one header (image file directory).
class Directory {
 public:
  explicit Directory(bool big) : big_(big) {}

  void number(int tag, int type, std::uint64_t value) { entries_.push_back({tag, type, 1, value, {}}); }
  void bytes(int tag, int type, std::uint64_t count, std::string content) {
    entries_.push_back({tag, type, count, 0, std::move(content)});
  }

  [[nodiscard]] std::size_t size() const {
    std::size_t bytes = (big_ ? 16 : 6) + entries_.size() * (big_ ? 20 : 12);
    for (const Entry& entry : entries_) bytes += outside(entry);
    return bytes;
  }

  /// \param at    where it will lie
  /// \param next  where the next one lies; 0: none
  void write(std::string& out, std::uint64_t at, std::uint64_t next) const {
    const int wide = big_ ? 8 : 4;
    std::uint64_t beyond = at + (big_ ? 16 : 6) + entries_.size() * (big_ ? 20 : 12);
    std::string contents;
    put(out, entries_.size(), big_ ? 8 : 2);
    for (const Entry& entry : entries_) {
      put(out, static_cast<std::uint64_t>(entry.tag), 2);
      put(out, static_cast<std::uint64_t>(entry.type), 2);
      put(out, entry.count, wide);
      if (entry.content.empty()) {
        put(out, entry.value, wide);
      } else if (outside(entry) == 0) {
        std::string inline_content = entry.content;
        inline_content.resize(static_cast<std::size_t>(wide), '\0');
        out += inline_content;
      } else {
        put(out, beyond, wide);
        contents += entry.content;
        if (entry.content.size() % 2 != 0) contents += '\0';
        beyond += outside(entry);
      }
    }
    put(out, next, wide);
    out += contents;
  }

 private:
  struct Entry {
    int tag, type;
    std::uint64_t count, value;
    std::string content;
  };
  [[nodiscard]] std::size_t outside(const Entry& entry) const {
    if (entry.content.size() <= (big_ ? 8U : 4U)) return 0;
    return (entry.content.size() + 1) / 2 * 2;
  }

  bool big_;
  std::vector<Entry> entries_;
};

enum Type : int { ascii = 2, short_ = 3, long_ = 4, rational = 5, long8 = 16 };

Directory directory(const TiffPages& pages, bool first, std::uint64_t pixels) {
  Directory page(pages.big);
  const auto plane = static_cast<std::uint64_t>(pages.height * pages.width) * item_size(pages.dtype);
  const int offset = pages.big ? long8 : long_;
  const auto fraction = [](double size) {
    std::string content;
    const auto [numerator, denominator] = inverse(size);
    put(content, numerator, 4);
    put(content, denominator, 4);
    return content;
  };
  const char kind = name(pages.dtype).front();
  page.number(256, long_, static_cast<std::uint64_t>(pages.width));
  page.number(257, long_, static_cast<std::uint64_t>(pages.height));
  page.number(258, short_, 8 * item_size(pages.dtype));
  page.number(259, short_, 1);  // no compression
  page.number(262, short_, 1);  // 0 is black
  if (first) page.bytes(270, ascii, pages.description.size() + 1, pages.description + '\0');
  page.number(273, offset, pixels);
  page.number(277, short_, 1);  // sample a pixel
  page.number(278, long_, static_cast<std::uint64_t>(pages.height));
  page.number(279, offset, plane);
  page.bytes(282, rational, 1, fraction(pages.pixel_width));
  page.bytes(283, rational, 1, fraction(pages.pixel_height));
  page.number(296, short_, 1);  // no unit that TIFF knows
  page.number(339, short_, kind == 'u' ? 1 : kind == 'i' ? 2 : 3);
  return page;
}

std::uint64_t header_bytes(const TiffPages& pages) {
  const std::uint64_t first = directory(pages, true, 0).size();
  const std::uint64_t other = directory(pages, false, 0).size();
  const std::uint64_t all = (pages.big ? 16 : 8) + first + static_cast<std::uint64_t>(pages.headers - 1) * other;
  return (all + 15) / 16 * 16;
}

}  // namespace

std::string tiff_header(const TiffPages& pages) {
  const std::uint64_t pixels = header_bytes(pages);
  const auto plane = static_cast<std::uint64_t>(pages.height * pages.width) * item_size(pages.dtype);
  std::string out = pages.big ? std::string("II\x2b\0\x08\0\0\0", 8) : std::string("II\x2a\0", 4);
  put(out, pages.big ? 16 : 8, pages.big ? 8 : 4);
  for (std::int64_t i = 0; i < pages.headers; ++i) {
    const Directory page = directory(pages, i == 0, pixels + static_cast<std::uint64_t>(i) * plane);
    const std::uint64_t at = out.size();
    page.write(out, at, i + 1 < pages.headers ? at + page.size() : 0);
  }
  out.resize(static_cast<std::size_t>(pixels), '\0');
  return out;
}

bool exceeds_classic_tiff(TiffPages pages) {
  pages.big = false;
  pages.headers = pages.pages;
  const double plane = static_cast<double>(pages.height) * static_cast<double>(pages.width) *
                       static_cast<double>(item_size(pages.dtype));
  return static_cast<double>(header_bytes(pages)) + plane * static_cast<double>(pages.pages) >
         static_cast<double>(std::numeric_limits<std::uint32_t>::max());
}

}  // namespace catvox::detail
