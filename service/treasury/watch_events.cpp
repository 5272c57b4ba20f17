// The words of what the watch raises, and when a limit is worth one.
#include "service/base/json.h"
#include "service/base/zone.h"
#include "service/treasury/watch.h"

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

/// Of the period: earlier nobody can tell, and who runs out shortly before its end has planned well.
constexpr int passed_percent_min = 20;
constexpr int margin_percent = 5;

std::string hours_and_days(std::chrono::nanoseconds time) {
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(time).count();
    if (hours < 48) return fmt::format("{} hour{}", hours, hours == 1 ? "" : "s");
    return fmt::format("{} days", hours / 24);
}

}  // namespace

bool is_forecast(const Budget& budget) {
    if (budget.rolling) return false;
    switch (budget.per) {
        case Per::minute:
        case Per::hour:
        case Per::ever:
            return false;
        case Per::day:
        case Per::week:
        case Per::month:
        case Per::quarter:
        case Per::year:
        case Per::dates:
            return true;
    }
    return false;
}

bool follows_money(const Budget& budget) { return is_money(budget.measure) && budget.of.empty(); }

bool falls_short(const LimitOf& limit, const Forecast& forecast, Timestamp now) {
    const Period& period = limit.now.period;
    if (forecast.basis == Basis::nothing || !forecast.exhausted_at || *forecast.exhausted_at <= now) return false;
    if (period.start == Timestamp::min() || period.end == Timestamp::max()) return false;
    const auto length = period.end - period.start;
    return now - period.start >= length / 100 * passed_percent_min &&
           *forecast.exhausted_at < period.end - length / 100 * margin_percent;
}

Event unusual_event(const AccountName& account, const Unusual& unusual, const std::string& time_zone, Timestamp now) {
    const Timestamp hour = unusual.hour;
    std::string text =
        fmt::format("{} spent {} in the hour from {}; in this hour of the week it usually spends {}.", account,
                    unusual.spent.for_people(), for_people(hour, time_zone), unusual.usual.for_people());
    if (unusual.since < unusual.hour)
        text += fmt::format(" It has spent unusually much since {}.", for_people(unusual.since, time_zone));
    JsonWriter json;
    json.open()
        .field("hour", to_text(hour))
        .field("since", to_text(Timestamp(unusual.since)))
        .field("spent_usd", unusual.spent.text())
        .field("usual_usd", unusual.usual.text())
        .field("above_usd", unusual.above.text())
        .close();
    return {.at = now,
            .name = fmt::format("anomaly:{}|{}", account, to_text(Timestamp(unusual.since))),
            .kind = "spend.unusual",
            .subject = account,
            .text = std::move(text),
            .detail = std::move(json).text()};
}

Event forecast_event(const LimitOf& limit, const Forecast& forecast, const std::string& time_zone, Timestamp now) {
    const Measure measure = limit.budget.measure;
    const Period& period = limit.now.period;
    const std::string kind = kind_words(limit.budget);
    const std::string text = fmt::format(
        "{} is expected to use up its limit of {} {} on {}, {} before the period ends: {} are spent, and at this pace "
        "it would be {} by the end ({} to {}).",
        limit.account, limit.now.limit.for_people(measure), period_words(limit.budget),
        for_people(*forecast.exhausted_at, time_zone), hours_and_days(period.end - *forecast.exhausted_at),
        limit.now.spent.for_people(measure), forecast.projected.for_people(measure), forecast.low.for_people(measure),
        forecast.high.for_people(measure));
    JsonWriter json;
    json.open()
        .field("kind", kind)
        .field("measure", name_of(measure))
        .field("limit", limit.now.limit.text(measure))
        .field("spent", limit.now.spent.text(measure))
        .field("projected", forecast.projected.text(measure))
        .field("exhausted_at", to_text(*forecast.exhausted_at))
        .field("period_end", to_text(period.end))
        .field("basis", name_of(forecast.basis))
        .close();
    return {.at = now,
            .name = fmt::format("forecast:{}|{}|{}", limit.account, kind, to_text(period.start)),
            .kind = "budget.forecast",
            .subject = limit.account,
            .text = text,
            .detail = std::move(json).text()};
}

Event runaway_event(const Runaway& runaway, const policies::Watch::Runaway& policy, const std::string& time_zone,
                    Timestamp now) {
    std::string text =
        fmt::format("{} spent {} within {} minutes; ", runaway.key, runaway.spent.for_people(), policy.within.count());
    text += runaway.usual_hour ? fmt::format("it usually spends {} in an hour.", runaway.usual_hour->for_people())
                               : std::string("it has no past to compare that with.");
    if (policy.pause) text += fmt::format(" It is paused until {}.", for_people(now + *policy.pause, time_zone));
    JsonWriter json;
    json.open().field("spent_usd", runaway.spent.text()).field("above_usd", runaway.above.text());
    json.field("within_minutes", static_cast<std::int64_t>(policy.within.count()));
    if (policy.pause) json.field("paused_until", to_text(now + *policy.pause));
    json.close();
    const Timestamp hour = std::chrono::floor<std::chrono::hours>(now);
    return {.at = now,
            .name = fmt::format("runaway:{}|{}", runaway.key, to_text(hour)),
            .kind = "key.runaway",
            .subject = runaway.key,
            .text = std::move(text),
            .detail = std::move(json).text()};
}

}  // namespace bursar::treasury
