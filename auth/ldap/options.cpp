#include "auth/ldap/options.h"

#include "auth/ldap/filter.h"
#include "auth/ldap/names.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t servers_max = 16, text_bytes_max = 2000, host_bytes_max = 253;
constexpr std::string_view placeholder = "{user}";

std::unexpected<Error> wrong(const Options& options, std::string_view option, std::string_view what) {
    return fail(Fault::wrong_configuration, fmt::format("Directory \"{}\", {}: {}.", options.name, option, what));
}

void fill_in(std::string& option, std::string_view otherwise) {
    if (option.empty()) option = otherwise;
}

void fill_in_for_kind(Options& options) {
    const bool active_directory = options.kind == Kind::active_directory;
    fill_in(options.user_attribute, active_directory ? "sAMAccountName" : "uid");
    fill_in(options.email_attribute, "mail");
    fill_in(options.id_attribute, active_directory ? "objectGUID" : "entryUUID");
    fill_in(options.people_filter, active_directory ? "(&(objectCategory=person)(objectClass=user))"
                                                    : "(&(|(objectClass=person)(objectClass=posixAccount))(uid=*))");
    options.people_filter = in_parentheses(std::move(options.people_filter));
    options.groups_filter = in_parentheses(std::move(options.groups_filter));
    fill_in(options.groups_base, domain_part(options.people_base));
}

bool is_attribute(std::string_view name) {
    const auto is_letter = [](char byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); };
    const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
    if (name.empty() || !(is_letter(name[0]) || is_digit(name[0]))) return false;
    return std::ranges::all_of(
        name, [&](char byte) { return is_letter(byte) || is_digit(byte) || byte == '-' || byte == '.'; });
}

bool is_host(std::string_view name) {
    return !name.empty() && name.size() <= host_bytes_max && std::ranges::all_of(name, [](char byte) {
        return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               std::string_view("-.:_").contains(byte);
    });
}

Result<void> check_servers(const Options& options) {
    if (options.servers.empty() == options.domain.empty())
        return wrong(options, "servers", "write either `servers` or `domain`, by which they are found in DNS");
    if (!options.domain.empty() && (!is_host(options.domain) || !options.domain.contains('.')))
        return wrong(options, "domain", "write the DNS name of the domain, such as corp.example");
    if (options.servers.size() > servers_max) return wrong(options, "servers", "at most 16 of them");
    for (const std::string& server : options.servers)
        if (const auto read = server_of(server); !read) return wrong(options, "servers", read.error().for_caller);
    return {};
}

Result<void> check_names(const Options& options) {
    if (!canonical_dn(options.people_base))
        return wrong(options, "people_base",
                     "write the distinguished name below which all people are, such as ou=people,dc=corp,dc=example");
    if (!canonical_dn(options.groups_base))
        return wrong(options, "groups_base", "write the distinguished name below which all groups are");
    const bool active_directory = options.kind == Kind::active_directory;
    const bool windows_name = active_directory && (options.bind_dn.contains('@') || options.bind_dn.contains('\\'));
    if (!options.bind_dn.empty() && !windows_name && !canonical_dn(options.bind_dn))
        return wrong(options, "bind_dn",
                     active_directory ? "write the service account as a distinguished name or as name@domain"
                                      : "write the service account as a distinguished name");
    if (options.bind_dn.empty() && options.direct_bind.empty())
        return wrong(options, "bind_dn",
                     "write a service account that may read the directory, or `direct_bind` if people are to sign in "
                     "without one");
    const std::size_t at = options.direct_bind.find(placeholder);
    if (!options.direct_bind.empty() &&
        (at == std::string::npos || options.direct_bind.find(placeholder, at + 1) != std::string::npos))
        return wrong(options, "direct_bind",
                     "{user} has to be in it once, as in uid={user},ou=people,dc=corp,dc=example or "
                     "{user}@corp.example");
    return {};
}

