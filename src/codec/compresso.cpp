// https://github.com/seung-lab/compresso, after Matejek et al., MICCAI 2017.
//
// A chunk is the boundaries between its objects, in windows of a few voxels, most of which are equal; the label of each
// connected piece that is no boundary; and for boundary voxels, whose label is mostly that of a neighbour, how to find it
// where it is not. Rows of boundaries are kept as bits, and pieces as runs of voxels.

#include "codec/compresso.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <catvox/core/detail/checked.hpp>
#include <catvox/core/error.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/endian.hpp"

namespace catvox::detail {
namespace {

using Bytes = std::span<const std::byte>;

[[noreturn]] void throw_corrupt(const std::string& why) { throw Error(Errc::corrupt_data, "compresso: " + why); }

/// A little-endian number of 1, 2, 4 or 8 bytes.
std::uint64_t load_number(const std::byte* from, std::size_t width) noexcept {
  switch (width) {
    case 1:
      return load_le<std::uint8_t>(from);
    case 2:
      return load_le<std::uint16_t>(from);
    case 4:
      return load_le<std::uint32_t>(from);
    default:
      return load_le<std::uint64_t>(from);
  }
}

/// The chunk's parts, which together are all of it.
struct Stream {
  Shape3 shape{};  ///< zyx
  Shape3 step{};   ///< of a window, zyx; at most 64 voxels
  int connectivity = 4;
  std::size_t window_width = 1;  ///< bytes
  Bytes ids, values, locations, windows;
};

/// The narrowest number that holds a window's bits.
std::size_t width_of_window(std::int64_t bits) noexcept { return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8; }

/// Of an entry of the z index that version 1 has at its end.
std::size_t width_of_index(std::uint64_t largest) noexcept {
  return largest < 0xff ? 1 : largest < 0xffff ? 2 : largest < 0xffffffff ? 4 : 8;
}

/// Takes `count` numbers of `width` bytes off the front of `rest`.
Bytes take(Bytes& rest, std::uint64_t count, std::size_t width, const char* what) {
  if (count > rest.size() / width) throw_corrupt(std::string("cut short in its ") + what);
  const Bytes part = rest.first(static_cast<std::size_t>(count) * width);
  rest = rest.subspan(part.size());
  return part;
}

Stream read_stream(Bytes encoded, std::size_t item_size, const Shape3& shape) {
  constexpr std::size_t header_size = 36;
  if (encoded.size() < header_size) throw_corrupt("cut short: " + std::to_string(encoded.size()) + " bytes");
  if (std::memcmp(encoded.data(), "cpso", 4) != 0) throw_corrupt("does not start with \"cpso\"");
  const auto u8 = [&](std::size_t at) { return std::to_integer<unsigned>(encoded[at]); };
  const auto u16 = [&](std::size_t at) { return std::int64_t{load_le<std::uint16_t>(encoded.data() + at)}; };

  Stream stream;
  const unsigned version = u8(4);
  if (version > 1) throw Error(Errc::unsupported, "compresso: version " + std::to_string(version) + " is not read");
  if (u8(5) != item_size) {
    throw_corrupt("labels of " + std::to_string(u8(5)) + " bytes, expected " + std::to_string(item_size));
  }
  stream.shape = {u16(10), u16(8), u16(6)};
  if (stream.shape != shape) {
    const auto text = [](const Shape3& s) {
      return std::to_string(s[2]) + " x " + std::to_string(s[1]) + " x " + std::to_string(s[0]);
    };
    throw_corrupt("a chunk of " + text(stream.shape) + " voxels, expected " + text(shape));
  }
  stream.step = {u8(14), u8(13), u8(12)};
  const std::int64_t bits = stream.step[0] * stream.step[1] * stream.step[2];
  if (bits < 1 || bits > 64) throw_corrupt("windows of " + std::to_string(bits) + " voxels");
  stream.window_width = width_of_window(bits);
  stream.connectivity = static_cast<int>(u8(35));
  if (stream.connectivity != 4 && (stream.connectivity != 6 || version != 0)) {
    throw_corrupt("connectivity " + std::to_string(stream.connectivity) + " in version " + std::to_string(version));
  }

  Bytes rest = encoded.subspan(header_size);
  stream.ids = take(rest, load_le<std::uint64_t>(encoded.data() + 15), item_size, "ids");
  stream.values = take(rest, load_le<std::uint32_t>(encoded.data() + 23), stream.window_width, "window values");
  stream.locations = take(rest, load_le<std::uint64_t>(encoded.data() + 27), item_size, "locations");
  if (version == 1) {
    const std::size_t index_width = width_of_index(2 * static_cast<std::uint64_t>(shape[1] * shape[2]));
    const std::size_t index_size = 2 * index_width * static_cast<std::size_t>(shape[0]);
    if (rest.size() < index_size) throw_corrupt("cut short in its z index");
    rest = rest.first(rest.size() - index_size);
  }
  if (rest.size() % stream.window_width != 0) throw_corrupt("cut short in its windows");
  stream.windows = rest;
  return stream;
}

/// A bit for each voxel, rows of whole words.
class Bitmap {
 public:
  explicit Bitmap(const Shape3& shape)
      : rows_(shape[1]), words_((shape[2] + 63) / 64), bits_(static_cast<std::size_t>(shape[0] * shape[1] * words_)) {}

