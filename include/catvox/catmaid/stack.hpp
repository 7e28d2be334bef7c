#pragma once

#include <array>
#include <catvox/array/cache_statistics.hpp>
#include <catvox/array/level_source.hpp>
#include <catvox/array/scale_view.hpp>
#include <catvox/catmaid/id_or_title.hpp>
#include <catvox/catmaid/mirror_types.hpp>
#include <catvox/catmaid/preview.hpp>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/core/dtype.hpp>
#include <catvox/core/export.hpp>
#include <catvox/format/chunk_store.hpp>
#include <catvox/geometry/broken_slice_policy.hpp>
#include <catvox/geometry/level_geometry.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace catvox {

namespace detail {
class ChunkPool;
class Mirror;
class MirrorChoice;
class StandIns;
struct ChosenMirror;
}  // namespace detail

/// How a Stack reaches and reads its mirrors.
struct StackOptions {
  /// For mirrors without one of their own. Its secrets go to the origin of the first mirror that has a type that is
  /// read, and to that of one that set_mirror() names; to none but the one to which it is bound, if it is.
  HttpSession session{};
  std::string server{};                                  ///< what a relative image_base is relative to
  bool allow_file = false;                               ///< whether a mirror may lie in a local folder
  bool forbidden_is_missing = false;                     ///< 403 is fill: S3 without the right to list answers so
  std::size_t cache_bytes = std::size_t{256} << 20;      ///< chunks kept in memory, for all views together; 0: none
  bool read_ahead = true;                                ///< see ReadOptions::read_ahead; false: no read does
  std::chrono::milliseconds metadata_timeout{120'000};   ///< for opening a mirror, retries included
  std::shared_ptr<const Credentials> api_credentials{};  ///< for tiles that the server makes itself (types 3 and 13)
};

/// Which part of a scale level is wanted.
struct ScaleOptions {
  std::optional<std::int64_t> channel{};  ///< 0 to Stack::channels() - 1
};

/// How mirrors stand in for each other, see Stack::set_mirrors().
struct StandInOptions {
  /// For how long a mirror is passed over once it has failed: the first read that begins later asks it again.
  std::chrono::milliseconds retry_after{30'000};

  /// Whether what a mirror does not have (404: fill) is taken from the next one. Then a read may mix mirrors slice by slice
  /// and tile by tile, even where the first has no image on purpose.
  bool missing_too = false;
};

/// What set_fastest_mirror() saw of one mirror.
struct MirrorTiming {
  std::int64_t id = 0;            ///< the mirror's
  std::string title;              ///< the mirror's
  std::optional<double> seconds;  ///< for the canary tile; absent if the mirror did not deliver it
  std::string failure;            ///< why not
};

/// A stack, one of its mirrors, and how to reach it; gives views. Copies share the cache and the connections.
///
/// Setters are not thread-safe; everything const is.
class CATVOX_EXPORT Stack {
 public:
  /// Opens nothing. Until a mirror is chosen, the first that can be opened is read, and warnings() tells which ones
  /// before it could not. What is wrong with a mirror that is not used is no error.
  explicit Stack(StackInfo info, StackOptions options = {});

  /// A stack over level sources of the program's own: views of level s read from levels[s]. Mirrors play no part.
  static Stack from_sources(StackInfo info, std::vector<std::shared_ptr<const LevelSource>> levels);

  /// A stack over chunk stores of the program's own: level s is levels[s], at info's downsample_factors. Their keys are
  /// URLs that `options` can reach; an answer of 404, 410 or 204 is fill. info().mirrors is then one that stands for
  /// them. See docs/extending.md.
  static Stack from_stores(StackInfo info, std::vector<std::shared_ptr<const ChunkStore>> levels,
                           StackOptions options = {});

  /// What the server says of the stack.
  [[nodiscard]] const StackInfo& info() const& noexcept { return *info_; }
  /// The same, of a stack that is about to go.
  [[nodiscard]] StackInfo info() &&;

