#include "service/backup/reach.h"
#include "service/backup/target.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

constexpr std::size_t place_bytes_max = 1'000, host_bytes_max = 253;

bool consists_of(std::string_view text, std::string_view more) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || more.contains(c);
    });
}

std::uint16_t port_of(std::string_view scheme) {
    if (scheme == "sftp") return 22;
    return scheme == "https" ? 443 : 80;
}

std::unexpected<Error> wrong(std::string_view why) { return fail(Fault::invalid_request, std::string(why)); }

Result<void> read_authority(std::string_view text, Place& place) {
    if (const auto at = text.find('@'); at != std::string_view::npos) {
        place.user = text.substr(0, at);
        text.remove_prefix(at + 1);
        if (place.user.empty() || !consists_of(place.user, "._-"))
            return wrong(
                "has a user name that is empty or has odd characters, or a password, which belongs in the vault");
    }
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return wrong("has a bracket that does not end");
        place.host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        if (!consists_of(place.host, ":.")) return wrong("has an odd address");
    } else {
        const auto end = std::min(text.find(':'), text.size());
        place.host = text.substr(0, end);
        port = text.substr(end);
        if (!consists_of(place.host, ".-")) return wrong("has an odd host name");
    }
    if (place.host.empty() || place.host.size() > host_bytes_max) return wrong("has no host, or a too long one");
    place.port = port_of(place.scheme);
    if (port.empty()) return {};
    const char* const begin = port.data() + 1;
    const auto [end, error] = std::from_chars(begin, port.data() + port.size(), place.port);
    if (port[0] != ':' || error != std::errc{} || end != port.data() + port.size() || place.port == 0)
        return wrong("has a port that is no number from 1 to 65535");
    return {};
}

}  // namespace

std::string Place::authority() const {
    return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string Place::host_header() const {
    const std::string whole = authority();
    return port == port_of(scheme) ? whole.substr(0, whole.rfind(':')) : whole;
}

Result<Place> parse_place(std::string_view url) {
    Place place;
    if (url.size() > place_bytes_max) return wrong("is too long");
    for (const std::string_view scheme : {"https", "http", "sftp"})
        if (url.starts_with(scheme) && url.substr(scheme.size()).starts_with("://")) place.scheme = scheme;
    if (place.scheme.empty()) return wrong("begins neither with https:// nor with sftp://");
    url.remove_prefix(place.scheme.size() + 3);
    const auto slash = std::min(url.find('/'), url.size());
    TRY_VOID(read_authority(url.substr(0, slash), place));
    place.path = url.substr(slash);
    while (place.path.ends_with('/')) place.path.pop_back();
    if (!consists_of(place.path, "/._-") || place.path.contains("/../") || place.path.ends_with("/.."))
        return wrong("has a path with other characters than letters, digits and ._-/, or with ..");
    if (place.scheme == "http" && !is_loopback_name(place.host))
        return wrong("is http, which only loopback may be; write https");
    return place;
}

std::string describe(const TargetOptions& options) {
    switch (options.kind) {
        case TargetKind::s3:
            return fmt::format("s3://{}/{} at {}", options.bucket, options.prefix, options.place.authority());
        case TargetKind::sftp:
            return fmt::format("sftp://{}{}", options.place.authority(), options.place.path);
    }
    return {};
}

}  // namespace bursar::backup
