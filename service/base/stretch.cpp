#include "service/base/stretch.h"

#include "service/base/ensure.h"

#include <array>

#include <openssl/evp.h>

namespace bursar {

Secret stretch_key(const Secret& from, std::string_view salt, int rounds) {
    std::array<unsigned char, 32> key{};
    const std::string_view plain = from.reveal();
    const auto* const salted = reinterpret_cast<const unsigned char*>(salt.data());
    ENSURE(PKCS5_PBKDF2_HMAC(plain.data(), static_cast<int>(plain.size()), salted, static_cast<int>(salt.size()),
                             rounds, EVP_sha512(), static_cast<int>(key.size()), key.data()) == 1);
    Secret stretched = Secret::copy_of({reinterpret_cast<const char*>(key.data()), key.size()});
    wipe(key.data(), key.size());
    return stretched;
}

}  // namespace bursar
