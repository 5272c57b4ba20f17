#include "auth/scim/operations.h"
#include "auth/scim/resources.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::scim {
namespace {

Outcome<std::string> member_of(const Json& value) {
    const Json* const id = value.kind == Json::Kind::object ? value.find("value") : &value;
    if (id == nullptr || id->kind != Json::Kind::text || id->text.empty())
        return refuse("invalidValue", "Each member must be an object with the id of a user: {\"value\": \"…\"}.");
    return text_of(*id, "members.value");
}

Outcome<std::set<std::string>> members_of(const Json& value) {
    std::set<std::string> out;
    if (value.kind == Json::Kind::null) return out;
    if (value.kind != Json::Kind::list) {
        TRY(std::string one, member_of(value));
        out.insert(std::move(one));
        return out;
    }
    for (const Json& item : value.items) {
        TRY(std::string one, member_of(item));
        out.insert(std::move(one));
    }
    return out;
}

/// `members[value eq "7f3a"]`, or `members` with a list of whom to remove as Entra sends it; without one: everybody.
Outcome<void> remove_members(std::set<std::string>& members, const Operation& operation) {
    const std::vector<Term>& filter = operation.path.filter;
    if (!filter.empty()) {
        if (filter.size() != 1 || filter.front().attribute != "value")
            return refuse("invalidPath", "Members are named by their id: members[value eq \"…\"].");
        members.erase(filter.front().value);
        return {};
    }
    if (operation.value == nullptr || operation.value->kind == Json::Kind::null) {
        members.clear();
        return {};
    }
    TRY(const std::set<std::string> leaving, members_of(*operation.value));
    for (const std::string& id : leaving) members.erase(id);
    return {};
}

Outcome<void> change_members(std::set<std::string>& members, const Operation& operation) {
    if (operation.does == Does::remove) return remove_members(members, operation);
    if (!operation.path.filter.empty())
        return refuse("invalidPath", "Members are added and replaced as a list, without a filter.");
    TRY(std::set<std::string> given, members_of(*operation.value));
    if (operation.does == Does::replace) members.clear();
    members.merge(given);
    if (members.size() > members_max)
        return refuse("tooMany", fmt::format("A group has at most {} members.", members_max), 413);
    return {};
}

Outcome<void> change(Group& group, const Operation& operation) {
    const Path& path = operation.path;
    if (path.foreign) return {};
    const bool removes = operation.does == Does::remove;
    if (path.attribute == "members") return change_members(group.members, operation);
    if (path.attribute == "displayname") {
        if (removes) return refuse("mutability", "displayName cannot be removed.");
        TRY(group.display_name, text_of(*operation.value, "displayName"));
    } else if (path.attribute == "externalid") {
        group.external_id.clear();
        if (!removes) {
            TRY(group.external_id, text_of(*operation.value, "externalId"));
        }
    }
    return {};
}

Outcome<Group> complete(Group group) {
    if (group.display_name.empty())
        return refuse("invalidValue", "displayName is missing; it is what the policy calls the group by.");
    return group;
}

}  // namespace

Outcome<Group> put(Group group, const Json& body) {
    Group next{.id = group.id,
               .external_id = group.external_id,
               .version = group.version,
               .created_at = group.created_at,
               .changed_at = group.changed_at};
    for (const JsonMember& member : body.members) {
        const std::string name = small(member.name);
        if (name == "schemas" || name == "meta" || member.value.kind == Json::Kind::null) continue;
        TRY(Path path, parse_path(member.name));
        TRY_VOID(change(next, {Does::replace, std::move(path), &member.value}));
    }
    return complete(std::move(next));
}

Outcome<Group> patch(Group group, const Json& body) {
    TRY(const std::vector<Operation> operations, read_operations(body));
    for (const Operation& operation : operations) TRY_VOID(change(group, operation));
    return complete(std::move(group));
}

Outcome<bool> fits(const Group& group, const std::vector<Comparison>& filter) {
    for (const auto& [path, value] : filter) {
        bool holds = false;
        if (path.attribute == "displayname")
            holds = small(group.display_name) == small(value);
        else if (path.attribute == "externalid")
            holds = group.external_id == value;
        else if (path.attribute == "id")
            holds = group.id == value;
        else if (path.attribute == "members")
            holds = group.members.contains(value);
        else
            return refuse("invalidFilter", "Groups are found by displayName, externalId, id or members.");
        if (!holds) return false;
    }
    return true;
}

void write(JsonWriter& json, const Group& group, std::string_view base_url, bool with_members) {
    json.open().key("schemas").open_list().value("urn:ietf:params:scim:schemas:core:2.0:Group").close_list();
    json.field("id", group.id);
    if (!group.external_id.empty()) json.field("externalId", group.external_id);
    json.field("displayName", group.display_name);
    if (with_members) {
        json.key("members").open_list();
        for (const std::string& id : group.members)
            json.open().field("value", id).field("$ref", fmt::format("{}/Users/{}", base_url, id)).close();
        json.close_list();
    }
    json.key("meta").open().field("resourceType", "Group").field("created", to_text(group.created_at));
    json.field("lastModified", to_text(group.changed_at)).field("version", etag_of(group.version));
    json.field("location", fmt::format("{}/Groups/{}", base_url, group.id)).close().close();
}

}  // namespace bursar::scim
