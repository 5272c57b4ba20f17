#include "tests/sim/ledger_model.h"

#include <algorithm>

namespace bursar::sim {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds length_of(Per per) {
    switch (per) {
        case Per::minute:
            return 60s;
        case Per::hour:
            return 60min;
        case Per::day:
            return 24h;
        case Per::week:
            return 24h * 7;
        case Per::month:
            return 24h * 30;
        case Per::quarter:
            return 24h * 90;
        default:
            return 24h * 365;
    }
}

/// The rolling window that the ledger counts: whole sixtieths, of which the oldest is only partly in the true one.
Period rolling_window(Per per, Timestamp at) {
    const std::chrono::nanoseconds cell = length_of(per) / 60;
    const auto now = at.time_since_epoch() / cell;
    return {.start = Timestamp(cell * (now - 60)), .end = Timestamp(cell * (now + 1))};
}

NanoUsd cut(NanoUsd wanted, NanoUsd left) { return std::min(wanted, left); }

}  // namespace

bool counts(const Budget& budget, const LedgerModel::Facts& facts) {
    return budget.of.empty() || budget.of == "model:" + facts.model || budget.of == "tier:" + facts.tier ||
           budget.of == "tag:" + facts.tag;
}

bool in_force(const Budget& budget, Timestamp at) {
    return budget.per != Per::dates || (budget.from <= at && at < budget.until);
}

std::vector<const Budget*> in_order(const ledger::Level& level) {
    std::vector<std::string> kinds{""};
    for (const Budget& budget : level.budgets)
        if (std::ranges::find(kinds, budget.of) == kinds.end()) kinds.push_back(budget.of);
    std::vector<const Budget*> order;
    for (const std::string& kind : kinds)
        for (const Budget& budget : level.budgets)
            if (budget.of == kind) order.push_back(&budget);
    return order;
}

Period LedgerModel::period_of(const Budget& budget, Timestamp at) const {
    if (budget.per == Per::dates) return {.start = budget.from, .end = budget.until};
    if (budget.rolling) return rolling_window(budget.per, at);
    return zone_.period_of(budget.per, at);
}

LedgerModel::Sums LedgerModel::sums(const AccountName& account, const Budget& budget, Timestamp at) const {
    Sums sums{.spent = {}, .held = {}, .period = period_of(budget, at)};
    for (const auto& [attempt, charge] : charges_) {
        if (std::ranges::find(charge.levels, account, &ledger::Level::account) == charge.levels.end()) continue;
        if (!counts(budget, charge.facts)) continue;
        if (charge.open && (budget.rolling || sums.period.contains(charge.at))) sums.held += charge.held;
        if (!charge.open && sums.period.contains(charge.at)) sums.spent += charge.cost;
    }
    for (const ledger::Posting& posting : postings_)
        if (budget.of.empty() && std::ranges::find(posting.accounts, account) != posting.accounts.end() &&
            sums.period.contains(posting.at))
            sums.spent += posting.amounts;
    return sums;
}

std::expected<ledger::Held, ledger::Refusal> LedgerModel::expect(const std::vector<ledger::Level>& levels,
                                                                 const Facts& facts, const Amounts& amount,
                                                                 const Amounts& least, Timestamp at) const {
    ledger::Held held{.amount = amount, .remaining = ledger::unlimited};
    NanoUsd charge_left = ledger::unlimited, cost_left = ledger::unlimited;
    for (const ledger::Level& level : levels)
        for (const Budget* const budget : in_order(level)) {
            if (!budget->hard || !counts(*budget, facts) || !in_force(*budget, at)) continue;
            const Sums now = sums(level.account, *budget, budget->rolling ? newest_ : at);
            const Measure measure = budget->measure;
            const Quantity limit = budget->limit_at(at);
            const Quantity left = limit - now.spent.in(measure)-now.held.in(measure);
            if (left < least.in(measure))
                return std::unexpected(ledger::Refusal{.account = level.account,
                                                       .budget = *budget,
                                                       .limit = limit,
                                                       .spent = now.spent.in(measure),
                                                       .held = now.held.in(measure),
                                                       .asked = amount.in(measure),
                                                       .period_end = now.period.end});
            if (measure == Measure::money) charge_left = std::min(charge_left, left.usd());
            if (measure == Measure::cost) cost_left = std::min(cost_left, left.usd());
            if (measure == Measure::tokens) held.amount.tokens = std::min(held.amount.tokens, left.units());
        }
    held.amount.charge = cut(amount.charge, charge_left);
    held.amount.cost = cut(amount.cost, cost_left);
    if (charge_left != ledger::unlimited) held.remaining = charge_left - held.amount.charge;
    if (cost_left != ledger::unlimited) held.remaining = std::min(held.remaining, cost_left - held.amount.cost);
    return held;
}

void LedgerModel::close(const AttemptId& attempt, const Amounts& cost) {
    Charge& charge = charges_.at(attempt);
    charge.open = false;
    charge.cost = cost;
}

void LedgerModel::post(ledger::Posting posting) {
    see(posting.at);
    postings_.push_back(std::move(posting));
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
