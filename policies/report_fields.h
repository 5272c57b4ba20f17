#pragma once

#include "policies/fields.h"
#include "policies/reports.h"

#include <optional>
#include <string>
#include <vector>

// Parts of the section "reports" while it is read.
namespace bursar::policies {

constexpr std::size_t report_schedules_max = 50;
constexpr std::size_t report_subjects_max = 500;  ///< of one schedule: each is a report, made one after the other
constexpr std::size_t report_targets_max = 20;

/// A name with its place.
struct NameAt {
    std::string name;
    Place at;
};

struct ReportDraft {
    ReportSchedule schedule;  ///< without what refers to something else
    ReportSchedule::Each each = ReportSchedule::Each::named;
    std::vector<NameAt> of;
    std::vector<NameAt> to;
    struct Own {
        NameAt team;
        std::vector<NameAt> to;
    };
    std::vector<Own> to_of;
    Place at;
};

/// "20:00", as minutes since midnight.
std::optional<std::chrono::minutes> read_clock(const Value& value);
/// USD, or {code: EUR, per_usd: "0.92"}.
void read_currency(const Value& value, Organisation& organisation);

}  // namespace bursar::policies
