#include "policies/compare_identity.h"

#include "policies/identity_fields.h"
#include "service/base/crypto.h"

#include <set>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

/// What changes with a text that no line has room for.
std::string digest_of(const std::string& text) {
    constexpr std::size_t characters = 12;
    if (text.empty()) return {};
    return fmt::format("{} bytes (SHA-256 {}…)", text.size(), to_hex(sha256(text)).substr(0, characters));
}

std::string shortened(const std::string& text) {
    constexpr std::size_t shown_max = 200;
    return text.size() <= shown_max ? text : digest_of(text);
}

std::string_view yes_or_no(bool truth) { return truth ? "yes" : "no"; }

std::string_view name_of(GroupsBy by) {
    switch (by) {
        case GroupsBy::token_groups:
            return "token_groups";
        case GroupsBy::in_chain:
            return "in_chain";
        case GroupsBy::member_of:
            return "member_of";
        case GroupsBy::member:
            return "member";
        case GroupsBy::unique_member:
            return "unique_member";
        case GroupsBy::member_uid:
            return "member_uid";
    }
    return "";
}

std::string pairs(const std::vector<std::pair<std::string, std::string>>& claims) {
    std::string out;
    for (const auto& [claim, value] : claims) out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", claim, value);
    return out;
}

void compare_directory(Comparison& out, const std::string& thing, const DirectoryPolicy& before,
                       const DirectoryPolicy& after) {
    const auto value = [&](std::string_view what, std::string_view old, std::string_view now) {
        out.value(thing, what, old, now);
    };
    const auto kind = [](const DirectoryPolicy& each) {
        if (each.name.empty()) return "";
        return each.kind == DirectoryKind::active_directory ? "Active Directory" : "OpenLDAP or alike";
    };
    value("kind", kind(before), kind(after));
    value("title", before.title, after.title);
    value("domain", before.domain, after.domain);
    value("servers", joined(before.servers), joined(after.servers));
    value("CA", digest_of(before.ca), digest_of(after.ca));
    value("service account", before.bind_dn, after.bind_dn);
    value("its secret", before.bind_secret, after.bind_secret);
    value("people bind as", before.direct_bind, after.direct_bind);
    value("people below", before.people_base, after.people_base);
    value("filter of people", before.people_filter, after.people_filter);
    value("attribute of user names", before.user_attribute, after.user_attribute);
    value("attribute of e-mail", before.email_attribute, after.email_attribute);
    value("attribute of names", before.name_attribute, after.name_attribute);
    value("attribute of ids", before.id_attribute, after.id_attribute);
    value("sign-in by e-mail", yes_or_no(before.sign_in_by_email), yes_or_no(after.sign_in_by_email));
    value("groups below", before.groups_base, after.groups_base);
    value("filter of groups", before.groups_filter, after.groups_filter);
    value("groups by", name_of(before.groups_by), name_of(after.groups_by));
    value("nested groups", yes_or_no(before.nested), yes_or_no(after.nested));
    value("timeout", words_of(before.timeout), words_of(after.timeout));
    value("synchronised every", words_of(before.sync_every), words_of(after.sync_every));
    value("grace of who is missing", words_of(before.grace), words_of(after.grace));
    const auto removals = [](const DirectoryPolicy& each) {
        return fmt::format("more than {}% and more than {}", each.removals_percent_max, each.removals_min);
    };
    value("asks before it removes", removals(before), removals(after));
}

void compare_provider(Comparison& out, const std::string& thing, const OidcPolicy& before, const OidcPolicy& after) {
    const auto value = [&](std::string_view what, std::string_view old, std::string_view now) {
        out.value(thing, what, old, now);
    };
    const auto cut = [](const OidcPolicy& each) {
        return each.groups_cut_at ? std::to_string(*each.groups_cut_at) : std::string();
    };
    value("title", before.title, after.title);
    value("issuer", before.issuer, after.issuer);
    value("client", before.client_id, after.client_id);
    value("secret", before.secret, after.secret);
    value("scopes", joined(before.scopes), joined(after.scopes));
    value("algorithms", joined(before.algorithms), joined(after.algorithms));
    value("claim of groups", before.groups_claim, after.groups_claim);
    value("groups are cut at", cut(before), cut(after));
    value("claim of user names", before.user_name_claim, after.user_name_claim);
    value("claim of e-mail", before.email_claim, after.email_claim);
    value("claim of names", before.name_claim, after.name_claim);
    value("people of", before.source, after.source);
    value("claim of ids", before.subject_claim, after.subject_claim);
    value("requires", pairs(before.require), pairs(after.require));
    value("CA", digest_of(before.ca), digest_of(after.ca));
}

void compare_workload(Comparison& out, const std::string& thing, const WorkloadPolicy& before,
                      const WorkloadPolicy& after) {
    const auto value = [&](std::string_view what, std::string_view old, std::string_view now) {
        out.value(thing, what, old, now);
    };
    value("issuer", before.issuer, after.issuer);
    value("audience", before.audience, after.audience);
    value("keys at", before.jwks_uri, after.jwks_uri);
    value("CA", digest_of(before.ca), digest_of(after.ca));
    value("algorithms", joined(before.algorithms), joined(after.algorithms));
    value("subjects", joined(before.subjects), joined(after.subjects));
    value("requires", pairs(before.require), pairs(after.require));
    value("team", before.team, after.team);
    value("models", joined(before.models), joined(after.models));
}

void compare_sessions(Comparison& out, const SessionPolicy& before, const SessionPolicy& after) {
    out.value("sessions", "unused for", words_of(before.idle), words_of(after.idle));
    out.value("sessions", "at most", words_of(before.absolute), words_of(after.absolute));
    out.value("sessions", "access tokens", words_of(before.access), words_of(after.access));
    out.value("sessions", "refresh tokens", words_of(before.refresh), words_of(after.refresh));
    out.value("sessions", "ask again after", words_of(before.step_up), words_of(after.step_up));
}

}  // namespace

void compare_identity(Comparison& out, const Identity& before, const Identity& after) {
    out.section(
        "directory", before.directories, after.directories,
        [&](const std::string& thing, const auto& old, const auto& now) { compare_directory(out, thing, old, now); });
    out.section(
        "provider of identities", before.oidc, after.oidc,
        [&](const std::string& thing, const auto& old, const auto& now) { compare_provider(out, thing, old, now); });
    out.section(
        "workload", before.workloads, after.workloads,
        [&](const std::string& thing, const auto& old, const auto& now) { compare_workload(out, thing, old, now); });
    out.section("source of SCIM", before.scim, after.scim,
                [&](const std::string& thing, const auto& old, const auto& now) {
                    out.value(thing, "title", old.title, now.title);
                });
    std::set<std::string> roles;
    for (const Identity* const each : {&before, &after})
        for (const auto& entry : each->roles) roles.insert(entry.first);
    for (const std::string& role : roles) {
        const auto groups = [&](const Identity& each) {
            const auto found = each.roles.find(role);
            return found == each.roles.end() ? std::string() : joined(found->second);
        };
        out.value("role " + role, "for", groups(before), groups(after));
    }
    compare_sessions(out, before.sessions, after.sessions);
    out.value("agents", "login notice", before.agents.login_notice, after.agents.login_notice);
    out.value("agents", "settings", shortened(before.agents.settings), shortened(after.agents.settings));
    out.value("two persons", "for", joined(before.two_persons), joined(after.two_persons));
}

}  // namespace bursar::policies
