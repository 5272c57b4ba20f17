#include "service/reports/budgets.h"

#include "policies/admit.h"
#include "service/base/log.h"
#include "service/treasury/watch.h"

#include <algorithm>
#include <array>

namespace bursar::reports {
namespace {

constexpr std::string_view whole_account = "org";
constexpr auto instant = std::chrono::nanoseconds(1);

/// How long a limit lasts, for order only; nothing if that is no matter of the calendar.
std::optional<int> length_of(Per per) {
    constexpr std::array lengths{Per::minute, Per::hour, Per::day, Per::week, Per::month, Per::quarter, Per::year};
    const auto found = std::ranges::find(lengths, per);
    if (found == lengths.end()) return std::nullopt;
    return static_cast<int>(found - lengths.begin());
}

Per per_of(Every every) {
    switch (every) {
        case Every::day:
            return Per::day;
        case Every::week:
            return Per::week;
        case Every::month:
            return Per::month;
    }
    return Per::month;
}

double taken_part(const report::Budget& budget) {
    return static_cast<double>(budget.spent.nanos()) /
           static_cast<double>(std::max<std::int64_t>(1, budget.limit.nanos()));
}

/// A limit with its account; the team is empty for the organisation's own.
struct Limit {
    std::string team;
    AccountName account;
    Budget budget;
};

class Gathering {
  public:
    Gathering(audit::Audit& audit, ledger::Ledger& ledger, const BudgetQuestion& question)
        : audit_(audit), ledger_(ledger), question_(question) {}

    Result<BudgetAnswer> run() {
        if (!question_.is_over()) read_paces();
        for (const Limit& limit : limits()) TRY_VOID(add(limit));
        TRY_VOID(count_idle());
        sum_up_unused();
        if (!question_.is_over()) TRY_VOID(expect_total());
        std::ranges::sort(answer_.budgets, [](const report::Budget& a, const report::Budget& b) {
            return std::tuple(taken_part(b), std::string_view(a.account), std::string_view(a.kind)) <
                   std::tuple(taken_part(a), std::string_view(b.account), std::string_view(b.kind));
        });
        return std::move(answer_);
    }

  private:
    std::vector<Limit> limits() const {
        const policies::Snapshot& rules = question_.rules;
        std::vector<Limit> out;
        const auto take = [&](const std::string& team, const AccountName& account, const std::vector<Budget>& budgets) {
            for (Budget& budget : policies::limits_of(rules, account, budgets))
                if (is_money(budget.measure) && budget.of.empty()) out.push_back({team, account, std::move(budget)});
        };
        if (question_.scope.is_whole()) take("", AccountName(whole_account), rules.organisation.budgets);
        for (const std::string& name : question_.scope.teams())
            take(name, "team:" + name, rules.teams.find(name)->second->budgets);
        return out;
    }

    Timestamp reference() const { return question_.is_over() ? question_.period.end - instant : question_.now; }

    Result<void> add(const Limit& limit) {
        const auto length = length_of(limit.budget.per);
        if (limit.budget.rolling || !length) return add_standing(limit);
        if (*length < *length_of(per_of(question_.every))) return {};
        const Period period = question_.zone.period_of(limit.budget.per, reference());
        TRY(const audit::UsageSums spent, spent_in(limit.team, period));
        const bool paid = limit.budget.measure == Measure::cost;
        report::Budget budget{.account = limit.account,
                              .kind = kind_words(limit.budget),
                              .hard = limit.budget.hard,
                              .limit = limit.budget.limit_at(reference()).usd(),
                              .spent = paid ? spent.cost : spent.charge,
                              .expected = {},
                              .exhausted_at = {}};
        if (!question_.is_over() && !paid) foresee(budget, limit.team, period);
        if (period == question_.period && !limit.team.empty()) remember_unused(limit.team, budget);
        limited_.insert(limit.team);
        answer_.budgets.push_back(std::move(budget));
        return {};
    }

    /// Rolling ones, those between dates and those for good.
    Result<void> add_standing(const Limit& limit) {
        TRY(const auto scopes, ledger_.prepare({{.account = limit.account, .budgets = {limit.budget}}},
                                               question_.rules.organisation.time_zone));
        limited_.insert(limit.team);
        for (const ledger::Standing& standing : ledger_.standing(*scopes, question_.now))
            answer_.budgets.push_back({.account = limit.account,
                                       .kind = kind_words(limit.budget),
                                       .hard = limit.budget.hard,
                                       .limit = standing.limit.usd(),
                                       .spent = standing.spent.usd(),
                                       .expected = {},
                                       .exhausted_at = {}});
        return {};
    }

    /// What a team and those below it, or everybody (empty), spent from the period's start until the report's end.
    Result<audit::UsageSums> spent_in(const std::string& team, const Period& period) {
        const Period asked{period.start, question_.is_over() ? question_.period.end : period.end};
        auto known = spent_.find(asked.start);
        if (known == spent_.end()) {
            TRY(const Sums direct, sums_by(audit_, question_.scope, audit::By::team, asked));
            known = spent_.emplace(asked.start, with_those_below(direct)).first;
        }
        const auto found = known->second.find(team);
        return found == known->second.end() ? audit::UsageSums{} : found->second;
    }

