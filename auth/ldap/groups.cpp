#include "auth/ldap/groups.h"

#include "auth/ldap/escape.h"
#include "auth/ldap/filter.h"
#include "auth/ldap/names.h"
#include "auth/ldap/options.h"
#include "auth/ldap/search.h"

#include <algorithm>
#include <charconv>
#include <ldap.h>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t groups_max = 5000, names_in_a_filter_max = 40, name_bytes_max = 1024, id_bytes_max = 128;
constexpr std::string_view in_chain_rule = "member:1.2.840.113556.1.4.1941:";

std::optional<std::string> primary_group(const Entry& person) {
    const std::string_view text = person.first("primaryGroupID");
    std::uint32_t relative_id = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), relative_id).ec != std::errc{}) return std::nullopt;
    return sid_sibling(person.first("objectSid"), relative_id);
}

/// Walks from one person up to all groups above, asking the server step by step.
class Climb {
  public:
    Climb(Connection& connection, const Options& options, Deadline deadline)
        : connection_(connection), options_(options), deadline_(deadline) {}

    /// The groups with these conditions, each once; their entries are the next step.
    Outcome<std::vector<std::string>> add_matching(const std::vector<std::string>& conditions) {
        std::vector<std::string> fresh;
        for (std::size_t at = 0; at < conditions.size(); at += names_in_a_filter_max) {
            const std::size_t end = std::min(conditions.size(), at + names_in_a_filter_max);
            const std::vector<std::string> some(conditions.begin() + static_cast<std::ptrdiff_t>(at),
                                                conditions.begin() + static_cast<std::ptrdiff_t>(end));
            Query query{.base = options_.groups_base,
                        .attributes = group_attributes(options_),
                        .page_size = options_.page_size,
                        .entries_max = groups_max};
            query.filter = all_of({filter_of_groups(options_), any_of(some)});
            Found found;
            TRY_VOID(search(connection_, query, deadline_, found));
            if (!found.references.empty() && options_.kind != Kind::active_directory)
                return failed(Failure::Kind::partial,
                              fmt::format("some groups are on another server: {}", found.references.front()));
            for (const Entry& entry : found.entries)
                if (add(dn_key(entry.dn), group_of(entry, options_))) fresh.push_back(entry.dn);
        }
        return fresh;
    }

    bool add(const std::string& key, auth::Group group) { return found_.emplace(key, std::move(group)).second; }

    Outcome<void> up_by_members(const std::string& attribute, std::vector<std::string> names) {
        while (!names.empty()) {
            if (found_.size() > groups_max)
                return failed(Failure::Kind::partial, fmt::format("more than {} groups", groups_max));
            std::vector<std::string> conditions;
            for (const std::string& name : names) conditions.push_back(equals(attribute, name));
            TRY(names, add_matching(conditions));
            if (!options_.nested) return {};
        }
        return {};
    }

    Outcome<void> up_by_parents(std::vector<std::string> names) {
        const std::string base = dn_key(options_.groups_base);
        while (!names.empty()) {
            std::vector<std::string> above;
            for (const std::string& name : names) TRY_VOID(add_parent(name, base, above));
            if (!options_.nested) return {};
            names = std::move(above);
        }
        return {};
    }

    std::vector<auth::Group> groups() && {
        std::vector<auth::Group> out;
        for (auto& [key, group] : found_) out.push_back(std::move(group));
        return out;
    }

  private:
    Outcome<void> add_parent(const std::string& name, const std::string& base, std::vector<std::string>& above) {
        const std::string key = dn_key(name);
        if (!is_within(key, base) || found_.contains(key)) return {};
        if (found_.size() > groups_max)
            return failed(Failure::Kind::partial, fmt::format("more than {} groups", groups_max));
        auto attributes = group_attributes(options_);
        attributes.emplace_back("memberOf");
        const auto entry = read(connection_, name, filter_of_groups(options_), attributes, deadline_);
        if (entry) {
            add(key, group_of(*entry, options_));
            std::ranges::copy(entry->all("memberOf"), std::back_inserter(above));
            return {};
        }
        if (entry.error().code != LDAP_NO_SUCH_OBJECT && entry.error().code != LDAP_INSUFFICIENT_ACCESS)
            return std::unexpected(entry.error());
        // A group that the account may not see is still one, unless a filter of the policy might have left it out.
        if (options_.groups_filter.empty()) add(key, {"", canonical_dn(name).value_or(name)});
        return {};
    }

