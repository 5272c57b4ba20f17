// What coding agents ask besides calls, once somebody has signed in there (Claude Code's published gateway protocol).
#include "policies/admit.h"
#include "service/admin/agent_settings.h"
#include "service/admin/visit.h"
#include "service/base/json.h"
#include "service/ledger/caps.h"
#include "service/treasury/thresholds.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::int64_t nanos_per_cent = 10'000'000;

std::int64_t cents_of(Quantity quantity) { return quantity.units() / nanos_per_cent; }

/// The hard limits in money that pay for whoever asks, the fullest first, as the headers of their calls have them.
Result<std::vector<ledger::Standing>> caps_of(const Visit& visit) {
    std::vector<ledger::Standing> caps;
    const auto rules = visit.parts->rules.get();
    TRY(auto charged, policies::accounts_of(*rules, *visit.calls_as));
    const auto standings = treasury::standings_of(visit.parts->ledger, visit.parts->rules);
    for (policies::Charged& each : charged) {
        if (each.budgets.empty()) continue;
        TRY(auto all,
            standings({ledger::Level{std::move(each.account), std::move(each.budgets)}}, visit.plane.clock.now()));
        std::ranges::move(all, std::back_inserter(caps));
    }
    return ledger::caps_of(std::move(caps));
}

}  // namespace

Reply managed_settings(Visit& visit) {
    const auto rules = visit.parts->rules.get();
    const std::string& settings = rules->identity.agents.settings;
    if (settings.empty())
        return fail(Fault::not_found, "The policy has no settings for agents (identity.agents.settings).");
    TRY(const std::string checksum, settings_checksum(settings));
    const std::string tag = fmt::format("\"{}\"", checksum);
    Answer answer = json_answer({});
    answer.headers = {{"ETag", tag}, {"Cache-Control", "private, no-cache"}};
    if (visit.request.if_none_match == tag) {
        answer.status = 304;
        return answer;
    }
    JsonWriter json;
    json.open().field("uuid", fmt::format("policy-{}", rules->revision)).field("checksum", checksum);
    json.key("settings").raw(settings).close();
    answer.body = std::move(json).text();
    return answer;
}

Reply agent_usage(Visit& visit) {
    std::vector<ledger::Standing> caps;
    if (visit.calls_as != nullptr) {
        TRY(caps, caps_of(visit));
    }
    JsonWriter json;
    json.open().key("extra_usage").open().field("is_enabled", true);
    if (caps.empty()) {
        json.key("monthly_limit").null().field("used_credits", 0).key("utilization").null();
    } else {
        json.field("monthly_limit", cents_of(caps.front().limit)).field("used_credits", cents_of(caps.front().spent));
        json.field("utilization", ledger::percent_spent(caps.front()));
    }
    json.field("currency", policies::books_currency).close().key("limits").open_list();
    for (std::size_t i = 0; i < caps.size(); ++i) {
        const ledger::Standing& cap = caps[i];
        const std::int64_t percent = ledger::percent_spent(cap);
        json.open().field("kind", "spend").field("group", ledger::agent_period(cap.budget.per));
        json.field("percent", percent).key("resets_at");
        cap.period_end == Timestamp::max() ? json.null() : json.value(to_text(cap.period_end));
        json.field("severity", percent > 75 ? "warning" : "normal").field("is_active", i == 0).close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

/// Measurements that agents send of themselves are taken and forgotten: nobody asked for them, and an error would be
/// logged there at every try.
Reply telemetry_sink(Visit&) { return json_answer("{}"); }

}  // namespace bursar::admin
