#include "service/store/page_codes.h"

#include "service/base/crypto.h"
#include "service/base/stretch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <span>
#include <vector>

namespace bursar::store {
namespace {

// SQLCipher 4 (its design page, "Database Encryption and Files"; crypto_impl.c): a page ends with what it reserves, the
// vector of its cipher and its code. The code covers the page from its beginning up to the code, and the page's number
// in four bytes, the lowest first. The first page begins with the salt, which is not covered.
constexpr std::size_t page_bytes = 2048;  // as Connection::open says
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t code_bytes = 32;
constexpr std::size_t covered_bytes = page_bytes - code_bytes;
constexpr std::size_t number_bytes = 4;
constexpr std::size_t pages_at_once = 256;

/// The key of the codes is made from the key of the file with two rounds, and from the salt under a mask.
constexpr unsigned char salt_mask = 0x3a;
constexpr int rounds = 2;

Secret code_key(const Secret& key, std::span<const char> salt) {
    std::array<char, salt_bytes> masked{};
    std::ranges::transform(salt, masked.begin(), [](char c) { return static_cast<char>(c ^ salt_mask); });
    return stretch_key(key, {masked.data(), masked.size()}, rounds);
}

/// The code of the page at hand is written over with the page's number, which belongs behind what it covers.
bool carries_its_code(std::span<char, page_bytes> page, std::uint32_t number, const Secret& key) {
    std::array<char, code_bytes> code{};
    std::ranges::copy(page.subspan(covered_bytes), code.begin());
    for (std::size_t i = 0; i < number_bytes; ++i)
        page[covered_bytes + i] = static_cast<char>(number >> (8 * i) & 0xff);
    const std::size_t begin = number == 1 ? salt_bytes : 0;
    const std::span<const char> covered =
        std::span<const char>(page).subspan(begin, covered_bytes + number_bytes - begin);
    const Digest digest = hmac_sha256(key.reveal(), {covered.data(), covered.size()});
    return equal_in_constant_time(as_text(digest), {code.data(), code.size()});
}

}  // namespace

bool pages_carry_their_codes(const std::filesystem::path& file, const Secret& key) {
    std::ifstream in(file, std::ios::binary);
    std::vector<char> bytes(pages_at_once * page_bytes);
    Secret of_codes;
    std::uint32_t number = 0;
    for (;;) {
        in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        const auto got = static_cast<std::size_t>(in.gcount());
        if (in.bad() || got % page_bytes != 0) return false;
        if (got > 0 && number == 0) of_codes = code_key(key, std::span(bytes).first(salt_bytes));
        for (std::size_t at = 0; at < got; at += page_bytes) {
            const std::span<char, page_bytes> page(bytes.data() + at, page_bytes);
            if (!carries_its_code(page, ++number, of_codes)) return false;
        }
        if (in.eof()) return number > 0;
        if (!in) return false;
    }
}

}  // namespace bursar::store
