#pragma once

#include <catvox/array/level_source.hpp>
#include <catvox/bytes/byte_source.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/geometry/broken_slices.hpp>
#include <catvox/http/session.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "catmaid/lazy.hpp"
#include "format/opened.hpp"
#include "read/chunk_pool.hpp"
#include "read/partial_source.hpp"
#include "read/prefetcher.hpp"

namespace catvox::detail {

/// What a Mirror is made of.
struct MirrorParts {
  std::shared_ptr<const StackInfo> stack;
  std::size_t position = 0;  ///< in stack->mirrors
  StackOptions options;
  std::optional<HttpSession> session{};  ///< of this mirror alone
  std::optional<BasicAuth> auth{};       ///< of this mirror alone
  std::shared_ptr<ChunkPool> pool;
  std::vector<std::shared_ptr<const ChunkStore>> stores{};  ///< of the program's own: they are the levels
};

/// One mirror of one stack, opened when it is first used: until then nothing of it is checked. Immutable and
/// thread-safe.
class Mirror : public std::enable_shared_from_this<Mirror> {
 public:
  using Clock = std::chrono::steady_clock;

  /// How chunks of a level become voxels, and what reads them.
  struct Reading {
    ChunkOrigin origin;
    std::shared_ptr<Prefetcher> prefetcher;
  };

  struct Level {
    OpenedLevel opened;
    std::vector<Reading> readings;  ///< the level's own first; each has another element type

    /// The reading of an element type; the level's own if there is none of that.
    [[nodiscard]] const Reading& reading(std::optional<DType> wanted) const;
  };

  struct Levels {
    std::vector<Level> all;  ///< ascending, never empty; gaps are levels that do not exist
    std::optional<Shape3> own_shape;
    std::vector<std::string> warnings;

    [[nodiscard]] std::vector<int> numbers() const;
  };

  explicit Mirror(MirrorParts parts);

  [[nodiscard]] const MirrorParts& parts() const { return parts_; }
  [[nodiscard]] const MirrorInfo& info() const { return parts_.stack->mirrors[parts_.position]; }

  /// Makes no request. \throws Error{unsupported} for a type that is not read, and others for an image_base that cannot
  /// be used or is not allowed
  void check_address() const;

  /// \throws Error that names stack and mirror
  [[nodiscard]] std::shared_ptr<const Levels> levels(const std::stop_token& stop) const;

  /// \param wanted  element type; where the level cannot be read as that, or none is wanted, it has its own
  /// \throws Error{not_found} listing the levels
  [[nodiscard]] std::shared_ptr<const PartialSource> source(int level, std::optional<DType> wanted,
                                                            BrokenSlicePolicy policy,
                                                            const std::stop_token& stop) const;

  /// Fetches and decodes the chunk at the stack's canary location, twice and past every cache, and returns the seconds
  /// that the quicker time took.
  /// \param timeout  for all of it, opening included
  /// \throws Error saying why there is none
  [[nodiscard]] double time_canary(std::chrono::milliseconds timeout, const std::stop_token& stop) const;

 private:
  struct Address {
    std::string url;  ///< absolute, encoded
    std::shared_ptr<const Credentials> credentials;
  };

  /// What f gives; an Error that it throws names stack, mirror and address.
  template <class F>
  auto named(F&& f) const;

  [[nodiscard]] Address address() const;
  [[nodiscard]] const HttpSession& session() const { return parts_.session ? *parts_.session : parts_.options.session; }
  [[nodiscard]] std::shared_ptr<ByteSource> source_of(const Address& address, const SourceNeeds& needs) const;
  [[nodiscard]] std::shared_ptr<const Levels> levels_until(Clock::time_point deadline,
                                                           const std::stop_token& stop) const;
  [[nodiscard]] Opened open_own(const Address& address) const;
  [[nodiscard]] Levels open(Clock::time_point deadline, const std::stop_token& stop) const;

  const MirrorParts parts_;
  const Lazy<Levels> levels_;
};

}  // namespace catvox::detail
