#pragma once

#include "policies/snapshot.h"
#include "service/base/time_zone.h"

#include <optional>
#include <string>
#include <vector>

// Limits, rates and charges in the words of a plan.
namespace bursar::policies {

/// "2,000.00 USD per month", "5,000,000 tokens per day of tier:frontier (soft)". What money counts is said where it is
/// not `usual`; dates are days of `zone` where they are.
std::string words_of(const Budget& budget, Measure usual, const std::optional<TimeZone>& zone);

/// "600 calls per minute, 50 calls at once"; empty if there is none.
std::string words_of(const Rate& rate);

/// One line for each rule that came or went, and one where only their order changed.
std::vector<std::string> charging_changes(const std::vector<ChargeRule>& before, const std::vector<ChargeRule>& after);

}  // namespace bursar::policies
