#include "auth/ldap/names.h"
#include "service/base/crypto.h"

#include <array>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t guid_size = 16;
// Where the bytes of the text stand in the value: three little-endian fields, then eight bytes as they are.
constexpr std::array<std::size_t, guid_size> guid_order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr std::size_t sid_head = 8, sid_part = 4, sid_parts_max = 15;

std::uint64_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

bool is_sid(std::string_view bytes) {
    return bytes.size() >= sid_head && bytes[0] == 1 && byte_at(bytes, 1) <= sid_parts_max &&
           bytes.size() == sid_head + sid_part * byte_at(bytes, 1);
}

}  // namespace

std::optional<std::string> guid_text(std::string_view bytes) {
    if (bytes.size() != guid_size) return std::nullopt;
    std::string ordered;
    for (const std::size_t at : guid_order) ordered += bytes[at];
    std::string text = to_hex(ordered);
    for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, "-");
    return text;
}

std::optional<std::string> guid_bytes(std::string_view text) {
    std::string digits;
    for (const char byte : text)
        if (byte != '-') digits += byte;
    const auto ordered = from_hex(digits);
    if (text.size() != 36 || !ordered || ordered->size() != guid_size) return std::nullopt;
    std::string bytes(guid_size, '\0');
    for (std::size_t i = 0; i < guid_size; ++i) bytes[guid_order[i]] = (*ordered)[i];
    return bytes;
}

std::optional<std::string> sid_text(std::string_view bytes) {
    if (!is_sid(bytes)) return std::nullopt;
    std::uint64_t authority = 0;
    for (std::size_t at = 2; at < sid_head; ++at) authority = authority << 8 | byte_at(bytes, at);
    std::string text = fmt::format("S-1-{}", authority);
    for (std::size_t at = sid_head; at < bytes.size(); at += sid_part)
        text += fmt::format("-{}", byte_at(bytes, at) | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2) << 16 |
                                       byte_at(bytes, at + 3) << 24);
    return text;
}

std::optional<std::string> sid_sibling(std::string_view bytes, std::uint32_t relative_id) {
    if (!is_sid(bytes) || bytes.size() == sid_head) return std::nullopt;
    std::string out(bytes.substr(0, bytes.size() - sid_part));
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(relative_id >> shift & 0xffU);
    return out;
}

}  // namespace bursar::ldap
