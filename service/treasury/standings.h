#pragma once

#include "policies/rules.h"
#include "service/ledger/ledger.h"

#include <functional>
#include <vector>

namespace bursar::treasury {

/// How limits stand at an instant: all that the treasury reads of the ledger.
using Standings = std::function<Result<std::vector<ledger::Standing>>(std::vector<ledger::Level>, Timestamp at)>;

inline Standings standings_of(ledger::Ledger& ledger, const policies::Rules& rules) {
    return [&](std::vector<ledger::Level> levels, Timestamp at) -> Result<std::vector<ledger::Standing>> {
        TRY(const auto scopes, ledger.prepare(std::move(levels), rules.get()->organisation.time_zone));
        return ledger.standing(*scopes, at);
    };
}

}  // namespace bursar::treasury
