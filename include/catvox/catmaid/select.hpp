#pragma once

#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/catmaid/stack.hpp>
#include <catvox/core/export.hpp>
#include <iosfwd>
#include <optional>

namespace catvox {

/// Lets a person choose a stack: prints a numbered list and a prompt, reads one line. An empty line or the end of
/// input cancels; anything that is not a number of the list is asked again.
/// \returns the chosen stack, or nothing
CATVOX_EXPORT std::optional<Stack> select_stack(const CatmaidClient& client, std::istream& in, std::ostream& out);

/// The same for a mirror of a stack; the choice is made with stack.set_mirror(). Mirrors of a type that is not
/// read are listed without a number.
/// \returns whether one was chosen
CATVOX_EXPORT bool select_mirror(Stack& stack, std::istream& in, std::ostream& out);

}  // namespace catvox