    Connection& connection_;
    const Options& options_;
    Deadline deadline_;
    std::map<std::string, auth::Group> found_;
};

std::string sid_condition(std::string_view sid) { return fmt::format("(objectSid={})", filter_bytes(sid)); }

Outcome<void> by_token(Climb& climb, Connection& connection, const Entry& person, Deadline deadline) {
    TRY(const Entry own, read(connection, person.dn, "", {"tokenGroups"}, deadline));
    const auto& sids = own.all("tokenGroups");
    // Everybody has a primary group, so none at all means that they may not be read.
    if (sids.empty())
        return failed(Failure::Kind::partial,
                      "the service account may not read tokenGroups: make it a member of \"Windows Authorization "
                      "Access Group\", or "
                      "write groups_by in_chain");
    if (sids.size() > groups_max) return failed(Failure::Kind::partial, fmt::format("more than {} groups", groups_max));
    std::vector<std::string> conditions;
    for (const std::string& sid : sids) conditions.push_back(sid_condition(sid));
    TRY_VOID(climb.add_matching(conditions));
    return {};
}

/// The rule goes up from `member`, which the primary group does not have; and that group may be one that does not
/// count.
Outcome<void> by_chain(Climb& climb, Connection& connection, const Options& options, const Entry& person,
                       Deadline deadline) {
    const auto above = [](std::string_view dn) { return fmt::format("({}={})", in_chain_rule, filter_value(dn)); };
    TRY_VOID(climb.add_matching({above(person.dn)}));
    const auto primary = primary_group(person);
    if (!primary) return {};
    TRY_VOID(climb.add_matching({sid_condition(*primary)}));
    const Query primary_groups{.base = on_the_way(options).groups_base,
                               .filter = sid_condition(*primary),
                               .attributes = {"objectSid"},
                               .page_size = options.page_size,
                               .entries_max = 1};
    Found found;
    TRY_VOID(search(connection, primary_groups, deadline, found));
    for (const Entry& group : found.entries) TRY_VOID(climb.add_matching({above(group.dn)}));
    return {};
}

Outcome<void> by_primary_group_and_parents(Climb& climb, const Entry& person) {
    TRY_VOID(climb.up_by_parents(person.all("memberOf")));
    const auto primary = primary_group(person);
    if (!primary) return {};
    TRY(const auto names, climb.add_matching({sid_condition(*primary)}));
    return climb.up_by_members("member", names);
}

}  // namespace

std::string filter_of_groups(const Options& options) {
    if (!options.groups_filter.empty()) return options.groups_filter;
    // What is in a token are security groups only.
    if (options.groups_by == GroupsBy::token_groups)
        return "(&(objectCategory=group)(groupType:1.2.840.113556.1.4.803:=2147483648))";
    if (options.kind == Kind::active_directory) return "(objectCategory=group)";
    if (options.groups_by == GroupsBy::member_of) return "(|(member=*)(uniqueMember=*))";
    if (options.groups_by == GroupsBy::member_uid) return "(objectClass=posixGroup)";
    return fmt::format("({}=*)", attribute_of(options.groups_by));
}

Options on_the_way(const Options& options) {
    const bool looks_everywhere =
        options.groups_by == GroupsBy::token_groups || options.groups_by == GroupsBy::in_chain;
    Options wide = options;
    if (!looks_everywhere) return wide;
    wide.groups_base = domain_part(options.groups_base);
    wide.groups_filter.clear();
    return wide;
}

std::vector<std::string> group_attributes(const Options& options) {
    if (options.kind == Kind::active_directory) return {"objectSid"};
    return {"entryUUID", options.id_attribute, "gidNumber"};
}

auth::Group group_of(const Entry& entry, const Options& options) {
    auth::Group group;
    if (options.kind == Kind::active_directory)
        group.id = sid_text(entry.first("objectSid")).value_or("");
    else
        group.id = small_letters(
            clean_text(entry.first("entryUUID").empty() ? entry.first(options.id_attribute) : entry.first("entryUUID"),
                       id_bytes_max));
    group.name = clean_text(canonical_dn(entry.dn).value_or(entry.dn), name_bytes_max);
    return group;
}