  [[nodiscard]] std::uint64_t* row(std::int64_t z, std::int64_t y) noexcept {
    return bits_.data() + (z * rows_ + y) * words_;
  }
  [[nodiscard]] const std::uint64_t* row(std::int64_t z, std::int64_t y) const noexcept {
    return bits_.data() + (z * rows_ + y) * words_;
  }
  [[nodiscard]] std::int64_t words() const noexcept { return words_; }

 private:
  std::int64_t rows_;
  std::int64_t words_;
  std::vector<std::uint64_t> bits_;
};

bool test(const std::uint64_t* row, std::int64_t x) noexcept { return (row[x / 64] >> (x % 64) & 1) != 0; }

/// Counts through the windows of a chunk, x fastest.
class WindowCounter {
 public:
  explicit WindowCounter(const Stream& stream) {
    for (std::size_t axis = 0; axis < 3; ++axis) grid_[axis] = ceil_div(stream.shape[axis], stream.step[axis]);
    left_ = static_cast<std::uint64_t>(volume(grid_));
  }

  [[nodiscard]] const Index3& at() const noexcept { return at_; }
  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

  /// \param count  at most left()
  void advance(std::uint64_t count) noexcept {
    left_ -= count;
    at_[2] += static_cast<std::int64_t>(count);
    if (at_[2] < grid_[2]) return;
    at_[1] += at_[2] / grid_[2];
    at_[2] %= grid_[2];
    if (at_[1] < grid_[1]) return;
    at_[0] += at_[1] / grid_[1];
    at_[1] %= grid_[1];
  }

