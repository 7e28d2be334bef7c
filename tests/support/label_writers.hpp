#pragma once

#include <algorithm>
#include <catvox/core/box.hpp>
#include <catvox/core/detail/checked.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

/// Writers of label chunks after the formats' descriptions, plain and slow; zyx throughout.
namespace catvox::test {

/// compressed_segmentation of one channel, each block with at least `bits` a voxel; the tables come last.
template <class U>
std::vector<std::uint32_t> compressed_segmentation(const std::vector<U>& labels, const Shape3& shape,
                                                   const Shape3& block, unsigned bits = 0) {
  Shape3 grid{};
  for (std::size_t axis = 0; axis < 3; ++axis) grid[axis] = catvox::detail::ceil_div(shape[axis], block[axis]);
  std::vector<std::uint32_t> words(static_cast<std::size_t>(2 * volume(grid)));
  std::vector<std::vector<U>> tables;
  for (std::int64_t b = 0; b < volume(grid); ++b) {
    const Index3 at{b / (grid[2] * grid[1]), b / grid[2] % grid[1], b % grid[2]};
    std::vector<U> table;
    std::map<U, std::uint32_t> index;
    std::vector<std::uint32_t> indices(static_cast<std::size_t>(volume(block)));
    for (std::int64_t i = 0; i < volume(block); ++i) {
      const Index3 in{i / (block[2] * block[1]), i / block[2] % block[1], i % block[2]};
      Index3 v{};
      bool inside = true;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        v[axis] = at[axis] * block[axis] + in[axis];
        inside = inside && v[axis] < shape[axis];
      }
      if (!inside) continue;
      const U label = labels[static_cast<std::size_t>((v[0] * shape[1] + v[1]) * shape[2] + v[2])];
      const auto [found, added] = index.emplace(label, static_cast<std::uint32_t>(table.size()));
      if (added) table.push_back(label);
      indices[static_cast<std::size_t>(i)] = found->second;
    }
    unsigned width = bits;
    while (width < 32 && table.size() > (std::size_t{1} << width)) width = width == 0 ? 1 : 2 * width;
    words[static_cast<std::size_t>(2 * b)] = width << 24;
    words[static_cast<std::size_t>(2 * b + 1)] = static_cast<std::uint32_t>(words.size());
    std::vector<std::uint32_t> values((indices.size() * width + 31) / 32);
    for (std::size_t i = 0; width > 0 && i < indices.size(); ++i) {
      values[i * width / 32] |= indices[i] << (i * width % 32);
    }
    words.insert(words.end(), values.begin(), values.end());
    tables.push_back(table);
  }
  for (std::size_t b = 0; b < tables.size(); ++b) {
    words[2 * b] |= static_cast<std::uint32_t>(words.size());
    for (const U label : tables[b]) {
      words.push_back(static_cast<std::uint32_t>(label));
      if (sizeof(U) == 8) words.push_back(static_cast<std::uint32_t>(std::uint64_t{label} >> 32));
    }
  }
  words.insert(words.begin(), 1);  // where the only channel starts
  return words;
}

