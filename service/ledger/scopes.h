#pragma once

#include "service/ledger/account.h"
#include "service/ledger/ledger.h"

#include <array>
#include <bitset>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::ledger {

/// More accounts than any call is charged to; a byte counts them in the journal.
inline constexpr std::size_t rungs_max = 128;
/// Which rungs of its scopes a call takes.
using Taken = std::bitset<rungs_max>;

/// Levels with their accounts looked up. The accounts and the calendar are guarded by the ledger's mutex; the rest
/// never changes.
class Scopes {
  public:
    /// Which calls a rung counts.
    enum class Counts : std::uint8_t { all, tier, model, tag };
    struct Rung {
        Account* account;
        std::vector<Budget> budgets;
        Counts counts = Counts::all;
        std::string only = {};   ///< of that name
        AccountName shown = {};  ///< the account as people know it
    };
    std::shared_ptr<Calendar> calendar;
    std::vector<Rung> rungs;  ///< no account twice
    Taken whole;              ///< every rung
    bool all_count_all = true;

    Taken taken_by(const HoldRequest& request) const;
    template <typename Visit>
    void each(const Taken& taken, Visit visit) const {
        for (std::size_t i = 0; i < rungs.size(); ++i)
            if (taken[i]) visit(rungs[i]);
    }
};

/// The name of the books of a rung: "team:research", or "team:research|model:gpt-4o".
AccountName name_of(const Scopes::Rung& rung);

/// Levels to rungs, without their accounts: one for all calls of each level, and one for each name in Budget::of.
/// wrong_configuration if they are too many.
Result<std::vector<Scopes::Rung>> rungs_of(std::vector<Level> levels);

}  // namespace bursar::ledger