 private:
  Shape3 grid_{};
  Index3 at_{};
  std::uint64_t left_ = 0;
};

/// Sets the bits of a window that has some.
void paint(Bitmap& boundaries, const Stream& stream, const Index3& window, std::uint64_t value) noexcept {
  const auto& [sz, sy, sx] = stream.shape;
  const auto& [zstep, ystep, xstep] = stream.step;
  const std::int64_t x = window[2] * xstep, y = window[1] * ystep, z = window[0] * zstep;
  const std::int64_t width = std::min(xstep, sx - x);
  const std::uint64_t inside = width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  for (std::int64_t dz = 0; dz < std::min(zstep, sz - z); ++dz) {
    for (std::int64_t dy = 0; dy < std::min(ystep, sy - y); ++dy) {
      const std::uint64_t bits = value >> (xstep * (dy + ystep * dz)) & inside;
      std::uint64_t* const row = boundaries.row(z + dz, y + dy) + x / 64;
      row[0] |= bits << (x % 64);
      if (x % 64 + width > 64) row[1] |= bits >> (64 - x % 64);
    }
  }
}

/// Which voxels are boundary.
Bitmap decode_boundaries(const Stream& stream) {
  Bitmap boundaries(stream.shape);
  const std::size_t width = stream.window_width;
  const std::uint64_t value_count = stream.values.size() / width;
  const auto value = [&](std::uint64_t index) -> std::uint64_t {
    if (value_count == 0) return 0;  // no boundary at all
    if (index >= value_count) {
      throw_corrupt("a window has value " + std::to_string(index) + " of " + std::to_string(value_count));
    }
    return load_number(stream.values.data() + index * width, width);
  };

  WindowCounter window(stream);
  const std::uint64_t windows = window.left();
  for (std::size_t at = 0; at < stream.windows.size(); at += width) {
    const std::uint64_t entry = load_number(stream.windows.data() + at, width);
    const std::uint64_t count = entry % 2 == 1 ? entry / 2 : 1;
    if (count > window.left()) throw_corrupt("more windows than the " + std::to_string(windows) + " of the chunk");
    const std::uint64_t bits = value(entry % 2 == 1 ? 0 : entry / 2);
    if (bits == 0) {
      window.advance(count);
      continue;
    }
    for (std::uint64_t i = 0; i < count; ++i, window.advance(1)) paint(boundaries, stream, window.at(), bits);
  }
  if (window.left() != 0) {
    throw_corrupt(std::to_string(windows - window.left()) + " windows, expected the " + std::to_string(windows) +
                  " of the chunk");
  }
  return boundaries;
}

/// The first bit of `row` from x on that is `wanted`, at most `end`.
std::int64_t find_bit(const std::uint64_t* row, std::int64_t x, std::int64_t end, bool wanted) noexcept {
  while (x < end) {
    const std::uint64_t word = (wanted ? row[x / 64] : ~row[x / 64]) >> (x % 64);
    if (word != 0) return std::min(end, x + std::countr_zero(word));
    x += 64 - x % 64;
  }
  return end;
}

/// Voxels [begin, end) of a row that are no boundary, and the piece that they belong to.
struct Run {
  std::int32_t begin = 0, end = 0;
  std::uint32_t piece = 0;
};

/// Pieces that turned out to be one: each points to an earlier one of its own, the first of all to itself.
class Pieces {
 public:
  std::uint32_t add() {
    parents_.push_back(static_cast<std::uint32_t>(parents_.size()));
    return parents_.back();
  }

  std::uint32_t first_of(std::uint32_t piece) noexcept {
    while (parents_[piece] != piece) piece = parents_[piece] = parents_[parents_[piece]];
    return piece;
  }

  std::uint32_t join(std::uint32_t a, std::uint32_t b) noexcept {
    a = first_of(a);
    b = first_of(b);
    if (a > b) std::swap(a, b);
    return parents_[b] = a;
  }

  /// Numbers the pieces by their first voxels; each one's place then holds its number.
  std::uint32_t number() noexcept {
    std::uint32_t count = 0;
    for (std::uint32_t piece = 0; piece < parents_.size(); ++piece) {
      parents_[piece] = parents_[piece] == piece ? count++ : parents_[parents_[piece]];
    }
    return count;
  }

  [[nodiscard]] std::uint32_t number_of(std::uint32_t piece) const noexcept { return parents_[piece]; }

