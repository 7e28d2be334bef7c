#include "demo_instance/em_texture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace tools {

namespace {

// Lengths are in pixels of 4 nm; a section is 10 of them thick.
constexpr float section_thickness = 10;

struct Point {
  float x, y, z;
};

struct Cell {
  std::int32_t x, y, z;
  friend bool operator==(const Cell&, const Cell&) = default;
};

std::uint32_t mix(std::uint32_t h) {
  h ^= h >> 16;
  h *= 0x7feb352dU;
  h ^= h >> 15;
  h *= 0x846ca68bU;
  h ^= h >> 16;
  return h;
}

std::uint32_t hash(const Cell& cell, std::uint32_t seed) {
  std::uint32_t h = mix(static_cast<std::uint32_t>(cell.x) + seed * 0x9e3779b9U);
  h = mix(h ^ static_cast<std::uint32_t>(cell.y));
  return mix(h ^ static_cast<std::uint32_t>(cell.z));
}

/// [0, 1)
float unit(std::uint32_t h) { return static_cast<float>(h >> 8) * 0x1p-24F; }

float smooth_step(float from, float to, float x) {
  const float t = std::clamp((x - from) / (to - from), 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

float mixed(float a, float b, float t) { return a + (b - a) * t; }

/// Value noise in [-1, 1]: random values at the corners of a grid of that spacing, and smooth in between.
float noise(const Point& p, float spacing, std::uint32_t seed) {
  const float x = p.x / spacing, y = p.y / spacing, z = p.z / spacing;
  const Cell cell{static_cast<std::int32_t>(std::floor(x)), static_cast<std::int32_t>(std::floor(y)),
                  static_cast<std::int32_t>(std::floor(z))};
  const float u = smooth_step(0, 1, x - static_cast<float>(cell.x));
  const float v = smooth_step(0, 1, y - static_cast<float>(cell.y));
  const float w = smooth_step(0, 1, z - static_cast<float>(cell.z));
  const auto corner = [&](int dx, int dy, int dz) { return unit(hash({cell.x + dx, cell.y + dy, cell.z + dz}, seed)); };
  const auto plane = [&](int dz) {
    return mixed(mixed(corner(0, 0, dz), corner(1, 0, dz), u), mixed(corner(0, 1, dz), corner(1, 1, dz), u), v);
  };
  return 2 * mixed(plane(0), plane(1), w) - 1;
}

/// Noise of a slow kind, computed once for each block of pixels of a section and interpolated in between.
class SlowNoise {
 public:
  SlowNoise(float z, std::int64_t height, std::int64_t width, float spacing, std::uint32_t seed)
      : columns_(width / step + 2) {
    for (std::int64_t y = 0; y <= height / step + 1; ++y) {
      for (std::int64_t x = 0; x < columns_; ++x) {
        values_.push_back(noise({static_cast<float>(x * step), static_cast<float>(y * step), z}, spacing, seed));
      }
    }
  }
  float operator()(std::int64_t y, std::int64_t x) const {
    const float* at = values_.data() + y / step * columns_ + x / step;
    const float u = static_cast<float>(x % step) / step, v = static_cast<float>(y % step) / step;
    return mixed(mixed(at[0], at[1], u), mixed(at[columns_], at[columns_ + 1], u), v);
  }

  /// The value at a place that may lie somewhat outside of the section.
  float near(float y, float x) const {
    const auto rows = static_cast<std::int64_t>(values_.size()) / columns_;
    return (*this)(std::clamp<std::int64_t>(std::llround(y), 0, (rows - 1) * step - 1),
                   std::clamp<std::int64_t>(std::llround(x), 0, (columns_ - 1) * step - 1));
  }

 private:
  static constexpr std::int64_t step = 4;
  std::int64_t columns_;
  std::vector<float> values_;
};

/// A random point in each cell of a grid, and the space divided among the points: what lies nearest to one is its
/// region.
class Regions {
 public:
  Regions(float spacing, float flatness, std::uint32_t seed) : spacing_(spacing), flatness_(flatness), seed_(seed) {}

  struct Place {
    std::uint32_t id;      ///< of the region
    std::uint32_t beside;  ///< the region across the nearest border
    float border;          ///< distance to that border within the section
    float steepness;       ///< of the border: 1 perpendicular to the section, 0 in its plane
    Point centre;          ///< the region's point
  };

  /// Fastest when called for one place after another along a row.
  Place operator()(const Point& p) {
    const Cell cell{static_cast<std::int32_t>(std::floor(p.x / spacing_)),
                    static_cast<std::int32_t>(std::floor(p.y / spacing_)),
                    static_cast<std::int32_t>(std::floor(p.z / (spacing_ * flatness_)))};
    if (!(cell == cell_)) look_around(cell);

    std::size_t first = 0, second = 0;
    float nearest = 1e30F, next = 1e30F;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const float dx = points_[i].x - p.x, dy = points_[i].y - p.y, dz = points_[i].z - p.z;
      const float distance = dx * dx + dy * dy + dz * dz;
      if (distance < nearest) {
        next = nearest;
        second = first;
        nearest = distance;
        first = i;
      } else if (distance < next) {
        next = distance;
        second = i;
      }
    }
    const Point &a = points_[first], &b = points_[second];
    const float in_plane = (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y);
    const float apart = std::sqrt(in_plane + (a.z - b.z) * (a.z - b.z));
    const float steepness = std::sqrt(in_plane) / apart;
    const float border = (next - nearest) / (2 * apart) / std::max(steepness, 0.35F);
    return {ids_[first], ids_[second], border, steepness, a};
  }

 private:
  void look_around(const Cell& centre) {
    cell_ = centre;
    std::size_t i = 0;
    for (int dz = -1; dz <= 1; ++dz) {
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx, ++i) {
          const Cell cell{centre.x + dx, centre.y + dy, centre.z + dz};
          ids_[i] = hash(cell, seed_);
          points_[i] = {(static_cast<float>(cell.x) + unit(mix(ids_[i] + 1))) * spacing_,
                        (static_cast<float>(cell.y) + unit(mix(ids_[i] + 2))) * spacing_,
                        (static_cast<float>(cell.z) + unit(mix(ids_[i] + 3))) * spacing_ * flatness_};
        }
      }
    }
  }

