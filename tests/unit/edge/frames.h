#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Frames as a client writes them, well-formed or not.
namespace bursar::edge::test {

inline constexpr std::string_view mask = "\x37\xfa\x21\x3d";
enum class Masked : std::uint8_t { yes, no };

/// `first`: 0x80 for the last frame of a message, 0x70 for the reserved bits, and the opcode. `length`: of the field
/// that says it, 0 for the shortest.
inline std::string client_frame(unsigned first, std::string_view payload, Masked masked = Masked::yes,
                                std::size_t length_bytes = 0) {
    const std::uint64_t size = payload.size();
    const std::size_t shortest = size <= 125 ? 1 : size <= 0xffff ? 2 : 8;
    if (length_bytes == 0) length_bytes = shortest;
    const unsigned bit = masked == Masked::yes ? 0x80 : 0;
    std::string out(1, static_cast<char>(first));
    out.push_back(static_cast<char>(bit | (length_bytes == 1 ? size : length_bytes == 2 ? 126 : 127)));
    if (length_bytes > 1)
        for (std::size_t i = length_bytes; i > 0; --i) out.push_back(static_cast<char>(size >> (8 * (i - 1)) & 0xffU));
    if (masked == Masked::no) return out.append(payload);
    out.append(mask);
    for (std::size_t i = 0; i < payload.size(); ++i)
        out.push_back(static_cast<char>(payload[i] ^ mask[i % mask.size()]));
    return out;
}
inline std::string client_text(std::string_view text) { return client_frame(0x81, text); }

}  // namespace bursar::edge::test
