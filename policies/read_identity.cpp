// Who may sign in, and what their groups make of them: the section "identity".
#include "policies/draft.h"
#include "policies/identity_fields.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

using std::chrono::days, std::chrono::hours, std::chrono::minutes, std::chrono::seconds;

constexpr std::size_t subjects_max = 100;
constexpr std::size_t role_groups_max = 1'000;
/// Before a '*': a pattern that fits nearly everybody is a mistake.
constexpr std::size_t subject_bytes_min = 8;
constexpr std::size_t notice_characters_max = 500;

std::vector<std::string> read_subjects(const Value& value) {
    std::vector<std::string> out;
    const std::vector<Value> items = read_list(value, "subject", subjects_max, "subjects");
    if (value.node.kind == YamlNode::Kind::list && value.node.items.empty()) value.wrong("names none; add one");
    for (const Value& item : items) {
        auto text = read_text(item);
        if (!text) continue;
        const std::size_t star = text->find('*');
        if (star != std::string::npos && (star + 1 != text->size() || star < subject_bytes_min))
            item.wrong(fmt::format("may have one * at its end, behind at least {} characters", subject_bytes_min));
        else
            out.push_back(*std::move(text));
    }
    return out;
}

WorkloadDraft read_workload(const Named& named) {
    Fields fields(named.value.node, fmt::format("workload \"{}\"", named.name), named.value.problems);
    WorkloadDraft out;
    WorkloadPolicy& workload = out.workload;
    workload.name = named.name;
    if (const auto issuer = fields.need("issuer")) workload.issuer = read_endpoint(*issuer).value_or("");
    if (const auto audience = fields.need("audience")) workload.audience = read_text(*audience).value_or("");
    take_field(fields, "jwks_uri", workload.jwks_uri, read_endpoint);
    take_field(fields, "ca", workload.ca, read_certificates);
    if (const auto names = fields.find("algorithms")) workload.algorithms = read_algorithms(*names);
    if (const auto subjects = fields.need("subjects")) workload.subjects = read_subjects(*subjects);
    if (const auto claims = fields.find("require")) workload.require = read_required_claims(*claims);
    if (const auto team = fields.need("team"))
        if (auto name = read_name(*team)) out.team = Reference{*std::move(name), team->node.at};
    if (const auto models = fields.find("models"))
        for (const Value& item : read_list(*models, "workload model"))
            if (auto name = read_name(item)) out.models.push_back({*std::move(name), item.node.at});
    return out;
}

std::map<std::string, ScimPolicy, std::less<>> read_scim(const Value& value) {
    std::map<std::string, ScimPolicy, std::less<>> out;
    for (const Named& named : read_sources(value, "source of SCIM", sources_max)) {
        Fields fields(named.value.node, named.value.what, named.value.problems);
        ScimPolicy scim{.name = named.name, .title = named.name};
        take_field(fields, "title", scim.title, read_text);
        out.emplace(named.name, std::move(scim));
    }
    return out;
}

std::map<std::string, std::vector<std::string>, std::less<>> read_roles(const Value& value) {
    Fields fields(value.node, "identity roles", value.problems);
    std::map<std::string, std::vector<std::string>, std::less<>> out;
    for (const char* role : {"operator", "auditor", "finance"})
        if (const auto groups = fields.find(role)) out[role] = read_texts(*groups, "group of a role", role_groups_max);
    return out;
}

SessionPolicy read_sessions(const Value& value) {
    Fields fields(value.node, "sessions", value.problems);
    SessionPolicy out;
    const auto read = [&](std::string_view name, seconds least, seconds most, seconds& time) {
        take_field(fields, name, time, [&](const Value& field) { return read_time(field, least, most); });
        return fields.find(name);
    };
    const auto idle = read("idle", minutes(1), days(7), out.idle);
    const auto absolute = read("absolute", minutes(1), days(30), out.absolute);
    const auto access = read("access", seconds(1), days(1), out.access);
    const auto refresh = read("refresh", seconds(1), days(90), out.refresh);
    read("step_up", minutes(1), hours(12), out.step_up);
    // Agents take a new token five minutes before the old one ends.
    if (out.access <= minutes(5) && access)
        access->wrong("must be more than 5m, or agents ask for a new token all the time");
    const auto compare = [&](const std::optional<Value>& first, seconds shorter, const std::optional<Value>& second,
                             seconds longer, std::string_view words) {
        const std::optional<Value>& written = first ? first : second;
        if (shorter > longer && written) written->problems.add(written->node.at, std::string(words));
    };
    compare(idle, out.idle, absolute, out.absolute, "sessions idle must not be longer than sessions absolute");
    compare(access, out.access, refresh, out.refresh, "sessions access must not be longer than sessions refresh");
    return out;
}

