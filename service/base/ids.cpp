#include "service/base/ids.h"

#include "service/base/crypto.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace bursar {
namespace {

constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t digit_count = 26;

/// Random bytes by the kilobyte: the operating system's generator costs a call each time.
void fill_from_pool(std::span<unsigned char> out) {
    thread_local std::array<unsigned char, 4096> pool;
    thread_local std::size_t used = pool.size();
    if (used + out.size() > pool.size()) {
        fill_random(pool);
        used = 0;
    }
    std::memcpy(out.data(), pool.data() + used, out.size());
    used += out.size();
}

}  // namespace

template <typename Kind>
Id<Kind> Id<Kind>::make(Timestamp now) {
    Bytes bytes{};
    auto milliseconds = static_cast<std::uint64_t>(unix_milliseconds(now));
    for (std::size_t i = 6; i-- > 0; milliseconds >>= 8) bytes[i] = static_cast<unsigned char>(milliseconds);
    fill_from_pool(std::span(bytes).subspan(6));
    return Id{bytes};
}

template <typename Kind>
std::string Id<Kind>::text() const {
    std::array<char, digit_count> text{};
    // 26 digits carry 130 bits: the first holds the top three.
    unsigned buffer = 0, bits = 2;
    std::size_t at = 0;
    for (const unsigned char byte : bytes_) {
        buffer = (buffer << 8 | byte) & 0xffff;
        for (bits += 8; bits >= 5; bits -= 5) text[at++] = digits[buffer >> (bits - 5) & 31];
    }
    std::string out;
    out.reserve(Kind::prefix.size() + digit_count);
    return out.append(Kind::prefix).append(text.data(), text.size());
}

template <typename Kind>
Result<Id<Kind>> Id<Kind>::parse(std::string_view text) {
    const auto wrong = [&] {
        return fail(Fault::invalid_request,
                    fmt::format("'{}' is not an id of the form {}…", text.substr(0, 64), Kind::prefix));
    };
    if (!text.starts_with(Kind::prefix) || text.size() != Kind::prefix.size() + digit_count) return wrong();
    Bytes bytes{};
    unsigned buffer = 0, bits = 0;
    std::size_t at = 0;
    for (const char c : text.substr(Kind::prefix.size())) {
        const auto value = digits.find(c);
        if (value == std::string_view::npos) return wrong();
        const bool first = at == 0 && bits == 0;
        buffer = (buffer << 5 | static_cast<unsigned>(value)) & 0xffff;
        bits += first ? 3 : 5;
        if (first && value > 7) return wrong();
        if (bits >= 8) {
            bits -= 8;
            bytes[at++] = static_cast<unsigned char>(buffer >> bits);
        }
    }
    return Id{bytes};
}

template class Id<CallKind>;
template class Id<AttemptKind>;

}  // namespace bursar
