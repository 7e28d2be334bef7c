#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace catvox {

/// How a caller names a stack or a mirror: client.stack(7), client.stack("FAFB v14"). A title is compared as it is
/// first, then without the spaces around it, as titles in CATMAID may end in some.
class IdOrTitle {
 public:
  /// An id.
  template <std::integral I>
  IdOrTitle(I id) : is_id_(true), id_(static_cast<std::int64_t>(id)) {}  // NOLINT: implicit on purpose
  /// A truth value or a character is no id, and null no title.
  template <class I>
  requires(std::same_as<I, bool> || std::same_as<I, char> || std::same_as<I, wchar_t> || std::same_as<I, char8_t> ||
           std::same_as<I, char16_t> || std::same_as<I, char32_t>) IdOrTitle(I)
  = delete;
  IdOrTitle(std::nullptr_t) = delete;
  /// A title.
  IdOrTitle(std::string_view title) : title_(title) {}  // NOLINT
  /// A title.
  IdOrTitle(const std::string& title) : title_(title) {}  // NOLINT
  /// A title.
  IdOrTitle(const char* title) : title_(title) {}  // NOLINT

  /// What somebody typed: an id if it is a whole number that fits 64 bits, else a title.
  [[nodiscard]] static IdOrTitle parse(std::string_view text) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error == std::errc() && end == text.data() + text.size()) return id;
    return text;
  }

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
