#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// When usage reports are made, of whom, and who gets them: the section "reports".
namespace bursar::policies {

/// In which reports to people are written.
enum class Language : std::uint8_t { en, de, fr };
/// As policies write it: "de".
std::string_view name_of(Language language);

/// `of` in documents means the organisation by this word.
inline constexpr std::string_view whole_organisation = "organisation";

struct ReportSchedule {
    enum class Every : std::uint8_t { day, week, month };
    enum class Each : std::uint8_t { named, department, team };

    std::string name;
    Every every = Every::month;
    std::chrono::minutes at{7 * 60};  ///< since midnight, in the organisation's time zone
    int weekday = 1;                  ///< of weekly ones: 1 is Monday, 7 Sunday
    /// Teams and departments, a report each; empty: the organisation as a whole. Worked out from `of` and `each`.
    std::vector<std::string> subjects;
    bool whole = true;                                                   ///< one report is about the whole organisation
    std::vector<std::string> to;                                         ///< targets that get every report
    std::map<std::string, std::vector<std::string>, std::less<>> to_of;  ///< those of a team, and of the teams below
    bool people_shown = false;
    std::vector<std::string> formats = {"pdf"};  ///< of pdf, html, csv, png
    bool operator==(const ReportSchedule&) const = default;
};
std::string_view name_of(ReportSchedule::Every every);

using ReportSchedules = std::map<std::string, ReportSchedule, std::less<>>;

}  // namespace bursar::policies
