#include "service/ledger/books.h"

#include "service/base/ensure.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::ledger {
namespace {

/// No single call costs this much; it keeps the sums of any number of open holds far from the end of the integers.
constexpr NanoUsd hold_max = NanoUsd::dollars(100'000);
constexpr std::size_t account_name_bytes_max = 256;
constexpr std::size_t budgets_per_level_max = 64;

Refusal refuse_for_storage(NanoUsd asked) { return {.asked = asked, .fault = Fault::storage_unavailable}; }

/// What an account has in the period of a budget.
struct Sums {
    NanoUsd spent;
    NanoUsd held;
    Period period;
    NanoUsd left(const Budget& budget) const { return budget.limit.usd() - spent - held; }
};

Sums sums_now(const Account& account, const Tallies& tallies, Per per) {
    if (per == Per::ever) return {account.spent, account.held, {}};
    const Window& window = tallies.current(per);
    return {window.spent, window.held, window.period};
}

Sums sums_at(const Account& account, const Tallies& tallies, Per per, Timestamp at) {
    if (per == Per::ever) return {account.spent, account.held, {}};
    const Window* const window = tallies.find(per, at);
    if (window == nullptr) return {{}, {}, tallies.calendar().period_of(per, at)};
    return {window->spent, window->held, window->period};
}

Refusal refuse(const Account& account, const Budget& budget, const Sums& sums, NanoUsd asked) {
    return {.account = account.name,
            .budget = budget,
            .spent = sums.spent,
            .held = sums.held,
            .asked = asked,
            .period_end = sums.period.end};
}

/// Merges levels of the same account: it is charged once, under all limits.
std::vector<Level> merged(std::vector<Level> levels) {
    std::vector<Level> result;
    for (Level& level : levels) {
        const auto same = std::ranges::find(result, level.account, &Level::account);
        if (same == result.end())
            result.push_back(std::move(level));
        else
            same->budgets.insert(same->budgets.end(), level.budgets.begin(), level.budgets.end());
    }
    return result;
}

Result<void> check(const std::vector<Level>& levels) {
    if (levels.empty() || levels.size() > levels_max)
        return fail(Fault::wrong_configuration,
                    fmt::format("A caller is charged to 1 to {} accounts, not to {}. Make the tree of teams less deep.",
                                levels_max, levels.size()));
    for (const Level& level : levels) {
        if (level.account.empty() || level.account.size() > account_name_bytes_max)
            return fail(Fault::wrong_configuration,
                        fmt::format("The name of an account has 1 to {} bytes; '{}' has {}.", account_name_bytes_max,
                                    level.account.substr(0, 80), level.account.size()));
        if (level.budgets.size() > budgets_per_level_max)
            return fail(Fault::wrong_configuration,
                        fmt::format("'{}' has {} budgets; at most {} are kept apart.", level.account,
                                    level.budgets.size(), budgets_per_level_max));
    }
    return {};
}

}  // namespace

Books::Books(store::Store& store, Opening opening, const Pace& pace)
    : store_(store),
      lost_(std::move(opening.found.lost)),
      journal_(opening.journal_oldest, opening.journal_next, pace),
      newest_(opening.newest),
      calendars_(std::move(opening.calendars)),
      accounts_(std::move(opening.accounts)) {
    for (Account& account : accounts_) by_name_.emplace(account.name, &account);
    numbers_ = static_cast<std::uint32_t>(accounts_.size());
    totals_.lost = lost_.size();
}

Result<std::shared_ptr<const Scopes>> Books::prepare(std::vector<Level> levels, const std::string& time_zone) {
    TRY_VOID(check(levels));
    TRY(auto zone, TimeZone::load(time_zone));
    auto scopes = std::make_shared<Scopes>();
    auto apart = merged(std::move(levels));
    scopes->rungs.reserve(apart.size());
    const MutexLock lock(mutex_);
    auto& calendar = calendars_[time_zone];
    if (calendar == nullptr) calendar = std::make_shared<Calendar>(std::move(zone), newest_);
    scopes->calendar = calendar;
    for (Level& level : apart) {
        Account& account = account_named(level.account);
        (void)account.in(calendar, sequence_);
        scopes->rungs.push_back({&account, std::move(level.budgets)});
    }
    return scopes;
}

Account& Books::account_named(const AccountName& name) {
    if (const auto found = by_name_.find(name); found != by_name_.end()) return *found->second;
    Account& account = accounts_.emplace_back(name);
    by_name_.emplace(account.name, &account);
    return account;
}

/// Time goes forward only: whoever comes with an older instant is booked to the newest.
void Books::see(Timestamp at) {
    if (at <= newest_) return;
    newest_ = at;
    for (const auto& [name, calendar] : calendars_) calendar->advance(at);
}

std::expected<Held, Refusal> Books::hold(const HoldRequest& request,
                                         std::move_only_function<void(Result<void>)> durable) {
    ENSURE(request.scopes != nullptr && request.amount >= NanoUsd{} && request.amount_min >= NanoUsd{});
    // Nothing is served that cannot be recorded.
    const bool writable = store_.writable();
    auto held = writable ? take(request, std::move(durable)) : std::unexpected(refuse_for_storage(request.amount));
    if (held) {
        store_.wake();
        return held;
    }
    const MutexLock lock(mutex_);
    ++totals_.refused;
    return held;
}

std::expected<Held, Refusal> Books::take(const HoldRequest& request,
                                         std::move_only_function<void(Result<void>)> durable) {
    const Scopes& scopes = *request.scopes;
    NanoUsd amount = std::min(request.amount, hold_max);
    // A hold of nothing is of no use to a call that costs something.
    const NanoUsd least = std::max(std::min(request.amount_min, request.amount), std::min(request.amount, NanoUsd{1}));
    const MutexLock lock(mutex_);
    if (least > hold_max)
        return std::unexpected(
            refuse(*scopes.rungs.front().account, {.limit = hold_max, .per = Per::ever}, {}, request.amount));
    see(request.at);
    NanoUsd tightest = unlimited;
    for (const Scopes::Rung& rung : scopes.rungs) {
        const Tallies& tallies = rung.account->in(scopes.calendar, sequence_);
        for (const Budget& budget : rung.budgets) {
            if (!budget.hard) continue;
            const Sums sums = sums_now(*rung.account, tallies, budget.per);
            const NanoUsd left = sums.left(budget);
            if (left < least) return std::unexpected(refuse(*rung.account, budget, sums, request.amount));
            tightest = std::min(tightest, left);
        }
    }
    amount = std::min(amount, tightest);
    // Beyond this line nothing refuses: every level is taken.

    const Booking booking{.sequence = ++sequence_, .at = newest_, .amount = amount};
    for (const Scopes::Rung& rung : scopes.rungs) {
        rung.account->take(booking);
        if (rung.account->number != 0) continue;
        rung.account->number = ++numbers_;
        unlisted_.push_back(rung.account);
    }
    const bool fresh =
        open_.try_emplace(request.attempt, booking, request.call, request.price_version, request.scopes).second;
    ENSURE(fresh);
    pending_.push_back({.kind = RecordKind::hold,
                        .attempt = request.attempt,
                        .call = request.call,
                        .at = booking.at,
                        .amount = amount,
                        .price_version = request.price_version,
                        .scopes = request.scopes,
                        .durable = std::move(durable)});
    ++totals_.holds_taken;
    totals_.held += amount;
    return Held{.amount = amount, .remaining = tightest == unlimited ? unlimited : tightest - amount};
}

std::expected<Held, Refusal> Books::grow(const AttemptId& attempt, NanoUsd more) {
    ENSURE(more >= NanoUsd{});
    if (!store_.writable()) return std::unexpected(refuse_for_storage(more));
    auto grown = grow_open(attempt, more);
    if (grown) store_.wake();
    return grown;
}

std::expected<Held, Refusal> Books::grow_open(const AttemptId& attempt, NanoUsd more) {
    const MutexLock lock(mutex_);
    const auto found = open_.find(attempt);
    // Undone, because its group could not be written.
    if (found == open_.end()) return std::unexpected(refuse_for_storage(more));
    OpenHold& hold = found->second;
    if (more > hold_max - hold.booking.amount)
        return std::unexpected(
            refuse(*hold.scopes->rungs.front().account, {.limit = hold_max, .per = Per::ever}, {}, more));
    NanoUsd tightest = unlimited;
    for (const Scopes::Rung& rung : hold.scopes->rungs) {
        const Tallies& tallies = rung.account->in(hold.scopes->calendar, sequence_);
        for (const Budget& budget : rung.budgets) {
            if (!budget.hard) continue;
            const Sums sums = sums_at(*rung.account, tallies, budget.per, hold.booking.at);
            const NanoUsd left = sums.left(budget);
            if (left < more) return std::unexpected(refuse(*rung.account, budget, sums, more));
            tightest = std::min(tightest, left);
        }
    }
    for (const Scopes::Rung& rung : hold.scopes->rungs) rung.account->grow(hold.booking, more);
    hold.booking.amount += more;
    totals_.held += more;
    pending_.push_back({.kind = RecordKind::grow, .attempt = attempt, .amount = more});
    return Held{.amount = more, .remaining = tightest == unlimited ? unlimited : tightest - more};
}

bool Books::settle(const AttemptId& attempt, NanoUsd cost) {
    ENSURE(cost >= NanoUsd{});
    return close(attempt, RecordKind::settle, cost);
}

bool Books::release(const AttemptId& attempt) { return close(attempt, RecordKind::release, NanoUsd{}); }

bool Books::close(const AttemptId& attempt, RecordKind kind, NanoUsd cost) {
    {
        const MutexLock lock(mutex_);
        const auto found = open_.find(attempt);
        if (found == open_.end()) return false;
        OpenHold hold = std::move(found->second);
        open_.erase(found);
        for (const Scopes::Rung& rung : hold.scopes->rungs) rung.account->close(hold.booking, cost);
        totals_.held -= hold.booking.amount;
        totals_.variance += std::max(NanoUsd{}, cost - hold.booking.amount);
        ++(kind == RecordKind::settle ? totals_.settled : totals_.released);
        pending_.push_back({.kind = kind,
                            .attempt = attempt,
                            .call = hold.call,
                            .at = hold.booking.at,
                            .amount = cost,
                            .scopes = std::move(hold.scopes)});
    }
    // Nobody waits for it. Should the service be killed before it is written, the hold is booked instead, as lost.
    store_.wake_soon();
    return true;
}

Result<std::int64_t> Books::enter(Posting, AlsoEntered) {
    return fail(Fault::internal, "Corrections are not in force yet.");
}

NanoUsd Books::remaining(const Scopes& scopes, Timestamp at) const {
    NanoUsd tightest = unlimited;
    const MutexLock lock(mutex_);
    for (const Scopes::Rung& rung : scopes.rungs) {
        const Tallies& tallies = rung.account->in(scopes.calendar, sequence_);
        for (const Budget& budget : rung.budgets)
            if (budget.hard)
                tightest =
                    std::min(tightest, sums_at(*rung.account, tallies, budget.per, std::max(at, newest_)).left(budget));
    }
    return std::max(tightest, NanoUsd{});
}

std::vector<Standing> Books::standing(const Scopes& scopes, Timestamp at) const {
    std::vector<Standing> standings;
    const MutexLock lock(mutex_);
    for (const Scopes::Rung& rung : scopes.rungs) {
        const Tallies& tallies = rung.account->in(scopes.calendar, sequence_);
        for (const Budget& budget : rung.budgets) {
            const Sums sums = sums_at(*rung.account, tallies, budget.per, std::max(at, newest_));
            standings.push_back({.account = rung.account->name,
                                 .budget = budget,
                                 .spent = sums.spent,
                                 .held = sums.held,
                                 .period_start = sums.period.start,
                                 .period_end = sums.period.end});
        }
    }
    return standings;
}

/// A part at a time, so that no call waits for a long list.
std::vector<Spending> Books::spending() const {
    constexpr std::size_t part = 256;
    std::vector<Spending> all;
    for (std::size_t from = 0;; from += part) {
        const MutexLock lock(mutex_);
        const std::size_t end = std::min(from + part, accounts_.size());
        for (std::size_t i = from; i < end; ++i)
            all.push_back({accounts_[i].name, accounts_[i].spent, accounts_[i].held});
        if (end == accounts_.size()) return all;
    }
}

Totals Books::totals() const {
    const MutexLock lock(mutex_);
    Totals totals = totals_;
    totals.holds_open = open_.size();
    return totals;
}

Result<void> Books::contribute(store::Transaction& transaction) {
    ENSURE(group_.entries.empty());
    gather();
    if (group_.entries.empty()) return {};
    return journal_.write(transaction, group_);
}

void Books::gather() {
    const MutexLock lock(mutex_);
    if (pending_.empty()) return;
    group_.entries.swap(pending_);
    group_.newest = newest_;
    for (Account* account : unlisted_) group_.rows.push_back({account, write_account(*account)});
    unlisted_.clear();
    journal_.collect(group_, open_);
}

void Books::committed() {
    if (group_.entries.empty()) return;
    journal_.committed(group_);
    for (Entry& entry : group_.entries)
        if (entry.durable) entry.durable({});
    group_.clear();
}

/// Undoes the holds of the group and keeps the rest for the next one. A settlement names its accounts itself, so it
/// needs no hold; growth or release of an attempt that the journal does not know means nothing.
void Books::failed(const Error& error) {
    std::vector<Entry> undone, kept;
    {
        const MutexLock lock(mutex_);
        for (Entry& entry : group_.entries) {
            if (entry.kind != RecordKind::hold) {
                kept.push_back(std::move(entry));
                continue;
            }
            if (const auto found = open_.find(entry.attempt); found != open_.end()) {
                for (const Scopes::Rung& rung : entry.scopes->rungs)
                    rung.account->close(found->second.booking, NanoUsd{});
                totals_.held -= found->second.booking.amount;
                ++totals_.released;
                open_.erase(found);
            }
            undone.push_back(std::move(entry));
        }
        std::ranges::move(pending_, std::back_inserter(kept));
        pending_.swap(kept);
        for (const Group::AccountRow& row : group_.rows)
            if (row.account->journal_written == 0 && row.account->journal_since == 0) unlisted_.push_back(row.account);
    }
    group_.clear();
    for (Entry& entry : undone)
        if (entry.durable) entry.durable(std::unexpected(error));
}

}  // namespace bursar::ledger