    Sums with_those_below(const Sums& direct) const {
        Sums out;
        for (const auto& [team, sums] : direct) {
            reports::add(out[""], sums);
            for (const std::string& each : question_.scope.path_of(team)) reports::add(out[each], sums);
        }
        return out;
    }

    /// What was spent by the hour in the past weeks. Without it forecasts know no past, and there is a report all the
    /// same.
    void read_paces() {
        const auto to = std::chrono::floor<std::chrono::hours>(question_.now);
        const treasury::Hour from = to - std::chrono::hours(treasury::hours_of_week * treasury::weeks_max);
        for (treasury::Hour week = from; week < to; week += std::chrono::hours(treasury::hours_of_week)) {
            const auto answer = audit_.usage(
                {.group_by = {audit::By::hour, audit::By::team},
                 .from = Timestamp(week.time_since_epoch()),
                 .to = Timestamp((week + std::chrono::hours(treasury::hours_of_week)).time_since_epoch())});
            if (!answer) {
                log::warning("report_without_past", {{"text", answer.error().operator_text()}});
                hourly_.clear();
                return;
            }
            for (const audit::UsageRow& row : answer->rows) add_hour(row, from, to);
        }
    }
    void add_hour(const audit::UsageRow& row, treasury::Hour from, treasury::Hour to) {
        const auto hour = parse_timestamp(row.group.at(0));
        if (!hour || !question_.scope.has(row.group.at(1))) return;
        const auto at = std::chrono::floor<std::chrono::hours>(*hour);
        if (at < from || at >= to) return;
        std::vector<std::string> teams = question_.scope.path_of(row.group.at(1));
        teams.emplace_back();
        for (const std::string& team : teams) {
            treasury::Hourly& past = hourly_[team];
            if (past.spent.empty()) {
                past.from = from;
                past.spent.assign(static_cast<std::size_t>((to - from).count()), 0.0);
            }
            past.spent[static_cast<std::size_t>((at - from).count())] += static_cast<double>(row.sums.charge.nanos());
        }
    }
    treasury::Forecast ahead(const std::string& team, NanoUsd limit, NanoUsd spent, const Period& period) const {
        const auto past = hourly_.find(team);
        const treasury::Pace pace(past == hourly_.end() ? treasury::Hourly{} : past->second);
        return treasury::forecast(pace, {.limit = limit, .spent = spent, .held = {}, .period = period}, question_.now);
    }
    void foresee(report::Budget& budget, const std::string& team, const Period& period) const {
        const treasury::Forecast forecast = ahead(team, budget.limit, budget.spent, period);
        if (forecast.basis == treasury::Basis::nothing) return;
        budget.expected = forecast.projected.usd();
        budget.exhausted_at = forecast.exhausted_at;
    }
    Result<void> expect_total() {
        constexpr NanoUsd no_limit = NanoUsd::dollars(4'000'000'000);
        TRY(const audit::UsageSums spent, spent_in({}, question_.period));
        const treasury::Forecast forecast = ahead({}, no_limit, spent.charge, question_.period);
        if (forecast.basis != treasury::Basis::nothing) answer_.expected = forecast.projected.usd();
        return {};
    }

    void remember_unused(const std::string& team, const report::Budget& budget) {
        if (!question_.is_over() || !budget.hard) return;
        const NanoUsd left = std::max(budget.limit - budget.spent, NanoUsd{});
        const auto [found, added] = unused_.emplace(team, left);
        if (!added) found->second = std::min(found->second, left);
    }
    /// What is left of a department's limit is that of its teams again: only the lowest count.
    void sum_up_unused() {
        std::set<std::string, std::less<>> above;
        for (const auto& [team, left] : unused_)
            for (const std::string& each : question_.scope.path_of(team))
                if (each != team) above.insert(each);
        for (const auto& [team, left] : unused_)
            if (!above.contains(team)) answer_.unused = plus(answer_.unused, left);
    }
    Result<void> count_idle() {
        for (const std::string& team : limited_) {
            if (team.empty()) continue;
            TRY(const audit::UsageSums spent, spent_in(team, question_.period));
            if (spent.calls == 0) ++answer_.idle;
        }
        return {};
    }

    audit::Audit& audit_;
    ledger::Ledger& ledger_;
    const BudgetQuestion& question_;
    BudgetAnswer answer_;
    std::map<Timestamp, Sums> spent_;  ///< by team with those below, since an instant
    std::map<std::string, treasury::Hourly> hourly_;
    std::map<std::string, NanoUsd, std::less<>> unused_;
    std::set<std::string> limited_;
};

}  // namespace

Result<BudgetAnswer> budgets_of(audit::Audit& audit, ledger::Ledger& ledger, const BudgetQuestion& question) {
    return Gathering(audit, ledger, question).run();
}

}  // namespace bursar::reports