  /// The mirror that views read from; opens it if none was chosen.
  /// \throws Error saying of every mirror why it cannot be read
  [[nodiscard]] const MirrorInfo& mirror() const&;
  /// The same, of a stack that is about to go.
  [[nodiscard]] MirrorInfo mirror() &&;

  /// Chooses a mirror by id or title; views made before keep theirs. Makes no request.
  /// \throws Error{not_found} listing the mirrors; Error{unsupported} naming its type
  void set_mirror(const IdOrTitle& mirror);

  /// Chooses mirrors that stand in for each other: where one fails in the middle of a read, the next one serves the rest,
  /// whatever its type and tile size. That a tile is missing is no failure. ReadStatistics::stood_in counts what others
  /// than the first mirror gave, ReadReport says which gave what. A mirror that failed is asked again, see StandInOptions.
  ///
  /// Opens all of them. One that cannot be opened now is tried when it is needed.
  /// \param mirrors  by id or title, the preferred one first
  /// \throws Error{not_found} listing the mirrors; {unsupported} naming a type; {invalid_argument} if there are none, or
  ///         if a level of one has another shape, place or element type than that of the first; if none can be opened,
  ///         what is wrong with each; {cancelled}
  void set_mirrors(const std::vector<IdOrTitle>& mirrors, const StandInOptions& options = {},
                   const std::stop_token& stop = {});

  /// HTTP Basic for one mirror: sent to the origin of its image_base only.
  void set_mirror_auth(const IdOrTitle& mirror, BasicAuth auth);

  /// Connections, headers, certificates, proxy of one mirror. The session's secrets go to the origin of the
  /// mirror's image_base only.
  void set_mirror_session(const IdOrTitle& mirror, HttpSession session);

  /// Times the canary tile of every supported mirror, one after the other and past all caches, and chooses the
  /// fastest.
  /// \param timeout  for each mirror, opening it included
  /// \returns        what it saw, in the order of info().mirrors, supported ones only
  /// \throws Error{connection} with every mirror's failure if none delivered; Error{cancelled}
  std::vector<MirrorTiming> set_fastest_mirror(std::chrono::milliseconds timeout = std::chrono::seconds(10),
                                               const std::stop_token& stop = {});

  /// What stands in for broken slices in views made from now on.
  void set_broken_slices(BrokenSlicePolicy policy);

  /// The highest scale level of the mirror, plus one; level 0 is full resolution.
  [[nodiscard]] int levels(const std::stop_token& stop = {}) const;

  /// What a user of the mirror should know: that another had to be passed over, that a volume's own size differs from
  /// the stack's dimension. Empty if all is well.
  [[nodiscard]] std::vector<std::string> warnings() const;

  /// Voxels of a level, zyx. \throws Error{not_found} listing the levels
  [[nodiscard]] std::array<std::size_t, 3> shape(int level = 0) const;

  /// World units per voxel of a level, per array axis, zyx. \throws Error{not_found} listing the levels
  [[nodiscard]] std::array<double, 3> voxel_size(int level = 0) const;

  /// The part of world space that a level covers. \throws Error{not_found} listing the levels
  [[nodiscard]] WorldBox world_box(int level = 0) const;

  /// The level whose voxels are nearest to `nm` world units across: the mean of their width and height counts, of two
  /// that are equally near the finer one is taken. \throws Error{invalid_argument} if `nm` is no number > 0
  [[nodiscard]] int level_near(double nm) const;

  /// A small picture of the stack, or of a box of it: the slice in its middle, of the finest level that has at most so many
  /// pixels there, or every n-th row and column of the coarsest. Where the mirror has none of its tiles, of a finer level.
  /// \throws Error{invalid_argument} if max_pixels < 1; {not_found} if the box lies outside, or no level has any of it
  [[nodiscard]] Preview preview(std::int64_t max_pixels = 512 * 512, const std::optional<WorldBox>& box = {},
                                const ReadOptions& options = {}) const;

  /// The element type of a level. \throws Error{not_found} listing the levels
  [[nodiscard]] DType dtype(int level = 0) const { return source(level)->dtype(); }

