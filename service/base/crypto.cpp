// The states of a SHA-256 can be copied by the functions of OpenSSL 1.1 only, which 3 has but calls deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "service/base/crypto.h"

#include "service/base/ensure.h"

#include <algorithm>
#include <array>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

namespace bursar {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// HMAC-SHA256 (RFC 2104) whose two states after the key are kept from call to call: nearly always the key is the one
/// of before, and OpenSSL's own context costs five times what is left then.
class KeyedMac {
  public:
    KeyedMac() = default;
    ~KeyedMac() {
        OPENSSL_cleanse(&inner_, sizeof inner_);
        OPENSSL_cleanse(&outer_, sizeof outer_);
    }
    KeyedMac(const KeyedMac&) = delete;
    KeyedMac& operator=(const KeyedMac&) = delete;

    Digest digest(std::string_view key, std::string_view bytes) {
        // A constant-time comparison, though nobody outside can time it.
        if (!keyed_ || !equal_in_constant_time(key, key_.reveal())) set_key(key);
        Digest digest{};
        SHA256_CTX state = inner_;
        SHA256_Update(&state, bytes.data(), bytes.size());
        SHA256_Final(digest.data(), &state);
        state = outer_;
        SHA256_Update(&state, digest.data(), digest.size());
        SHA256_Final(digest.data(), &state);
        OPENSSL_cleanse(&state, sizeof state);
        return digest;
    }

  private:
    void set_key(std::string_view key) {
        std::array<unsigned char, SHA256_CBLOCK> block{};
        if (key.size() > block.size())
            SHA256(bytes_of(key), key.size(), block.data());
        else
            std::ranges::copy(key, block.begin());
        start(inner_, block, 0x36);
        start(outer_, block, 0x5c);
        OPENSSL_cleanse(block.data(), block.size());
        key_ = Secret::copy_of(key);
        keyed_ = true;
    }
    static void start(SHA256_CTX& state, std::array<unsigned char, SHA256_CBLOCK> block, unsigned char pad) {
        for (unsigned char& byte : block) byte = static_cast<unsigned char>(byte ^ pad);
        SHA256_Init(&state);
        SHA256_Update(&state, block.data(), block.size());
        OPENSSL_cleanse(block.data(), block.size());
    }

    SHA256_CTX inner_{};
    SHA256_CTX outer_{};
    Secret key_;
    bool keyed_ = false;
};

}  // namespace

void wipe(void* memory, std::size_t bytes) noexcept {
    if (memory != nullptr) OPENSSL_cleanse(memory, bytes);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Digest sha256(std::string_view bytes) {
    Digest digest{};
    SHA256(bytes_of(bytes), bytes.size(), digest.data());
    return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view bytes) {
    thread_local KeyedMac mac;
    return mac.digest(key, bytes);
}

// RFC 5869 §2: extract with a salt of zeros, then expand; two blocks are enough for 64 bytes.
Secret derive_key(const Secret& from, std::string_view info, std::size_t size) {
    ENSURE(size <= 64);
    // Fixed memory that is wiped: strings that grow would leave what they held in freed heap.
    constexpr std::size_t info_bytes_max = 128;
    ENSURE(info.size() <= info_bytes_max);
    Digest extracted = hmac_sha256(std::string(32, '\0'), from.reveal());
    std::array<char, 64> key{};
    std::array<char, 32 + info_bytes_max + 1> input{};
    std::size_t filled = 0;
    for (const char counter : {'\x01', '\x02'}) {
        std::ranges::copy(info, input.begin() + static_cast<std::ptrdiff_t>(filled));
        input[filled + info.size()] = counter;
        Digest block = hmac_sha256(as_text(extracted), {input.data(), filled + info.size() + 1});
        const auto out = key.begin() + (counter == '\x01' ? 0 : 32);
        std::ranges::copy(as_text(block), out);
        std::ranges::copy(as_text(block), input.begin());
        filled = block.size();
        wipe(block.data(), block.size());
    }
    Secret derived = Secret::copy_of({key.data(), size});
    wipe(key.data(), key.size());
    wipe(input.data(), input.size());
    wipe(extracted.data(), extracted.size());
    return derived;
}

void fill_random(std::span<unsigned char> out) { ENSURE(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1); }

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    fill_random({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
    return bytes;
}

std::string to_hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) {
        text.push_back(digits[byte >> 4]);
        text.push_back(digits[byte & 15]);
    }
    return text;
}

std::string to_hex(std::string_view bytes) { return to_hex(std::span(bytes_of(bytes), bytes.size())); }

Result<std::string> from_hex(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (text.size() % 2 != 0) return fail(Fault::invalid_request, "A hexadecimal text needs an even number of digits.");
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0)
            return fail(Fault::invalid_request, "Only 0-9 and a-f may stand in a hexadecimal text.");
        bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return bytes;
}

std::string to_base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string to_base32(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
    std::string text;
    unsigned buffer = 0, bits = 0;
    for (const char c : bytes) {
        buffer = (buffer << 8 | static_cast<unsigned char>(c)) & 0xffff;
        for (bits += 8; bits >= 5; bits -= 5) text.push_back(digits[buffer >> (bits - 5) & 31]);
    }
    if (bits > 0) text.push_back(digits[buffer << (5 - bits) & 31]);
    return text;
}

std::uint32_t crc32(std::string_view bytes) {
    // Eight bytes at a time: table k says what a byte does to the sum with k zeros behind it.
    static constexpr auto tables = [] {
        std::array<std::array<std::uint32_t, 256>, 8> out{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t row = i;
            for (int bit = 0; bit < 8; ++bit) row = (row & 1) != 0 ? row >> 1 ^ 0xedb88320U : row >> 1;
            out[0][i] = row;
        }
        for (std::size_t k = 1; k < out.size(); ++k)
            for (std::size_t i = 0; i < 256; ++i) out[k][i] = out[0][out[k - 1][i] & 0xff] ^ out[k - 1][i] >> 8;
        return out;
    }();
    std::uint32_t sum = 0xffffffffU;
    const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])); };
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
        sum ^= byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
        sum = tables[7][sum & 0xff] ^ tables[6][sum >> 8 & 0xff] ^ tables[5][sum >> 16 & 0xff] ^ tables[4][sum >> 24] ^
              tables[3][byte(4)] ^ tables[2][byte(5)] ^ tables[1][byte(6)] ^ tables[0][byte(7)];
    }
    for (const char c : bytes) sum = tables[0][(sum ^ static_cast<unsigned char>(c)) & 0xff] ^ sum >> 8;
    return ~sum;
}

}  // namespace bursar