Result<void> check_searches(const Options& options) {
    if (const auto fault = wrong_in_filter(options.people_filter))
        return wrong(options, "people_filter", fmt::format("{} in {}", *fault, options.people_filter));
    if (const auto fault = options.groups_filter.empty() ? std::nullopt : wrong_in_filter(options.groups_filter))
        return wrong(options, "groups_filter", fmt::format("{} in {}", *fault, options.groups_filter));
    for (const auto& [option, name] :
         {std::pair("user_attribute", &options.user_attribute), std::pair("email_attribute", &options.email_attribute),
          std::pair("name_attribute", &options.name_attribute), std::pair("id_attribute", &options.id_attribute)})
        if (!name->empty() && !is_attribute(*name)) return wrong(options, option, "write the name of one attribute");
    const bool windows_only = options.groups_by == GroupsBy::token_groups || options.groups_by == GroupsBy::in_chain;
    // OpenLDAP answers the matching rule with nobody and no error.
    if (windows_only && options.kind != Kind::active_directory)
        return wrong(
            options, "groups_by",
            "token_groups and in_chain are Active Directory's; write member, unique_member, member_uid or member_of");
    if (windows_only && !options.nested)
        return wrong(
            options, "nested",
            "token_groups and in_chain tell of nested groups in any case; write groups_by member or member_of");
    return {};
}

Result<void> check_numbers(const Options& options) {
    using std::chrono::seconds;
    if (options.timeout < seconds(1) || options.timeout > seconds(60))
        return wrong(options, "timeout", "1 to 60 seconds");
    if (options.listing_timeout < seconds(1) || options.listing_timeout > seconds(3600))
        return wrong(options, "listing_timeout", "1 second to an hour");
    if (options.page_size < 1 || options.page_size > 5000)
        return wrong(options, "page_size", "1 to 5000; 500 suits every server");
    for (const std::string* text : {&options.bind_dn, &options.direct_bind, &options.people_base,
                                    &options.people_filter, &options.groups_base, &options.groups_filter})
        if (text->size() > text_bytes_max || text->contains('\0') || !is_utf8(*text))
            return wrong(options, "people_base, filters and names", "at most 2,000 characters, in UTF-8");
    return {};
}

}  // namespace

Result<Server> server_of(std::string_view text) {
    const auto fault = [&] {
        return fail(
            Fault::wrong_configuration,
            fmt::format("write ldaps://host:636, or ldap://host:389 for StartTLS, not \"{}\"", clean_text(text, 100)));
    };
    Server server;
    if (text.starts_with("ldaps://"))
        server.port = 636;
    else if (text.starts_with("ldap://"))
        server.port = 389;
    else
        return fault();
    server.tls_at_once = server.port == 636;
    text.remove_prefix(text.find("//") + 2);
    if (text.ends_with('/')) text.remove_suffix(1);
    std::string_view host = text, port;
    if (text.starts_with('[') && text.contains(']')) {
        host = text.substr(1, text.find(']') - 1);
        port = text.substr(text.find(']') + 1);
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon);
    }
    if (!is_host(host) || (host.contains(':') && !text.starts_with('['))) return fault();
    server.host = small_letters(host);
    if (port.empty()) return server;
    port.remove_prefix(1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), server.port);
    if (read.ec != std::errc{} || read.ptr != port.data() + port.size() || server.port == 0) return fault();
    return server;
}

bool tells_upward(GroupsBy by) {
    return by == GroupsBy::token_groups || by == GroupsBy::in_chain || by == GroupsBy::member_of;
}

std::string_view attribute_of(GroupsBy by) {
    switch (by) {
        case GroupsBy::token_groups:
        case GroupsBy::in_chain:
        case GroupsBy::member_of:
            return "memberOf";
        case GroupsBy::member:
            return "member";
        case GroupsBy::unique_member:
            return "uniqueMember";
        case GroupsBy::member_uid:
            return "memberUid";
    }
    return "member";
}

Result<Options> completed(Options options) {
    if (options.name.empty()) return fail(Fault::wrong_configuration, "A directory needs a name.");
    fill_in_for_kind(options);
    TRY_VOID(check_servers(options));
    TRY_VOID(check_numbers(options));
    TRY_VOID(check_names(options));
    TRY_VOID(check_searches(options));
    options.domain = small_letters(options.domain);
    return options;
}

}  // namespace bursar::ldap
