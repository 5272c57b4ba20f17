#include "service/treasury/allocation_facts.h"

#include "service/base/crypto.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

constexpr std::string_view team_prefix = "team:";
constexpr std::string_view person_prefix = "person:";

std::string_view team_of(std::string_view account) {
    return account.starts_with(team_prefix) ? account.substr(team_prefix.size()) : std::string_view();
}

/// Whether the team is the account's own or stands below it; below "org" stand all.
bool belongs(const policies::Snapshot& rules, std::string_view team, std::string_view account) {
    if (!rules.teams.contains(team)) return false;
    if (account == "org") return true;
    while (!team.empty()) {
        if (team == team_of(account)) return true;
        const auto found = rules.teams.find(team);
        if (found == rules.teams.end()) return false;
        team = found->second->parent;
    }
    return false;
}

std::set<std::string> people_below(const policies::Snapshot& rules, const std::vector<Belonging>& people,
                                   std::string_view account) {
    std::set<std::string> out;
    for (const Belonging& each : people)
        if (!each.person.empty() && belongs(rules, each.team, account)) out.insert(each.person);
    return out;
}

int levels_of(const policies::Snapshot& rules, std::string_view account) {
    int levels = 0;
    for (std::string_view team = team_of(account); !team.empty(); ++levels) {
        const auto found = rules.teams.find(team);
        team = found == rules.teams.end() ? std::string_view() : std::string_view(found->second->parent);
    }
    return levels;
}

std::string digest_of(std::string_view text) { return to_hex(as_text(sha256(text))); }

void append_rule(std::string& text, std::string_view account, const policies::ShareRule& rule) {
    text += fmt::format("|{}:{},{},{},{},{}", account, rule.weight, rule.fixed.value_or(NanoUsd(-1)).nanos(),
                        rule.floor.nanos(), rule.cap.value_or(NanoUsd(-1)).nanos(), rule.heads.value_or(-1));
}

/// What the shares of a period follow besides its members. Roll-over and lending are not in it: they hold from the next
/// time on.
std::string policy_digest_of(const policies::Allocation& allocation, NanoUsd pool) {
    std::string text = fmt::format("{}|{}|{}", pool.nanos(), name_of(allocation.by), allocation.smoothing_percent);
    append_rule(text, "each", allocation.each);
    for (const auto& [account, rule] : allocation.shares) append_rule(text, account, rule);
    return digest_of(text);
}

std::string members_digest_of(const std::vector<policies::Member>& members) {
    std::string text;
    for (const policies::Member& member : members) text += fmt::format("|{}:{}", member.account, member.heads);
    return digest_of(text);
}

const policies::Line* line_of(const AllocationRun* run, std::string_view account) {
    if (run == nullptr) return nullptr;
    const auto found = std::ranges::find(run->plan.lines, account, &policies::Line::account);
    return found == run->plan.lines.end() ? nullptr : &*found;
}

/// What one account has in the books.
struct Sums {
    NanoUsd in_period;     ///< spent and held
    NanoUsd before;        ///< spent, and held still, in all the time before the period
    NanoUsd spent_before;  ///< without what is held
};

Result<std::map<AccountName, Sums>> sums_of(ledger::Ledger& ledger, const std::set<AccountName>& accounts, Per per,
                                            const std::string& time_zone, Timestamp at) {
    std::map<AccountName, Sums> out;
    for (const AccountName& account : accounts) {
        // What the organisation may spend counts what providers are paid, and all others what they are charged.
        const Measure measure = account == "org" ? Measure::cost : Measure::money;
        TRY(const auto scopes,
            ledger.prepare({{.account = account,
                             .budgets = {{.limit = {}, .per = per, .hard = false, .measure = measure},
                                         {.limit = {}, .per = Per::ever, .hard = false, .measure = measure}}}},
                           time_zone));
        Sums& sums = out[account];
        NanoUsd ever, spent_ever, spent_in_period;
        for (const ledger::Standing& standing : ledger.standing(*scopes, at)) {
            const NanoUsd taken = (Quantity(standing.spent) + Quantity(standing.held)).usd();
            const bool is_ever = standing.budget.per == Per::ever;
            (is_ever ? ever : sums.in_period) = taken;
            (is_ever ? spent_ever : spent_in_period) = Quantity(standing.spent).usd();
        }
        sums.before = ever - sums.in_period;
        sums.spent_before = spent_ever - spent_in_period;
    }
    return out;
}

