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

/// One HMAC-SHA256 context that is kept from call to call, with the key that it was last used with.
class KeyedMac {
  public:
    KeyedMac() : algorithm_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)), context_(EVP_MAC_CTX_new(algorithm_)) {
        ENSURE(context_ != nullptr);
    }
    ~KeyedMac() {
        EVP_MAC_CTX_free(context_);
        EVP_MAC_free(algorithm_);
    }
    KeyedMac(const KeyedMac&) = delete;
    KeyedMac& operator=(const KeyedMac&) = delete;

    Digest digest(std::string_view key, std::string_view bytes) {
        // A constant-time comparison, though nobody outside can time it.
        const bool same = !key.empty() && equal_in_constant_time(key, key_.reveal());
        if (!same) key_ = Secret::copy_of(key);
        char name[] = "SHA256";
        const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0),
                                         OSSL_PARAM_construct_end()};
        const unsigned char none = 0;
        const unsigned char* const given = same ? nullptr : key.empty() ? &none : bytes_of(key);
        ENSURE(EVP_MAC_init(context_, given, same ? 0 : key.size(), same ? nullptr : parameters) == 1);
        ENSURE(EVP_MAC_update(context_, bytes_of(bytes), bytes.size()) == 1);
        Digest digest{};
        std::size_t size = 0;
        ENSURE(EVP_MAC_final(context_, digest.data(), &size, digest.size()) == 1);
        ENSURE(size == digest.size());
        return digest;
    }

  private:
    EVP_MAC* algorithm_;
    EVP_MAC_CTX* context_;
    Secret key_;
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
    // Looking the algorithm up and setting the key cost five times the digest; nearly always the key is the one of
    // before.
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
    static const auto table = [] {
        std::array<std::uint32_t, 256> rows{};
        for (std::uint32_t i = 0; i < rows.size(); ++i) {
            std::uint32_t row = i;
            for (int bit = 0; bit < 8; ++bit) row = (row & 1) != 0 ? row >> 1 ^ 0xedb88320U : row >> 1;
            rows[i] = row;
        }
        return rows;
    }();
    std::uint32_t sum = 0xffffffffU;
    for (const char c : bytes) sum = table[(sum ^ static_cast<unsigned char>(c)) & 0xff] ^ sum >> 8;
    return ~sum;
}

}  // namespace bursar
