#pragma once

#include "service/treasury/corrections.h"
#include "service/treasury/credits.h"
#include "service/treasury/decision.h"
#include "service/treasury/pauses.h"
#include "service/treasury/requests.h"

#include <memory>
#include <vector>

namespace bursar::treasury {

/// All that is decided about money beside the policy, at one desk.
struct Treasury {
    /// Of every part, and of the events; for store::Options.
    static std::vector<store::Schema> schemas();
    /// Reads what was decided and puts it in force. The store need not be started yet; all that is given outlives this.
    /// Blocking.
    static Result<std::unique_ptr<Treasury>> open(store::Store& store, ledger::Ledger& ledger, audit::Audit& audit,
                                                  policies::Rules& rules, const Clock& clock);

    Treasury(store::Store& store, policies::Rules& rules, const Clock& clock) : desk{store, rules, clock} {}

    Desk desk;
    std::unique_ptr<Requests> requests;
    std::unique_ptr<Credits> credits;
    std::unique_ptr<Corrections> corrections;
    std::unique_ptr<Pauses> pauses;
};

}  // namespace bursar::treasury