  float spacing_, flatness_;
  std::uint32_t seed_;
  Cell cell_{INT32_MIN, 0, 0};
  std::array<Point, 27> points_{};
  std::array<std::uint32_t, 27> ids_{};
};

/// The cells' profiles: large ones, three in five of them bundles of small ones.
class Profiles {
 public:
  Regions::Place operator()(const Point& p) {
    const Regions::Place outer = large_(p);
    if (unit(mix(outer.id + 5)) >= 0.6F) return outer;
    Regions::Place inner = small_(p);
    inner.id = mix(outer.id ^ inner.id);
    inner.beside = mix(outer.id ^ inner.beside);
    if (outer.border < inner.border) {
      inner.beside = outer.beside;
      inner.border = outer.border;
      inner.steepness = outer.steepness;
    }
    return inner;
  }

 private:
  Regions large_{150, 1.6F, 21};
  Regions small_{62, 2.2F, 22};
};

/// Darkness of a membrane at a distance from its middle.
float membrane(float distance, float half_width) {
  return 1 - smooth_step(0.4F * half_width, 1.6F * half_width, distance);
}

/// How dark the membranes inside a mitochondrion are: folds that run across it, wavy.
float cristae(const Point& p, const Point& centre, std::uint32_t id, float wave) {
  const float slope = 2 * unit(mix(id + 11)) - 1;
  const float along = (p.x - centre.x) * slope + (p.y - centre.y) + 5 * wave;
  const float phase = along / 7 - std::floor(along / 7);
  return smooth_step(0.5F, 0.9F, std::abs(2 * phase - 1));
}

/// How many of the places for vesicles are taken: they lie in clusters.
float vesicle_density(float clusters) { return 0.8F * smooth_step(0.05F, 0.5F, clusters); }

/// Vesicles lie one to a cell of a small grid: a dark ring around a light middle. Returns the change of brightness.
float vesicle(const Point& p, std::int64_t section, const SlowNoise& clusters) {
  constexpr float spacing = 11;
  const auto column = static_cast<std::int32_t>(std::floor(p.x / spacing));
  const auto row = static_cast<std::int32_t>(std::floor(p.y / spacing));
  float change = 0;
  for (std::int32_t r = std::max(row - 1, 0); r <= row + 1; ++r) {
    for (std::int32_t c = std::max(column - 1, 0); c <= column + 1; ++c) {
      const std::uint32_t id = hash({c, r, static_cast<std::int32_t>(section)}, 71);
      const float x = (static_cast<float>(c) + 0.15F + 0.7F * unit(mix(id + 1))) * spacing;
      const float y = (static_cast<float>(r) + 0.15F + 0.7F * unit(mix(id + 2))) * spacing;
      if (unit(id) >= vesicle_density(clusters.near(y, x))) continue;
      const float radius = 2.9F + 1.3F * unit(mix(id + 3));
      const float distance = std::sqrt((x - p.x) * (x - p.x) + (y - p.y) * (y - p.y));
      if (distance > radius + 3) continue;
      const float ring = (0.55F + 0.45F * unit(mix(id + 4))) * membrane(std::abs(distance - radius), 1.2F);
      change = std::min(change, -64 * ring) + (distance < radius ? 7 * (1 - ring) : 0);
    }
  }
  return change;
}

