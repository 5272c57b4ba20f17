#include "service/vault/cipher.h"

#include "service/base/crypto.h"

#include <gtest/gtest.h>

namespace bursar::vault {
namespace {

const Secret key(std::string(32, 'k'));

// Hunts: bytes that open although key, name or content are not those that were sealed; a nonce that comes twice.
TEST(Cipher, opens_only_what_was_sealed_under_this_key_and_name) {
    const std::string sealed = encrypt(key, "openai-a", "sk-1");
    EXPECT_EQ(decrypt(key, "openai-a", sealed)->reveal(), "sk-1");
    EXPECT_FALSE(decrypt(key, "openai-b", sealed)) << "a value could be moved under another name";
    EXPECT_FALSE(decrypt(Secret(std::string(32, 'x')), "openai-a", sealed));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] ^= 4;
        EXPECT_FALSE(decrypt(key, "openai-a", changed)) << "byte " << i;
        EXPECT_FALSE(decrypt(key, "openai-a", sealed.substr(0, i))) << "cut to " << i;
    }
    EXPECT_NE(encrypt(key, "openai-a", "sk-1"), sealed);
    EXPECT_EQ(sealed.size(), 4 + encryption_overhead_bytes);
}

// NIST's GCM test vectors (gcmEncryptExtIV256.rsp), 96-bit IV, with associated data.
TEST(Cipher, agrees_with_the_published_vector) {
    const Secret nist_key(*from_hex("92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b"));
    const std::string sealed = *from_hex("ac93a1a6145299bde902f21a") + *from_hex("8995ae2e6df3dbf96fac7b7137bae67f") +
                               *from_hex("eca5aa77d51d4a0a14d9c51e1da474ab");
    const auto plain = decrypt(nist_key, *from_hex("1e0889016f67601c8ebea4943bc23ad6"), sealed);
    ASSERT_TRUE(plain);
    EXPECT_EQ(to_hex(plain->reveal()), "2d71bcfa914e4ac045b2aa60955fad24");
}

TEST(Cipher, a_passphrase_gives_the_same_key_only_with_the_same_salt_and_cost) {
    const Stretch cheap{.memory_kib = 64, .passes = 1, .lanes = 1};
    const Secret phrase = Secret::copy_of("correct horse");
    const std::string salt(16, 's');
    const auto first = stretch_passphrase(phrase, salt, cheap);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->size(), 32U);
    EXPECT_EQ(stretch_passphrase(phrase, salt, cheap)->reveal(), first->reveal());
    EXPECT_NE(stretch_passphrase(phrase, std::string(16, 't'), cheap)->reveal(), first->reveal());
    EXPECT_NE(stretch_passphrase(phrase, salt, {.memory_kib = 128, .passes = 1, .lanes = 1})->reveal(),
              first->reveal());
    EXPECT_NE(stretch_passphrase(Secret::copy_of("correct horsf"), salt, cheap)->reveal(), first->reveal());
    EXPECT_FALSE(stretch_passphrase(phrase, salt, {.memory_kib = 1, .passes = 0, .lanes = 1}))
        << "parameters that are none";
}

}  // namespace
}  // namespace bursar::vault
