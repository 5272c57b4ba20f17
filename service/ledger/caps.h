#pragma once

#include "service/ledger/ledger.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace bursar::ledger {

/// Of `standings`, the hard limits in money that count every call: what a person can use up. The fullest first. Pure.
std::vector<Standing> caps_of(std::vector<Standing> standings);

/// What is spent of a limit, in whole percents; what is only held counts for nothing, since most of it comes back. May
/// be above 100. Of a limit of nothing all is spent.
std::int64_t percent_spent(const Standing& standing);

/// How Claude Code names the length of a limit's period (its gateway protocol knows three): "daily", "weekly" or
/// "monthly", the next longer or else the longest.
std::string_view agent_period(Per per);

}  // namespace bursar::ledger
