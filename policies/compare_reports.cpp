#include "policies/compare_reports.h"

#include <array>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::array<std::string_view, 7> weekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                      "Friday", "Saturday", "Sunday"};

std::string when(const ReportSchedule& schedule) {
    if (schedule.name.empty()) return {};
    const std::string at = fmt::format("{:02}:{:02}", schedule.at.count() / 60, schedule.at.count() % 60);
    switch (schedule.every) {
        case ReportSchedule::Every::day:
            return fmt::format("every day at {}", at);
        case ReportSchedule::Every::week:
            return fmt::format("every {} at {}", weekdays.at(static_cast<std::size_t>(schedule.weekday) - 1), at);
        case ReportSchedule::Every::month:
            return fmt::format("on the first of every month at {}", at);
    }
    return {};
}

std::string about(const ReportSchedule& schedule) {
    constexpr std::size_t shown_max = 10;
    if (schedule.name.empty()) return {};
    std::vector<std::string> names;
    if (schedule.whole) names.emplace_back("the organisation");
    for (const std::string& subject : schedule.subjects) {
        if (names.size() == shown_max) {
            names.push_back(fmt::format("{} more", schedule.subjects.size() + (schedule.whole ? 1 : 0) - shown_max));
            break;
        }
        names.push_back(subject);
    }
    return names.empty() ? "nobody" : joined(names);
}

std::string readers(const ReportSchedule& schedule) {
    std::string out = joined(schedule.to);
    for (const auto& [team, targets] : schedule.to_of)
        out += fmt::format("{}of {}: {}", out.empty() ? "" : "; ", team, joined(targets));
    return out;
}

}  // namespace

void compare_reports(Comparison& out, const ReportSchedules& before, const ReportSchedules& after) {
    out.section("report", before, after,
                [&](const std::string& thing, const ReportSchedule& old, const ReportSchedule& now) {
                    out.value(thing, "is made", when(old), when(now));
                    out.value(thing, "is about", about(old), about(now));
                    out.value(thing, "to", readers(old), readers(now));
                    if (old.name.empty())
                        out.value(thing, "as", "", joined(now.formats));
                    else
                        out.value(thing, "as", joined(old.formats), joined(now.formats));
                    if (old.people_shown != now.people_shown)
                        out.line(fmt::format("{}: people are {}", thing, now.people_shown ? "shown" : "hidden"));
                });
}

}  // namespace bursar::policies
