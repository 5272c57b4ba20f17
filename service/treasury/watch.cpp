#include "service/treasury/watch.h"

#include "service/base/log.h"

#include <algorithm>

namespace bursar::treasury {
namespace {

/// What is asked for of the past: the weeks that are compared, and one more, for stretches that have lasted that long.
constexpr auto past = std::chrono::days(7 * (weeks_max + 1));
/// Limits that are hardly touched will last: nobody works out how long.
constexpr std::int64_t touched_part = 10;

constexpr std::string_view key_prefix = "key:";

void complain(std::string_view what, const Error& error) {
    log::warning("spending_watch_failed", {{"part", what}, {"error", error.operator_text()}});
}

/// Takes up to accounts_per_tick_max from the end.
template <typename T>
std::vector<T> take_some(std::vector<T>& from) {
    const std::size_t count = std::min(from.size(), Watch::accounts_per_tick_max);
    std::vector<T> out(std::make_move_iterator(from.end() - static_cast<std::ptrdiff_t>(count)),
                       std::make_move_iterator(from.end()));
    from.resize(from.size() - count);
    return out;
}

bool may_fall_short(const LimitOf& limit, Timestamp now) {
    const Quantity taken = limit.now.spent + limit.now.held;
    return is_forecast(limit.budget) && now < limit.now.period.end && taken < limit.now.limit &&
           taken.units() >= limit.now.limit.units() / touched_part;
}

}  // namespace

std::unordered_map<AccountName, Hourly> hourly_by_account(std::span<const HourlySpend> spent, Hour from, Hour to) {
    std::unordered_map<AccountName, Hourly> out;
    const auto hours = static_cast<std::size_t>(std::max<std::int64_t>(0, (to - from).count()));
    for (const HourlySpend& each : spent) {
        if (each.hour < from || each.hour >= to) continue;
        Hourly& history = out[each.account];
        if (history.spent.empty()) {
            history.from = from;
            history.spent.assign(hours, 0.0);
        }
        history.spent[static_cast<std::size_t>((each.hour - from).count())] += static_cast<double>(each.spent.nanos());
    }
    return out;
}

Hourly hourly_of(const AccountName& account, std::span<const HourlySpend> spent, Hour from, Hour to) {
    std::vector<HourlySpend> own;
    for (const HourlySpend& each : spent)
        if (each.account == account) own.push_back(each);
    auto all = hourly_by_account(own, from, to);
    return all.empty() ? Hourly{.from = from, .spent = {}} : std::move(all.begin()->second);
}

void Watch::tick(Timestamp now) {
    const auto rules = sources_.rules();
    watch_keys(rules->watch.runaway, now);
    const Hour hour = std::chrono::floor<std::chrono::hours>(now);
    if (hour != round_ && spenders_.empty() && limits_.empty()) {
        round_ = hour;
        usual_.clear();
        if (const auto begun = begin_round(*rules, now); !begun) complain("round", begun.error());
    }
    if (const auto gone = go_on(*rules, now); !gone) complain("accounts", gone.error());
}

Result<void> Watch::begin_round(const policies::Snapshot& rules, Timestamp now) {
    TRY(const auto last_hour, sources_.hourly({}, round_ - std::chrono::hours(1), round_));
    std::unordered_map<AccountName, NanoUsd> sums;
    for (const HourlySpend& each : last_hour) sums[each.account] += each.spent;
    for (const auto& [account, spent] : sums)
        if (spent > rules.watch.unusual.at_least) spenders_.push_back(account);
    TRY(limits_, sources_.limits(now));
    std::erase_if(limits_, [&](const LimitOf& limit) { return !may_fall_short(limit, now); });
    // Limits of one account side by side: its past is read once, but for a cut between two ticks.
    std::ranges::sort(limits_, {}, &LimitOf::account);
    return {};
}

Result<void> Watch::go_on(const policies::Snapshot& rules, Timestamp now) {
    const std::string& time_zone = rules.organisation.time_zone;
    const std::vector<AccountName> spenders = take_some(spenders_);
    const std::vector<LimitOf> limits = take_some(limits_);
    std::set<AccountName> accounts(spenders.begin(), spenders.end());
    for (const LimitOf& limit : limits)
        if (follows_money(limit.budget)) accounts.insert(limit.account);
    std::vector<HourlySpend> spent;
    const Hour from = round_ - past;
    if (!accounts.empty()) {
        const std::vector<AccountName> names(accounts.begin(), accounts.end());
        TRY(spent, sources_.hourly(names, from, round_));
    }
    const auto history = hourly_by_account(spent, from, round_);
    for (const AccountName& account : spenders) {
        const auto own = history.find(account);
        if (own == history.end()) continue;
        if (const auto found = unusual_hour(rules.watch.unusual, own->second))
            TRY_VOID(raise_it(unusual_event(account, *found, time_zone, now)));
    }
    for (const LimitOf& limit : limits) {
        const auto own = history.find(limit.account);
        const bool known = follows_money(limit.budget) && own != history.end();
        const Forecast ahead = forecast(Pace(known ? own->second : Hourly{}), limit.now, now);
        if (falls_short(limit, ahead, now)) TRY_VOID(raise_it(forecast_event(limit, ahead, time_zone, now)));
    }
    return {};
}

void Watch::watch_keys(const policies::Watch::Runaway& policy, Timestamp now) {
    meter_.tick(now, policy.within, sources_.spent());
    std::vector<Spent> fast = meter_.above(policy.at_least);
    std::erase_if(fast, [](const Spent& each) { return !each.account.starts_with(key_prefix); });
    std::erase_if(running_away_, [&](const AccountName& key) { return meter_.recent(key) <= policy.at_least; });
    if (fast.empty()) return;
    if (const auto judged = judge_keys(policy, fast, now); !judged) complain("keys", judged.error());
}

Result<void> Watch::judge_keys(const policies::Watch::Runaway& policy, const std::vector<Spent>& fast, Timestamp now) {
    std::vector<AccountName> unknown;
    for (const Spent& key : fast)
        if (!usual_.contains(key.account) && unknown.size() < accounts_per_tick_max) unknown.push_back(key.account);
    if (!unknown.empty()) {
        const Hour to = std::chrono::floor<std::chrono::hours>(now), from = to - past;
        TRY(const auto spent, sources_.hourly(unknown, from, to));
        const auto history = hourly_by_account(spent, from, to);
        for (const AccountName& key : unknown) {
            const auto own = history.find(key);
            usual_[key] = own == history.end() ? std::nullopt : usual_hour(own->second);
        }
    }
    for (const Spent& key : fast) {
        const auto usual = usual_.find(key.account);
        if (usual == usual_.end()) continue;  // its past is read in the next tick
        const NanoUsd above = runaway_above(policy, usual->second);
        if (key.total <= above)
            running_away_.erase(key.account);
        else if (!running_away_.contains(key.account))
            TRY_VOID(stop_key(policy, key, above, now));
    }
    return {};
}

Result<bool> Watch::is_raised(const std::string& name) {
    bool known = false;
    TRY_VOID(store_.read([&](store::Transaction& transaction) {
        return transaction.each("SELECT 1 FROM treasury_event WHERE name = ?", {std::string_view(name)},
                                [&](const store::Row&) -> Result<void> {
                                    known = true;
                                    return {};
                                });
    }));
    return known;
}

Result<void> Watch::raise_it(Event event) {
    constexpr std::string_view team_prefix = "team:";
    if (sources_.team_of)
        event.team = sources_.team_of(event.subject);
    else if (event.subject.starts_with(team_prefix))
        event.team = event.subject.substr(team_prefix.size());
    TRY(const bool known, is_raised(event.name));
    if (known) return {};
    return store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY([[maybe_unused]] const bool is_new, raise(transaction, event));
        return {};
    });
}

Result<void> Watch::stop_key(const policies::Watch::Runaway& policy, const Spent& key, NanoUsd above, Timestamp now) {
    const std::string time_zone = sources_.rules()->organisation.time_zone;
    const auto usual = usual_.find(key.account);
    const Event event = runaway_event(
        {.key = key.account, .spent = key.total, .above = above, .usual_hour = usual->second}, policy, time_zone, now);
    TRY(const bool known, is_raised(event.name));
    if (!known && policy.pause) {
        // First the pause: if only one of the two is done, the key must not go on.
        const std::string reason =
            "This key was paused because it spent far more than it usually does. Ask your team lead.";
        TRY_VOID(sources_.pause(key.account.substr(key_prefix.size()), now + *policy.pause, reason));
    }
    if (!known) TRY_VOID(raise_it(event));
    running_away_.insert(key.account);
    return {};
}

}  // namespace bursar::treasury
