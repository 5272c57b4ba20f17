// Directories of people: the part "directories" of the section "identity".
#include "policies/identity_fields.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t servers_max = 16;
constexpr std::string_view user_mark = "{user}";
constexpr std::array group_ways{GroupsBy::token_groups, GroupsBy::in_chain,      GroupsBy::member_of,
                                GroupsBy::member,       GroupsBy::unique_member, GroupsBy::member_uid};

/// A distinguished name (RFC 4514 §3): parts of the form type=value, as far as can be told without reading it all.
std::optional<std::string> read_dn(const Value& value) {
    auto text = read_text(value);
    if (!text) return {};
    const std::size_t equals = text->find('=');
    if (equals == 0 || equals == std::string::npos || text->find_first_of(",\\") < equals)
        return value.wrong("is not a distinguished name; write it like ou=people,dc=corp,dc=example");
    return text;
}

/// Whom the service account binds as: a DN or, in Active Directory, one of its other names too.
std::optional<std::string> read_account(const Value& value) {
    auto text = read_text(value);
    if (text && !text->contains('=') && !text->contains('@') && !text->contains('\\'))
        return value.wrong(
            "names no account; write its DN, or its user principal name such as svc-bursar@corp.example");
    return text;
}

/// A search filter (RFC 4515 §3), as far as its parentheses go: one filter, each bracket closed. In values they are
/// escaped.
std::optional<std::string> read_filter(const Value& value) {
    auto text = read_text(value);
    if (!text) return {};
    int depth = 0;
    for (std::size_t i = 0; i < text->size(); ++i) {
        const char c = (*text)[i];
        if (c == '(') ++depth;
        if (c == ')') --depth;
        if (depth < 0 || (depth == 0 && i + 1 < text->size()))
            return value.wrong("is not one filter; write it like (&(objectClass=person)(mail=*))");
    }
    if (depth != 0) return value.wrong(fmt::format("has {} brackets that nothing closes", depth));
    if (text->contains("()")) return value.wrong("has empty brackets; take them out");
    return text;
}

/// An attribute's name (RFC 4512 §1.4).
std::optional<std::string> read_attribute(const Value& value) {
    auto text = read_text(value);
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == ';';
    };
    if (text && !std::ranges::all_of(*text, allowed))
        return value.wrong("is not the name of an attribute; write it like sAMAccountName");
    return text;
}

std::optional<std::string> read_server(const Value& value) {
    auto text = single(value);
    if (!text) return {};
    std::string_view rest = *text;
    if (rest.starts_with("ldaps://"))
        rest.remove_prefix(8);
    else if (rest.starts_with("ldap://"))
        rest.remove_prefix(7);
    else
        return value.wrong("must begin with ldaps://, or with ldap:// for StartTLS");
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.contains('@')) {
        // Not even a password in the wrong place is repeated.
        value.problems.add(value.node.at,
                           fmt::format("{} must name no user or password; that is what bind is for", value.what));
        return {};
    }
    Url url;
    if (!read_authority(rest, url)) return value.wrong("is not a server; write it like ldaps://dc1.corp.example:636");
    return std::string(text->substr(0, text->size() - (text->ends_with('/') ? 1 : 0)));
}

std::optional<std::string> read_domain(const Value& value) {
    auto text = read_text(value);
    if (!text) return {};
    Url url;
    if (!text->contains('.') || text->contains(':') || !read_authority(*text, url))
        return value.wrong("is not a domain; write it like corp.example");
    return text;
}

std::optional<std::string> read_direct_bind(const Value& value) {
    auto text = read_text(value);
    if (!text) return {};
    const std::size_t at = text->find(user_mark);
    if (at == std::string::npos || text->find(user_mark, at + 1) != std::string::npos)
        return value.wrong(R"(must have {user} in it, once; write it like "{user}@corp.example")");
    return text;
}

void read_bind(const Value& value, DirectoryPolicy& out) {
    Fields fields(value.node, value.what, value.problems);
    if (const auto account = fields.need("dn")) out.bind_dn = read_account(*account).value_or("");
    if (const auto secret = fields.need("secret")) out.bind_secret = read_secret_name(*secret).value_or("");
}

void read_people_part(const Value& value, DirectoryPolicy& out) {
    Fields fields(value.node, value.what, value.problems);
    if (const auto base = fields.need("base")) out.people_base = read_dn(*base).value_or("");
    take_field(fields, "filter", out.people_filter, read_filter);
    take_field(fields, "user", out.user_attribute, read_attribute);
    take_field(fields, "email", out.email_attribute, read_attribute);
    take_field(fields, "name", out.name_attribute, read_attribute);
    take_field(fields, "id", out.id_attribute, read_attribute);
    take_field(fields, "sign_in_by_email", out.sign_in_by_email, read_truth);
}

