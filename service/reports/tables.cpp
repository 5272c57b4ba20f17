#include "service/reports/tables.h"

#include <algorithm>

namespace bursar::reports {
namespace {

void add(report::Figures& to, const report::Figures& more) {
    to.calls += more.calls;
    to.refused += more.refused;
    to.errors += more.errors;
    to.tokens_in += more.tokens_in;
    to.tokens_out += more.tokens_out;
    to.cost = plus(to.cost, more.cost);
    to.charge = plus(to.charge, more.charge);
}

using ByTime = std::map<Timestamp, audit::UsageSums>;

Result<ByTime> by_time(audit::Audit& audit, const Scope& scope, const TimeZone& zone, Every every,
                       const Period& period) {
    const bool hours = every == Every::day;
    TRY(const Sums sums, sums_by(audit, scope, hours ? audit::By::hour : audit::By::day, period));
    ByTime out;
    for (const auto& [label, each] : sums) {
        TRY(const Timestamp at, parse_timestamp(hours ? label : label + "T00:00:00Z"));
        out[hours ? at : zone.start_of(std::chrono::floor<std::chrono::days>(at))] = each;
    }
    return out;
}

/// When the hours or days of a period begin.
std::vector<Timestamp> places_of(const TimeZone& zone, Every every, const Period& period) {
    std::vector<Timestamp> places;
    if (every == Every::day) {
        for (Timestamp at = std::chrono::floor<std::chrono::hours>(period.start); at < period.end;
             at += std::chrono::hours(1))
            places.push_back(at);
        return places;
    }
    for (auto date = zone.date_of(period.start); zone.start_of(date) < period.end; date += std::chrono::days(1))
        places.push_back(zone.start_of(date));
    return places;
}

}  // namespace

report::Table table_of(const Sums& now, const Sums& before, std::size_t lines_max,
                       const std::function<std::string(std::string_view)>& above) {
    std::map<std::string_view, report::Line> lines;
    for (const auto& [name, sums] : now) lines[name].now = figures_of(sums);
    for (const auto& [name, sums] : before) lines[name].before = figures_of(sums);
    report::Table table;
    for (auto& [name, line] : lines) {
        line.name = name;
        if (above) line.above = above(name);
        table.lines.push_back(std::move(line));
    }
    std::ranges::sort(table.lines, [](const report::Line& a, const report::Line& b) {
        return std::tuple(b.now.charge, b.before.charge, std::string_view(a.name)) <
               std::tuple(a.now.charge, a.before.charge, std::string_view(b.name));
    });
    shorten(table, lines_max);
    return table;
}

void shorten(report::Table& table, std::size_t lines_max) {
    while (table.lines.size() > lines_max) {
        add(table.rest.now, table.lines.back().now);
        add(table.rest.before, table.lines.back().before);
        table.lines.pop_back();
        ++table.left_out;
    }
}

Result<std::vector<report::Day>> days_of(audit::Audit& audit, const Scope& scope, const TimeZone& zone, Every every,
                                         const Period& period, const std::optional<Period>& before) {
    TRY(const ByTime sums, by_time(audit, scope, zone, every, period));
    ByTime earlier;
    std::vector<Timestamp> earlier_places;
    if (before) {
        TRY(earlier, by_time(audit, scope, zone, every, *before));
        earlier_places = places_of(zone, every, *before);
    }
    std::vector<report::Day> days;
    for (const Timestamp at : places_of(zone, every, period)) {
        report::Day& day = days.emplace_back(report::Day{.begins = at, .charge = {}, .before = {}});
        if (const auto found = sums.find(at); found != sums.end()) {
            day.charge = found->second.charge;
            day.calls = found->second.calls;
        }
        if (days.size() > earlier_places.size()) continue;
        const auto found = earlier.find(earlier_places[days.size() - 1]);
        day.before = found == earlier.end() ? NanoUsd{} : found->second.charge;
    }
    return days;
}

}  // namespace bursar::reports
