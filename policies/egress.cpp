#include "policies/egress.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

namespace bursar::policies {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 6> ports_of_schemes{
    {{"https", 443}, {"http", 80}, {"ldaps", 636}, {"ldap", 389}, {"smtps", 465}, {"smtp", 587}}};
constexpr std::uint16_t ldaps_port = 636;
constexpr std::string_view slack_host = "slack.com", slack_hooks_host = "hooks.slack.com";

using Set = std::set<Destination>;

/// "scheme://host[:port][/path]", which was checked when the policy was read.
void add(Set& out, Goer who, std::string_view url) {
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos) return;
    const auto known =
        std::ranges::find(ports_of_schemes, url.substr(0, colon), [](const auto& one) { return one.first; });
    if (known == ports_of_schemes.end()) return;
    std::string_view authority = url.substr(colon + 3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
    if (bracket == std::string_view::npos) return;
    const std::size_t port_at = authority.find(':', bracket);
    std::string_view host = authority.substr(0, port_at);
    if (bracket > 0) host = host.substr(1, bracket - 1);
    std::uint16_t port = known->second;
    if (port_at != std::string_view::npos)
        std::from_chars(authority.data() + port_at + 1, authority.data() + authority.size(), port);
    out.insert({.who = who, .host = std::string(host), .port = port});
}

void add(Set& out, const Url& url) { out.insert({.who = Goer::service, .host = url.host, .port = url.port}); }

void add_identity(Set& out, const Identity& identity) {
    for (const auto& [name, directory] : identity.directories) {
        for (const std::string& server : directory.servers) add(out, Goer::service, server);
        if (!directory.domain.empty())
            out.insert(
                {.who = Goer::service, .host = "_ldap._tcp." + directory.domain, .port = ldaps_port, .by_srv = true});
    }
    for (const auto& [name, provider] : identity.oidc) add(out, Goer::service, provider.issuer);
    for (const auto& [name, workload] : identity.workloads)
        add(out, Goer::service, workload.jwks_uri.empty() ? workload.issuer : workload.jwks_uri);
}

void add_target(Egress& egress, Set& out, const AlertTarget& target) {
    const auto setting = [&](const char* name) {
        const auto found = target.settings.find(name);
        return found == target.settings.end() ? std::string_view() : std::string_view(found->second);
    };
    if (const auto proxy = setting("proxy"); !proxy.empty()) return add(out, Goer::courier, proxy);
    if (target.kind == "slack")
        out.insert({.who = Goer::courier,
                    .host = std::string(target.secrets.contains("token") ? slack_host : slack_hooks_host),
                    .port = 443});
    else if (const auto url = setting(target.kind == "mail" ? "server" : "url"); !url.empty())
        add(out, Goer::courier, url);
    else
        egress.hidden.push_back(target.name);
}

}  // namespace

Egress egress_of(const Snapshot& rules) {
    Egress egress;
    Set all;
    for (const auto& [name, provider] : rules.providers) {
        add(all, provider->proxy ? *provider->proxy : provider->base_url);
        if (provider->tokens.source == TokenSource::none) continue;
        const Url url = token_url(provider->tokens);
        if (!provider->proxy || !url.tls) add(all, url);
    }
    add_identity(all, rules.identity);
    for (const auto& [name, target] : rules.alerts.targets) add_target(egress, all, target);
    egress.destinations.assign(all.begin(), all.end());
    return egress;
}

}  // namespace bursar::policies
