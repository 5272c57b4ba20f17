#include "policies/allocation.h"

#include "service/base/ensure.h"

#include <algorithm>

namespace bursar::policies {

std::string_view name_of(ShareBy by) {
    switch (by) {
        case ShareBy::weight:
            return "weight";
        case ShareBy::heads:
            return "heads";
        case ShareBy::use:
            return "use";
        case ShareBy::fixed:
            return "fixed";
    }
    ENSURE(false);
}

const Budget* pool_limit(const std::vector<Budget>& budgets, Per per) {
    const Budget* tightest = nullptr;
    for (const Budget& each : budgets)
        if (each.hard && each.per == per && each.of.empty() && !each.rolling && is_money(each.measure) &&
            (tightest == nullptr || each.limit < tightest->limit))
            tightest = &each;
    return tightest;
}

}  // namespace bursar::policies
