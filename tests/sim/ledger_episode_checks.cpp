#include "tests/sim/ledger_episode.h"

#include <set>

// The end of a process and what the next one finds; and the comparison with the model.
namespace bursar::sim {
namespace {

using ledger::Level;

/// Every name that such a call is booked to: limits for some calls only have books of their own.
std::set<std::string> accounts_of(const LedgerModel::Charge& charge) {
    std::set<std::string> names;
    for (const Level& level : charge.levels) {
        names.insert(level.account);
        for (const Budget& budget : level.budgets)
            if (!budget.of.empty() && counts(budget, charge.facts)) names.insert(level.account + "|" + budget.of);
    }
    return names;
}

}  // namespace

void Episode::crash() {
    // At most one group more reaches the disk while the process ends.
    if (below(2) == 0) write_group();
    if (testing::Test::HasFailure()) return;
    ++figures.crashes;
    ledger_.reset();
    store_.crash();
    replay_disk();
    if (below(4) == 0) {
        store_.fail_statement(1 + static_cast<int>(below(8)));
        if (ledger::read_books(store_)) {
            store_.fail_statement(0);
            // It was through: what it lost is booked, and the next start finds nothing open.
            for (const AttemptId& attempt : model_.open()) model_.close(attempt, model_.open(attempt)->held);
        }
        ++figures.recoveries_cut;
        store_.crash();
    }
    restart();
    expect_recovered();
    revise_policy();
}

void Episode::restart() {
    auto opening = ledger::read_books(store_);
    ASSERT_TRUE(opening) << opening.error().for_caller;
    ledger_ = std::make_unique<ledger::Books>(store_, *std::move(opening), pace_);
    store_.attach(*ledger_);
}

/// Makes the model what is stored: nothing that was only in memory.
void Episode::replay_disk() {
    disk_.insert(disk_.end(), doubtful_.begin(), doubtful_.end());
    if (!doubtful_.empty()) disk_newest_ = doubtful_newest_;
    doubtful_.clear();
    waiting_.clear();
    LedgerModel stored(*TimeZone::load(zone_));
    for (const Note& each : disk_) {
        const bool known = stored.open(each.attempt) != nullptr;
        switch (each.kind) {
            case ledger::RecordKind::hold:
                stored.set_newest(each.charge.at);
                stored.take(each.attempt, each.charge);
                stored.grow(each.attempt, each.amount - each.charge.held);
                break;
            case ledger::RecordKind::grow:
                if (known) stored.grow(each.attempt, each.amount);
                break;
            case ledger::RecordKind::release:
                stored.forget(each.attempt);
                break;
            case ledger::RecordKind::posting:
                break;
            case ledger::RecordKind::settle:
            case ledger::RecordKind::lost:
                stored.set_newest(each.charge.at);
                if (!known) stored.take(each.attempt, each.charge);
                stored.close(each.attempt, each.amount);
                break;
        }
    }
    stored.set_newest(disk_newest_);
    // Their rows were stored when they were entered, whatever the journal had by then.
    for (const ledger::Posting& posting : model_.postings()) stored.post(posting);
    model_ = std::move(stored);
}

void Episode::expect_recovered() {
    const auto open = model_.open();
    const auto& lost = ledger_->lost_at_start();
    ASSERT_EQ(lost.size(), open.size());
    for (const auto& each : lost) {
        const auto* const charge = model_.open(each.attempt);
        ASSERT_NE(charge, nullptr);
        EXPECT_EQ(each.amount, charge->held);
        EXPECT_EQ(each.at, charge->at);
        EXPECT_EQ(each.call, charge->call);
        EXPECT_EQ(each.accounts.size(), accounts_of(*charge).size());
    }
    for (const AttemptId& attempt : open) model_.close(attempt, model_.open(attempt)->held);
    EXPECT_EQ(ledger_->totals().holds_open, 0U);
    for (const auto& each : ledger_->spending()) EXPECT_EQ(each.held, Amounts{}) << each.account;
    // From here on the disk is what the model has.
    disk_.clear();
    for (const auto& [attempt, charge] : model_.charges())
        disk_.push_back(
            {.kind = ledger::RecordKind::settle, .attempt = attempt, .amount = charge.cost, .charge = charge});
}

void Episode::compare() {
    for (const auto& each : ledger_->spending()) {
        const std::size_t bar = std::min(each.account.find('|'), each.account.size());
        const Budget ever{
            .limit = {}, .per = Per::ever, .of = each.account.substr(std::min(bar + 1, each.account.size()))};
        const auto sums = model_.sums(each.account.substr(0, bar), ever, model_.newest());
        ASSERT_EQ(each.spent, sums.spent) << each.account;
        ASSERT_EQ(each.held, sums.held) << each.account;
    }
    const Timestamp at = model_.effective(clock_.now());
    const Caller& caller = callers_[below(callers_.size())];
    for (const auto& standing : ledger_->standing(*caller.scopes, clock_.now())) {
        const Budget& budget = standing.budget;
        const std::string what = standing.account + " " + kind_words(budget);
        const auto sums = model_.sums(standing.account, budget, at);
        ASSERT_EQ(standing.spent, sums.spent.in(budget.measure)) << what;
        ASSERT_EQ(standing.held, sums.held.in(budget.measure)) << what;
        ASSERT_EQ(standing.limit, budget.limit_at(at)) << what;
        ++figures.standings;
        if (budget.rolling) continue;
        ASSERT_EQ(standing.period_start, sums.period.start) << what;
        ASSERT_EQ(standing.period_end, sums.period.end) << what;
    }
    ASSERT_EQ(ledger_->totals().holds_open, model_.open().size());
}

}  // namespace bursar::sim
