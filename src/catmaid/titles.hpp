#pragma once

#include <catvox/catmaid/id_or_title.hpp>
#include <catvox/catmaid/stack_info.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/text.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace catvox::detail {

inline std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// "7" or "\"FAFB v14\"".
inline std::string named(const IdOrTitle& wanted) {
  return wanted.is_id() ? std::to_string(wanted.id()) : in_quotes(wanted.title());
}

/// "1 \"a\", 2 \"b\"", cut after a screenful.
template <class Item>
std::string list_of(const std::vector<Item>& items, std::int64_t Item::*id, std::string Item::*title) {
  constexpr std::size_t most = 30;
  std::string text;
  for (std::size_t i = 0; i < items.size() && i < most; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(items[i].*id) + " " + in_quotes(items[i].*title);
  }
  if (items.size() > most) text += " and " + std::to_string(items.size() - most) + " more";
  return text.empty() ? "none" : text;
}

/// The position of the one item that is meant.
/// \throws Error{invalid_argument} if several have the title
template <class Item>
std::optional<std::size_t> find_by_id_or_title(const std::vector<Item>& items, const IdOrTitle& wanted,
                                               std::int64_t Item::*id, std::string Item::*title) {
  const auto find = [&](auto matches) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!matches(items[i])) continue;
      if (found) {
        throw Error(Errc::invalid_argument, "the title " + named(wanted) + " is not unique: ids " +
                                                std::to_string(items[*found].*id) + " and " +
                                                std::to_string(items[i].*id) + " have it");
      }
      found = i;
    }
    return found;
  };
  if (wanted.is_id()) return find([&](const Item& item) { return item.*id == wanted.id(); });
  const auto exact = find([&](const Item& item) { return item.*title == wanted.title(); });
  if (exact) return exact;
  return find([&](const Item& item) { return trimmed(item.*title) == trimmed(wanted.title()); });
}

inline Error no_such_mirror(const StackInfo& info, const IdOrTitle& mirror) {
  return {Errc::not_found, "stack " + in_quotes(info.stitle) + " has no mirror " + named(mirror) + "; it has " +
                               list_of(info.mirrors, &MirrorInfo::id, &MirrorInfo::title)};
}

}  // namespace catvox::detail
