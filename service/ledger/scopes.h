#pragma once

#include "service/ledger/account.h"
#include "service/ledger/ledger.h"

#include <memory>
#include <vector>

namespace bursar::ledger {

/// Levels with their accounts looked up. The accounts and the calendar are guarded by the ledger's mutex; the rest
/// never changes.
class Scopes {
  public:
    struct Rung {
        Account* account;
        std::vector<Budget> budgets;
    };
    std::shared_ptr<Calendar> calendar;
    std::vector<Rung> rungs;  ///< no account twice
};

}  // namespace bursar::ledger
