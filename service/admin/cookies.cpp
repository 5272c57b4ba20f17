#include "service/admin/cookies.h"

#include "service/base/crypto.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t path_bytes_max = 512;

/// A host with an optional port, as a Host header may have it.
bool is_host(std::string_view host) {
    return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == ':' || c == '[' || c == ']';
    });
}

}  // namespace

std::string_view Request::cookie_named(std::string_view name) const {
    std::string_view rest = cookie;
    while (!rest.empty()) {
        std::string_view one = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        while (one.starts_with(' ')) one.remove_prefix(1);
        if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
            return one.substr(name.size() + 1);
    }
    return {};
}

std::pair<std::string, std::string> set_cookie(std::string_view name, std::string_view value,
                                               std::chrono::seconds max_age) {
    // Lax, not Strict: people come back from their provider of identities by a link from there.
    return {"Set-Cookie", fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", name, value,
                                      std::max<std::int64_t>(0, max_age.count()))};
}

std::pair<std::string, std::string> drop_cookie(std::string_view name) { return set_cookie(name, "", {}); }

std::string csrf_of(std::string_view cookie) {
    const Digest digest = sha256(fmt::format("csrf|{}", cookie));
    return to_base32(as_text(digest).substr(0, 16));
}

std::string origin_of(const Options& options, const Request& request) {
    if (!options.public_url.empty()) return options.public_url;
    return fmt::format("{}://{}", options.tls ? "https" : "http", is_host(request.host) ? request.host : "localhost");
}

std::string safe_path(std::string_view wanted) {
    const bool plain = std::ranges::all_of(wanted, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' ||
               c == '_' || c == '.' || c == '?' || c == '=' || c == '&' || c == ':';
    });
    // "//host" and "/\\host" lead to other hosts; letters, digits and a few marks lead nowhere but here.
    if (!plain || wanted.size() > path_bytes_max || !wanted.starts_with('/') || wanted.starts_with("//")) return "/";
    return std::string(wanted);
}

}  // namespace bursar::admin
