#include "service/providers/request_head.h"

#include "service/base/ensure.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

// Headers that describe the connection or the body's form, not the request: they are the pool's (RFC 9110 §7.6.1).
// accept-encoding is here because a compressed answer could not be metered.
constexpr edge::HeaderNames headers_of_the_pool{"host",
                                                "content-length",
                                                "connection",
                                                "keep-alive",
                                                "proxy-connection",
                                                "transfer-encoding",
                                                "te",
                                                "trailer",
                                                "upgrade",
                                                "expect",
                                                "accept-encoding",
                                                "proxy-authorization",
                                                "proxy-authenticate",
                                                "http2-settings"};

/// RFC 6455 §4.1; extensions are never asked for.
constexpr std::string_view upgrade_lines =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";

bool is_token(std::string_view text) {
    static constexpr auto fits = [] {
        std::array<bool, 256> out{};
        for (unsigned char c = '0'; c <= '9'; ++c) out[c] = true;
        for (unsigned char c = 'A'; c <= 'Z'; ++c) out[c] = out[c + ('a' - 'A')] = true;
        for (const char c : std::string_view("!#$%&'*+-.^_`|~")) out[static_cast<unsigned char>(c)] = true;
        return out;
    }();
    return !text.empty() && std::ranges::all_of(text, [](char c) { return fits[static_cast<unsigned char>(c)]; });
}

bool is_forwarded(const edge::HeaderView& header, std::string_view credential_header) {
    return !headers_of_the_pool.has(header.name) &&
           (credential_header.empty() || !edge::equal_without_case(header.name, credential_header));
}

}  // namespace

std::string authority(const Target& target, PortText port) {
    const bool bracket = target.host.find(':') != std::string::npos && !target.host.starts_with('[');
    std::string text = bracket ? '[' + target.host + ']' : target.host;
    if (port == PortText::always || target.port != (target.tls ? 443 : 80))
        text.append(":").append(std::to_string(target.port));
    return text;
}

Result<std::string> compose_head(const Target& target, const UpstreamRequest& request) {
    const auto wrong = [](std::string_view what) {
        return fail(Fault::invalid_request, fmt::format("A header of the request cannot be forwarded: {}.", what));
    };
    std::uint64_t body_bytes = 0;
    for (const auto& piece : request.body) body_bytes += piece.size();
    const std::string host = authority(target, PortText::where_needed);
    std::size_t size = request.method.size() + request.target.size() + 2 * host.size() + 128 +
                       (request.web_socket_key.empty() ? 0 : upgrade_lines.size() + request.web_socket_key.size() + 2);
    if (!is_token(request.method)) return wrong("the method is no token");
    if (!request.target.starts_with('/') || edge::breaks_lines(request.target) ||
        request.target.find(' ') != std::string_view::npos)
        return wrong("the path is not in origin form");
    if (request.headers != nullptr)
        for (const auto& header : *request.headers) {
            if (!is_token(header.name) || edge::breaks_lines(header.value))
                return wrong("line breaks, NUL or a name that is no token");
            size += header.name.size() + header.value.size() + 4;
        }
    if (request.credential != nullptr) {
        if (!is_token(request.credential_header) || edge::breaks_lines(request.credential_prefix) ||
            edge::breaks_lines(request.credential->reveal()))
            return fail(Fault::invalid_request,
                        "The provider key of this channel holds a line break. Store it again without one.");
        size += request.credential_header.size() + request.credential_prefix.size() + request.credential->size() + 4;
    }

    std::string head;
    head.reserve(size);
    const auto add = [&](auto... parts) { (head.append(parts), ...); };
    add(request.method, " ");
    // To a proxy that forwards plain HTTP the whole address is said (RFC 9112 §3.2.2).
    if (target.proxied && !target.tls) add("http://", host);
    add(request.target, " HTTP/1.1\r\nHost: ", host, "\r\n");
    if (request.headers != nullptr)
        for (const auto& header : *request.headers)
            if (is_forwarded(header, request.credential != nullptr ? request.credential_header : std::string_view{}))
                add(header.name, ": ", header.value, "\r\n");
    if (request.credential != nullptr)
        add(request.credential_header, ": ", request.credential_prefix, request.credential->reveal(), "\r\n");
    if (!request.web_socket_key.empty()) add(upgrade_lines, request.web_socket_key, "\r\n");
    if (body_bytes > 0 || (request.method != "GET" && request.method != "HEAD"))
        add("Content-Length: ", std::string_view(std::to_string(body_bytes)), "\r\n");
    add("\r\n");
    ENSURE(head.size() <= size);
    return head;
}

}  // namespace bursar::providers
