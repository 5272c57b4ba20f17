#include "service/reports/gather.h"

#include "integrations/report/report_json.h"
#include "service/reports/budgets.h"
#include "service/reports/cheaper.h"
#include "service/reports/tables.h"

#include <algorithm>

namespace bursar::reports {
namespace {

report::Language language_of(policies::Language language) {
    switch (language) {
        case policies::Language::en:
            return report::Language::en;
        case policies::Language::de:
            return report::Language::de;
        case policies::Language::fr:
            return report::Language::fr;
    }
    return report::Language::en;
}

bool has_names(const Sums& sums) {
    return std::ranges::any_of(sums, [](const auto& entry) { return !entry.first.empty(); });
}

/// Only names that are as long as names may be, and very many of them, come near the limit.
void fit(report::Report& out) {
    constexpr std::size_t least = 10;
    for (std::size_t lines = report::lines_max / 2; lines >= least; lines /= 2) {
        if (integrations::report::write_report(out).size() <= report::report_bytes_max) return;
        for (report::Table* const table : {&out.teams, &out.models, &out.people, &out.cost_centres})
            shorten(*table, lines);
        out.budgets.resize(std::min(out.budgets.size(), lines));
    }
}

}  // namespace

struct Gatherer::Frame {
    const policies::Snapshot& rules;
    const Ask& ask;
    const Scope scope;
    const TimeZone zone;
    const Period before;
    const Timestamp now;
};

Result<report::Report> Gatherer::gather(const policies::Snapshot& rules, const Ask& ask, Timestamp now) const {
    const policies::Organisation& organisation = rules.organisation;
    TRY(const TimeZone zone, TimeZone::load(organisation.time_zone));
    const Frame frame{rules, ask, Scope(rules, ask.team), zone, period_before(zone, ask.every, ask.period), now};
    report::Report out{.name = ask.name,
                       .organisation = organisation.name,
                       .subject = ask.team.empty() ? organisation.name : ask.team,
                       .whole = ask.team.empty(),
                       .every = ask.every,
                       .from = ask.period.start,
                       .to = ask.period.end,
                       .before_from = frame.before.start,
                       .made = now,
                       .manner = {.language = language_of(organisation.language),
                                  .currency = organisation.currency,
                                  .per_dollar_millionths = organisation.per_usd_millionths,
                                  .time_zone = organisation.time_zone},
                       .people_hidden = !ask.people_shown};
    if (!parts_.public_url.empty()) out.url = parts_.public_url + "/usage";
    TRY_VOID(add_tables(frame, out));
    TRY_VOID(add_budgets(frame, out));
    fit(out);
    return out;
}

Result<void> Gatherer::add_tables(const Frame& frame, report::Report& out) const {
    const Ask& ask = frame.ask;
    const auto read = [&](audit::By by, const Period& period) {
        return sums_by(parts_.audit, frame.scope, by, period);
    };
    TRY(const Sums teams, read(audit::By::team, ask.period));
    TRY(const Sums teams_before, read(audit::By::team, frame.before));
    const audit::UsageSums total = total_of(teams);
    out.total = figures_of(total);
    out.before = figures_of(total_of(teams_before));
    if (!frame.scope.is_single())
        out.teams = table_of(teams, teams_before, report::lines_max,
                             [&](std::string_view team) { return frame.scope.above(team); });
    TRY(const Sums models, read(audit::By::model, ask.period));
    TRY(const Sums models_before, read(audit::By::model, frame.before));
    out.models = table_of(models, models_before, report::lines_max);
    out.cheaper =
        cheaper_models(frame.rules, models, std::min(frame.now, ask.period.end - std::chrono::nanoseconds(1)));
    TRY(const Sums centres, read(audit::By::cost_centre, ask.period));
    TRY(const Sums centres_before, read(audit::By::cost_centre, frame.before));
    if (has_names(centres) || has_names(centres_before))
        out.cost_centres = table_of(centres, centres_before, report::lines_max);
    if (ask.people_shown) {
        TRY(const Sums people, read(audit::By::person, ask.period));
        TRY(const Sums people_before, read(audit::By::person, frame.before));
        out.people = table_of(people, people_before, report::lines_max);
    }
    out.waste = {.errors = total.errors,
                 .retries = total.retries,
                 .refused = total.refused,
                 .error_charge = total.error_charge,
                 .retry_cost = total.retry_cost,
                 .unused = {}};
    const bool had_any = out.before.calls > 0 || out.before.charge != NanoUsd{};
    TRY(out.days, days_of(parts_.audit, frame.scope, frame.zone, ask.every, ask.period,
                          had_any ? std::optional(frame.before) : std::nullopt));
    return {};
}

Result<void> Gatherer::add_budgets(const Frame& frame, report::Report& out) const {
    const BudgetQuestion question{.rules = frame.rules,
                                  .scope = frame.scope,
                                  .zone = frame.zone,
                                  .every = frame.ask.every,
                                  .period = frame.ask.period,
                                  .now = frame.now};
    TRY(BudgetAnswer answer, budgets_of(parts_.audit, parts_.ledger, question));
    out.budgets = std::move(answer.budgets);
    out.budgets.resize(std::min(out.budgets.size(), report::budgets_max));
    out.waste.unused = answer.unused;
    out.waste.idle = answer.idle;
    out.expected = answer.expected;
    return {};
}

}  // namespace bursar::reports
