#pragma once

#include <catvox/core/export.hpp>
#include <cstddef>

namespace catvox::abi {

/// Asks the kernel to back large, not yet touched memory with huge pages: first touches of 4 KiB pages cost more than
/// copying voxels into them. Does nothing below 4 MiB, on systems other than Linux, or where the kernel declines.
CATVOX_EXPORT void use_huge_pages(void* memory, std::size_t bytes) noexcept;

/// Bytes of memory that this machine has; the largest number where the system does not tell.
[[nodiscard]] CATVOX_EXPORT std::size_t machine_memory() noexcept;

}  // namespace catvox::abi