Outcome<std::vector<auth::Group>> groups_of(Connection& connection, const Options& options, const Entry& person,
                                            Deadline deadline) {
    Climb climb(connection, options, deadline);
    Outcome<void> done;
    switch (options.groups_by) {
        case GroupsBy::token_groups:
            done = by_token(climb, connection, person, deadline);
            break;
        case GroupsBy::in_chain:
            done = by_chain(climb, connection, options, person, deadline);
            break;
        case GroupsBy::member_of:
            done = by_primary_group_and_parents(climb, person);
            break;
        case GroupsBy::member:
        case GroupsBy::unique_member:
            done = climb.up_by_members(std::string(attribute_of(options.groups_by)), {person.dn});
            break;
        case GroupsBy::member_uid: {
            std::vector<std::string> conditions{equals("memberUid", person.first(options.user_attribute))};
            if (!person.first("gidNumber").empty())
                conditions.push_back(equals("gidNumber", person.first("gidNumber")));
            if (const auto found = climb.add_matching({any_of(conditions)}); !found)
                done = std::unexpected(found.error());
            break;
        }
    }
    TRY_VOID(done);
    return std::move(climb).groups();
}

std::vector<std::string> Graph::attributes(const Options& options) {
    auto out = group_attributes(options);
    out.emplace_back(attribute_of(options.groups_by));
    return out;
}

void Graph::add(const Entry& group) {
    const std::string key = dn_key(group.dn);
    Node& node = groups_[key];
    node.group = group_of(group, options_);
    if (const auto sid = group.first("objectSid"); !sid.empty()) by_sid_[std::string(sid)] = key;
    if (const auto number = group.first("gidNumber"); !number.empty()) by_number_[std::string(number)].push_back(key);
    if (tells_upward(options_.groups_by))
        node.parents = group.all("memberOf");
    else
        add_parents_of_members(group, key);
}

void Graph::count_only(const std::vector<Entry>& groups) {
    counted_.emplace();
    for (const Entry& group : groups) counted_->insert(dn_key(group.dn));
}

void Graph::add_parents_of_members(const Entry& group, const std::string& key) {
    const bool names = options_.groups_by == GroupsBy::member_uid;
    for (const std::string& member : group.all(attribute_of(options_.groups_by)))
        of_member_[names ? member : dn_key(member)].push_back(key);
}

/// Names or keys of the groups right above; those of parents are as the server writes them.
std::vector<std::string> Graph::first_above(const Entry& person) const {
    std::vector<std::string> out;
    const auto add_from = [&](const auto& map, const std::string& what) {
        if (const auto found = map.find(what); found != map.end())
            std::ranges::copy(found->second, std::back_inserter(out));
    };
    if (tells_upward(options_.groups_by)) {
        out = person.all("memberOf");
        const auto primary = primary_group(person);
        if (const auto found = primary ? by_sid_.find(*primary) : by_sid_.end(); found != by_sid_.end())
            out.push_back(found->second);
    } else if (options_.groups_by == GroupsBy::member_uid) {
        add_from(of_member_, std::string(person.first(options_.user_attribute)));
        if (!person.first("gidNumber").empty()) add_from(by_number_, std::string(person.first("gidNumber")));
    } else {
        add_from(of_member_, dn_key(person.dn));
    }
    return out;
}

std::vector<auth::Group> Graph::of(const Entry& person) const {
    const std::string base = dn_key(options_.groups_base);
    std::map<std::string, auth::Group> found;
    std::vector<std::string> names = first_above(person);
    for (std::size_t at = 0; at < names.size(); ++at) {
        const std::string name = names[at];
        const std::string key = dn_key(name);
        if (!is_within(key, base) || found.contains(key)) continue;
        const auto node = groups_.find(key);
        if (node == groups_.end()) {
            if (options_.groups_by == GroupsBy::member_of && options_.groups_filter.empty())
                found[key] = {"", canonical_dn(name).value_or(name)};
            continue;
        }
        found[key] = node->second.group;
        if (!options_.nested) continue;
        std::ranges::copy(node->second.parents, std::back_inserter(names));
        if (const auto above = of_member_.find(key);
            above != of_member_.end() && options_.groups_by != GroupsBy::member_uid)
            std::ranges::copy(above->second, std::back_inserter(names));
    }
    std::vector<auth::Group> out;
    for (auto& [key, group] : found)
        if (!counted_ || counted_->contains(key)) out.push_back(std::move(group));
    return out;
}

}  // namespace bursar::ldap
