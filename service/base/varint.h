#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Numbers of variable length, as the journal, batches and sums have them.
namespace bursar {

/// LEB128: seven bits a byte, lowest first.
inline void append_number(std::string& out, std::uint64_t number) {
    while (number >= 0x80) {
        out.push_back(static_cast<char>(number | 0x80));
        number >>= 7;
    }
    out.push_back(static_cast<char>(number));
}

/// Zigzag, so that small negative numbers stay short.
inline void append_signed(std::string& out, std::int64_t number) {
    append_number(out, static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63));
}

/// Takes numbers from the front; after the first that is not there everything is zero and `good` is false.
struct NumberCursor {
    std::string_view rest;
    bool good = true;

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest.front());
            rest.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if (byte < 0x80) return value;
        }
        good = false;
        return 0;
    }
    std::int64_t number_signed() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    }
};

}  // namespace bursar
