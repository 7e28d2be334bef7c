#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace catvox {

/// How a caller names a stack or a mirror: client.stack(7), client.stack("FAFB v14"). A title is compared as it is
/// first, then without the spaces around it, as titles in CATMAID may end in some.
class IdOrTitle {
 public:
  /// An id.
  template <std::integral I>
  IdOrTitle(I id) : is_id_(true), id_(static_cast<std::int64_t>(id)) {}  // NOLINT: implicit on purpose
  /// A title.
  IdOrTitle(std::string_view title) : title_(title) {}  // NOLINT
  /// A title.
  IdOrTitle(const std::string& title) : title_(title) {}  // NOLINT
  /// A title.
  IdOrTitle(const char* title) : title_(title) {}  // NOLINT

  /// Whether it is an id.
  [[nodiscard]] bool is_id() const noexcept { return is_id_; }
  /// The id; 0 if it is a title.
  [[nodiscard]] std::int64_t id() const noexcept { return id_; }
  /// The title; empty if it is an id.
  [[nodiscard]] const std::string& title() const noexcept { return title_; }

 private:
  bool is_id_ = false;
  std::int64_t id_ = 0;
  std::string title_;
};

}  // namespace catvox