void read_groups_part(const Value& value, DirectoryPolicy& out) {
    Fields fields(value.node, value.what, value.problems);
    take_field(fields, "base", out.groups_base, read_dn);
    take_field(fields, "filter", out.groups_filter, read_filter);
    if (const auto by = fields.find("by"))
        if (const auto word =
                read_word(*by, {"token_groups", "in_chain", "member_of", "member", "unique_member", "member_uid"})) {
            out.groups_by = group_ways[*word];
            const bool only_there = out.groups_by == GroupsBy::token_groups || out.groups_by == GroupsBy::in_chain;
            if (only_there && out.kind != DirectoryKind::active_directory)
                by->wrong("is for kind: active_directory; write member_of or member");
        }
    if (out.groups_by == GroupsBy::member_uid) out.nested = false;
    const auto nested = fields.find("nested");
    if (!nested) return;
    const bool wanted = read_truth(*nested).value_or(out.nested);
    if (wanted && out.groups_by == GroupsBy::member_uid)
        nested->wrong("cannot be: these groups hold user names, and no groups");
    if (!wanted && (out.groups_by == GroupsBy::token_groups || out.groups_by == GroupsBy::in_chain))
        nested->wrong("cannot be: the server tells groups of groups too; write by: member_of beside it");
    out.nested = wanted;
}

void read_sync(const Value& value, DirectoryPolicy& out) {
    using std::chrono::days, std::chrono::hours, std::chrono::minutes;
    Fields fields(value.node, value.what, value.problems);
    const auto read_minutes = [&](std::string_view name, minutes least, minutes most, minutes& time) {
        const auto field = fields.find(name);
        if (!field) return;
        const auto read = read_time(*field, least, most);
        if (!read) return;
        if (*read % minutes(1) != minutes(0))
            field->wrong("must be whole minutes");
        else
            time = std::chrono::duration_cast<minutes>(*read);
    };
    read_minutes("every", minutes(1), hours(24), out.sync_every);
    read_minutes("grace", minutes(0), days(90), out.grace);
    take_field(fields, "removals_max", out.removals_percent_max, read_percent);
    if (const auto least = fields.find("removals_min"))
        out.removals_min = static_cast<int>(read_integer(*least, 0, 10'000).value_or(out.removals_min));
}

void read_where(Fields& fields, DirectoryPolicy& out) {
    const auto domain = fields.find("domain"), servers = fields.find("servers");
    if (!domain && !servers) {
        fields.problems().add(
            fields.at(),
            fmt::format("directory \"{}\" has no servers; add them, or the domain whose DNS names them", out.name));
        return;
    }
    if (domain && servers) {
        servers->problems.add(servers->node.at,
                              fmt::format("directory \"{}\" has servers and a domain that names them; "
                                          "keep one of the two",
                                          out.name));
        return;
    }
    if (domain) out.domain = read_domain(*domain).value_or("");
    if (!servers) return;
    const std::vector<Value> items = read_list(*servers, "server", servers_max, "servers");
    if (servers->node.kind == YamlNode::Kind::list && servers->node.items.empty())
        servers->wrong("names none; add one");
    for (const Value& item : items) {
        auto server = read_server(item);
        if (!server) continue;
        if (std::ranges::find(out.servers, *server) != out.servers.end())
            item.wrong("stands twice; keep one of them");
        else
            out.servers.push_back(*std::move(server));
    }
}

DirectoryPolicy read_directory(const Named& named) {
    using std::chrono::seconds;
    Fields fields(named.value.node, fmt::format("directory \"{}\"", named.name), named.value.problems);
    DirectoryPolicy out;
    out.name = named.name;
    out.title = named.name;
    if (const auto kind = fields.need("kind"))
        if (read_word(*kind, {"openldap", "active_directory"}) == 1) {
            out.kind = DirectoryKind::active_directory;
            out.groups_by = GroupsBy::token_groups;
        }
    take_field(fields, "title", out.title, read_text);
    read_where(fields, out);
    take_field(fields, "ca", out.ca, read_certificates);
    const auto bind = fields.find("bind"), direct = fields.find("direct_bind");
    if (bind) read_bind(*bind, out);
    if (direct) out.direct_bind = read_direct_bind(*direct).value_or("");
    if (!bind && !direct)
        fields.problems().add(fields.at(), fmt::format("directory \"{}\" says nobody who may look people up; add bind "
                                                       "(a service account), or direct_bind",
                                                       named.name));
    if (const auto people = fields.need("people")) read_people_part(*people, out);
    if (const auto groups = fields.find("groups")) read_groups_part(*groups, out);
    take_field(fields, "timeout", out.timeout,
               [](const Value& value) { return read_time(value, seconds(1), seconds(30)); });
    if (const auto sync = fields.find("sync")) read_sync(*sync, out);
    return out;
}

}  // namespace

std::map<std::string, DirectoryPolicy, std::less<>> read_directories(const Value& value) {
    std::map<std::string, DirectoryPolicy, std::less<>> out;
    for (const Named& named : read_sources(value, "directory", sources_max))
        out.emplace(named.name, read_directory(named));
    return out;
}

}  // namespace bursar::policies