  /// How many channels a level has; no image is read. Tiles have 4, whatever they hold: red, green, blue and alpha, of
  /// which grey gives itself in the first three. \throws Error{not_found} listing the levels
  [[nodiscard]] std::int64_t channels(int level = 0) const { return source(level)->channels(); }

  /// A scale level as a lazy array, axes (z, y, x); no image is read. Of a volume of several channels it is the first;
  /// of tiles the grey value, and their 16-bit samples if T is std::uint16_t.
  ///
  /// With N = 4 it is all channels, axes (c, z, y, x): a chunk is requested once, however many of them are read.
  /// \throws Error{not_found} listing the levels; Error{invalid_argument} if T is not the level's type
  template <class T, std::size_t N = 3>
  [[nodiscard]] ScaleView<T, N> scale(int level = 0) const {
    static_assert(N == 3 || N == 4, "catvox: a level has 3 axes, with its channels 4");
    return ScaleView<T, N>(source_as(level, dtype_of<T>, {}));
  }

  /// The same of one channel, axes (z, y, x).
  /// \throws Error{not_found} listing the levels, or if there is no such channel; Error{invalid_argument} as above
  template <class T>
  [[nodiscard]] ScaleView<T> scale(int level, const ScaleOptions& options) const {
    const auto opened = source_as(level, dtype_of<T>, {});
    return options.channel ? ScaleView<T>(opened, *options.channel) : ScaleView<T>(opened);
  }

  /// Calls f with the ScaleView of the level's own element type, and returns what it returns.
  template <class F>
  decltype(auto) visit_scale(int level, F&& f) const {
    auto opened = source(level);
    return visit_dtype(opened->dtype(), [&]<class T>(std::type_identity<T>) -> decltype(auto) {
      return std::forward<F>(f)(ScaleView<T>(opened));
    });
  }

  /// Forgets every chunk that is kept in memory. Reads that are under way go on.
  void clear_cache() const;

  /// What the memory cache holds, and what all views of this stack and of its copies have done so far, what they
  /// fetched ahead included.
  [[nodiscard]] CacheStatistics cache_statistics() const;

  /// What a view stands on: for code that reads bytes of a type known at run time only.
  [[nodiscard]] std::shared_ptr<const LevelSource> source(int level, const std::stop_token& stop = {}) const;

  /// The same as an element type, where the level can be read as that; else, and if none is wanted, as its own.
  [[nodiscard]] std::shared_ptr<const LevelSource> source_as(int level, std::optional<DType> wanted,
                                                             const std::stop_token& stop = {}) const;

 private:
  [[nodiscard]] std::size_t find_mirror(const IdOrTitle& mirror) const;
  [[nodiscard]] std::shared_ptr<const detail::Mirror> trusted(std::size_t position) const;
  explicit Stack(std::shared_ptr<const StackInfo> info);
  void choose();
  [[nodiscard]] std::vector<int> level_numbers(const std::stop_token& stop) const;
  [[nodiscard]] std::shared_ptr<const detail::ChosenMirror> chosen(const std::stop_token& stop) const;

  std::shared_ptr<const StackInfo> info_;
  HttpSession session_;  // as it was given
  std::shared_ptr<detail::ChunkPool> pool_;
  std::vector<std::shared_ptr<const detail::Mirror>> mirrors_;  // one for each of info_->mirrors
  std::optional<std::size_t> chosen_;                           // position; absent: the first that can be opened
  std::vector<std::size_t> chosen_several_;                     // positions; see set_mirrors()
  StandInOptions stand_in_options_;
  std::shared_ptr<detail::StandIns> stand_ins_;  // of chosen_several_; else null
  std::shared_ptr<const detail::MirrorChoice> choice_;
  std::vector<std::shared_ptr<const LevelSource>> sources_;  // instead of mirrors, see from_sources()
  BrokenSlicePolicy policy_ = BrokenSlicePolicy::nearest;
};

}  // namespace catvox