 private:
  std::vector<std::uint32_t> parents_;
};

/// The runs of all rows, in raster order, and where each row's begin.
struct Runs {
  std::vector<Run> all;
  std::vector<std::size_t> rows{0};
};

/// Joins a run with those of a neighbouring row that it touches; `at` goes to the first one that the next run can touch.
void join_with(Run& run, const std::vector<Run>& all, std::size_t& at, std::size_t end, bool& joined, Pieces& pieces) {
  while (at < end && all[at].end <= run.begin) ++at;
  for (std::size_t i = at; i < end && all[i].begin < run.end; ++i) {
    run.piece = joined ? pieces.join(run.piece, all[i].piece) : pieces.first_of(all[i].piece);
    joined = true;
  }
}

/// How many runs the rows have: each begins at the row's, or behind a boundary.
std::size_t count_runs(const Stream& stream, const Bitmap& boundaries) noexcept {
  const auto& [sz, sy, sx] = stream.shape;
  std::size_t count = 0;
  for (std::int64_t row = 0; row < sz * sy; ++row) {
    const std::uint64_t* const bits = boundaries.row(0, row);
    std::uint64_t carry = 1;
    for (std::int64_t word = 0; word < boundaries.words(); ++word) {
      const std::int64_t width = std::min<std::int64_t>(64, sx - 64 * word);
      const std::uint64_t inside = ~std::uint64_t{0} >> (64 - width);
      count += static_cast<std::size_t>(std::popcount(~bits[word] & (bits[word] << 1 | carry) & inside));
      carry = bits[word] >> 63;
    }
  }
  return count;
}

Runs find_runs(const Stream& stream, const Bitmap& boundaries, Pieces& pieces) {
  const auto& [sz, sy, sx] = stream.shape;
  Runs runs;
  runs.all.reserve(count_runs(stream, boundaries));
  runs.rows.reserve(static_cast<std::size_t>(sz * sy) + 1);
  for (std::int64_t z = 0; z < sz; ++z) {
    for (std::int64_t y = 0; y < sy; ++y) {
      const std::uint64_t* const row = boundaries.row(z, y);
      const auto number = static_cast<std::size_t>(z * sy + y);
      const bool has_above = y > 0;
      const bool has_below = z > 0 && stream.connectivity == 6;
      std::size_t above = has_above ? runs.rows[number - 1] : 0;
      const std::size_t above_end = has_above ? runs.rows[number] : 0;
      const auto below_row = has_below ? number - static_cast<std::size_t>(sy) : 0;
      std::size_t below = has_below ? runs.rows[below_row] : 0;
      const std::size_t below_end = has_below ? runs.rows[below_row + 1] : 0;
      for (std::int64_t x = find_bit(row, 0, sx, false); x < sx;) {
        const std::int64_t end = find_bit(row, x, sx, true);
        Run run{static_cast<std::int32_t>(x), static_cast<std::int32_t>(end)};
        bool joined = false;
        join_with(run, runs.all, above, above_end, joined, pieces);
        join_with(run, runs.all, below, below_end, joined, pieces);
        if (!joined) run.piece = pieces.add();
        runs.all.push_back(run);
        x = find_bit(row, end, sx, false);
      }
      runs.rows.push_back(runs.all.size());
    }
  }
  return runs;
}

template <class U>
class Labels {
 public:
  Labels(const Stream& stream, const StridedBytes& out) : stream_(stream), out_(out), boundaries_(stream.shape) {}

  void decode() {
    boundaries_ = decode_boundaries(stream_);
    fill_pieces();
    fill_boundaries();
  }

 private:
  [[nodiscard]] U* row(std::int64_t z, std::int64_t y) const noexcept {
    return reinterpret_cast<U*>(out_.data + z * out_.strides[0] + y * out_.strides[1]);
  }

  /// A run goes on into the boundary voxel behind it, whose label is that of its left neighbour. The other boundary voxels
  /// are left as they are.
  void fill_pieces() {
    Pieces pieces;
    const Runs runs = find_runs(stream_, boundaries_, pieces);
    const std::uint32_t count = pieces.number();
    const std::size_t ids = stream_.ids.size() / sizeof(U);
    if (count != ids) {
      throw_corrupt(std::to_string(ids) + " ids for " + std::to_string(count) + " connected components");
    }
    const auto& [sz, sy, sx] = stream_.shape;
    std::size_t i = 0;
    for (std::int64_t z = 0; z < sz; ++z) {
      for (std::int64_t y = 0; y < sy; ++y) {
        U* const to = row(z, y);
        const std::size_t end = runs.rows[static_cast<std::size_t>(z * sy + y) + 1];
        for (; i < end; ++i) {
          const Run& run = runs.all[i];
          const auto id = load_le<U>(stream_.ids.data() + pieces.number_of(run.piece) * sizeof(U));
          fill(to, run.begin, std::min<std::int64_t>(run.end + 1, sx), sx, id);
        }
      }
    }
  }

  /// Voxels from begin to end of a row of `size`. May write further ones of the row, which come later.
  static void fill(U* row, std::int64_t begin, std::int64_t end, std::int64_t size, U id) noexcept {
    constexpr std::int64_t step = 16 / sizeof(U);
    if (begin + ceil_div(end - begin, step) * step > size) {
      std::fill(row + begin, row + end, id);
      return;
    }
    std::array<U, step> several;
    several.fill(id);
    for (std::int64_t x = begin; x < end; x += step) std::memcpy(row + x, several.data(), 16);
  }

