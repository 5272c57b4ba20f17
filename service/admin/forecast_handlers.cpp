#include "service/admin/facts_json.h"
#include "service/admin/limited.h"
#include "service/admin/visit.h"
#include "service/treasury/accounts.h"

#include <algorithm>
#include <set>

namespace bursar::admin {
namespace {

constexpr std::int64_t limits_default = 200;
constexpr std::int64_t limits_max = 1'000;
constexpr auto past = std::chrono::days(7 * treasury::weeks_max);

/// How much of a limit is taken, for order only.
double taken_part(const treasury::LimitOf& limit) {
    const auto most = static_cast<double>(std::max<std::int64_t>(1, limit.now.limit.units()));
    return static_cast<double>(limit.now.spent.units() + limit.now.held.units()) / most;
}

void write_forecast(JsonWriter& json, const treasury::LimitOf& limit, const treasury::Forecast& ahead) {
    const Measure measure = limit.budget.measure;
    const bool known = ahead.basis != treasury::Basis::nothing;
    json.open()
        .field("account", limit.account)
        .field("kind", kind_words(limit.budget))
        .field("measure", bursar::name_of(measure))
        .field("limit", limit.now.limit.text(measure))
        .field("spent", limit.now.spent.text(measure))
        .field("held", limit.now.held.text(measure));
    const auto figure = [&](std::string_view name, Quantity quantity) {
        json.key(name);
        known ? json.value(quantity.text(measure)) : json.null();
    };
    figure("projected", ahead.projected);
    figure("low", ahead.low);
    figure("high", ahead.high);
    write_instant(json, "exhausted_at", ahead.exhausted_at);
    write_instant(json, "period_start", limit.now.period.start);
    write_instant(json, "period_end", limit.now.period.end);
    json.field("basis", treasury::name_of(ahead.basis)).close();
}

}  // namespace

Result<std::vector<treasury::LimitOf>> limits_now(const Parts& parts, Timestamp now) {
    const auto rules = parts.rules.get();
    std::vector<treasury::LimitOf> out;
    for (auto& [account, budgets] : treasury::limited_accounts(*rules, callers_now(parts))) {
        TRY(const auto scopes, parts.ledger.prepare({ledger::Level{.account = account, .budgets = budgets}},
                                                    rules->organisation.time_zone));
        for (const ledger::Standing& standing : parts.ledger.standing(*scopes, now))
            out.push_back({.account = account,
                           .budget = standing.budget,
                           .now = {.limit = standing.limit,
                                   .spent = standing.spent,
                                   .held = standing.held,
                                   .period = {.start = standing.period_start, .end = standing.period_end}}});
    }
    return out;
}

Reply forecast_list(Visit& visit) {
    TRY(const Query query, visit.query({"account", "limit"}));
    TRY(const std::int64_t count_max, query.integer("limit", limits_default, 1, limits_max));
    const std::string_view account = query.text("account");
    const Timestamp now = visit.plane.clock.now();
    TRY(auto limits, limits_now(*visit.parts, now));
    std::erase_if(limits, [&](const treasury::LimitOf& limit) {
        return !treasury::is_forecast(limit.budget) || (!account.empty() && limit.account != account);
    });
    std::ranges::sort(limits, std::ranges::greater{}, taken_part);
    const std::size_t left_out = limits.size() - std::min(limits.size(), static_cast<std::size_t>(count_max));
    limits.resize(limits.size() - left_out);

    std::set<AccountName> names;
    for (const treasury::LimitOf& limit : limits)
        if (treasury::follows_money(limit.budget)) names.insert(limit.account);
    const auto to = std::chrono::floor<std::chrono::hours>(now);
    const treasury::Hour from = to - past;
    std::vector<treasury::HourlySpend> spent;
    if (visit.plane.hooks.hourly && !names.empty()) {
        const std::vector<AccountName> accounts(names.begin(), names.end());
        TRY(spent, visit.plane.hooks.hourly(accounts, from, to));
    }
    const auto history = treasury::hourly_by_account(spent, from, to);

    JsonWriter json;
    json.open().key("limits").open_list();
    for (const treasury::LimitOf& limit : limits) {
        const auto own = history.find(limit.account);
        const bool known = treasury::follows_money(limit.budget) && own != history.end();
        const treasury::Pace pace(known ? own->second : treasury::Hourly{});
        write_forecast(json, limit, treasury::forecast(pace, limit.now, now));
    }
    json.close_list().field("left_out", static_cast<std::int64_t>(left_out)).close();
    return json_answer(std::move(json).text());
}

}  // namespace bursar::admin
