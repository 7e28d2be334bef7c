#pragma once

/// \file
/// What a shared catvox exports: what is marked so, and nothing else. Types that cross its border (those that users
/// derive from or catch) are marked whole, so that both sides mean the same type.
#if defined(__GNUC__)
#define CATVOX_EXPORT __attribute__((visibility("default")))
#else
#define CATVOX_EXPORT
#endif

namespace catvox {

/// What the templates of views call, compiled once: exported for them, and for nobody else.
namespace abi {}

/// Nothing of this is exported, and nothing of it is for users.
namespace detail {
using namespace abi;
}

}  // namespace catvox
