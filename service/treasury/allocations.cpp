#include "service/treasury/allocations.h"

#include "policies/admit.h"
#include "service/base/json.h"
#include "service/base/log.h"
#include "service/treasury/allocation_facts.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

constexpr std::size_t reason_bytes_max = 500;

NanoUsd allotted_in(const AllocationRun& run) { return run.plan.allotted(); }

audit::Action row_of(const AllocationRun& run, const Author& author) {
    JsonWriter detail;
    detail.open()
        .field("run", run.number)
        .field("cause", name_of(run.cause))
        .field("period_start", to_text(run.period.start))
        .field("period_end", to_text(run.period.end))
        .field("pool", run.pool)
        .field("pool_usd", run.plan.pool.text())
        .field("rolled_over_usd", run.plan.raise.text())
        .field("allotted_usd", allotted_in(run).text())
        .field("unallotted_usd", run.plan.unallotted.text())
        .field("members", static_cast<std::int64_t>(run.plan.lines.size()))
        .field("reason", std::string_view(author.reason).substr(0, reason_bytes_max))
        .close();
    return {.actor = author.actor,
            .address = author.address,
            .action = "allocation.run",
            .object = "allocation:" + run.allocation,
            .outcome = "ok",
            .detail = std::move(detail).text()};
}

Event event_of(const AllocationRun& run) {
    constexpr std::string_view team_prefix = "team:";
    JsonWriter detail;
    detail.open()
        .field("allocation", run.allocation)
        .field("run", run.number)
        .field("cause", name_of(run.cause))
        .field("pool_usd", run.plan.pool.text())
        .field("unallotted_usd", run.plan.unallotted.text())
        .close();
    return {.at = run.at,
            .name = fmt::format("allocation:{}|per {}|{}|{}", run.allocation, name_of(run.per),
                                to_text(run.period.start), run.step),
            .kind = run.cause == Cause::lending ? "allocation.lent" : "allocation.run",
            .subject = run.pool,
            .text = run.cause == Cause::lending
                        ? fmt::format("Allocation {}: a member of {} was running out and borrowed from others.",
                                      run.allocation, run.pool)
                        : fmt::format("Allocation {}: {} of {} were shared out to {} members.", run.allocation,
                                      (run.plan.pool - run.plan.unallotted + run.plan.raise).for_people(), run.pool,
                                      run.plan.lines.size()),
            .detail = std::move(detail).text(),
            .team = run.pool.starts_with(team_prefix) ? run.pool.substr(team_prefix.size()) : std::string()};
}

}  // namespace

Runs::Runs(store::Store& store, ledger::Ledger& ledger, audit::Audit& audit, policies::Rules& rules, const Clock& clock,
           People people)
    : store_(store), ledger_(ledger), audit_(audit), rules_(rules), clock_(clock), people_(std::move(people)) {}

Result<std::unique_ptr<Runs>> Runs::open(store::Store& store, ledger::Ledger& ledger, audit::Audit& audit,
                                         policies::Rules& rules, const Clock& clock, People people) {
    std::unique_ptr<Runs> runs(new Runs(store, ledger, audit, rules, clock, std::move(people)));
    return runs;
}

Result<void> Runs::load() {
    const MutexLock one_at_a_time(running_);
    std::vector<AllocationRun> stored;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(stored, read_newest_runs(transaction));
        return {};
    }));
    newest_.clear();
    for (AllocationRun& run : stored) {
        seen_ = std::max(seen_, run.at);
        const std::string name = run.allocation;
        newest_[name] = std::make_shared<const AllocationRun>(std::move(run));
    }
    put_in_force();
    return {};
}

/// Time never goes back here: a clock that was ahead for a while made runs, and the books are in the periods of the
/// newest call that they have seen. Every calendar period begins with an hour.
Timestamp Runs::see(Timestamp now) {
    seen_ = std::max(seen_, now);
    const auto scopes = ledger_.prepare({{.account = "org", .budgets = {{.per = Per::hour, .hard = false}}}},
                                        rules_.get()->organisation.time_zone);
    if (!scopes) return seen_;
    for (const ledger::Standing& standing : ledger_.standing(**scopes, seen_))
        seen_ = std::max(seen_, standing.period_start);
    return seen_;
}

void Runs::tick(Timestamp now) {
    const MutexLock one_at_a_time(running_);
    now = see(now);
    const auto rules = rules_.get();
    for (const auto& allocation : in_order(*rules)) {
        const auto done = tick_one(*rules, *allocation, now);
        if (!done)
            log::error("allocation_not_run",
                       {{"allocation", allocation->name}, {"reason", done.error().operator_text()}});
    }
    // Also what only the policy decides: which allocations there are, and at which parts their limits warn.
    put_in_force();
}

Result<void> Runs::tick_one(const policies::Snapshot& rules, const policies::Allocation& allocation, Timestamp now) {
    auto facts = gather(rules, allocation, now);
    if (!facts) return facts.error().fault == Fault::conflict ? Result<void>() : std::unexpected(facts.error());
    if (const auto cause = due(*facts)) {
        TRY(const auto made, make(rules, *facts, *cause, {}));
        log::info("allocation_run", {{"allocation", made.allocation}, {"cause", name_of(made.cause)}});
        return {};
    }
    if (!allocation.lending || facts->continued == nullptr) return {};
    TRY_VOID(add_loans(rules, *facts));
    if (facts->new_loans.empty()) return {};
    TRY(const auto made, make(rules, *facts, Cause::lending, {}));
    log::info("allocation_lent", {{"allocation", made.allocation}, {"loans", facts->new_loans.size()}});
    return {};
}

