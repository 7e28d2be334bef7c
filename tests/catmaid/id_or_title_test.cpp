#include <catvox/catmaid/id_or_title.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "support/catch.hpp"

using catvox::IdOrTitle;

namespace {

template <class T>
constexpr bool names = std::is_convertible_v<T, IdOrTitle>;

static_assert(names<int> && names<std::uint8_t> && names<std::size_t> && names<std::int64_t>);
static_assert(names<const char*> && names<const char (&)[4]> && names<std::string> && names<std::string_view>);
static_assert(!names<bool> && !names<char> && !names<char8_t> && !names<wchar_t> && !names<std::nullptr_t> &&
              !names<double>);

}  // namespace

TEST_CASE("what somebody typed is an id if it is a whole number", "[catmaid]") {
  for (const auto& [text, id] : {std::pair("12", 12), {"-1", -1}, {"007", 7}}) {
    CHECK(IdOrTitle::parse(text).is_id());
    CHECK(IdOrTitle::parse(text).id() == id);
  }
  CHECK(IdOrTitle::parse("9223372036854775807").id() == std::numeric_limits<std::int64_t>::max());
  for (const char* text : {"", "FAFB v14", "12 ", " 12", "1e3", "12.0", "+12", "9223372036854775808"}) {
    CHECK_FALSE(IdOrTitle::parse(text).is_id());
    CHECK(IdOrTitle::parse(text).title() == text);
  }
}
