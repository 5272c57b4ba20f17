#include "auth/oidc/digest.h"

#include "auth/oidc/base64url.h"

#include <array>

#include <openssl/evp.h>

namespace bursar::oidc {

std::string half_hash(std::string_view token, int bits) {
    const EVP_MD* hash = bits == 384 ? EVP_sha384() : bits == 512 ? EVP_sha512() : EVP_sha256();
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(token.data(), token.size(), digest.data(), &size, hash, nullptr) != 1) return {};
    return to_base64url({reinterpret_cast<const char*>(digest.data()), size / 2});
}

}  // namespace bursar::oidc