/// compresso, version 0, connectivity 4, windows of 4 x 4 x 1; labels below 2^(bits of U) - 7.
template <class U>
std::vector<std::byte> compresso(const std::vector<U>& labels, const Shape3& shape) {
  const auto [sz, sy, sx] = shape;
  const auto at = [&, sy = sy, sx = sx](std::int64_t z, std::int64_t y, std::int64_t x) {
    return static_cast<std::size_t>((z * sy + y) * sx + x);
  };
  std::vector<bool> boundary(labels.size());
  for (std::int64_t z = 0; z < sz; ++z) {
    for (std::int64_t y = 0; y < sy; ++y) {
      for (std::int64_t x = 0; x < sx; ++x) {
        boundary[at(z, y, x)] = (x + 1 < sx && labels[at(z, y, x)] != labels[at(z, y, x + 1)]) ||
                                (y + 1 < sy && labels[at(z, y, x)] != labels[at(z, y + 1, x)]);
      }
    }
  }
  // Ids of the pieces in raster order, by flooding.
  std::vector<U> ids;
  std::vector<bool> seen = boundary;
  std::vector<Index3> open;
  for (std::int64_t z = 0; z < sz; ++z) {
    for (std::int64_t y = 0; y < sy; ++y) {
      for (std::int64_t x = 0; x < sx; ++x) {
        if (seen[at(z, y, x)]) continue;
        ids.push_back(labels[at(z, y, x)]);
        open.push_back({z, y, x});
        seen[at(z, y, x)] = true;
        while (!open.empty()) {
          const Index3 v = open.back();
          open.pop_back();
          for (const auto& [dy, dx] : {std::pair{0, -1}, {0, 1}, {-1, 0}, {1, 0}}) {
            const Index3 n{v[0], v[1] + dy, v[2] + dx};
            if (n[1] < 0 || n[1] >= sy || n[2] < 0 || n[2] >= sx || seen[at(n[0], n[1], n[2])]) continue;
            seen[at(n[0], n[1], n[2])] = true;
            open.push_back(n);
          }
        }
      }
    }
  }
  std::vector<U> locations;
  for (std::int64_t z = 0; z < sz; ++z) {
    for (std::int64_t y = 0; y < sy; ++y) {
      for (std::int64_t x = 0; x < sx; ++x) {
        if (!boundary[at(z, y, x)] || (x > 0 && !boundary[at(z, y, x - 1)]) || (y > 0 && !boundary[at(z, y - 1, x)])) {
          continue;
        }
        const U label = labels[at(z, y, x)];
        if (x > 0 && labels[at(z, y, x - 1)] == label) {
          locations.push_back(0);
        } else if (y > 0 && labels[at(z, y - 1, x)] == label) {
          locations.push_back(2);
        } else {
          locations.push_back(static_cast<U>(label + 7));
        }
      }
    }
  }
  std::vector<std::uint16_t> values{0}, windows;
  std::map<std::uint16_t, std::uint16_t> numbers{{0, 0}};
  std::uint16_t run = 0;
  const auto end_run = [&] {
    if (run > 0) windows.push_back(static_cast<std::uint16_t>(2 * run + 1));
    run = 0;
  };
  for (std::int64_t z = 0; z < sz; ++z) {
    for (std::int64_t y = 0; y < sy; y += 4) {
      for (std::int64_t x = 0; x < sx; x += 4) {
        unsigned bits = 0;
        for (std::int64_t dy = 0; dy < std::min<std::int64_t>(4, sy - y); ++dy) {
          for (std::int64_t dx = 0; dx < std::min<std::int64_t>(4, sx - x); ++dx) {
            if (boundary[at(z, y + dy, x + dx)]) bits |= 1u << (dx + 4 * dy);
          }
        }
        const auto value = static_cast<std::uint16_t>(bits);
        if (value == 0 && run < 30000) {
          ++run;
          continue;
        }
        end_run();
        const auto [found, added] = numbers.emplace(value, static_cast<std::uint16_t>(values.size()));
        if (added) values.push_back(value);
        windows.push_back(static_cast<std::uint16_t>(2 * found->second));
      }
    }
  }
  end_run();
  std::vector<std::byte> out;
  const auto put = [&](std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
  };
  for (const char c : {'c', 'p', 's', 'o', '\0'}) put(static_cast<std::uint8_t>(c), 1);
  put(sizeof(U), 1);
  for (const auto size : {sx, sy, sz}) put(static_cast<std::uint64_t>(size), 2);
  for (const auto step : {4, 4, 1}) put(static_cast<std::uint64_t>(step), 1);
  put(ids.size(), 8);
  put(values.size(), 4);
  put(locations.size(), 8);
  put(4, 1);
  for (const U id : ids) put(id, sizeof(U));
  for (const auto value : values) put(value, 2);
  for (const U location : locations) put(location, sizeof(U));
  for (const auto window : windows) put(window, 2);
  return out;
}

}  // namespace catvox::test