/// Marks who has come and gone within the period, and gives everybody what an earlier run of it brought along.
void follow(const AllocationRun& continued, std::vector<policies::Member>& members, Timestamp at) {
    std::set<AccountName> there;
    for (policies::Member& member : members) {
        there.insert(member.account);
        const policies::Line* const line = line_of(&continued, member.account);
        // Who comes back after having left comes anew: the time in between was not his.
        const bool stayed = line != nullptr && line->present_until > continued.at;
        member.present_from = stayed ? line->present_from : at;
        if (line == nullptr) continue;
        member.rolled_over = line->rolled_over;
        member.repaid = line->repaid;
    }
    for (const policies::Line& line : continued.plan.lines)
        if (!there.contains(line.account))
            members.push_back({.account = line.account,
                               .heads = line.heads,
                               .present_from = line.present_from,
                               .present_until = std::min(line.present_until, at),
                               .rolled_over = line.rolled_over,
                               .repaid = line.repaid});
}

}  // namespace

/// From the top down: what an upper one gives is what a lower one shares out.
std::vector<std::shared_ptr<const policies::Allocation>> Runs::in_order(const policies::Snapshot& rules) const {
    std::vector<std::shared_ptr<const policies::Allocation>> out;
    for (const auto& entry : rules.allocations) out.push_back(entry.second);
    std::ranges::sort(out, {}, [&](const auto& each) { return std::pair(levels_of(rules, each->pool), each->name); });
    return out;
}

std::optional<Runs::Pool> Runs::pool_of(const policies::Snapshot& rules, const policies::Allocation& allocation,
                                        Timestamp now) const {
    Pool pool;
    const std::string_view team = team_of(allocation.pool);
    const auto found = rules.teams.find(team);
    if (!team.empty() && found == rules.teams.end()) return {};
    if (const Budget* const limit =
            policies::pool_limit(team.empty() ? rules.organisation.budgets : found->second->budgets, allocation.per))
        pool.limit = limit->limit.usd();
    std::optional<NanoUsd> given;
    for (const auto& [name, run] : newest_) {
        const auto above = rules.allocations.find(name);
        if (above == rules.allocations.end() || above->second->per != allocation.per ||
            above->second->pool != run->pool || !run->period.contains(now))
            continue;
        if (const policies::Line* const line = line_of(run.get(), allocation.pool)) {
            given = std::max(line->total() - line->rolled_over, NanoUsd{});
            pool.rolled_over = line->rolled_over;
        }
    }
    if (allocation.amount)
        pool.amount = *allocation.amount;
    else if (pool.limit && given)
        pool.amount = std::min(*pool.limit, *given);
    else if (pool.limit || given)
        pool.amount = pool.limit ? *pool.limit : *given;
    else
        return {};
    return pool;
}

std::vector<policies::Member> Runs::members_of(const policies::Snapshot& rules,
                                               const policies::Allocation& allocation) const {
    const std::vector<Belonging> people = people_ ? people_() : std::vector<Belonging>{};
    std::vector<AccountName> accounts = allocation.listed;
    if (allocation.among == policies::Among::teams)
        for (const auto& [name, team] : rules.teams)
            if (team->parent == team_of(allocation.pool)) accounts.push_back(std::string(team_prefix) + name);
    if (allocation.among == policies::Among::people)
        for (const std::string& person : people_below(rules, people, allocation.pool)) {
            AccountName account = std::string(person_prefix) + person;
            // Who works for two teams is a member where the name of the allocation comes first.
            const bool elsewhere = std::ranges::any_of(newest_, [&](const auto& entry) {
                return entry.first < allocation.name && entry.second->per == allocation.per &&
                       rules.allocations.contains(entry.first) && line_of(entry.second.get(), account) != nullptr;
            });
            if (!elsewhere) accounts.push_back(std::move(account));
        }
    std::ranges::sort(accounts);
    std::vector<policies::Member> members;
    for (AccountName& account : accounts) {
        const policies::ShareRule& rule = allocation.rule_of(account);
        std::int64_t heads = 1;
        if (rule.heads)
            heads = *rule.heads;
        else if (account.starts_with(team_prefix) && allocation.by == policies::ShareBy::heads)
            heads = static_cast<std::int64_t>(people_below(rules, people, account).size());
        members.push_back({.account = std::move(account), .heads = heads});
    }
    return members;
}

