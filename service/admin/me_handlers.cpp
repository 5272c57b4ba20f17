// What somebody who has signed in sees and does about themselves: who they are, their keys, usage and sessions.
#include "policies/admit.h"
#include "service/admin/cookies.h"
#include "service/admin/facts_json.h"
#include "service/admin/keys_json.h"
#include "service/admin/usage_answer.h"
#include "service/admin/visit.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t models_max = 200;
constexpr std::int64_t grace_seconds_default = 3'600;
constexpr std::size_t keys_per_person_max = 50;

/// Break-glass is nobody: it has no keys and no usage.
Result<const auth::Person*> person_of(const Visit& visit) {
    if (visit.person != nullptr) return visit.person.get();
    return fail(Fault::not_permitted, "The break-glass account has nothing of its own. Sign in as yourself.");
}

/// A key that was made out to that name before anybody had it may be somebody else's: its secret is not theirs to
/// renew.
bool is_own(const auth::KeyFacts& key, const auth::Person& person) {
    return key.person == person.name && key.created_at >= person.created_at;
}

Result<auth::KeyFacts> own_key(const Visit& visit, std::string_view id) {
    TRY(const auth::Person* person, person_of(visit));
    for (auth::KeyFacts& key : visit.parts->keys.list())
        if (key.id == id && is_own(key, *person)) return std::move(key);
    return fail(Fault::not_found, "You have no key of that id.");
}

Result<std::string> team_for(const auth::Person& person, const Fields& fields) {
    const auto& teams = person.standing.teams;
    if (teams.empty())
        return fail(
            Fault::not_permitted,
            "None of your groups is of a team. Whoever runs Bursar can name one of them in a team of the policy.");
    if (!fields.has("team")) return teams.front();
    TRY(const std::string_view team, fields.label("team", name_bytes_max));
    if (person.standing.is_of(team)) return std::string(team);
    return fail(Fault::not_permitted,
                fmt::format("You are not in the team \"{}\". Yours: {}.", team, fmt::join(teams, ", ")));
}

Result<void> check_count(const Visit& visit, const auth::Person& person) {
    const Timestamp now = visit.plane.clock.now();
    const auto keys = visit.parts->keys.list();
    const auto count = std::ranges::count_if(keys, [&](const auth::KeyFacts& key) {
        return key.person == person.name && !key.revoked_at && (!key.expires_at || *key.expires_at > now);
    });
    if (static_cast<std::size_t>(count) < keys_per_person_max) return {};
    return fail(Fault::conflict, fmt::format("You have {} keys, which is the most. Revoke one that you do not use.",
                                             keys_per_person_max));
}

audit::Action key_row(const Visit& visit, const auth::KeyFacts& key) {
    JsonWriter detail;
    detail.open().field("name", key.name).field("team", key.team).close();
    return visit.row("key:" + key.id, "ok", std::move(detail).text());
}

}  // namespace

Reply me_read(Visit& visit) {
    const auto rules = visit.parts->rules.get();
    JsonWriter json;
    json.open().field("person", visit.person ? visit.person->name : "").field("role", auth::name_of(visit.who.role));
    json.field("user_name", visit.person ? visit.person->facts.user_name : "break-glass");
    json.field("display_name", visit.person ? visit.person->facts.display_name : "Break-glass");
    json.field("email", visit.person ? visit.person->facts.email : "");
    write_texts(json, "teams", visit.person ? visit.person->standing.teams : std::vector<std::string>{});
    write_texts(json, "leads", visit.person ? visit.person->standing.leads : std::vector<std::string>{});
    json.field("organisation", rules->organisation.name).field("currency", policies::books_currency);
    json.field("time_zone", rules->organisation.time_zone).field("way", visit.session->way);
    const std::string_view cookie = visit.request.cookie_named(session_cookie);
    json.field("csrf", cookie.empty() ? std::string{} : csrf_of(cookie)).key("session").open();
    json.field("id", visit.session->id).field("kind", auth::name_of(visit.session->kind));
    json.field("began_at", to_text(visit.session->began_at)).field("ends_at", to_text(visit.session->ends_at));
    write_instant(json, "proved_at", visit.session->proved_at);
    json.close().close();
    return json_answer(std::move(json).text());
}

