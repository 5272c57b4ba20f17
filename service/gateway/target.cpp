// Where at a provider a call goes.
#include "policies/path.h"
#include "service/gateway/passthrough.h"
#include "service/gateway/rooms.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bursar::gateway {
namespace {

/// RFC 3986 §2.1, and the blanks of forms.
std::string unescaped(std::string_view query) {
    std::string out;
    out.reserve(query.size());
    for (std::size_t i = 0; i < query.size(); ++i) {
        unsigned code = 0;
        const char* digits = query.data() + i + 1;
        if (query[i] == '%' && i + 2 < query.size() &&
            std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
            out += static_cast<char>(code);
            i += 2;
        } else {
            out += query[i] == '+' ? ' ' : query[i];
        }
    }
    return out;
}

/// Parameters by which providers take a key: a wrong one of the caller's would be blamed on ours.
bool is_credential(std::string_view parameter) {
    constexpr std::array<std::string_view, 10> names = {
        "key",         "api-key",      "api_key",          "apikey", "access_token",
        "oauth_token", "bearer_token", "subscription-key", "token",  "authorization"};
    // Google takes the parameters of its system by both names (cloud.google.com/apis/docs/system-parameters).
    if (parameter.starts_with('$')) parameter.remove_prefix(1);
    return std::ranges::any_of(names, [&](std::string_view one) { return edge::equal_without_case(one, parameter); });
}

/// Without credentials, and without what the policy or the path says already.
std::string query_for_provider(std::string_view query, const policies::Provider& provider) {
    const bool has_version = !provider.quirks.api_version.empty(), gemini = provider.dialect == Dialect::gemini;
    std::string out;
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(one.size() + 1, query.size()));
        const std::string name = unescaped(one.substr(0, one.find('=')));
        if (one.empty() || is_credential(name)) continue;
        if (gemini && name == "alt") continue;
        if (has_version && edge::equal_without_case(name, "api-version")) continue;
        out.append(out.empty() ? "" : "&").append(one);
    }
    return out;
}

}  // namespace

std::string provider_target(const policies::Channel& channel, Endpoint asked, const edge::RequestHead& head,
                            policies::Delivery delivery, std::string_view id) {
    constexpr std::string_view id_here = "{id}";
    const policies::Provider& provider = *channel.provider;
    if (asked == Endpoint::passthrough) return passthrough_target(provider, head);
    const Endpoint spoken = policies::spoken_at(asked, provider);
    std::string out = policies::path_at(provider, spoken, channel.model, delivery);
    if (const std::size_t at = out.find(id_here); !id.empty() && at != std::string::npos)
        out.replace(at, id_here.size(), policies::escaped(id));
    const std::string query = query_for_provider(spoken == asked ? head.query() : std::string_view(), provider);
    if (!query.empty()) out.append(out.contains('?') ? "&" : "?").append(query);
    return out;
}

}  // namespace bursar::gateway
