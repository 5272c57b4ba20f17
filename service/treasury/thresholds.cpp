#include "service/treasury/thresholds.h"

#include "service/base/json.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

using std::chrono::floor;
using std::chrono::seconds;

constexpr std::array month_names{"January", "February", "March",     "April",   "May",      "June",
                                 "July",    "August",   "September", "October", "November", "December"};

std::string day_words(Timestamp at, const TimeZone& zone) {
    const std::chrono::year_month_day date = zone.date_of(at);
    return fmt::format("{} {}", static_cast<unsigned>(date.day()),
                       month_names.at(static_cast<unsigned>(date.month()) - 1));
}

seconds length_of(Per per) {
    switch (per) {
        case Per::minute:
            return std::chrono::minutes(1);
        case Per::hour:
            return std::chrono::hours(1);
        case Per::day:
            return std::chrono::days(1);
        case Per::week:
            return std::chrono::days(7);
        case Per::month:
            return std::chrono::days(30);
        case Per::quarter:
            return std::chrono::days(90);
        case Per::year:
            return std::chrono::days(365);
        case Per::ever:
        case Per::dates:
            break;
    }
    return std::chrono::days(365);
}

/// What keeps the events of one period apart from those of the next.
std::string period_name(const ledger::Standing& standing, Quantity limit, Timestamp now) {
    const Budget& budget = standing.budget;
    if (budget.per == Per::ever) return "of " + limit.text(budget.measure);
    if (budget.rolling) {
        const auto since = floor<seconds>(now).time_since_epoch();
        return to_text(Timestamp(since - since % length_of(budget.per)));
    }
    return to_text(standing.period_start);
}

/// "for November", "for 24 November", "in any 24 hours"
std::string period_text(const ledger::Standing& standing, const TimeZone& zone) {
    const Budget& budget = standing.budget;
    if (budget.rolling) return period_words(budget);
    const std::chrono::year_month_day date = zone.date_of(standing.period_start);
    const int year = static_cast<int>(date.year());
    switch (budget.per) {
        case Per::minute:
            return "for this minute";
        case Per::hour:
            return "for this hour";
        case Per::day:
            return "for " + day_words(standing.period_start, zone);
        case Per::week:
            return "for the week of " + day_words(standing.period_start, zone);
        case Per::month:
            return fmt::format("for {}", month_names.at(static_cast<unsigned>(date.month()) - 1));
        case Per::quarter:
            return fmt::format("for the quarter from {} {}", day_words(standing.period_start, zone), year);
        case Per::year:
            return fmt::format("for {}", year);
        case Per::dates:
            return period_words(budget);
        case Per::ever:
            break;
    }
    return "in all";
}

bool has_dates(const Budget& budget) {
    switch (budget.per) {
        case Per::week:
        case Per::month:
        case Per::quarter:
        case Per::year:
        case Per::dates:
            return !budget.rolling;
        case Per::minute:
        case Per::hour:
        case Per::day:
        case Per::ever:
            break;
    }
    return false;
}

/// "; at this pace it lasts until 24 November": a straight line from the period's start through now. Empty where no
/// date could be said.
std::string pace_words(const ledger::Standing& standing, Quantity limit, const TimeZone& zone, Timestamp now) {
    const Quantity spent = standing.spent;
    if (!has_dates(standing.budget) || now <= standing.period_start || spent >= limit) return {};
    // A date for people: binary fractions are exact enough.
    const double used = static_cast<double>(spent.units()) / static_cast<double>(limit.units());
    const double gone = std::chrono::duration<double>(now - standing.period_start).count();
    const double left = gone * (1 - used) / used;
    const double rest = std::chrono::duration<double>(standing.period_end - now).count();
    if (left >= rest) return "; at this pace it is enough";
    return "; at this pace it lasts until " + day_words(now + seconds(static_cast<seconds::rep>(left)), zone);
}

std::string text_of(const ledger::Standing& standing, Quantity limit, int percent, const TimeZone& zone,
                    Timestamp now) {
    const Budget& budget = standing.budget;
    const std::string_view verb = is_money(budget.measure) ? "spent" : "used";
    const std::string what = fmt::format("its {}{}{} {}", limit.for_people(budget.measure),
                                         budget.of.empty() ? "" : " of ", budget.of, period_text(standing, zone));
    if (percent < 100)
        return fmt::format("{} has {} {} % of {}{}", account_words(standing.account), verb, percent, what,
                           pace_words(standing, limit, zone, now));
    std::string text = percent == 100
                           ? fmt::format("{} has used up {}", account_words(standing.account), what)
                           : fmt::format("{} has {} {} % of {}", account_words(standing.account), verb, percent, what);
    if (!budget.hard) return text + "; the limit is a soft one, so calls go on";
    if (has_dates(budget)) return text + "; calls are refused until " + day_words(standing.period_end, zone);
    return text + "; calls are refused";
}

/// The least that is `percent` of the limit, rounded up; nothing overflows for a percentage below 200.
Quantity mark_of(Quantity limit, int percent) {
    const std::int64_t whole = limit.units() / 100, rest = limit.units() % 100;
    return Quantity(whole * percent + (rest * percent + 99) / 100);
}

}  // namespace

std::vector<Event> threshold_events(const ledger::Standing& standing, const TimeZone& zone, Timestamp now) {
    constexpr int percent_max = 200;
    std::vector<Event> events;
    const Budget& budget = standing.budget;
    const Quantity limit = budget.limit_at(now), spent = standing.spent;
    // Of a balance that nobody has topped up yet, nothing is used up.
    if (spent <= Quantity{} || limit.units() > limit_units_max) return events;
    for (const int percent : budget.warn_percent) {
        if (percent > percent_max || spent < mark_of(limit, percent)) continue;
        JsonWriter detail;
        detail.open().field("account", standing.account).field("limit", kind_words(budget)).field("percent", percent);
        detail.field("measure", name_of(budget.measure)).field("amount", limit.text(budget.measure));
        detail.field("spent", spent.text(budget.measure)).field("hard", budget.hard).close();
        events.push_back({.number = 0,
                          .at = now,
                          .name = fmt::format("budget:{}|{}|{}|{}", standing.account, kind_words(budget),
                                              period_name(standing, limit, now), percent),
                          .kind = "budget.threshold",
                          .subject = standing.account,
                          .text = text_of(standing, limit, percent, zone, now),
                          .detail = std::move(detail).text()});
    }
    return events;
}

Result<void> Thresholds::look(Timestamp now) {
    const auto rules = desk_.rules.get();
    TRY(const TimeZone zone, TimeZone::load(rules->organisation.time_zone));
    std::vector<Event> found;
    for (auto& [account, limits] : limited_accounts(*rules, keys_())) {
        std::erase_if(limits, [](const Budget& each) { return each.warn_percent.empty(); });
        if (limits.empty()) continue;
        // One account at a time: microseconds of the ledger's lock.
        TRY(const auto all, standings_({{.account = account, .budgets = std::move(limits)}}, now));
        for (const ledger::Standing& standing : all)
            std::ranges::move(threshold_events(standing, zone, now), std::back_inserter(found));
    }

    std::set<std::string> names;
    std::vector<const Event*> fresh;
    for (const Event& event : found) {
        names.insert(event.name);
        if (!raised_.contains(event.name)) fresh.push_back(&event);
    }
    if (!fresh.empty())
        TRY_VOID(desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
            for (const Event* event : fresh) TRY_VOID(raise(transaction, *event));
            return {};
        }));
    raised_ = std::move(names);
    return {};
}

}  // namespace bursar::treasury
