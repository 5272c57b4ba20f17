#include "auth/oidc/person_claims.h"

#include "auth/oidc/claims.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace bursar::oidc {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// 8-4-4-4-12 hexadecimal digits, in lower case; nothing if it is no such id.
std::optional<std::string> uuid_of(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    std::string out;
    for (const char c : text) {
        const std::size_t at = out.size();
        const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        if (dash ? c != '-' : !is_hex(c)) return std::nullopt;
        out.push_back(c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c);
    }
    return out;
}

std::string short_text(const Json* claim) {
    if (claim == nullptr || claim->text() == nullptr || claim->text()->size() > name_bytes_max) return {};
    return *claim->text();
}

bool has_text(const Json& claims, std::string_view name) { return !short_text(find_claim(claims, name)).empty(); }

std::optional<auth::Group> group_of(const Json& entry) {
    const std::string* name = entry.text();
    if (name == nullptr || name->empty() || name->size() > group_bytes_max) return std::nullopt;
    // Entra ID tells the ids of groups instead of their names.
    return auth::Group{.id = uuid_of(*name).value_or(std::string()), .name = *name};
}

}  // namespace

const Json* PersonClaims::find(std::string_view name) const {
    if (const Json* found = find_claim(id_token, name)) return found;
    return userinfo == nullptr ? nullptr : find_claim(*userinfo, name);
}

bool groups_are_elsewhere(const Json& id_token, std::string_view groups_claim) {
    const Json* names = id_token.member("_claim_names");
    if (names != nullptr && (names->member(groups_claim) != nullptr || names->member("groups") != nullptr)) return true;
    const Json* has = id_token.member("hasgroups");
    return has != nullptr && (has->is_true() || (has->text() != nullptr && *has->text() == "true"));
}

bool lacks_something(const Json& id_token, const Options& options) {
    const bool groups = options.groups_claim.empty() || groups_are_elsewhere(id_token, options.groups_claim) ||
                        find_claim(id_token, options.groups_claim) != nullptr;
    const auto required = [&](const auto& each) { return find_claim(id_token, each.first) != nullptr; };
    return !groups || !has_text(id_token, options.user_name_claim) || !has_text(id_token, options.email_claim) ||
           find_claim(id_token, options.subject_claim) == nullptr || !std::ranges::all_of(options.require, required);
}

GroupsTold groups_of(const PersonClaims& claims, const Options& options) {
    if (options.groups_claim.empty() || groups_are_elsewhere(claims.id_token, options.groups_claim)) return {};
    if (claims.userinfo != nullptr && groups_are_elsewhere(*claims.userinfo, options.groups_claim)) return {};
    const Json* told = claims.find(options.groups_claim);
    if (told == nullptr) return {};
    if (told->text() != nullptr) {
        const auto group = group_of(*told);
        return group ? GroupsTold{.groups = {*group}, .whole = true} : GroupsTold{};
    }
    if (told->list() == nullptr) return {};
    GroupsTold out{.groups = {}, .whole = told->list()->size() <= groups_max};
    std::set<std::string_view> seen;
    for (const Json& entry : *told->list()) {
        if (out.groups.size() == groups_max) break;
        auto group = group_of(entry);
        if (!group) out.whole = false;
        if (group && seen.insert(*entry.text()).second) out.groups.push_back(*std::move(group));
    }
    if (options.groups_cut_at && std::cmp_greater_equal(told->list()->size(), *options.groups_cut_at))
        out.whole = false;
    return out;
}

Result<auth::PersonFacts> person_of(const PersonClaims& claims, const Options& options) {
    const auto holder = [&](std::string_view name) -> const Json& {
        return claims.userinfo == nullptr || find_claim(claims.id_token, name) != nullptr ? claims.id_token
                                                                                          : *claims.userinfo;
    };
    TRY(std::string id, identity_at(holder(options.subject_claim), options.subject_claim));
    for (const auto& each : options.require) TRY_VOID(check_required(holder(each.first), {&each, 1}));
    auth::PersonFacts person;
    // Directories' ids are written in one way, whichever way the claim writes them.
    const bool of_directory = options.source.starts_with("ldap:");
    person.origin = {.source = options.source, .subject = of_directory ? uuid_of(id).value_or(id) : std::move(id)};
    person.email = short_text(claims.find(options.email_claim));
    person.display_name = short_text(claims.find(options.name_claim));
    person.user_name = short_text(claims.find(options.user_name_claim));
    if (person.user_name.empty()) person.user_name = person.email;
    if (person.user_name.empty()) person.user_name = person.origin.subject;
    GroupsTold told = groups_of(claims, options);
    person.groups = std::move(told.groups);
    person.groups_known = told.whole;
    return person;
}

}  // namespace bursar::oidc