Result<AllocationRun> Runs::plan(std::string_view name) {
    const MutexLock one_at_a_time(running_);
    const auto rules = rules_.get();
    const auto found = rules->allocations.find(name);
    if (found == rules->allocations.end())
        return fail(Fault::not_found,
                    fmt::format("The policy has no allocation \"{}\". See: bursarctl allocate list.", name));
    TRY(Facts facts, gather(*rules, *found->second, see(clock_.now())));
    return work_out(*rules, facts, due(facts).value_or(Cause::asked));
}

Result<AllocationRun> Runs::run(std::string_view name, const Author& author) {
    const MutexLock one_at_a_time(running_);
    const auto rules = rules_.get();
    const auto found = rules->allocations.find(name);
    if (found == rules->allocations.end())
        return fail(Fault::not_found,
                    fmt::format("The policy has no allocation \"{}\". See: bursarctl allocate list.", name));
    TRY(Facts facts, gather(*rules, *found->second, see(clock_.now())));
    TRY(AllocationRun made, make(*rules, facts, due(facts).value_or(Cause::asked), author));
    put_in_force();
    return made;
}

Result<AllocationRun> Runs::make(const policies::Snapshot& rules, Facts& facts, Cause cause, const Author& author) {
    TRY(AllocationRun run, work_out(rules, facts, cause));
    run.author = author.actor;
    run.reason = author.reason;
    TRY_VOID(store_run(run, facts, author));
    newest_[run.allocation] = std::make_shared<const AllocationRun>(run);
    return run;
}

/// The run, its loans, what was used before it, its audit row and its event: all of them, or none.
Result<void> Runs::store_run(AllocationRun& run, const Facts& facts, const Author& author) {
    return store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(write_run(transaction, run));
        for (const UseRow& use : facts.uses_lost) TRY_VOID(delete_use(transaction, run.allocation, use));
        for (const UseRow& use : facts.uses_closed) TRY_VOID(write_use(transaction, run.allocation, use));
        for (const UseRow& use : facts.uses_begun) TRY_VOID(write_use(transaction, run.allocation, use));
        for (const StoredLoan& loan : facts.loans_changed) TRY_VOID(update_loan(transaction, loan));
        for (const policies::Loan& loan : facts.new_loans)
            TRY_VOID(write_loan(transaction, run.allocation, run.period.start, run.at, loan));
        TRY_VOID(forget_old(transaction, run.allocation));
        TRY(const bool raised, raise(transaction, event_of(run)));
        static_cast<void>(raised);
        return audit_.append(transaction, row_of(run, author));
    });
}

Result<std::vector<Overview>> Runs::list() {
    std::map<std::string, Overview> all;
    const auto rules = rules_.get();
    for (const auto& [name, allocation] : rules->allocations) all[name].rules = allocation;
    {
        const MutexLock one_at_a_time(running_);
        for (const auto& [name, run] : newest_) all[name].newest = *run;
    }
    std::vector<Overview> out;
    for (auto& [name, overview] : all) {
        if (overview.newest)
            TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
                TRY(overview.loans, read_loans(transaction, name, overview.newest->period.start));
                return {};
            }));
        out.push_back(std::move(overview));
    }
    return out;
}

/// The limits that the newest runs have set. The base of each is its share alone: a period whose run is still to come
/// never gives out more than the pool.
void Runs::put_in_force() {
    const auto rules = rules_.get();
    std::map<AccountName, std::vector<Budget>, std::less<>> allotted;
    std::map<AccountName, std::vector<policies::InForce::Raise>, std::less<>> rolled_over;
    for (const auto& [name, run] : newest_) {
        const auto found = rules->allocations.find(name);
        if (found == rules->allocations.end() || found->second->per != run->per || found->second->pool != run->pool)
            continue;
        for (const policies::Line& line : run->plan.lines) {
            Budget limit{
                .limit = std::max(line.share, NanoUsd{}), .per = run->per, .warn_percent = found->second->warn_percent};
            if (line.total() != limit.limit.usd())
                limit.adjustments.push_back(
                    {.amount = line.total() - limit.limit.usd(), .from = run->period.start, .until = run->period.end});
            allotted[line.account].push_back(std::move(limit));
        }
        if (run->plan.raise == NanoUsd{} || !run->raises_pool) continue;
        // Whichever of the two the pool's limit counts; of a limit that it does not have, nothing comes.
        for (const Measure measure : {Measure::money, Measure::cost})
            rolled_over[run->pool].push_back(
                {.like = {.limit = {}, .per = run->per, .measure = measure},
                 .adjustment = {.amount = run->plan.raise, .from = run->period.start, .until = run->period.end}});
    }
    if (rules->in_force->allotted == allotted && rules->in_force->rolled_over == rolled_over) return;
    rules_.change([&](policies::InForce& in_force) {
        in_force.allotted = allotted;
        in_force.rolled_over = rolled_over;
    });
}

}  // namespace bursar::treasury
