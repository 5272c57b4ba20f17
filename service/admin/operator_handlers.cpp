#include "service/admin/facts_json.h"
#include "service/admin/second_person.h"
#include "service/admin/visit.h"
#include "service/base/log.h"
#include "service/treasury/events.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t name_bytes_max = 128;
constexpr std::int64_t rows_default = 100;
constexpr std::int64_t rows_max = 1'000;

void write_operator(JsonWriter& json, const auth::Operator& each) {
    json.field("id", each.id)
        .field("name", each.name)
        .field("role", auth::name_of(each.role))
        .field("team", each.team)
        .field("source", each.source)
        .field("created_at", to_text(each.created_at));
    write_instant(json, "expires_at", each.expires_at);
}

/// Tokens are for people who run the appliance or decide about budgets, and for providers of identities; members have
/// virtual keys.
Result<auth::Role> token_role(std::string_view name) {
    const auto role = auth::role_of(name);
    if (role && *role != auth::Role::member) return *role;
    return fail(Fault::invalid_request,
                fmt::format("\"role\" must be operator, auditor, finance, team_lead or scim, not \"{}\".", name));
}

Result<auth::NewToken> token_of(const Visit& visit, const Fields& fields) {
    TRY_VOID(fields.only({"name", "role", "team", "source", "expires_at"}));
    auth::NewToken token;
    TRY(token.name, fields.label("name", name_bytes_max));
    TRY(const std::string_view role_name, fields.text("role", 32));
    TRY(token.role, token_role(role_name));
    TRY(token.team, fields.text_or_empty("team", name_bytes_max));
    if (!token.team.empty() && !visit.parts->rules.get()->teams.contains(token.team))
        return fail(Fault::invalid_request,
                    fmt::format("The policy has no team \"{}\". See: GET /api/v1/teams.", token.team));
    TRY(token.source, fields.text_or_empty("source", name_bytes_max));
    if (!token.source.empty() && !visit.parts->rules.get()->identity.scim.contains(token.source))
        return fail(
            Fault::invalid_request,
            fmt::format("The policy has no source \"{0}\". Name it there first: identity.scim.{0}.", token.source));
    if (fields.has("expires_at")) {
        TRY(token.expires_at, fields.instant("expires_at"));
        if (*token.expires_at <= visit.plane.clock.now())
            return fail(Fault::invalid_request, "\"expires_at\" has passed. Give a time to come.");
    }
    return token;
}

Result<auth::Operator> token_named(const Visit& visit) {
    auto all = visit.parts->operators.list();
    const auto found = std::ranges::find(all, visit.parameters[0], &auth::Operator::id);
    if (found == all.end())
        return fail(Fault::not_found, "There is no operator token of that id. See: bursarctl operator list.");
    return std::move(*found);
}

bool covers_roles(const Visit& visit) { return rule_has(visit.parts->rules.get()->identity, "roles"); }

}  // namespace

Reply whoami(Visit& visit) {
    JsonWriter json;
    json.open().field("name", visit.who.name).field("role", auth::name_of(visit.who.role));
    json.field("team", visit.who.team);
    write_instant(json, "expires_at", visit.who.expires_at);
    json.close();
    return json_answer(std::move(json).text());
}

