#include "policies/admit.h"
#include "service/admin/budget_fields.h"
#include "service/admin/facts_json.h"
#include "service/admin/limited.h"
#include "service/admin/standing_json.h"
#include "service/admin/visit.h"
#include "service/treasury/accounts.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::int64_t rows_default = 100;
constexpr std::int64_t rows_max = 1'000;

void write_call(JsonWriter& json, const audit::Outcome& call) {
    const auto milliseconds = [](std::chrono::nanoseconds time) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    };
    json.open().field("call", call.call.text()).field("at", to_text(call.at));
    json.field("key", call.key_id)
        .field("team", call.team)
        .field("cost_centre", call.cost_centre)
        .field("person", call.person)
        .field("tags", call.tags)
        .field("address", call.address);
    json.field("dialect", name_of(call.dialect))
        .field("endpoint", name_of(call.endpoint))
        .field("streamed", call.streamed);
    json.field("model", call.model)
        .field("tier", call.tier)
        .field("channel", call.channel)
        .field("provider_request_id", call.provider_request_id);
    json.field("status", call.status).field("fault", call.fault).field("attempts", call.attempts);
    json.field("superseded", call.superseded);
    json.key("usage").open();
    write_usage(json, call.usage);
    json.close().field("usage_source", name_of(call.usage_source));
    json.key("served")
        .open()
        .field("service_tier", call.served.service_tier)
        .field("speed", call.served.speed)
        .field("region", call.served.region)
        .field("picture", call.served.picture)
        .close();
    json.field("held_usd", call.held.text())
        .field("cost_usd", call.cost.text())
        .field("charge_usd", call.charge.text())
        .field("price_version", fmt::format("{:016x}", call.price_version));
    json.field("duration_ms", milliseconds(call.duration)).field("first_byte_ms", milliseconds(call.first_byte));
    json.field("overhead_us", std::chrono::duration_cast<std::chrono::microseconds>(call.overhead).count()).close();
}

}  // namespace

Reply team_list(Visit& visit) {
    const auto rules = visit.parts->rules.get();
    JsonWriter json;
    json.open().key("teams").open_list();
    for (const auto& [name, team] : rules->teams) {
        json.open().field("name", name).field("parent", team->parent);
        write_texts(json, "models", team->models);
        write_budgets(json, "budgets", policies::limits_of(*rules, "team:" + name, team->budgets));
        write_budgets(json, "per_person", team->per_person);
        write_rate(json, "rate", team->rate);
        write_rate(json, "rate_per_person", team->rate_per_person);
        write_rate(json, "rate_per_key", team->rate_per_key);
        json.field("cost_centre", team->cost_centre);
        json.close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply budget_list(Visit& visit) {
    const auto rules = visit.parts->rules.get();
    ledger::Ledger& ledger = visit.parts->ledger;
    const Timestamp now = visit.plane.clock.now();
    JsonWriter json;
    json.open().key("budgets").open_list();
    for (auto& [account, budgets] : treasury::limited_accounts(*rules, callers_now(*visit.parts))) {
        TRY(const auto scopes,
            ledger.prepare({ledger::Level{.account = account, .budgets = budgets}}, rules->organisation.time_zone));
        for (const ledger::Standing& standing : ledger.standing(*scopes, now)) write_standing(json, standing, now);
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply call_list(Visit& visit) {
    TRY(const Query query, visit.query({"key", "team", "call", "before", "limit"}));
    audit::Audit::CallFilter filter{.key_id = std::string(query.text("key")),
                                    .team = std::string(query.text("team")),
                                    .call = std::string(query.text("call"))};
    if (!filter.call.empty() && !CallId::parse(filter.call))
        return fail(Fault::invalid_request,
                    "\"call\" in the query must be a call id such as call_… of the header x-bursar-call-id.");
    TRY(filter.before, query.instant("before", Timestamp::max()));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    filter.count_max = static_cast<int>(limit);
    TRY(const auto calls, visit.parts->audit.calls(filter));
    JsonWriter json;
    json.open().key("calls").open_list();
    for (const audit::Outcome& call : calls) write_call(json, call);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply ledger_read(Visit& visit) {
    const ledger::Ledger& ledger = visit.parts->ledger;
    const ledger::Totals totals = ledger.totals();
    JsonWriter json;
    json.open()
        .field("holds_open", totals.holds_open)
        .field("held_usd", totals.held.text())
        .field("holds_taken", totals.holds_taken);
    json.field("refused", totals.refused)
        .field("settled", totals.settled)
        .field("released", totals.released)
        .field("lost", totals.lost);
    json.field("variance_usd", totals.variance.text()).key("spending").open_list();
    for (const ledger::Spending& each : ledger.spending())
        json.open()
            .field("account", each.account)
            .field("spent_usd", each.spent.charge.text())
            .field("held_usd", each.held.charge.text())
            .field("cost_usd", each.spent.cost.text())
            .field("tokens", each.spent.tokens)
            .field("calls", each.spent.calls)
            .close();
    json.close_list().key("lost_calls").open_list();
    for (const ledger::Lost& lost : ledger.lost_at_start()) {
        json.open()
            .field("call", lost.call.text())
            .field("attempt", lost.attempt.text())
            .field("amount_usd", lost.amount.charge.text())
            .field("cost_usd", lost.amount.cost.text())
            .field("at", to_text(lost.at));
        write_texts(json, "accounts", lost.accounts);
        json.close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
