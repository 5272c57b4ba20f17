// Groups: who is in them decides about teams and roles, so that a change of one is a change of people.
#include "auth/scim/answers.h"
#include "auth/scim/facts.h"
#include "auth/scim/query.h"
#include "auth/scim/scim.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace bursar::scim {
namespace {

constexpr std::size_t groups_max = 10'000;  ///< of one source
/// A page of groups ends when it has so many members, and says how far it came.
constexpr std::size_t page_members_max = 50'000;

Outcome<std::vector<Group>> candidates(store::Transaction& transaction, const std::string& source,
                                       const std::vector<Comparison>& filter) {
    for (const auto& [path, value] : filter) {
        if (path.attribute != "members") continue;
        std::vector<Group> out;
        TRY(const auto user, load_user(transaction, source, value));
        if (user) {
            TRY(out, groups_of(transaction, value));
        }
        for (Group& group : out) group.members = {value};
        return out;
    }
    return list_groups(transaction, source);
}

Outcome<Answer> list(store::Transaction& transaction, const Request& request, const Query& query) {
    TRY(std::vector<Group> all, candidates(transaction, request.source, query.filter));
    std::vector<Group> found;
    for (Group& group : all) {
        TRY(const bool is_meant, fits(group, query.filter));
        if (is_meant) found.push_back(std::move(group));
    }
    const auto size = static_cast<std::int64_t>(found.size());
    ListAnswer answer(size, query.start);
    std::size_t members = 0;
    for (std::int64_t i = query.start - 1; i < std::min(size, query.start - 1 + query.count); ++i) {
        Group& group = found[static_cast<std::size_t>(i)];
        group.members.clear();
        if (query.with_members) TRY_VOID(load_members(transaction, group));
        members += group.members.size();
        if (members > page_members_max && i >= query.start) break;
        write(answer.next(), group, request.base_url, query.with_members);
    }
    return std::move(answer).finish();
}

std::vector<std::string> without(const std::set<std::string>& all, const std::set<std::string>& others) {
    std::vector<std::string> out;
    std::ranges::set_difference(all, others, std::back_inserter(out));
    return out;
}

/// Tells of everybody whom the change of a group concerns: `after` is null when it is deleted.
Outcome<void> tell_of(const std::vector<std::string>& concerned, const Group& before, const Group* after,
                      const std::string& source, store::Transaction& transaction,
                      std::vector<auth::PersonFacts>& seen) {
    for (const std::string& id : concerned) {
        TRY(const auto user, load_user(transaction, source, id));
        if (!user)
            return refuse(
                "invalidValue",
                fmt::format("There is no user \"{}\", so it cannot be a member. Create it first.", id.substr(0, 64)));
        TRY(std::vector<Group> groups, groups_of(transaction, id));
        std::erase_if(groups, [&](const Group& each) { return each.id == before.id; });
        if (after != nullptr && after->members.contains(id)) groups.push_back(*after);
        seen.push_back(facts_of(*user, source, groups, true));
    }
    return {};
}

}  // namespace

std::string words_of(const Group& group) { return fmt::format("{} ({})", group.display_name, group.id); }

Outcome<Answer> Scim::groups(const Request& request, std::string_view id, const Also& also) {
    if (id.empty() && request.method == "POST")
        return change(
            request, [&](store::Transaction& transaction) { return plan_new_group(request, transaction); }, also);
    TRY(const Query query, read_query(request.query));
    if (id.empty() && request.method == "GET")
        return read([&](store::Transaction& transaction) { return list(transaction, request, query); });
    if (id.empty()) return not_with(request.method);
    if (request.method == "GET")
        return read([&](store::Transaction& transaction) -> Outcome<Answer> {
            TRY(const auto group, load_group(transaction, request.source, id));
            if (!group) return no_such("group", id);
            return answer_with(200, request, *group, "Groups", query.with_members);
        });
    if (request.method == "PUT" || request.method == "PATCH")
        return change(
            request, [&](store::Transaction& transaction) { return plan_changed_group(request, id, transaction); },
            also);
    if (request.method == "DELETE")
        return change(
            request, [&](store::Transaction& transaction) { return plan_deleted_group(request, id, transaction); },
            also);
    return not_with(request.method);
}

