#include <catvox/catmaid/select.hpp>
#include <catvox/core/text.hpp>
#include <charconv>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "catmaid/titles.hpp"

namespace catvox {
namespace {

// The number, 1 to `count`, that a person types; nothing if the line is empty or the input ends.
std::optional<std::size_t> ask(std::size_t count, const std::string& what, std::istream& in, std::ostream& out) {
  std::string line;
  while (true) {
    out << what << " (1 to " << count << ", empty to cancel): " << std::flush;
    if (!std::getline(in, line)) {
      out << '\n';
      return std::nullopt;
    }
    const auto text = detail::trimmed(line);
    if (text.empty()) return std::nullopt;
    std::size_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure == std::errc() && end == text.data() + text.size() && number >= 1 && number <= count) return number;
    out << in_quotes(text) << " is not a number from 1 to " << count << ".\n";
  }
}

}  // namespace

std::optional<Stack> select_stack(const CatmaidClient& client, std::istream& in, std::ostream& out) {
  const auto stacks = client.stacks();
  if (stacks.empty()) {
    out << "The project has no stacks.\n";
    return std::nullopt;
  }
  for (std::size_t i = 0; i < stacks.size(); ++i) {
    out << i + 1 << ") " << escaped(stacks[i].title) << " (id " << stacks[i].id << ")\n";
  }
  const auto number = ask(stacks.size(), "Stack", in, out);
  if (!number) return std::nullopt;
  return client.stack(stacks[*number - 1].id);
}

bool select_mirror(Stack& stack, std::istream& in, std::ostream& out) {
  std::vector<std::int64_t> ids;
  for (const MirrorInfo& mirror : stack.info().mirrors) {
    const bool readable = is_supported(mirror.tile_source_type);
    if (readable) ids.push_back(mirror.id);
    out << (readable ? std::to_string(ids.size()) + ") " : "-  ") << escaped(mirror.title) << " (id " << mirror.id
        << ", type " << mirror.tile_source_type << (readable ? "" : ", not supported") << ")\n";
  }
  if (ids.empty()) {
    out << "The stack has no mirror that can be read.\n";
    return false;
  }
  const auto number = ask(ids.size(), "Mirror", in, out);
  if (!number) return false;
  stack.set_mirror(ids[*number - 1]);
  return true;
}

}  // namespace catvox
