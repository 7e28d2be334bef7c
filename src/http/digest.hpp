#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace catvox::detail {

/// A SHA-256 hash.
using Digest = std::array<std::byte, 32>;

Digest sha256(std::string_view text);

/// As RFC 4648 has it, with padding.
std::string base64(std::string_view bytes);

/// A digest from which `secret` cannot be guessed back cheaply, even if it was made of a password (PBKDF2; takes some
/// 50 ms). Equal for equal secrets and salts.
Digest stretch(const Digest& secret, std::span<const std::byte> salt);

}  // namespace catvox::detail