AgentPolicy read_agents(const Value& value) {
    Fields fields(value.node, "agents", value.problems);
    AgentPolicy out;
    if (const auto notice = fields.find("login_notice")) {
        out.login_notice = read_text(*notice).value_or("");
        const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; };
        if (std::ranges::count_if(out.login_notice, begins) > static_cast<std::ptrdiff_t>(notice_characters_max))
            notice->wrong(fmt::format("has more than {} characters; agents show no more", notice_characters_max));
    }
    const auto settings = fields.find("settings");
    if (!settings) return out;
    out.settings = read_as_json(*settings).value_or("");
    for (const Entry& entry : settings->node.entries)
        if (entry.key.text == "forceLoginMethod" || entry.key.text == "forceLoginGatewayUrl")
            settings->problems.add(entry.key.at,
                                   fmt::format("agents settings must not have {}: it belongs into the file on the "
                                               "machine, which is read before anybody has signed in",
                                               entry.key.text));
    return out;
}

std::vector<std::string> read_two_persons(const Value& value) {
    std::vector<std::string> out = read_texts(value, "what needs two persons", 3);
    for (const std::string& word : out)
        if (word != "secrets" && word != "policy" && word != "roles") {
            value.wrong(fmt::format("names \"{}\"; it may have: secrets, policy, roles", word));
            return {};
        }
    return out;
}

/// Where the entry `name` of a part of the section stands.
const Place& place_of(const Value& section, std::string_view part, std::string_view name) {
    const auto named = [](const YamlNode& node, std::string_view key) {
        return std::ranges::find(node.entries, key,
                                 [](const Entry& entry) -> std::string_view { return entry.key.text; });
    };
    const auto found = named(section.node, part);
    if (found == section.node.entries.end()) return section.node.at;
    const auto entry = named(found->value, name);
    return entry == found->value.entries.end() ? found->key.at : entry->key.at;
}

/// Each name stands for one source: people read it in the audit and on the sign-in page. A provider of identities may
/// be called as its own SCIM is.
void check_names(const Value& section, const IdentityDraft& draft) {
    const Identity& identity = draft.identity;
    const auto check = [&](std::string_view part, std::string_view what, const auto& sources,
                           std::string_view other_what, const auto& others) {
        for (const auto& entry : sources)
            if (others.contains(entry.first))
                section.problems.add(place_of(section, part, entry.first),
                                     fmt::format("{} \"{}\" has the name of a {}; give one of them another", what,
                                                 entry.first, other_what));
    };
    check("oidc", "provider of identities", identity.oidc, "directory", identity.directories);
    check("scim", "source of SCIM", identity.scim, "directory", identity.directories);
    check("workloads", "workload", draft.workloads, "directory", identity.directories);
    check("workloads", "workload", draft.workloads, "provider of identities", identity.oidc);
    check("workloads", "workload", draft.workloads, "source of SCIM", identity.scim);
}

/// `entra: {source: "scim:okta"}` must name a source that there is.
void check_sources(const Value& section, const Identity& identity) {
    for (const auto& [name, provider] : identity.oidc) {
        if (provider.source.empty()) continue;
        const std::string_view source = provider.source;
        const bool there = (source.starts_with("ldap:") && identity.directories.contains(source.substr(5))) ||
                           (source.starts_with("scim:") && identity.scim.contains(source.substr(5)));
        if (!there)
            section.problems.add(place_of(section, "oidc", name),
                                 fmt::format("provider of identities \"{}\" has the source \"{}\", which is not there; "
                                             "write ldap: and the name of a directory, or scim: and the name of a "
                                             "source of SCIM",
                                             name, source));
    }
}

}  // namespace

void read_identity(const Value& section, Rank rank, Draft& draft) {
    Fields fields(section.node, "identity", section.problems);
    IdentityDraft read;
    Identity& identity = read.identity;
    if (const auto value = fields.find("directories")) identity.directories = read_directories(*value);
    if (const auto value = fields.find("oidc")) identity.oidc = read_oidc(*value);
    if (const auto value = fields.find("workloads"))
        for (const Named& named : read_sources(*value, "workload", workloads_max))
            read.workloads.emplace(named.name, read_workload(named));
    if (const auto value = fields.find("scim")) identity.scim = read_scim(*value);
    if (const auto value = fields.find("roles")) identity.roles = read_roles(*value);
    if (const auto value = fields.find("sessions")) identity.sessions = read_sessions(*value);
    if (const auto value = fields.find("agents")) identity.agents = read_agents(*value);
    if (const auto value = fields.find("two_persons")) identity.two_persons = read_two_persons(*value);
    check_names(section, read);
    check_sources(section, identity);
    take_whole(draft.identity, Ranked<IdentityDraft>{std::move(read), section.node.at, rank}, "identity",
               section.problems);
}

}  // namespace bursar::policies
