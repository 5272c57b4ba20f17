#include "auth/oidc/url.h"

#include <algorithm>

namespace bursar::oidc {
namespace {

constexpr std::string_view https = "https://", http = "http://";

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_loopback(std::string_view authority) {
    for (const std::string_view host : {"127.0.0.1", "[::1]", "localhost"}) {
        if (!authority.starts_with(host)) continue;
        const std::string_view rest = authority.substr(host.size());
        if (rest.empty() || (rest[0] == ':' && is_digits(rest.substr(1)))) return true;
    }
    return false;
}

}  // namespace

bool is_askable(std::string_view url) {
    const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '\\' || c == '#'; };
    if (url.size() > url_bytes_max || std::ranges::any_of(url, odd)) return false;
    const bool secure = url.starts_with(https);
    if (!secure && !url.starts_with(http)) return false;
    const std::string_view rest = url.substr(secure ? https.size() : http.size());
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.empty() || authority[0] == ':' || authority.contains('@')) return false;
    return secure || is_loopback(authority);
}

bool is_askable_for(std::string_view issuer, std::string_view url) {
    return is_askable(url) && (url.starts_with(https) || !issuer.starts_with(https));
}

std::string form_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + 16);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(c);
        } else {
            // "%20" and not "+": both are right in a form, but only this one everywhere in a URL.
            out.push_back('%');
            out.push_back(digits[byte >> 4]);
            out.push_back(digits[byte & 15]);
        }
    }
    return out;
}

void append_field(std::string& form, std::string_view name, std::string_view value) {
    if (!form.empty()) form.push_back('&');
    form.append(name).append("=").append(form_encoded(value));
}

void append_query(std::string& url, std::string_view name, std::string_view value) {
    const std::size_t mark = url.find('?');
    if (mark == std::string::npos)
        url.push_back('?');
    else if (mark + 1 < url.size() && url.back() != '&')
        url.push_back('&');
    url.append(name).append("=").append(form_encoded(value));
}

}  // namespace bursar::oidc