Outcome<Scim::Plan> Scim::plan_new_group(const Request& request, store::Transaction& transaction) const {
    TRY(const Json body, read_json(request.body));
    TRY(Group group, put(Group{}, body));
    TRY(const auto others, list_groups(transaction, request.source));
    if (others.size() >= groups_max)
        return refuse("tooMany",
                      fmt::format("A source has at most {} groups. Assign fewer to this application.", groups_max),
                      413);
    const auto has_id = [&](const Group& each) { return each.external_id == group.external_id; };
    if (!group.external_id.empty() && std::ranges::any_of(others, has_id))
        return refuse("uniqueness",
                      "Another group has this externalId. Find it by the filter externalId eq, and change it.", 409);
    group.id = new_id();
    group.created_at = group.changed_at = clock_.now();
    Plan plan{.answer = answer_with(201, request, group, "Groups", true),
              .done = {.action = "scim.group.create",
                       .object = words_of(group),
                       .detail = fmt::format("{} members", group.members.size())},
              .seen = {},
              .states = {},
              .rows = {},
              .tells_of_groups = true};
    const std::vector<std::string> members(group.members.begin(), group.members.end());
    TRY_VOID(tell_of(members, Group{}, &group, request.source, transaction, plan.seen));
    plan.rows = [group, source = request.source](store::Transaction& writing) -> Result<void> {
        TRY_VOID(insert_group(writing, source, group));
        for (const std::string& member : group.members) TRY_VOID(add_member(writing, group.id, member));
        return {};
    };
    return plan;
}

Outcome<Scim::Plan> Scim::plan_changed_group(const Request& request, std::string_view id,
                                             store::Transaction& transaction) const {
    TRY(const Json body, read_json(request.body));
    TRY(const auto before, load_group(transaction, request.source, id));
    if (!before) return no_such("group", id);
    TRY_VOID(check_match(request.if_match, before->version));
    const bool whole = request.method == "PUT";
    TRY(Group after, whole ? put(*before, body) : patch(*before, body));
    if (after != *before) {
        ++after.version;
        after.changed_at = clock_.now();
    }
    const std::vector<std::string> come = without(after.members, before->members);
    const std::vector<std::string> go = without(before->members, after.members);
    std::vector<std::string> concerned = come;
    concerned.insert(concerned.end(), go.begin(), go.end());
    if (before->named() != after.named()) {
        concerned = go;
        concerned.insert(concerned.end(), after.members.begin(), after.members.end());
    }
    Plan plan{.answer = {.status = 204, .body = {}, .location = {}, .etag = etag_of(after.version), .for_operator = {}},
              .done = {.action = "scim.group.change",
                       .object = words_of(after),
                       .detail = fmt::format("{} members come, {} go", come.size(), go.size())},
              .seen = {},
              .states = {},
              .rows = {},
              .tells_of_groups = true};
    if (whole) plan.answer = answer_with(200, request, after, "Groups", true);
    TRY_VOID(tell_of(concerned, *before, &after, request.source, transaction, plan.seen));
    plan.rows = [after, come, go](store::Transaction& writing) -> Result<void> {
        TRY_VOID(update_group(writing, after));
        for (const std::string& member : come) TRY_VOID(add_member(writing, after.id, member));
        for (const std::string& member : go) TRY_VOID(remove_member(writing, after.id, member));
        return {};
    };
    return plan;
}

Outcome<Scim::Plan> Scim::plan_deleted_group(const Request& request, std::string_view id,
                                             store::Transaction& transaction) const {
    TRY(const auto group, load_group(transaction, request.source, id));
    if (!group) return no_such("group", id);
    TRY_VOID(check_match(request.if_match, group->version));
    Plan plan{.answer = {.status = 204, .body = {}, .location = {}, .etag = {}, .for_operator = {}},
              .done = {.action = "scim.group.delete",
                       .object = words_of(*group),
                       .detail = fmt::format("{} members go", group->members.size())},
              .seen = {},
              .states = {},
              .rows = [gone = std::string(id)](store::Transaction& writing) { return delete_group(writing, gone); },
              .tells_of_groups = true};
    const std::vector<std::string> members(group->members.begin(), group->members.end());
    TRY_VOID(tell_of(members, *group, nullptr, request.source, transaction, plan.seen));
    return plan;
}

}  // namespace bursar::scim
