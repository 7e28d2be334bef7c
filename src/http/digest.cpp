#include "http/digest.hpp"

#include <openssl/evp.h>

#include <new>

namespace catvox::detail {
namespace {

constexpr int stretching_rounds = 200'000;

unsigned char* bytes(Digest& digest) { return reinterpret_cast<unsigned char*>(digest.data()); }

}  // namespace

Digest sha256(std::string_view text) {
  Digest digest{};
  // Fails only for want of memory.
  if (EVP_Digest(text.data(), text.size(), bytes(digest), nullptr, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  return digest;
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  (void)EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return text;
}

Digest stretch(const Digest& secret, std::span<const std::byte> salt) {
  Digest digest{};
  if (PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(secret.data()), static_cast<int>(secret.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                        stretching_rounds, EVP_sha256(), static_cast<int>(digest.size()), bytes(digest)) != 1) {
    throw std::bad_alloc();
  }
  return digest;
}

}  // namespace catvox::detail
