#pragma once

#include "service/base/json.h"
#include "service/ctl/outcome.h"

#include <cstdint>
#include <string>
#include <string_view>

// How people write budgets and durations on the command line. Pure.
namespace bursar::ctl {

struct BudgetWords {
    std::string limit;  ///< "10 USD", "5M tokens", as policies write it
    std::string per;    ///< "month"; empty: between dates
    std::string from;   ///< "2026-12-01"
    std::string until;
    std::string of;  ///< "tier:frontier"; empty: all calls
    bool cost = false;
    bool rolling = false;
    bool hard = true;
};
/// "10 USD per month", "5M tokens/day", "100 calls per hour rolling", "20 USD/month of tier:frontier soft", "20 USD
/// cost from 2026-12-01 until 2027-01-01". wrong_usage says how to write it.
Outcome<BudgetWords> read_budget(std::string_view text);
/// As the API wants it.
void write_budget(JsonWriter& json, const BudgetWords& budget);

/// "0", "90s", "30m", "24h", "7d" in seconds.
Outcome<std::int64_t> read_duration(std::string_view text, std::int64_t days_max);

}  // namespace bursar::ctl
