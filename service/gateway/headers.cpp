#include "service/gateway/headers.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace bursar::gateway {
namespace {

using namespace std::string_view_literals;

/// RFC 9110 §7.6.1, and what frames a message.
constexpr edge::HeaderNames hop_by_hop{"connection"sv,
                                       "keep-alive"sv,
                                       "proxy-connection"sv,
                                       "proxy-authenticate"sv,
                                       "proxy-authorization"sv,
                                       "te"sv,
                                       "trailer"sv,
                                       "transfer-encoding"sv,
                                       "upgrade"sv,
                                       "content-length"sv};

/// Credentials and cookies are ours; encodings would hide usage from the meter; a key is the caller's promise to us,
/// and one call may be several attempts; the rest says where a caller is.
constexpr edge::HeaderNames not_for_provider{"host"sv,
                                             "authorization"sv,
                                             "x-api-key"sv,
                                             "api-key"sv,
                                             "x-goog-api-key"sv,
                                             "cookie"sv,
                                             "expect"sv,
                                             "via"sv,
                                             "forwarded"sv,
                                             "accept-encoding"sv,
                                             "x-real-ip"sv,
                                             "x-request-id"sv,
                                             "true-client-ip"sv,
                                             "openai-organization"sv,
                                             "openai-project"sv,
                                             "idempotency-key"sv,
                                             "ocp-apim-subscription-key"sv,
                                             "x-goog-user-project"sv};
constexpr std::array prefixes_not_for_provider = {"x-bursar-"sv, "x-forwarded-"sv, "cf-"sv};

/// Versions and betas of one dialect mean nothing in the other.
constexpr std::array prefixes_of_dialects = {"anthropic-"sv, "openai-"sv, "x-goog-"sv, "x-amz"sv, "x-stainless-"sv};

constexpr std::string_view frames_type = "application/vnd.amazon.eventstream", events_type = "text/event-stream";

constexpr edge::HeaderNames not_for_caller{"set-cookie"sv,
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
constexpr std::array prefixes_not_for_caller = {"x-bursar-"sv, "cf-"sv, "x-amz"sv, "x-ratelimit-"sv,
                                                "anthropic-ratelimit-"sv};

bool starts_without_case(std::string_view text, std::string_view start) {
    // Of a letter's two cases this bit alone differs; nearly every name is told apart by its first letter.
    constexpr char case_bit = 0x20;
    if (text.size() < start.size() || (text.front() | case_bit) != start.front()) return false;
    return edge::equal_without_case(text.substr(0, start.size()), start);
}

template <typename Prefixes>
bool starts_with_one_of(const Prefixes& prefixes, std::string_view name) {
    return std::ranges::any_of(prefixes, [&](std::string_view one) { return starts_without_case(name, one); });
}

bool lists(std::string_view list, std::string_view name) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view token = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        while (token.starts_with(' ') || token.starts_with('\t')) token.remove_prefix(1);
        while (token.ends_with(' ') || token.ends_with('\t')) token.remove_suffix(1);
        if (edge::equal_without_case(token, name)) return true;
    }
    return false;
}

/// The values of Connection: each may name fields that are for the next hop only (RFC 9110 §7.6.1).
std::vector<std::string_view> nominations(const std::vector<edge::Header>& headers) {
    std::vector<std::string_view> lists;
    for (const edge::Header& header : headers)
        if (edge::equal_without_case(header.name, "connection")) lists.push_back(header.value);
    return lists;
}

template <typename Names, typename Prefixes, typename Action>
void each_without(const std::vector<edge::Header>& headers, const Names& names, const Prefixes& prefixes,
                  Action action) {
    const std::vector<std::string_view> nominated = nominations(headers);
    for (const edge::Header& header : headers) {
        const bool for_next_hop =
            std::ranges::any_of(nominated, [&](std::string_view list) { return lists(list, header.name); });
        if (!for_next_hop && !hop_by_hop.has(header.name) && !names.has(header.name) &&
            !starts_with_one_of(prefixes, header.name))
            action(header);
    }
}

/// Anthropic's API takes nothing without it.
constexpr edge::HeaderView anthropic_version{"anthropic-version", "2023-06-01"};

void add_default(std::vector<edge::HeaderView>& headers, const edge::HeaderView& one) {
    const auto same = [&](const edge::HeaderView& each) { return edge::equal_without_case(each.name, one.name); };
    if (std::ranges::none_of(headers, same)) headers.push_back(one);
}

/// All that a request which passes needs. Of the others some choose an account, another method or another path.
constexpr edge::HeaderNames that_pass{"accept"sv,      "accept-language"sv,   "content-type"sv,  "user-agent"sv,
                                      "openai-beta"sv, "anthropic-version"sv, "anthropic-beta"sv};

}  // namespace

std::vector<edge::HeaderView> headers_that_pass(const edge::RequestHead& head, const policies::Provider& provider) {
    std::vector<edge::HeaderView> kept;
    const auto& own = provider.quirks.headers;
    each_without(head.headers, not_for_provider, prefixes_not_for_provider, [&](const edge::Header& header) {
        const auto same = [&](const auto& one) { return edge::equal_without_case(one.first, header.name); };
        if (that_pass.has(header.name) && !std::ranges::any_of(own, same)) kept.push_back({header.name, header.value});
    });
    for (const auto& [name, value] : own) kept.push_back({name, value});
    if (provider.dialect == Dialect::anthropic) add_default(kept, anthropic_version);
    return kept;
}

std::vector<edge::HeaderView> headers_for_provider(const edge::RequestHead& head, const policies::Provider& provider,
                                                   bool translated) {
    std::vector<edge::HeaderView> kept;
    kept.reserve(head.headers.size() + provider.quirks.headers.size() + 2);
    const auto& own = provider.quirks.headers;
    each_without(head.headers, not_for_provider, prefixes_not_for_provider, [&](const edge::Header& header) {
        if (translated && starts_with_one_of(prefixes_of_dialects, header.name)) return;
        // It is signed, so there is one, and it is known.
        if (provider.dialect == Dialect::bedrock && edge::equal_without_case(header.name, "content-type")) return;
        const auto same = [&](const auto& one) { return edge::equal_without_case(one.first, header.name); };
        if (!std::ranges::any_of(own, same)) kept.push_back({header.name, header.value});
    });
    for (const auto& [name, value] : own) kept.push_back({name, value});
    add_default(kept, {"content-type", "application/json"});
    if (provider.dialect == Dialect::anthropic) add_default(kept, anthropic_version);
    return kept;
}

void add_headers_for_caller(edge::ResponseHead& head, const std::vector<edge::Header>& from_provider) {
    each_without(from_provider, not_for_caller, prefixes_not_for_caller, [&](const edge::Header& header) {
        // What came in frames goes on as text.
        const bool frames = edge::equal_without_case(header.name, "content-type") && header.value == frames_type;
        head.add_line(header.name, frames ? events_type : header.value);
    });
}

}  // namespace bursar::gateway