/// The tissue is bent: where a pixel of a section lies among the regions that the cells are made of.
class Bend {
 public:
  Bend(float depth, std::int64_t height, std::int64_t width)
      : depth_(depth),
        bend_x_(depth, height, width, 150, 1),
        bend_y_(depth, height, width, 150, 2),
        wobble_x_(depth, height, width, 41, 3),
        wobble_y_(depth, height, width, 41, 4) {}
  Point operator()(std::int64_t y, std::int64_t x) const {
    return {static_cast<float>(x) + 52 * bend_x_(y, x) + 16 * wobble_x_(y, x),
            static_cast<float>(y) + 52 * bend_y_(y, x) + 16 * wobble_y_(y, x), depth_};
  }

 private:
  float depth_;
  SlowNoise bend_x_, bend_y_, wobble_x_, wobble_y_;
};

}  // namespace

Section em_section(std::int64_t z, std::int64_t height, std::int64_t width) {
  const float depth = static_cast<float>(z) * section_thickness;
  const Bend bend(depth, height, width);
  const SlowNoise shade(depth, height, width, 260, 5), mottle(depth, height, width, 13, 6);
  const SlowNoise clusters(depth, height, width, 70, 7), folds(depth, height, width, 22, 8);
  Profiles profiles, profiles_of_organelles;
  Regions organelles(105, 1.3F, 23);
  const float section_gain = 6 * (unit(hash({0, 0, static_cast<std::int32_t>(z)}, 31)) - 0.5F);

  Section section{height, width, {}};
  section.pixels.reserve(static_cast<std::size_t>(height * width));
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const Point here{static_cast<float>(x), static_cast<float>(y), depth};
      const Point bent = bend(y, x);
      const Regions::Place cell = profiles(bent);
      float value = 166 + 30 * (unit(mix(cell.id + 6)) - 0.5F) + 8 * mottle(y, x);

      // A mitochondrion lies in the cell that holds its centre, and stays clear of the membrane.
      const Regions::Place organelle = organelles(bent);
      const float dx = (bent.x - organelle.centre.x) * 0.7F, dy = bent.y - organelle.centre.y;
      const float dz = (bent.z - organelle.centre.z) * 0.5F;
      const float radius = 20 + 15 * unit(mix(organelle.id + 7));
      const float inside = std::min(radius - std::sqrt(dx * dx + dy * dy + dz * dz) + 4 * folds(y, x), cell.border - 6);
      if (inside > -4 && unit(organelle.id) < 0.7F && profiles_of_organelles(organelle.centre).id == cell.id) {
        const float fold = cristae(bent, organelle.centre, organelle.id, folds(y, x)) * smooth_step(1, 5, inside);
        value = mixed(value, 124 - 38 * fold + 6 * mottle(y, x), smooth_step(-1, 1, inside));
        value -= 52 * membrane(std::abs(inside), 1.5F);
      } else if (unit(mix(cell.id + 8)) < 0.45F) {
        value += vesicle(here, z, clusters) * smooth_step(3, 8, cell.border);
      }

      // Membranes, fainter where they are cut at a slant. A synapse is a stretch of one that is thick and dark.
      const std::uint32_t pair = cell.id ^ cell.beside;  // the same seen from either side
      const bool synapse = unit(mix(pair + 9)) < 0.2F;
      const float thick = synapse ? smooth_step(0.1F, 0.4F, clusters(y, x)) : 0.0F;
      const float darkness = (0.4F + 0.6F * cell.steepness) * membrane(cell.border, 1.5F + 2.2F * thick);
      value = mixed(value, 58 - 18 * thick, darkness);

      const std::uint32_t grain =
          hash({static_cast<std::int32_t>(x), static_cast<std::int32_t>(y), static_cast<std::int32_t>(z)}, 41);
      const float bell = static_cast<float>((grain & 0xff) + (grain >> 8 & 0xff) + (grain >> 16 & 0xff)) - 382.5F;
      value += 10 * shade(y, x) + section_gain + 0.06F * bell;
      section.pixels.push_back(static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F)));
    }
  }
  return section;
}

std::vector<std::uint64_t> em_labels(std::int64_t z, std::int64_t height, std::int64_t width, std::int64_t step) {
  const float depth = static_cast<float>(z) * section_thickness;
  const Bend bend(depth, height, width);
  Profiles profiles;
  std::vector<std::uint64_t> labels;
  for (std::int64_t y = 0; y + step <= height; y += step) {
    for (std::int64_t x = 0; x + step <= width; x += step) {
      const Regions::Place cell = profiles(bend(y, x));
      labels.push_back(cell.border < 1.5F ? 0 : cell.id);
    }
  }
  return labels;
}

}  // namespace tools
