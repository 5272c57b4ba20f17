#include "integrations/address.h"

#include <algorithm>

namespace bursar::integrations {
namespace {

constexpr std::string_view https = "https://", http = "http://";

std::string_view authority_of(std::string_view url) {
    for (const std::string_view scheme : {https, http}) {
        if (!url.starts_with(scheme)) continue;
        const std::string_view rest = url.substr(scheme.size());
        return rest.substr(0, rest.find_first_of("/?#"));
    }
    return {};
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_loopback(std::string_view url) {
    const std::string_view authority = authority_of(url);
    for (const std::string_view host : {"127.0.0.1", "[::1]", "localhost"}) {
        if (!authority.starts_with(host)) continue;
        const std::string_view rest = authority.substr(host.size());
        if (rest.empty() || (rest[0] == ':' && is_port(rest.substr(1)))) return true;
    }
    return false;
}

bool is_askable(std::string_view url) {
    const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '\\' || c == '#'; };
    if (url.size() > address_bytes_max || std::ranges::any_of(url, odd)) return false;
    const std::string_view authority = authority_of(url);
    if (authority.empty() || authority[0] == ':' || authority.contains('@')) return false;
    return url.starts_with(https) || is_loopback(url);
}

std::string origin_of(std::string_view url) {
    const std::string_view authority = authority_of(url);
    if (authority.empty() || authority.contains('@')) return "its address";
    return std::string(url.substr(0, url.find(authority) + authority.size()));
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(c);
            continue;
        }
        out.push_back('%');
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

}  // namespace bursar::integrations
