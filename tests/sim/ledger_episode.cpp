#include "tests/sim/ledger_episode.h"

// What happens in an episode, and beside it in the model.
namespace bursar::sim {
namespace {

void expect_same(const ledger::Refusal& said, const ledger::Refusal& expected) {
    EXPECT_EQ(said.account, expected.account);
    EXPECT_EQ(said.budget, expected.budget);
    EXPECT_EQ(said.limit, expected.limit);
    EXPECT_EQ(said.spent, expected.spent);
    EXPECT_EQ(said.held, expected.held);
    EXPECT_EQ(said.asked, expected.asked);
    // A rolling limit says when the first of it comes free: later than now, and within its length.
    if (!said.budget.rolling) EXPECT_EQ(said.period_end, expected.period_end);
}

}  // namespace

using ledger::Level;

Figures figures{};

void Episode::act() {
    const std::uint64_t dice = below(1000);
    if (dice < 700) return act_on_calls();
    if (dice < 930) return write_group();
    if (dice < 945) return post();
    if (dice < 970) return pass_time();
    if (dice < 985) return revise_policy();
    crash();
}

void Episode::act_on_calls() {
    const std::uint64_t dice = below(70);
    if (dice < 38) return hold();
    if (dice < 45) return grow();
    if (dice < 66) return settle();
    release();
}

void Episode::hold() {
    const Caller& caller = callers_[below(callers_.size())];
    const LedgerModel::Facts facts = any_facts();
    const Amounts most{.charge = NanoUsd{3'000'000'000}, .cost = NanoUsd{2'000'000'000}, .tokens = 9'000, .calls = 1};
    const Amounts amount = below(10) == 0 ? Amounts{} : up_to(most);
    const Timestamp at = below(8) == 0 ? clock_.now() - std::chrono::minutes(below(90)) : clock_.now();
    const ledger::HoldRequest request{.call = CallId::make(at),
                                      .attempt = AttemptId::make(at),
                                      .scopes = caller.scopes,
                                      .amount = amount,
                                      .amount_min = below(2) == 0 ? amount : up_to(amount),
                                      .price_version = below(9),
                                      .at = at,
                                      .model = facts.model,
                                      .tier = facts.tier,
                                      .tags = facts.tag};
    // Nobody is given nothing of what he needs something of.
    const Amounts least{.charge = std::max(request.amount_min.charge, std::min(amount.charge, NanoUsd(1))),
                        .cost = std::max(request.amount_min.cost, std::min(amount.cost, NanoUsd(1))),
                        .tokens = std::max(request.amount_min.tokens, std::min<Tokens>(amount.tokens, 1)),
                        .calls = amount.calls};
    model_.see(at);
    const auto expected = model_.expect(caller.levels, facts, amount, least, model_.newest());
    const auto held = ledger_->hold(request, [this, attempt = request.attempt](Result<void> stored) {
        ++durable_said_[attempt];
        if (!stored && model_.open(attempt) != nullptr) model_.forget(attempt);
    });
    ++figures.holds;
    ASSERT_EQ(held.has_value(), expected.has_value());
    if (!held) {
        ++figures.refusals;
        return expect_same(held.error(), expected.error());
    }
    EXPECT_EQ(held->amount, expected->amount);
    EXPECT_EQ(held->remaining, expected->remaining);
    model_.take(request.attempt, {.call = request.call,
                                  .facts = facts,
                                  .levels = caller.levels,
                                  .at = model_.effective(at),
                                  .held = held->amount,
                                  .cost = {}});
    durable_said_[request.attempt] = 0;
    note(ledger::RecordKind::hold, request.attempt, held->amount);
    // The promise itself, in the model's numbers.
    for (const Level& level : caller.levels)
        for (const Budget& budget : level.budgets) {
            if (!budget.hard || !counts(budget, facts) || !in_force(budget, model_.newest())) continue;
            const auto sums = model_.sums(level.account, budget, model_.newest());
            const Quantity taken = sums.spent.in(budget.measure) + sums.held.in(budget.measure);
            // What takes nothing may pass a limit that a cost above its hold, or a lower limit, has gone over.
            if (amount.in(budget.measure) == Quantity{}) continue;
            ++figures.limits_checked;
            ASSERT_LE(taken, budget.limit_at(model_.newest())) << level.account << " " << kind_words(budget);
        }
}

std::optional<AttemptId> Episode::any_open() {
    const auto open = model_.open();
    if (open.empty()) return std::nullopt;
    // Mostly a young one, so that a few stay open for long.
    return open[open.size() - 1 - below(below(5) == 0 ? open.size() : std::min<std::size_t>(open.size(), 3))];
}

void Episode::grow() {
    const auto attempt = any_open();
    if (!attempt) return;
    const LedgerModel::Charge charge = *model_.open(*attempt);
    const Amounts more = up_to({.charge = NanoUsd{1'500'000'000}, .cost = NanoUsd{1'000'000'000}, .tokens = 4'000});
    const auto expected = model_.expect(charge.levels, charge.facts, more, more, charge.at);
    const auto grown = ledger_->grow(*attempt, more);
    ASSERT_EQ(grown.has_value(), expected.has_value());
    if (!grown) return expect_same(grown.error(), expected.error());
    EXPECT_EQ(grown->remaining, expected->remaining);
    model_.grow(*attempt, more);
    note(ledger::RecordKind::grow, *attempt, more);
}

void Episode::settle() {
    const auto attempt = any_open();
    if (!attempt) return;
    const Amounts held = model_.open(*attempt)->held;
    const Amounts above{.charge = NanoUsd{500'000'000}, .cost = NanoUsd{400'000'000}, .tokens = 2'000};
    const Amounts cost = below(12) == 0 ? held + up_to(above) : up_to(held);
    ASSERT_TRUE(ledger_->settle(*attempt, cost));
    EXPECT_FALSE(ledger_->settle(*attempt, cost));
    model_.close(*attempt, cost);
    note(ledger::RecordKind::settle, *attempt, cost);
}

/// A correction: either the books and its reason are both there, or neither.
void Episode::post() {
    // To accounts whose windows are stored: those of others would begin with what the calendar knows only.
    if (disk_.empty()) return;
    const LedgerModel::Charge& like = disk_[below(disk_.size())].charge;
    ledger::Posting posting{.accounts = {}, .at = clock_.now(), .amounts = {}};
    for (const Level& level : like.levels) posting.accounts.push_back(level.account);
    if (posting.accounts.empty()) return;
    if (below(3) == 0) posting.accounts = {posting.accounts.back()};
    if (below(2) == 0) posting.at -= std::chrono::hours(below(24 * 50));
    posting.amounts = {.charge = up_to(800'000'000) - NanoUsd(400'000'000),
                       .cost = up_to(800'000'000) - NanoUsd(400'000'000),
                       .tokens = count_up_to(2'000) - 1'000,
                       .calls = 0};
    if (below(6) == 0) store_.fail_statement(1 + static_cast<int>(below(3)));
    const bool reason_fails = below(10) == 0;
    const auto entered = ledger_->enter(posting, [&](store::Transaction&, std::int64_t) -> Result<void> {
        if (reason_fails) return fail(Fault::storage_unavailable, "no reason could be written");
        return {};
    });
    store_.fail_statement(0);
    if (reason_fails) ASSERT_FALSE(entered);
    if (!entered) return;
    ++figures.postings;
    model_.post(std::move(posting));
    note(ledger::RecordKind::posting, {}, {});
}

void Episode::release() {
    const auto attempt = any_open();
    if (!attempt) return;
    ASSERT_TRUE(ledger_->release(*attempt));
    EXPECT_FALSE(ledger_->release(*attempt));
    model_.forget(*attempt);
    note(ledger::RecordKind::release, *attempt, {});
}

void Episode::note(ledger::RecordKind kind, const AttemptId& attempt, const Amounts& amount) {
    const auto found = model_.charges().find(attempt);
    waiting_.push_back({.kind = kind,
                        .attempt = attempt,
                        .amount = amount,
                        .charge = found == model_.charges().end() ? LedgerModel::Charge{} : found->second});
}

void Episode::write_group() {
    const std::uint64_t dice = below(20);
    const Commit commit = dice == 0 ? Commit::fails : dice == 1 ? Commit::works_but_says_it_failed : Commit::works;
    if (dice == 2) store_.fail_statement(1 + static_cast<int>(below(5)));
    const std::vector<Note> group = std::exchange(waiting_, {});
    const Timestamp newest = model_.newest();
    store_.meanwhile([this] {
        for (std::uint64_t left = below(3); left > 0; --left) act_on_calls();
    });
    const bool stored = store_.step(commit).has_value();
    store_.meanwhile({});
    store_.fail_statement(0);
    for (const Note& each : group)
        if (each.kind == ledger::RecordKind::hold) EXPECT_EQ(durable_said_[each.attempt], 1);
    if (group.empty()) return;
    if (stored) {
        disk_.insert(disk_.end(), group.begin(), group.end());
        disk_newest_ = newest;
        doubtful_.clear();
        return;
    }
    if (commit == Commit::works_but_says_it_failed && dice == 1) {
        doubtful_ = group;
        doubtful_newest_ = newest;
    }
    std::vector<Note> again;
    for (const Note& each : group)
        if (each.kind != ledger::RecordKind::hold) again.push_back(each);
    waiting_.insert(waiting_.begin(), again.begin(), again.end());
}

void Episode::pass_time() {
    switch (below(6)) {
        case 0:
            return clock_.advance(std::chrono::hours(below(24 * 40)));
        case 1:
            return clock_.set(clock_.now() - std::chrono::minutes(below(60 * 30)));
        case 2:
            return clock_.advance(std::chrono::hours(below(30)));
        default:
            return clock_.advance(std::chrono::seconds(below(2'000)));
    }
}

/// Soft limits of every kind that the ledger has a window of its own for. With them in every policy a window is there
/// from the beginning, so that the naive sums are exact.
std::vector<Budget> Episode::probes() {
    std::vector<Budget> all;
    for (const char* const of : {"", "model:m0", "tier:t1", "tag:x0"}) {
        for (const Per per : {Per::minute, Per::hour, Per::day, Per::week, Per::month, Per::quarter, Per::year})
            all.push_back(
                {.limit = {}, .per = per, .hard = false, .measure = Measure::cost, .of = of, .rolling = true});
        all.push_back({.limit = {},
                       .per = Per::dates,
                       .hard = false,
                       .measure = Measure::tokens,
                       .of = of,
                       .from = begun_ + std::chrono::hours(20),
                       .until = begun_ + std::chrono::days(40)});
    }
    return all;
}

Budget Episode::any_budget() {
    const auto measure = static_cast<Measure>(below(4));
    const std::int64_t most = measure == Measure::tokens ? 200'000 : measure == Measure::calls ? 40 : 60'000'000'000;
    Budget budget = probes()[below(32)];
    budget.measure = measure;
    budget.hard = below(4) != 0;
    budget.limit = Quantity{count_up_to(below(3) == 0 ? most / 12 : most)};
    if (budget.per != Per::dates && below(3) != 0) {
        budget.rolling = false;
        budget.per = static_cast<Per>(below(8));
    }
    if (below(3) == 0)
        budget.adjustments.push_back({.amount = Quantity{count_up_to(most / 4) - most / 16},
                                      .from = clock_.now() - std::chrono::hours(below(100)),
                                      .until = clock_.now() + std::chrono::hours(below(400))});
    return budget;
}

/// The same accounts under other budgets, for calls from now on.
void Episode::revise_policy() {
    std::map<AccountName, std::vector<Budget>> tree;
    callers_.clear();
    for (std::uint64_t key = 0; key < 6; ++key) {
        std::vector<AccountName> path{"org", key < 3 ? "team:a" : "team:b"};
        if (key % 2 == 0) path.push_back("team:a/deep");
        path.push_back("key:" + std::to_string(key));
        Caller caller;
        for (const AccountName& account : path) {
            if (!tree.contains(account)) {
                tree[account] = probes();
                for (std::uint64_t left = below(3); left > 0; --left) tree[account].push_back(any_budget());
            }
            caller.levels.push_back({account, tree[account]});
        }
        auto scopes = ledger_->prepare(caller.levels, zone_);
        ASSERT_TRUE(scopes);
        caller.scopes = *std::move(scopes);
        callers_.push_back(std::move(caller));
    }
}

}  // namespace bursar::sim
