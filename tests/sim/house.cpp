#include "tests/sim/house.h"

#include "policies/admit.h"
#include "service/treasury/events.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::sim {

House::House(std::string_view policy, std::string_view start)
    : clock_(*parse_timestamp(start)),
      store_({ledger::Ledger::schema(), audit::Audit::schema(), treasury::events_schema(),
              treasury::allocations_schema()}) {
    apply(policy);
    restart();
}

void House::apply(std::string_view policy) {
    policy_ = policy;
    policies::Parsed parsed = policies::parse({}, {{"policy.yaml", policy_}}, ++revision_);
    for (const policies::Problem& problem : parsed.problems) ADD_FAILURE() << problem.message();
    if (rules_)
        rules_->put(parsed.snapshot);
    else
        rules_ = std::make_unique<policies::Rules>(parsed.snapshot);
}

void House::restart() {
    runs_.reset();
    ledger_.reset();
    audit_.reset();
    store_.crash();
    auto opening = ledger::read_books(store_);
    ASSERT_TRUE(opening) << opening.error().for_caller;
    ledger_ = std::make_unique<ledger::Books>(store_, *std::move(opening));
    auto audit = audit::Audit::open(store_, Secret(std::string(32, 'p')), clock_);
    ASSERT_TRUE(audit) << audit.error().for_caller;
    audit_ = *std::move(audit);
    store_.attach(*audit_);
    store_.attach(*ledger_);
    rules_.reset();
    apply(std::string(policy_));
    auto runs = treasury::Runs::open(store_, *ledger_, *audit_, *rules_, clock_, [this] { return people; });
    ASSERT_TRUE(runs) << runs.error().for_caller;
    runs_ = *std::move(runs);
    const auto loaded = runs_->load();
    ASSERT_TRUE(loaded) << loaded.error().for_caller;
}

void House::go_to(std::string_view when) { go_to(*parse_timestamp(when)); }

void House::go_to(Timestamp when) {
    clock_.set(when);
    tick();
}

std::optional<AttemptId> House::hold(const Caller& caller, NanoUsd amount) {
    newest_ = instant();
    const auto rules = rules_->get();
    const auto charged = policies::accounts_of(*rules, caller);
    if (!charged) {
        ADD_FAILURE() << charged.error().for_caller;
        return {};
    }
    std::vector<ledger::Level> levels;
    for (const policies::Charged& each : *charged) levels.push_back({each.account, each.budgets});
    const auto scopes = ledger_->prepare(std::move(levels), rules->organisation.time_zone);
    if (!scopes) {
        ADD_FAILURE() << scopes.error().for_caller;
        return {};
    }
    const AttemptId attempt = AttemptId::make(clock_.now());
    const auto held = ledger_->hold({.call = CallId::make(clock_.now()),
                                     .attempt = attempt,
                                     .scopes = *scopes,
                                     .amount = {.charge = amount, .cost = amount, .calls = 1},
                                     .amount_min = {.charge = amount, .cost = amount, .calls = 1},
                                     .price_version = 1,
                                     .at = clock_.now()},
                                    [](Result<void>) {});
    return held ? std::optional(attempt) : std::nullopt;
}

void House::settle(const AttemptId& attempt, NanoUsd cost) {
    EXPECT_TRUE(ledger_->settle(attempt, {.charge = cost, .cost = cost, .calls = 1}));
}

bool House::spend(const Caller& caller, NanoUsd amount) {
    const auto attempt = hold(caller, amount);
    if (!attempt) return false;
    settle(*attempt, amount);
    EXPECT_TRUE(store_.step());
    return true;
}

NanoUsd House::taken(const AccountName& account, Per per) const {
    const Measure measure = account == "org" ? Measure::cost : Measure::money;
    const auto scopes = ledger_->prepare(
        {{.account = account, .budgets = {{.limit = {}, .per = per, .hard = false, .measure = measure}}}},
        rules_->get()->organisation.time_zone);
    const auto standings = ledger_->standing(**scopes, clock_.now());
    return (standings.front().spent + standings.front().held).usd();
}

std::vector<Budget> House::allotted(const AccountName& account) const {
    return policies::limits_of(*rules_->get(), account, {});
}

std::optional<NanoUsd> House::limit(const AccountName& account, Per per) const {
    for (const Budget& budget : allotted(account))
        if (budget.per == per) return budget.limit_at(instant()).usd();
    return {};
}

treasury::AllocationRun House::newest(std::string_view allocation) const {
    const auto all = runs_->list();
    if (all)
        for (const treasury::Overview& each : *all)
            if (each.newest && each.newest->allocation == allocation) return *each.newest;
    ADD_FAILURE() << "no run of " << allocation;
    return {};
}

int House::audit_rows(std::string_view action) const {
    const auto entries = audit_->entries(std::numeric_limits<std::int64_t>::max(), 100'000);
    EXPECT_TRUE(entries);
    if (!entries) return -1;
    return static_cast<int>(
        std::ranges::count_if(*entries, [&](const audit::Entry& each) { return each.action.action == action; }));
}

std::vector<treasury::StoredLoan> House::loans(std::string_view allocation) const {
    const auto all = runs_->list();
    if (all)
        for (const treasury::Overview& each : *all)
            if (each.newest && each.newest->allocation == allocation) return each.loans;
    return {};
}

const policies::Line& line_of(const treasury::AllocationRun& run, std::string_view account) {
    static const policies::Line none;
    const auto found = std::ranges::find(run.plan.lines, account, &policies::Line::account);
    if (found != run.plan.lines.end()) return *found;
    ADD_FAILURE() << "no line of " << account;
    return none;
}

}  // namespace bursar::sim
