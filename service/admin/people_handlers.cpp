// Everybody that a directory, a provider of identities or SCIM has told of, for those who look after them.
#include "service/admin/facts_json.h"
#include "service/admin/leads.h"
#include "service/admin/limited.h"
#include "service/admin/visit.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t reason_bytes_max = 500;
constexpr std::int64_t rows_default = 200;
constexpr std::int64_t rows_max = 10'000;

/// What is counted for each person in a list.
struct Counts {
    std::map<std::string, std::int64_t, std::less<>> keys, sessions;
};

Counts counts_of(const Visit& visit) {
    Counts counts;
    for (const auth::KeyFacts& key : visit.parts->keys.list())
        if (!key.revoked_at && !key.person.empty()) ++counts.keys[key.person];
    for (const auth::Session& session : visit.parts->sessions.all()) ++counts.sessions[session.person];
    return counts;
}

std::int64_t count_of(const std::map<std::string, std::int64_t, std::less<>>& counts, std::string_view name) {
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
}

void write_person(JsonWriter& json, const auth::Person& person, const Counts& counts) {
    json.open().field("person", person.name).field("display_name", person.facts.display_name);
    json.field("user_name", person.facts.user_name).field("email", person.facts.email);
    json.field("source", person.facts.origin.source).field("subject", person.facts.origin.subject);
    json.field("state", auth::name_of(person.state)).field("why", person.why).field("role", person.standing.role);
    write_texts(json, "teams", person.standing.teams);
    write_texts(json, "leads", person.standing.leads);
    json.key("groups").open_list();
    for (const auth::Group& group : person.facts.groups)
        json.open().field("id", group.id).field("name", group.name).close();
    json.close_list().field("groups_known", person.facts.groups_known);
    json.field("created_at", to_text(person.created_at));
    write_instant(json, "seen_at", person.seen_at);
    write_instant(json, "missing_since", person.missing_since);
    write_instant(json, "signed_in_at", person.signed_in_at);
    json.field("sessions", count_of(counts.sessions, person.name)).field("keys", count_of(counts.keys, person.name));
    json.close();
}

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool contains(std::string_view text, std::string_view wanted) {
    const auto same = [](char a, char b) { return small(a) == small(b); };
    return std::ranges::search(text, wanted, same).begin() != text.end() || wanted.empty();
}

bool fits(const auth::Person& person, std::string_view wanted) {
    const auth::PersonFacts& facts = person.facts;
    return contains(person.name, wanted) || contains(facts.user_name, wanted) || contains(facts.display_name, wanted) ||
           contains(facts.email, wanted);
}

Result<std::shared_ptr<const auth::Person>> find_person(const Visit& visit) {
    auto person = visit.parts->people.find(visit.parameters[0]);
    if (person) return person;
    return fail(Fault::not_found, "There is no such person. See: bursarctl people.");
}

auth::People::AlsoPerson recorded(Visit& visit, std::string detail) {
    return [&visit, detail = std::move(detail)](store::Transaction& transaction, const auth::Person& person) {
        return visit.parts->audit.append(transaction, visit.row("person:" + person.name, "ok", detail));
    };
}

Answer one_person(const Visit& visit, const auth::Person& person) {
    JsonWriter json;
    write_person(json, person, counts_of(visit));
    return json_answer(std::move(json).text());
}

}  // namespace

Reply people_list(Visit& visit) {
    TRY(const Query query, visit.query({"text", "state", "limit"}));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    std::optional<auth::PersonState> state;
    if (const std::string_view word = query.text("state"); !word.empty()) {
        state = auth::person_state_of(word);
        if (!state)
            return fail(Fault::invalid_request, "\"state\" in the query is active, missing, suspended or gone.");
    }
    auto all = visit.parts->people.all();
    std::erase_if(all, [&](const auto& person) {
        return (state && person->state != *state) || !fits(*person, query.text("text"));
    });
    std::ranges::sort(all, {}, [](const auto& person) { return person->name; });
    const Counts counts = counts_of(visit);
    JsonWriter json;
    json.open().field("count", static_cast<std::int64_t>(all.size())).key("people").open_list();
    for (std::size_t i = 0; i < all.size() && i < static_cast<std::size_t>(limit); ++i)
        write_person(json, *all[i], counts);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply people_read(Visit& visit) {
    TRY(const auto person, find_person(visit));
    return one_person(visit, *person);
}

Reply people_suspend(Visit& visit) {
    TRY(const Body body, visit.body());
    TRY_VOID(body.fields().only({"reason"}));
    TRY(const std::string_view reason, body.fields().label("reason", reason_bytes_max));
    TRY(const auto before, find_person(visit));
    if (visit.person != nullptr && visit.person->name == before->name)
        return fail(Fault::conflict, "That is you: nobody suspends themselves. Ask another operator.");
    JsonWriter detail;
    detail.open().field("reason", reason).close();
    const std::string why = fmt::format("by {}: {}", visit.actor, reason);
    TRY(const auto person, visit.parts->people.set_state(before->name, auth::PersonState::suspended, why,
                                                         recorded(visit, std::move(detail).text())));
    return one_person(visit, *person);
}

Reply people_restore(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const auto before, find_person(visit));
    TRY(const auto person,
        visit.parts->people.set_state(before->name, auth::PersonState::active, "", recorded(visit, "{}")));
    return one_person(visit, *person);
}

Reply people_put_out(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const auto person, find_person(visit));
    TRY_VOID(visit.parts->people.put_out(person->name, recorded(visit, "{}")));
    return no_content();
}

/// Who is in a team, with what each was charged since the month began: for its lead, too.
Reply team_people(Visit& visit) {
    const std::string team(visit.parameters[0]);
    const auto rules = visit.parts->rules.get();
    if (!rules->teams.contains(team)) return fail(Fault::not_found, "The policy has no such team.");
    if (visit.who.role == auth::Role::team_lead && !is_of_leads(visit, "team:" + team, {}))
        return fail(Fault::not_found, "The policy has no such team.");
    TRY(const TimeZone zone, TimeZone::load(rules->organisation.time_zone));
    const Timestamp now = visit.plane.clock.now();
    const Timestamp tomorrow = zone.start_of(zone.date_of(now) + std::chrono::days(1));
    TRY(const audit::UsageAnswer usage, visit.parts->audit.usage({.group_by = {audit::By::person},
                                                                  .from = zone.period_of(Per::month, now).start,
                                                                  .to = tomorrow,
                                                                  .only = {{audit::By::team, team}}}));
    std::map<std::string, NanoUsd, std::less<>> charged;
    for (const audit::UsageRow& row : usage.rows) charged[row.group.at(0)] = row.sums.charge;
    const Counts counts = counts_of(visit);
    JsonWriter json;
    json.open().field("team", team).key("people").open_list();
    for (const auto& person : visit.parts->people.all()) {
        if (!person->standing.is_of(team) || person->state == auth::PersonState::gone) continue;
        json.open().field("person", person->name).field("display_name", person->facts.display_name);
        json.field("email", person->facts.email).field("state", auth::name_of(person->state));
        json.field("role", person->standing.role).field("keys", count_of(counts.keys, person->name));
        const auto found = charged.find(person->name);
        json.field("charge_usd", (found == charged.end() ? NanoUsd{} : found->second).text()).close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