Result<Runs::Facts> Runs::gather(const policies::Snapshot& rules, const policies::Allocation& allocation,
                                 Timestamp now) const {
    TRY(const TimeZone zone, TimeZone::load(rules.organisation.time_zone));
    const auto pool = pool_of(rules, allocation, now);
    if (!pool)
        return fail(Fault::conflict,
                    fmt::format("The pool {} has nothing to share out yet: the allocation that fills it "
                                "has not run in this period.",
                                allocation.pool));
    Facts facts{.allocation = rules.allocations.find(allocation.name)->second,
                .pool = *pool,
                .period = zone.period_of(allocation.per, now),
                .at = now,
                .members = members_of(rules, allocation)};
    facts.policy_digest = policy_digest_of(allocation, pool->amount);
    facts.members_digest = members_digest_of(facts.members);
    const auto newest = newest_.find(allocation.name);
    if (newest == newest_.end()) return facts;
    const AllocationRun& run = *newest->second;
    if (run.per == allocation.per && run.period.start > facts.period.start)
        return fail(Fault::conflict, "The allocation has been run for a later period; the clock has gone back since.");
    if (run.per != allocation.per || run.pool != allocation.pool) return facts;
    if (run.period.start == facts.period.start)
        facts.continued = newest->second;
    else if (run.period.end == facts.period.start)
        facts.before = newest->second;
    return facts;
}

std::optional<Cause> Runs::due(const Facts& facts) const {
    if (facts.continued == nullptr) return Cause::period;
    if (facts.continued->members_digest != facts.members_digest) return Cause::members;
    if (facts.continued->policy_digest != facts.policy_digest) return Cause::policy;
    return {};
}

Result<void> Runs::look_back(Facts& facts) const {
    return store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(auto loans, read_loans(transaction, facts.allocation->name, facts.period.start));
        for (StoredLoan& loan : loans)
            (loan.period_start == facts.period.start ? facts.loans : facts.owed).push_back(std::move(loan));
        TRY(facts.uses_closed, read_uses(transaction, facts.allocation->name, facts.period.start));
        TRY(const auto begun, read_used_accounts(transaction, facts.allocation->name, facts.period.start));
        for (const AccountName& account : begun)
            facts.uses_begun.push_back({.account = account, .period = facts.period, .before = {}, .used = {}});
        return {};
    });
}

/// What everybody has spent in this period and had left of the last one, and what each used in those before.
Result<void> Runs::look_at_ledger(const policies::Snapshot& rules, Facts& facts) const {
    std::vector<UseRow> known = std::exchange(facts.uses_closed, {});
    const std::vector<UseRow> begun = std::exchange(facts.uses_begun, {});
    std::set<AccountName> accounts{facts.allocation->pool};
    for (const policies::Member& member : facts.members) accounts.insert(member.account);
    for (const UseRow& use : known)
        if (!use.used) accounts.insert(use.account);
    TRY(const auto sums, sums_of(ledger_, accounts, facts.allocation->per, rules.organisation.time_zone, facts.at));

    for (UseRow& use : known) {
        if (use.used) continue;
        // Two periods that do not meet: nobody knows when in between it was spent.
        if (use.period.end != facts.period.start) {
            facts.uses_lost.push_back(use);
            continue;
        }
        // Calls that were under way when the period began count in both periods, and those that are under way at its
        // end with all that they hold: nobody is told to have more left than there is.
        use.used = std::max(sums.at(use.account).before - use.before, NanoUsd{});
        facts.uses_closed.push_back(use);
    }
    const auto used_before = [&](const AccountName& account) {
        for (const UseRow& use : known)
            if (use.account == account && use.used && use.period.end == facts.period.start) return *use.used;
        return NanoUsd{};
    };
    for (policies::Member& member : facts.members) {
        member.committed = sums.at(member.account).in_period;
        for (const UseRow& use : known)
            if (use.account == member.account && use.used) member.past_use.push_back(*use.used);
        const policies::Line* const line = line_of(facts.before.get(), member.account);
        if (line != nullptr && line->present_until > facts.before->at)
            member.left = line->total() - used_before(member.account);
    }
    for (const auto& [account, each] : sums)
        if (std::ranges::find(begun, account, &UseRow::account) == begun.end())
            facts.uses_begun.push_back(
                {.account = account, .period = facts.period, .before = each.spent_before, .used = {}});
    if (facts.before == nullptr) return {};
    NanoUsd used_by_members;
    for (const policies::Line& line : facts.before->plan.lines) used_by_members += used_before(line.account);
    const AllocationRun& before = *facts.before;
    facts.pool_left = facts.pool.limit ? *facts.pool.limit + before.plan.raise - used_before(facts.allocation->pool)
                                       : before.plan.pool + before.plan.raise - used_by_members;
    if (facts.pool.rolled_over) facts.pool_left = *facts.pool.rolled_over;
    return {};
}