Reply operator_list(Visit& visit) {
    JsonWriter json;
    json.open().key("operators").open_list();
    for (const auth::Operator& each : visit.parts->operators.list()) {
        json.open();
        write_operator(json, each);
        json.close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply operator_issue(Visit& visit) {
    TRY(const Body body, visit.body());
    TRY(const auth::NewToken token, token_of(visit, body.fields()));
    audit::Audit& audit = visit.parts->audit;
    TRY(const auth::IssuedToken issued,
        visit.parts->operators.issue(token, [&](store::Transaction& transaction, const auth::Operator& facts) {
            JsonWriter detail;
            detail.open().field("id", facts.id).field("role", auth::name_of(facts.role));
            if (!facts.team.empty()) detail.field("team", facts.team);
            if (!facts.source.empty()) detail.field("source", facts.source);
            write_instant(detail, "expires_at", facts.expires_at);
            detail.close();
            return audit.append(transaction,
                                visit.row(fmt::format("operator:{}", facts.name), "ok", std::move(detail).text()));
        }));
    JsonWriter json;
    json.open();
    write_operator(json, issued.facts);
    json.field("token", issued.text.reveal()).close();
    return json_answer(std::move(json).text(), 201);
}

Reply operator_revoke(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const auth::Operator token, token_named(visit));
    const audit::Action row = visit.row("operator:" + token.name, "ok", fmt::format("{{\"id\":\"{}\"}}", token.id));
    audit::Audit& audit = visit.parts->audit;
    TRY_VOID(visit.parts->operators.revoke(
        token.id, [&](store::Transaction& transaction) { return audit.append(transaction, row); }));
    return no_content();
}

Proposed propose_operator_issue(Visit& visit) {
    TRY(const Body body, visit.copy_of_body());
    TRY(const auth::NewToken token, token_of(visit, body.fields()));
    std::string what = fmt::format("Issue a token of the role {} to \"{}\"", auth::name_of(token.role), token.name);
    if (!token.team.empty()) what += fmt::format(" for the team \"{}\"", token.team);
    if (!token.source.empty()) what += fmt::format(" for the source \"{}\"", token.source);
    if (token.expires_at) what += fmt::format(", until {}", to_text(*token.expires_at));
    return Proposal{.covered = covers_roles(visit), .what = what + "."};
}

Proposed propose_operator_revoke(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const auth::Operator token, token_named(visit));
    return Proposal{.covered = covers_roles(visit),
                    .what = fmt::format("End the token {} of \"{}\", whose role is {}.", token.id, token.name,
                                        auth::name_of(token.role))};
}

Reply audit_read(Visit& visit) {
    TRY(const Query query, visit.query({"actor", "action", "object", "outcome", "from", "to", "before", "limit"}));
    audit::Audit::EntryFilter filter{.actor = std::string(query.text("actor")),
                                     .action = std::string(query.text("action")),
                                     .object = std::string(query.text("object")),
                                     .outcome = std::string(query.text("outcome"))};
    TRY(filter.from, query.instant("from", filter.from));
    TRY(filter.to, query.instant("to", filter.to));
    TRY(filter.before, query.integer("before", 0, 1, std::numeric_limits<std::int64_t>::max()));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    filter.count_max = static_cast<int>(limit);
    TRY(const auto entries, visit.parts->audit.entries(filter));
    JsonWriter json;
    json.open().key("entries").open_list();
    for (const audit::Entry& entry : entries) {
        const audit::Action& action = entry.action;
        json.open()
            .field("number", entry.number)
            .field("at", to_text(entry.at))
            .field("actor", action.actor)
            .field("address", action.address);
        json.field("action", action.action).field("object", action.object).field("outcome", action.outcome);
        json.key("detail");
        if (action.detail.empty())
            json.null();
        else
            json.value(action.detail);
        json.field("hash", entry.hash).close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

namespace {

/// Whoever asked hears of it at once; everybody else by this. Each break once.
void tell_of_break(Visit& visit, const Error& error) {
    const treasury::Event event{.at = visit.plane.clock.now(),
                                .name = "audit.broken:" + error.for_caller,
                                .kind = "audit.broken",
                                .subject = "audit",
                                .text = "The audit chain does not fit together: " + error.for_caller,
                                .detail = "{}"};
    const auto told = visit.parts->store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(treasury::raise(transaction, event));
        return {};
    });
    if (!told) log::error("event_not_written", {{"event", event.name}, {"reason", told.error().operator_text()}});
}

}  // namespace

Reply audit_verify(Visit& visit) {
    TRY_VOID(visit.no_body());
    // A chain that does not fit is a conflict, which names the first row of it.
    const auto end = visit.parts->audit.verify();
    if (!end) {
        if (end.error().fault == Fault::conflict) tell_of_break(visit, end.error());
        return std::unexpected(end.error());
    }
    JsonWriter json;
    json.open().field("entries", end->number).field("hash", end->hash).field("intact", true).close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