  /// Boundary voxels that are not behind a run: the label of the upper neighbour, else of the one below in z, if that is
  /// no boundary; else what the next location says.
  void fill_boundaries() {
    const auto& [sz, sy, sx] = stream_.shape;
    for (std::int64_t z = 0; z < sz; ++z) {
      for (std::int64_t y = 0; y < sy; ++y) {
        const std::uint64_t* const bits = boundaries_.row(z, y);
        const std::uint64_t* const above = y > 0 ? boundaries_.row(z, y - 1) : nullptr;
        const std::uint64_t* const below = z > 0 && stream_.connectivity == 6 ? boundaries_.row(z - 1, y) : nullptr;
        std::uint64_t carry = 1;  // whether the left neighbour is a boundary, or there is none
        for (std::int64_t word = 0; word < boundaries_.words(); ++word) {
          std::uint64_t rest = bits[word] & (bits[word] << 1 | carry);
          carry = bits[word] >> 63;
          if (above != nullptr) rest = copy_from(z, y, word, rest, above[word], z, y - 1);
          if (below != nullptr) rest = copy_from(z, y, word, rest, below[word], z - 1, y);
          for (; rest != 0; rest &= rest - 1) {
            const std::int64_t x = word * 64 + std::countr_zero(rest);
            row(z, y)[x] = located(z, y, x);
          }
        }
      }
    }
    if (next_ != stream_.locations.size()) throw_corrupt("more locations than boundary voxels that need one");
  }

  /// Of `wanted` voxels of a word of a row, copies those that are no boundary in another row. \returns  the others
  std::uint64_t copy_from(std::int64_t z, std::int64_t y, std::int64_t word, std::uint64_t wanted,
                          std::uint64_t boundaries, std::int64_t from_z, std::int64_t from_y) noexcept {
    U* const to = row(z, y) + word * 64;
    const U* const from = row(from_z, from_y) + word * 64;
    for (std::uint64_t bits = wanted & ~boundaries; bits != 0; bits &= bits - 1) {
      const int x = std::countr_zero(bits);
      to[x] = from[x];
    }
    return wanted & boundaries;
  }

  U next_location() {
    if (next_ == stream_.locations.size()) throw_corrupt("fewer locations than boundary voxels that need one");
    const auto location = load_le<U>(stream_.locations.data() + next_);
    next_ += sizeof(U);
    return location;
  }

  /// What the next location says of a voxel.
  U located(std::int64_t z, std::int64_t y, std::int64_t x) {
    const auto& [sz, sy, sx] = stream_.shape;
    const U location = next_location();
    const auto from = [&](bool inside, std::int64_t dz, std::int64_t dy, std::int64_t dx) {
      if (!inside) throw_corrupt("a location points out of the chunk");
      // In raster order a boundary voxel that comes later still has 0.
      if (dz + dy + dx > 0 && test(boundaries_.row(z + dz, y + dy), x + dx)) return U{0};
      return row(z + dz, y + dy)[x + dx];
    };
    switch (location) {
      case 0:
        return from(x > 0, 0, 0, -1);
      case 1:
        return from(x + 1 < sx, 0, 0, 1);
      case 2:
        return from(y > 0, 0, -1, 0);
      case 3:
        return from(y + 1 < sy, 0, 1, 0);
      case 4:
        return from(z > 0, -1, 0, 0);
      case 5:
        return from(z + 1 < sz, 1, 0, 0);
      case 6:
        return next_location();
      default:
        return static_cast<U>(location - 7);
    }
  }

  const Stream& stream_;
  const StridedBytes out_;
  Bitmap boundaries_;
  std::size_t next_ = 0;  ///< of the locations, in bytes
};

}  // namespace

void decode_compresso(Bytes encoded, std::size_t item_size, const Shape3& shape, const StridedBytes& out) {
  const Stream stream = read_stream(encoded, item_size, shape);
  // Rows are whole words of bits: a chunk of very short rows would take more than its labels do.
  constexpr std::int64_t most_words = std::int64_t{16} << 20;
  if ((shape[2] + 63) / 64 > most_words / (shape[0] * shape[1])) {
    throw Error(Errc::too_large, "compresso: a chunk of so many rows is not read");
  }
  switch (item_size) {
    case 1:
      return Labels<std::uint8_t>(stream, out).decode();
    case 2:
      return Labels<std::uint16_t>(stream, out).decode();
    case 4:
      return Labels<std::uint32_t>(stream, out).decode();
    default:
      return Labels<std::uint64_t>(stream, out).decode();
  }
}

}  // namespace catvox::detail
