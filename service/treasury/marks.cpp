// Which marks a limit has reached, and the words for it.
#include "service/treasury/marks.h"

#include "service/base/json.h"
#include "service/treasury/accounts.h"
#include "service/treasury/decision.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
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

bool has_no_period(const Budget& budget) { return budget.per == Per::ever || budget.rolling; }

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

/// ", but for 0.40 USD"
std::string rest_words(const ledger::Standing& standing, Quantity limit) {
    if (standing.spent >= limit) return {};
    return fmt::format(", but for {}", (limit - standing.spent).for_people(standing.budget.measure));
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
    std::string text =
        percent == 100
            ? fmt::format("{} has used up {}{}", account_words(standing.account), what, rest_words(standing, limit))
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

/// Room that there must be below a mark before it is told anew, in points; a rolling limit goes up and down by itself.
constexpr int room_points = 2;
constexpr int room_points_rolling = 10;

constexpr int used_up = 100;
constexpr int percent_max = 200;

std::set<int> marks_of(const Budget& budget) {
    std::set<int> marks;
    for (const int percent : budget.warn_percent)
        if (percent <= percent_max) marks.insert(percent);
    if (budget.hard && !marks.empty()) marks.insert(used_up);
    return marks;
}

bool is_usable(const ledger::Standing& standing, Quantity limit) {
    // Of a balance that nobody has topped up yet, nothing is used up.
    return standing.spent > Quantity{} && limit.units() <= limit_units_max;
}

/// Whole percents, rounded down; for people and names only.
int percent_of(Quantity spent, Quantity limit) {
    constexpr int shown_max = 9'999;
    if (limit <= Quantity{}) return used_up;
    const double part = 100.0 * static_cast<double>(spent.units()) / static_cast<double>(limit.units());
    return static_cast<int>(std::clamp(part, 0.0, static_cast<double>(shown_max)));
}

std::string detail_of(const ledger::Standing& standing, Quantity limit, int percent) {
    const Budget& budget = standing.budget;
    JsonWriter detail;
    detail.open().field("account", standing.account).field("limit", kind_words(budget)).field("percent", percent);
    detail.field("measure", name_of(budget.measure)).field("amount", limit.text(budget.measure));
    detail.field("spent", standing.spent.text(budget.measure)).field("hard", budget.hard);
    if (!has_no_period(budget))
        detail.field("period_start", to_text(standing.period_start)).field("period_end", to_text(standing.period_end));
    detail.close();
    return std::move(detail).text();
}

/// A person's own limit, or a key's, wakes nobody at night.
Severity severity_of(const ledger::Standing& standing, int percent) {
    if (percent < used_up || !standing.budget.hard) return Severity::warning;
    const bool many = standing.account == "org" || standing.account.starts_with("team:");
    return many ? Severity::critical : Severity::warning;
}

/// The number behind the last '|' of a name.
int number_behind(std::string_view name) {
    int number = 0;
    const std::string_view digits = name.substr(name.rfind('|') + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

constexpr std::string_view again_word = "|again ";

/// A limit is used up when all of it is spent; a hard one as well when a call did not fit into the rest and the rest is
/// small. (What is spent of a hard limit seldom meets it: the last call that does not fit is refused.)
bool is_used_up(const ledger::Standing& standing, Quantity limit, const Told& told) {
    if (standing.spent >= limit) return true;
    constexpr int small_rest_from = 90;
    return standing.budget.hard && standing.refused_at && *standing.refused_at > told.since &&
           standing.spent >= mark_of(limit, small_rest_from);
}

bool is_reached(const ledger::Standing& standing, Quantity limit, int percent, const Told& told) {
    return percent == used_up ? is_used_up(standing, limit, told) : standing.spent >= mark_of(limit, percent);
}

}  // namespace

std::string incident_of(const ledger::Standing& standing) {
    std::string words = fmt::format("budget:{}|{}", standing.account, kind_words(standing.budget));
    if (!has_no_period(standing.budget)) words += "|" + to_text(standing.period_start);
    return incident_named(words);
}

std::vector<Event> threshold_events(const ledger::Standing& standing, const TimeZone& zone, Timestamp now,
                                    const Told& told) {
    std::vector<Event> events;
    const Budget& budget = standing.budget;
    const Quantity limit = budget.limit_at(now);
    if (!is_usable(standing, limit)) return events;
    for (const int percent : marks_of(budget)) {
        if (percent <= std::max(told.floor, told.highest) || !is_reached(standing, limit, percent, told)) continue;
        const std::string again = told.again > 0 ? fmt::format("{}{}", again_word, told.again) : std::string();
        events.push_back({.number = 0,
                          .at = now,
                          .name = fmt::format("budget:{}|{}|{}{}|{}", standing.account, kind_words(budget),
                                              period_name(standing, limit, now), again, percent),
                          .kind = budget.hard && percent == used_up ? "budget.exhausted" : "budget.threshold",
                          .subject = standing.account,
                          .text = text_of(standing, limit, percent, zone, now),
                          .detail = detail_of(standing, limit, percent),
                          .incident = incident_of(standing),
                          .team = {},
                          .severity = severity_of(standing, percent)});
    }
    return events;
}

std::optional<Event> recovery_event(const ledger::Standing& standing, const TimeZone& zone, Timestamp now,
                                    const Told& told) {
    const Budget& budget = standing.budget;
    const Quantity limit = budget.limit_at(now);
    const int room = budget.rolling ? room_points_rolling : room_points;
    const int below = std::max(told.highest - room, 1);
    if (told.highest == 0 || limit.units() > limit_units_max || standing.spent >= mark_of(limit, below)) return {};
    if (told.highest == used_up && is_used_up(standing, limit, told)) return {};
    const int percent = percent_of(standing.spent, limit);
    const std::string_view verb = is_money(budget.measure) ? "spent" : "used";
    std::string text = fmt::format("{} has room again: it has {} {} % of its {}{}{} {}",
                                   account_words(standing.account), verb, percent, limit.for_people(budget.measure),
                                   budget.of.empty() ? "" : " of ", budget.of, period_text(standing, zone));
    if (told.highest >= used_up && budget.hard) text += "; calls go on";
    return Event{.number = 0,
                 .at = now,
                 .name = fmt::format("budget.recovered:{}|{}|{}", incident_of(standing), told.again + 1, percent),
                 .kind = "budget.recovered",
                 .subject = standing.account,
                 .text = std::move(text),
                 .detail = detail_of(standing, limit, percent),
                 .incident = incident_of(standing)};
}

void note_told(Told& told, const Event& event) {
    const int last = number_behind(event.name);
    const std::string_view front = std::string_view(event.name).substr(0, event.name.rfind('|'));
    if (event.kind == "budget.recovered") {
        told = {.again = number_behind(front), .floor = last, .highest = 0, .since = event.at};
        return;
    }
    const std::size_t again = front.rfind(again_word);
    if (again != std::string_view::npos)
        std::from_chars(front.data() + again + again_word.size(), front.data() + front.size(), told.again);
    told.highest = std::max(told.highest, last);
}

bool is_reported(const ledger::Standing& standing) {
    return has_dates(standing.budget) && standing.spent > Quantity{} &&
           (standing.account == "org" || standing.account.starts_with("team:"));
}

Event closing_event(const Closed& closed, const ledger::Standing* last, const TimeZone& zone, Timestamp now) {
    std::string text = fmt::format("The period of a limit of {} is over, or the limit is gone", closed.account);
    JsonWriter detail;
    detail.open().field("account", closed.account).field("silent", true);
    if (last != nullptr) {
        const Budget& budget = last->budget;
        const Quantity limit = last->limit;
        text = fmt::format("{} {} {} of its {}{}{} {}", account_words(closed.account),
                           is_money(budget.measure) ? "spent" : "used", last->spent.for_people(budget.measure),
                           limit.for_people(budget.measure), budget.of.empty() ? "" : " of ", budget.of,
                           period_text(*last, zone));
        detail.field("limit", kind_words(budget)).field("measure", name_of(budget.measure));
        detail.field("amount", limit.text(budget.measure)).field("spent", last->spent.text(budget.measure));
        detail.field("percent", percent_of(last->spent, limit)).field("hard", budget.hard);
        detail.field("period_start", to_text(last->period_start)).field("period_end", to_text(last->period_end));
    }
    detail.close();
    return {.number = 0,
            .at = now,
            .name = "budget.period_closed:" + closed.incident,
            .kind = "budget.period_closed",
            .subject = closed.account,
            .text = std::move(text),
            .detail = std::move(detail).text(),
            .incident = closed.incident,
            .team = closed.team};
}

}  // namespace bursar::treasury