Result<AllocationRun> Runs::work_out(const policies::Snapshot& rules, Facts& facts, Cause cause) const {
    if (facts.new_loans.empty()) {
        if (facts.continued) follow(*facts.continued, facts.members, facts.at);
        TRY_VOID(look_back(facts));
        TRY_VOID(look_at_ledger(rules, facts));
    }
    policies::AllocateRequest request{.rules = *facts.allocation,
                                      .pool = facts.pool.amount,
                                      .period = facts.period,
                                      .at = facts.at,
                                      .members = facts.members,
                                      .loans = {},
                                      .opening = facts.continued == nullptr,
                                      .pool_left = facts.pool_left,
                                      .owed = {}};
    for (const StoredLoan& loan : facts.loans) request.loans.push_back(loan.loan);
    request.loans.insert(request.loans.end(), facts.new_loans.begin(), facts.new_loans.end());
    for (const StoredLoan& loan : facts.owed)
        request.owed.push_back({loan.loan.borrower, loan.loan.lender, loan.open()});
    AllocationRun run{.allocation = facts.allocation->name,
                      .pool = facts.allocation->pool,
                      .per = facts.allocation->per,
                      .period = facts.period,
                      .step = facts.continued ? facts.continued->step + 1 : 0,
                      .at = facts.at,
                      .cause = cause,
                      .author = "service",
                      .revision = rules.revision,
                      .raises_pool = !facts.pool.rolled_over,
                      .policy_digest = facts.policy_digest,
                      .members_digest = facts.members_digest,
                      .plan = policies::allocate(request)};
    for (std::size_t i = 0; i < run.plan.paid_back.size(); ++i) {
        StoredLoan& loan = facts.owed[i];
        const auto is_member = [&](const AccountName& account) {
            return std::ranges::find(facts.members, account, &policies::Member::account) != facts.members.end();
        };
        loan.repaid += run.plan.paid_back[i];
        loan.written_off = !is_member(loan.loan.borrower) || !is_member(loan.loan.lender);
        facts.loans_changed.push_back(loan);
    }
    return run;
}

Result<void> Runs::add_loans(const policies::Snapshot& rules, Facts& facts) const {
    follow(*facts.continued, facts.members, facts.at);
    TRY_VOID(look_back(facts));
    TRY_VOID(look_at_ledger(rules, facts));
    std::vector<policies::Line> lines = facts.continued->plan.lines;
    for (policies::Line& line : lines)
        line.committed = std::ranges::find(facts.members, line.account, &policies::Member::account)->committed;
    std::vector<policies::Loan> loans;
    for (const StoredLoan& loan : facts.loans) loans.push_back(loan.loan);
    facts.new_loans = policies::lend({.rules = *facts.allocation->lending,
                                      .period = facts.period,
                                      .at = facts.at,
                                      .lines = std::move(lines),
                                      .loans = std::move(loans)});
    return {};
}

}  // namespace bursar::treasury
