// Users: what a source tells of them, and what becomes of the people whom they are.
#include "auth/scim/answers.h"
#include "auth/scim/facts.h"
#include "auth/scim/query.h"
#include "auth/scim/scim.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::scim {
namespace {

/// Nobody else of the source has the same names.
Outcome<void> check_unique(store::Transaction& transaction, const std::string& source, const User& user) {
    const auto is_other = [&](const User& each) { return each.id != user.id; };
    TRY(const auto alike, find_users(transaction, source, Known::user_name, user.user_name));
    if (std::ranges::any_of(alike, is_other))
        return refuse("uniqueness", "Another user has this userName. Find it by the filter userName eq, and change it.",
                      409);
    if (user.external_id.empty()) return {};
    TRY(const auto same, find_users(transaction, source, Known::external_id, user.external_id));
    if (std::ranges::any_of(same, is_other))
        return refuse("uniqueness",
                      "Another user has this externalId. Find it by the filter externalId eq, and change "
                      "it.",
                      409);
    return {};
}

/// Who may fit a filter: by the first comparison that a table can be asked about.
Outcome<std::vector<User>> candidates(store::Transaction& transaction, const std::string& source,
                                      const std::vector<Comparison>& filter) {
    for (const auto& [path, value] : filter) {
        if (path.attribute == "id") {
            TRY(auto user, load_user(transaction, source, value));
            std::vector<User> out;
            if (user) out.push_back(*std::move(user));
            return out;
        }
        if (path.attribute == "username") return find_users(transaction, source, Known::user_name, value);
        if (path.attribute == "externalid") return find_users(transaction, source, Known::external_id, value);
        if (path.attribute == "emails") return find_users(transaction, source, Known::email, value);
    }
    return refuse("invalidFilter",
                  "Users are found by userName, externalId, id or emails; write one of these with eq.");
}

Outcome<Answer> list(store::Transaction& transaction, const Request& request, const Query& query) {
    if (query.filter.empty()) {
        TRY(const Page page, list_users(transaction, request.source, query.start - 1, query.count));
        ListAnswer answer(page.total, query.start);
        for (const User& user : page.users) write(answer.next(), user, request.base_url);
        return std::move(answer).finish();
    }
    TRY(std::vector<User> users, candidates(transaction, request.source, query.filter));
    std::vector<User> found;
    for (User& user : users) {
        TRY(const bool is_meant, fits(user, query.filter));
        if (is_meant) found.push_back(std::move(user));
    }
    ListAnswer answer(static_cast<std::int64_t>(found.size()), query.start);
    const auto size = static_cast<std::int64_t>(found.size());
    for (std::int64_t i = query.start - 1; i < std::min(size, query.start - 1 + query.count); ++i)
        write(answer.next(), found[static_cast<std::size_t>(i)], request.base_url);
    return std::move(answer).finish();
}

std::string_view action_of(const User& before, const User& after) {
    if (before.active == after.active) return "scim.user.change";
    return after.active ? "scim.user.reactivate" : "scim.user.deactivate";
}

std::string changes_between(const User& before, const User& after) {
    std::vector<std::string> out;
    if (before.user_name != after.user_name)
        out.push_back(fmt::format("userName {} -> {}", before.user_name, after.user_name));
    if (before.shown_name() != after.shown_name()) out.emplace_back("name");
    if (before.emails != after.emails) out.emplace_back("emails");
    if (before.active != after.active) out.push_back(fmt::format("active {} -> {}", before.active, after.active));
    return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace

auth::PersonFacts facts_of(const User& user, std::string_view source, const std::vector<Group>& groups,
                           bool groups_known) {
    auth::PersonFacts facts{.origin = {.source = origin_of(source), .subject = user.subject},
                            .user_name = user.user_name,
                            .display_name = user.shown_name(),
                            .email = user.email(),
                            .groups = {},
                            .groups_known = groups_known,
                            .account = user.active ? auth::AccountState::active : auth::AccountState::disabled};
    for (const Group& group : groups) facts.groups.push_back(group.named());
    return facts;
}

std::string words_of(const User& user) { return fmt::format("{} ({})", user.user_name, user.id); }

Outcome<Answer> Scim::users(const Request& request, std::string_view id, const Also& also) {
    if (id.empty() && request.method == "POST")
        return change(
            request, [&](store::Transaction& transaction) { return plan_new_user(request, transaction); }, also);
    if (id.empty() && request.method == "GET") {
        TRY(const Query query, read_query(request.query));
        return read([&](store::Transaction& transaction) { return list(transaction, request, query); });
    }
    if (id.empty()) return not_with(request.method);
    if (request.method == "GET")
        return read([&](store::Transaction& transaction) -> Outcome<Answer> {
            TRY(const auto user, load_user(transaction, request.source, id));
            if (!user) return no_such("user", id);
            return answer_with(200, request, *user, "Users");
        });
    if (request.method == "PUT" || request.method == "PATCH")
        return change(
            request, [&](store::Transaction& transaction) { return plan_changed_user(request, id, transaction); },
            also);
    if (request.method == "DELETE")
        return change(
            request, [&](store::Transaction& transaction) { return plan_deleted_user(request, id, transaction); },
            also);
    return not_with(request.method);
}

Outcome<Scim::Plan> Scim::plan_new_user(const Request& request, store::Transaction& transaction) const {
    TRY(const Json body, read_json(request.body));
    TRY(User user, put(User{}, body));
    user.id = new_id();
    user.subject = user.external_id.empty() ? user.id : user.external_id;
    user.created_at = user.changed_at = clock_.now();
    TRY_VOID(check_unique(transaction, request.source, user));
    TRY(const SourceState state, load_source(transaction, request.source));
    return Plan{
        .answer = answer_with(201, request, user, "Users"),
        .done = {.action = "scim.user.create", .object = words_of(user), .detail = user.active ? "" : "not active"},
        .seen = {facts_of(user, request.source, {}, state.had_groups)},
        .states = {},
        .rows = [user, source = request.source](store::Transaction& writing) {
            return insert_user(writing, source, user);
        }};
}

Outcome<Scim::Plan> Scim::plan_changed_user(const Request& request, std::string_view id,
                                            store::Transaction& transaction) const {
    TRY(const Json body, read_json(request.body));
    TRY(const auto before, load_user(transaction, request.source, id));
    if (!before) return no_such("user", id);
    TRY_VOID(check_match(request.if_match, before->version));
    TRY(User after, request.method == "PUT" ? put(*before, body) : patch(*before, body));
    if (after != *before) {
        ++after.version;
        after.changed_at = clock_.now();
    }
    TRY_VOID(check_unique(transaction, request.source, after));
    TRY(const SourceState state, load_source(transaction, request.source));
    TRY(const std::vector<Group> groups, groups_of(transaction, id));
    return Plan{.answer = answer_with(200, request, after, "Users"),
                .done = {.action = action_of(*before, after),
                         .object = words_of(after),
                         .detail = changes_between(*before, after)},
                .seen = {facts_of(after, request.source, groups, state.had_groups)},
                .states = {},
                .rows = [after](store::Transaction& writing) { return update_user(writing, after); }};
}

Outcome<Scim::Plan> Scim::plan_deleted_user(const Request& request, std::string_view id,
                                            store::Transaction& transaction) const {
    TRY(const auto user, load_user(transaction, request.source, id));
    if (!user) return no_such("user", id);
    TRY_VOID(check_match(request.if_match, user->version));
    Plan plan{.answer = {.status = 204, .body = {}, .location = {}, .etag = {}, .for_operator = {}},
              .done = {.action = "scim.user.delete", .object = words_of(*user), .detail = {}},
              .seen = {},
              .states = {},
              .rows = [gone = std::string(id)](store::Transaction& writing) { return delete_user(writing, gone); }};
    const auto person = people_.find(auth::Origin{.source = origin_of(request.source), .subject = user->subject});
    if (person)
        plan.states.push_back(
            {person->name, auth::PersonState::gone, fmt::format("deleted by SCIM ({})", request.source)});
    return plan;
}

}  // namespace bursar::scim
