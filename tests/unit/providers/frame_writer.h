#pragma once

#include "service/base/crypto.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Writes frames of AWS's event stream, right ones and, piece by piece, wrong ones.
namespace bursar::providers::frames {

inline std::string big_endian(std::uint32_t number, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 0xffU);
    return out;
}

/// A header whose value is a string.
inline std::string header(std::string_view name, std::string_view value) {
    std::string out(1, static_cast<char>(name.size()));
    out.append(name).append(1, '\7').append(big_endian(static_cast<std::uint32_t>(value.size()), 2)).append(value);
    return out;
}

inline std::string frame(const std::string& headers, std::string_view payload) {
    const auto size = static_cast<std::uint32_t>(16 + headers.size() + payload.size());
    std::string out = big_endian(size, 4) + big_endian(static_cast<std::uint32_t>(headers.size()), 4);
    out += big_endian(crc32(out), 4);
    out.append(headers).append(payload);
    return out + big_endian(crc32(out), 4);
}

inline std::string event(std::string_view name, std::string_view payload) {
    return frame(
        header(":event-type", name) + header(":content-type", "application/json") + header(":message-type", "event"),
        payload);
}

inline std::string exception(std::string_view name, std::string_view payload) {
    return frame(header(":exception-type", name) + header(":message-type", "exception"), payload);
}

}  // namespace bursar::providers::frames
