// Providers of identities: the part "oidc" of the section "identity".
#include "policies/identity_fields.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t scopes_max = 32;
constexpr std::int64_t groups_max = 10'000;
/// Claims that may change hands: whoever gets the address of somebody who left must not get their keys.
constexpr std::array<std::string_view, 6> not_for_good{"email",   "preferred_username", "upn", "unique_name", "name",
                                                       "nickname"};

std::optional<std::string> read_issuer(const Value& value) {
    auto issuer = read_endpoint(value);
    if (!issuer) return {};
    // Tokens name the tenant; an issuer for all tenants would let in people of every company.
    for (const std::string_view host : {"://login.microsoftonline.com/", "://login.microsoftonline.us/"})
        for (const std::string_view tenants : {"common", "organizations", "consumers"})
            if (const std::size_t at = issuer->find(host);
                at != std::string::npos && std::string_view(*issuer).substr(at + host.size()).starts_with(tenants))
                return value.wrong("is for people of every company; write your tenant's id in its place");
    return issuer;
}

void read_claims(const Value& value, OidcPolicy& out) {
    Fields fields(value.node, value.what, value.problems);
    take_field(fields, "groups", out.groups_claim, read_text);
    take_field(fields, "user", out.user_name_claim, read_text);
    take_field(fields, "email", out.email_claim, read_text);
    take_field(fields, "name", out.name_claim, read_text);
    const auto subject = fields.find("subject");
    if (!subject) return;
    out.subject_claim = read_text(*subject).value_or(out.subject_claim);
    if (std::ranges::find(not_for_good, out.subject_claim) != not_for_good.end())
        subject->wrong("may change hands; name the claim with the immutable id, such as sub or oid");
    else if (out.subject_claim != "sub" && out.source.empty())
        subject->wrong("is of use beside source only; without one, people are known by sub");
}

void read_scopes(const Value& value, OidcPolicy& out) {
    out.scopes = read_texts(value, "scope", scopes_max);
    if (value.node.kind == YamlNode::Kind::list && std::ranges::find(out.scopes, "openid") == out.scopes.end())
        value.wrong("must have openid in it");
    for (const std::string& scope : out.scopes)
        if (scope.contains(' ')) value.wrong("has one with a blank in it; write a list such as [openid, profile]");
}

OidcPolicy read_provider(const Named& named) {
    Fields fields(named.value.node, fmt::format("provider of identities \"{}\"", named.name), named.value.problems);
    OidcPolicy out;
    out.name = named.name;
    out.title = named.name;
    take_field(fields, "title", out.title, read_text);
    if (const auto issuer = fields.need("issuer")) out.issuer = read_issuer(*issuer).value_or("");
    if (const auto client = fields.need("client_id")) out.client_id = read_text(*client).value_or("");
    take_field(fields, "secret", out.secret, read_secret_name);
    if (const auto scopes = fields.find("scopes")) read_scopes(*scopes, out);
    if (const auto names = fields.find("algorithms")) out.algorithms = read_algorithms(*names);
    take_field(fields, "source", out.source, read_name);
    if (const auto claims = fields.find("claims")) read_claims(*claims, out);
    if (const auto cut = fields.find("groups_cut_at"))
        if (const auto number = read_integer(*cut, 1, groups_max)) out.groups_cut_at = static_cast<int>(*number);
    if (const auto claims = fields.find("require")) out.require = read_required_claims(*claims);
    take_field(fields, "ca", out.ca, read_certificates);
    return out;
}

}  // namespace

std::map<std::string, OidcPolicy, std::less<>> read_oidc(const Value& value) {
    std::map<std::string, OidcPolicy, std::less<>> out;
    for (const Named& named : read_sources(value, "provider of identities", sources_max))
        out.emplace(named.name, read_provider(named));
    return out;
}

}  // namespace bursar::policies