Reply me_models(Visit& visit) {
    JsonWriter json;
    json.open().key("models").open_list();
    if (visit.person != nullptr && !visit.person->standing.teams.empty()) {
        const auto rules = visit.parts->rules.get();
        Caller caller{.key_id = {},
                      .name = {},
                      .team = visit.person->standing.teams.front(),
                      .person = visit.person->name,
                      .models = {},
                      .budgets = {}};
        for (const auto& model : policies::models_of(*rules, caller))
            json.open().field("name", model->name).field("tier", model->tier).close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply me_keys(Visit& visit) {
    TRY(const auth::Person* person, person_of(visit));
    JsonWriter json;
    json.open().key("keys").open_list();
    for (const auth::KeyFacts& key : visit.parts->keys.list()) {
        if (!is_own(key, *person)) continue;
        json.open();
        write_key_facts(json, visit, key);
        json.close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply me_key_issue(Visit& visit) {
    TRY(const auth::Person* person, person_of(visit));
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"name", "team", "models", "expires_at"}));
    auth::NewKey key;
    TRY(key.name, fields.label("name", name_bytes_max));
    TRY(key.team, team_for(*person, fields));
    key.person = person->name;
    TRY(key.models, fields.texts("models", models_max, name_bytes_max));
    TRY_VOID(check_key_models(*visit.parts->rules.get(), key.models));
    if (fields.has("expires_at")) {
        TRY(key.expires_at, fields.instant("expires_at"));
        if (*key.expires_at <= visit.plane.clock.now())
            return fail(Fault::invalid_request, "\"expires_at\" has passed. Give a time to come.");
    }
    TRY_VOID(check_count(visit, *person));
    TRY(const auth::Issued issued,
        visit.parts->keys.issue(key, [&](store::Transaction& transaction, const auth::KeyFacts& facts) {
            return visit.parts->audit.append(transaction, key_row(visit, facts));
        }));
    return key_shown_once(visit, issued, 201);
}

Reply me_key_rotate(Visit& visit) {
    std::int64_t grace_seconds = grace_seconds_default;
    if (!visit.request.body.empty()) {
        TRY(const Body body, visit.body());
        TRY_VOID(body.fields().only({"grace_seconds"}));
        if (body.fields().has("grace_seconds")) {
            TRY(grace_seconds, body.fields().integer("grace_seconds", 0, auth::rotation_grace_max.count()));
        }
    }
    TRY(const auth::KeyFacts key, own_key(visit, visit.parameters[0]));
    const audit::Action row = key_row(visit, key);
    TRY(const auth::Issued issued,
        visit.parts->keys.rotate(key.id, std::chrono::seconds(grace_seconds), [&](store::Transaction& transaction) {
            return visit.parts->audit.append(transaction, row);
        }));
    return key_shown_once(visit, issued, 200);
}

Reply me_key_revoke(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const auth::KeyFacts key, own_key(visit, visit.parameters[0]));
    const audit::Action row = key_row(visit, key);
    TRY_VOID(visit.parts->keys.revoke(
        key.id, [&](store::Transaction& transaction) { return visit.parts->audit.append(transaction, row); }));
    return no_content();
}

Reply me_usage(Visit& visit) {
    TRY(const auth::Person* person, person_of(visit));
    return usage_answer(visit, {{audit::By::person, person->name}});
}

Reply me_sessions(Visit& visit) {
    TRY(const auth::Person* person, person_of(visit));
    JsonWriter json;
    json.open().key("sessions").open_list();
    for (const auth::Session& session : visit.parts->sessions.of(person->name)) {
        json.open().field("id", session.id).field("kind", auth::name_of(session.kind)).field("client", session.client);
        json.field("address", session.address).field("way", session.way);
        json.field("began_at", to_text(session.began_at)).field("ends_at", to_text(session.ends_at));
        json.field("last_used_at", to_text(session.last_used_at));
        json.field("current", session.id == visit.session->id).close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply me_session_end(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const auth::Person* person, person_of(visit));
    const auto mine = visit.parts->sessions.of(person->name);
    if (std::ranges::find(mine, visit.parameters[0], &auth::Session::id) == mine.end())
        return fail(Fault::not_found, "You have no session of that id.");
    const audit::Action row = visit.row("session:" + std::string(visit.parameters[0]));
    TRY_VOID(visit.parts->sessions.end(visit.parameters[0], [&](store::Transaction& transaction) {
        return visit.parts->audit.append(transaction, row);
    }));
    return no_content();
}

}  // namespace bursar::admin
