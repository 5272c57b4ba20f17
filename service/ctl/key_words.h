#pragma once

#include "service/ctl/outcome.h"

#include <cstdint>
#include <string>
#include <string_view>

// How people write budgets and durations on the command line. Pure.
namespace bursar::ctl {

struct BudgetWords {
    std::string limit;  ///< "10 USD", as policies write it
    std::string per;    ///< "month"
    bool hard = true;
};
/// "10 USD per month", "10 USD/week soft". wrong_usage says how to write it.
Outcome<BudgetWords> read_budget(std::string_view text);

/// "0", "90s", "30m", "24h", "7d" in seconds.
Outcome<std::int64_t> read_duration(std::string_view text, std::int64_t days_max);

}  // namespace bursar::ctl
