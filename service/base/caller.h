#pragma once

#include "service/base/budget.h"

#include <string>
#include <vector>

namespace bursar {

/// Who calls the data plane, as room 2 found out. Immutable; shared by every call of the same key.
struct Caller {
    std::string key_id;               ///< public part of the virtual key
    std::string name;                 ///< the key's label
    std::string team;                 ///< a team of the policy
    std::string person;               ///< empty for a service key
    std::vector<std::string> models;  ///< names or "tier:NAME"; empty: whatever the team may
    std::vector<Budget> budgets;      ///< limits of this key alone
};

/// Accounts of the ledger are named by kind and name: "org", "team:research", "person:alice", "key:7f3a…".
using AccountName = std::string;

}  // namespace bursar
