#include "service/gateway/headers.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace bursar::gateway {
namespace {

using namespace std::string_view_literals;

/// RFC 9110 §7.6.1, and what frames a message.
constexpr std::array hop_by_hop = {"connection"sv,
                                   "keep-alive"sv,
                                   "proxy-connection"sv,
                                   "proxy-authenticate"sv,
                                   "proxy-authorization"sv,
                                   "te"sv,
                                   "trailer"sv,
                                   "transfer-encoding"sv,
                                   "upgrade"sv,
                                   "content-length"sv};

/// Credentials and cookies are ours; encodings would hide usage from the meter; the rest says where a caller is.
constexpr std::array not_for_provider = {"host"sv,           "authorization"sv,
                                         "x-api-key"sv,      "api-key"sv,
                                         "x-goog-api-key"sv, "cookie"sv,
                                         "expect"sv,         "via"sv,
                                         "forwarded"sv,      "accept-encoding"sv,
                                         "x-real-ip"sv,      "x-request-id"sv,
                                         "true-client-ip"sv, "openai-organization"sv,
                                         "openai-project"sv};
constexpr std::array prefixes_not_for_provider = {"x-bursar-"sv, "x-forwarded-"sv, "cf-"sv};

constexpr std::array not_for_caller = {"set-cookie"sv,
                                       "date"sv,
                                       "server"sv,
                                       "via"sv,
                                       "alt-svc"sv,
                                       "nel"sv,
                                       "report-to"sv,
                                       "x-request-id"sv,
                                       "request-id"sv,
                                       "strict-transport-security"sv,
                                       "openai-organization"sv,
                                       "openai-project"sv,
                                       "anthropic-organization-id"sv};
constexpr std::array prefixes_not_for_caller = {"x-bursar-"sv, "cf-"sv, "x-ratelimit-"sv, "anthropic-ratelimit-"sv};

bool starts_without_case(std::string_view text, std::string_view start) {
    return text.size() >= start.size() && edge::equal_without_case(text.substr(0, start.size()), start);
}

template <typename Names>
bool is_one_of(const Names& names, std::string_view name) {
    return std::ranges::any_of(names, [&](std::string_view one) { return edge::equal_without_case(one, name); });
}

template <typename Prefixes>
bool starts_with_one_of(const Prefixes& prefixes, std::string_view name) {
    return std::ranges::any_of(prefixes, [&](std::string_view one) { return starts_without_case(name, one); });
}

/// Whether a Connection header names this field as one for the next hop only.
bool is_nominated(const std::vector<edge::Header>& headers, std::string_view name) {
    for (const edge::Header& header : headers) {
        if (!edge::equal_without_case(header.name, "connection")) continue;
        std::string_view rest = header.value;
        while (!rest.empty()) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            std::string_view token = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            while (token.starts_with(' ')) token.remove_prefix(1);
            while (token.ends_with(' ')) token.remove_suffix(1);
            if (edge::equal_without_case(token, name)) return true;
        }
    }
    return false;
}

template <typename Names, typename Prefixes>
std::vector<edge::Header> without(const std::vector<edge::Header>& headers, const Names& names,
                                  const Prefixes& prefixes) {
    std::vector<edge::Header> kept;
    kept.reserve(headers.size());
    for (const edge::Header& header : headers)
        if (!is_one_of(hop_by_hop, header.name) && !is_one_of(names, header.name) &&
            !starts_with_one_of(prefixes, header.name) && !is_nominated(headers, header.name))
            kept.push_back(header);
    return kept;
}

}  // namespace

std::vector<edge::Header> headers_for_provider(const edge::RequestHead& head) {
    return without(head.headers, not_for_provider, prefixes_not_for_provider);
}

std::vector<edge::Header> headers_for_caller(const std::vector<edge::Header>& headers) {
    return without(headers, not_for_caller, prefixes_not_for_caller);
}

}  // namespace bursar::gateway
