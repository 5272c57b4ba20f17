// What coding agents ask besides calls, once somebody has signed in there (Claude Code's published gateway protocol).
#include "policies/admit.h"
#include "service/admin/agent_settings.h"
#include "service/admin/visit.h"
#include "service/base/json.h"
#include "service/treasury/thresholds.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::int64_t nanos_per_cent = 10'000'000;

std::int64_t cents_of(Quantity quantity) { return quantity.units() / nanos_per_cent; }

std::int64_t percent_of(const ledger::Standing& standing) {
    const std::int64_t used = standing.spent.units() + standing.held.units();
    return used / std::max<std::int64_t>(1, standing.limit.units() / 100);
}

/// The word that the agent has for a period; it knows three.
std::string_view group_of(const ledger::Standing& standing) {
    switch (standing.budget.per) {
        case Per::day:
        case Per::hour:
        case Per::minute:
            return "daily";
        case Per::week:
            return "weekly";
        default:
            return "monthly";
    }
}

/// The hard limits in money that pay for whoever asks, the fullest first.
Result<std::vector<ledger::Standing>> caps_of(const Visit& visit) {
    std::vector<ledger::Standing> caps;
    const auto rules = visit.parts->rules.get();
    TRY(auto charged, policies::accounts_of(*rules, *visit.calls_as));
    const auto standings = treasury::standings_of(visit.parts->ledger, visit.parts->rules);
    for (policies::Charged& each : charged) {
        if (each.budgets.empty()) continue;
        TRY(auto all,
            standings({ledger::Level{std::move(each.account), std::move(each.budgets)}}, visit.plane.clock.now()));
        for (ledger::Standing& standing : all)
            if (standing.budget.measure == Measure::money && standing.budget.hard && standing.budget.of.empty())
                caps.push_back(std::move(standing));
    }
    std::ranges::sort(caps, std::ranges::greater{}, percent_of);
    return caps;
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
        json.field("utilization", percent_of(caps.front()));
    }
    json.field("currency", visit.parts->rules.get()->organisation.currency).close().key("limits").open_list();
    for (std::size_t i = 0; i < caps.size(); ++i) {
        const ledger::Standing& cap = caps[i];
        json.open().field("kind", "spend").field("group", group_of(cap)).field("percent", percent_of(cap));
        json.field("resets_at", to_text(cap.period_end))
            .field("severity", percent_of(cap) >= 75 ? "warning" : "normal");
        json.field("is_active", i == 0).close();
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

/// Measurements that agents send of themselves are taken and forgotten: nobody asked for them, and an error would be
/// logged there at every try.
Reply telemetry_sink(Visit&) { return json_answer("{}"); }

}  // namespace bursar::admin
