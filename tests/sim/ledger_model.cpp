#include "tests/sim/ledger_model.h"

#include <algorithm>

namespace bursar::sim {

LedgerModel::Sums LedgerModel::sums(const AccountName& account, Per per, Timestamp at) const {
    Sums sums{.period = zone_.period_of(per, at)};
    for (const auto& [attempt, charge] : charges_) {
        if (std::ranges::find(charge.levels, account, &ledger::Level::account) == charge.levels.end()) continue;
        if (!sums.period.contains(charge.at)) continue;
        (charge.open ? sums.held : sums.spent) += charge.open ? charge.held : charge.cost;
    }
    return sums;
}

std::expected<ledger::Held, ledger::Refusal> LedgerModel::expect(const std::vector<ledger::Level>& levels,
                                                                 NanoUsd amount, NanoUsd least, NanoUsd asked,
                                                                 Timestamp at) const {
    NanoUsd tightest = ledger::unlimited;
    for (const ledger::Level& level : levels)
        for (const Budget& budget : level.budgets) {
            if (!budget.hard) continue;
            const Sums now = sums(level.account, budget.per, at);
            const NanoUsd left = budget.limit.usd() - now.spent - now.held;
            if (left < least)
                return std::unexpected(ledger::Refusal{.account = level.account,
                                                       .budget = budget,
                                                       .spent = now.spent,
                                                       .held = now.held,
                                                       .asked = asked,
                                                       .period_end = now.period.end});
            tightest = std::min(tightest, left);
        }
    const NanoUsd taken = std::min(amount, tightest);
    return ledger::Held{.amount = taken, .remaining = tightest == ledger::unlimited ? tightest : tightest - taken};
}

void LedgerModel::take(const ledger::HoldRequest& request, std::vector<ledger::Level> levels, NanoUsd amount) {
    charges_[request.attempt] = {
        .request = request, .levels = std::move(levels), .at = effective(request.at), .held = amount};
}

void LedgerModel::close(const AttemptId& attempt, NanoUsd cost) {
    Charge& charge = charges_.at(attempt);
    charge.open = false;
    charge.cost = cost;
}

const LedgerModel::Charge* LedgerModel::open(const AttemptId& attempt) const {
    const auto found = charges_.find(attempt);
    return found == charges_.end() || !found->second.open ? nullptr : &found->second;
}

std::vector<AttemptId> LedgerModel::open() const {
    std::vector<AttemptId> attempts;
    for (const auto& [attempt, charge] : charges_)
        if (charge.open) attempts.push_back(attempt);
    return attempts;
}

}  // namespace bursar::sim
