#include "auth/ldap/escape.h"

namespace bursar::ldap {
namespace {

void append_escaped_byte(std::string& out, char byte) {
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto bits = static_cast<unsigned char>(byte);
    out += '\\';
    out += digits[bits >> 4];
    out += digits[bits & 0x0f];
}

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

}  // namespace

std::string filter_value(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    for (const char byte : value) {
        if (is_control(byte) || std::string_view("*()\\").contains(byte))
            append_escaped_byte(out, byte);
        else
            out += byte;
    }
    return out;
}

std::string filter_bytes(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() * 3);
    for (const char byte : bytes) append_escaped_byte(out, byte);
    return out;
}

std::string dn_value(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char byte = value[i];
        const bool at_an_end = i == 0 || i + 1 == value.size();
        if (is_control(byte)) {
            append_escaped_byte(out, byte);
            continue;
        }
        if (std::string_view(",+\"\\<>;=#").contains(byte) || (byte == ' ' && at_an_end)) out += '\\';
        out += byte;
    }
    return out;
}

}  // namespace bursar::ldap
