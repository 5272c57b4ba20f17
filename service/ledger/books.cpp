#include "service/ledger/books.h"

#include "service/base/ensure.h"

#include <algorithm>

namespace bursar::ledger {
namespace {

/// No single call costs this much; it keeps the sums of any number of open holds far from the end of the integers.
constexpr NanoUsd hold_max = NanoUsd::dollars(100'000);

Refusal refuse_for_storage(const Amounts& asked) {
    return {.asked = asked.charge, .fault = Fault::storage_unavailable};
}

/// What an account has in the period of a budget, in its measure.
struct Sums {
    Quantity limit;
    Quantity spent;
    Quantity held;
    Period period;
    Quantity left() const { return limit - spent - held; }
};

Sums sums_of(const Budget& budget, Timestamp at, const Amounts& spent, const Amounts& held, const Period& period) {
    return {budget.limit_at(at), spent.in(budget.measure), held.in(budget.measure), period};
}

/// What a limit has at an instant: of a hold, the newest that was seen, or a later one. A rolling one has what is in
/// its window at the newest or later: it is never asked for what was.
Sums sums_at(Account& account, const Tallies& tallies, const Budget& budget, Timestamp at, Timestamp newest) {
    if (budget.per == Per::ever) return sums_of(budget, at, account.spent, account.held, {});
    if (budget.per == Per::dates) {
        const Period dates{.start = budget.from, .end = budget.until};
        const Span* const span = account.span(dates);
        // A limit of a former revision, over and forgotten: all that was ever spent is too much rather than too little.
        if (span == nullptr) return sums_of(budget, at, account.spent, account.held, dates);
        return sums_of(budget, at, span->spent, span->held, dates);
    }
    if (budget.rolling) {
        const Roll* const roll = account.roll(budget.per, newest);
        ENSURE(roll != nullptr);
        return sums_of(budget, at, at > newest ? roll->spent_at(at) : roll->spent(), roll->held(),
                       {.start = roll->period().start, .end = roll->frees_at()});
    }
    const Window* const window = tallies.find(budget.per, at);
    if (window == nullptr) return sums_of(budget, at, {}, {}, tallies.calendar().period_of(budget.per, at));
    return sums_of(budget, at, window->spent, window->held, window->period);
}

/// Whether a limit has anything to say about an instant: one between dates says nothing before and after them.
bool is_in_force(const Budget& budget, Timestamp at) {
    return budget.per != Per::dates || (budget.from <= at && at < budget.until);
}

Refusal refuse(const AccountName& account, const Budget& budget, const Sums& sums, Quantity asked) {
    return {.account = account,
            .budget = budget,
            .limit = sums.limit,
            .spent = sums.spent,
            .held = sums.held,
            .asked = asked,
            .period_end = sums.period.end};
}

/// What is wanted, the least of it that is of use, and what the limits leave of it.
struct Offer {
    Amounts asked;
    Amounts wanted;  ///< within what a hold may be
    Amounts least;
    NanoUsd charge_left = unlimited;
    NanoUsd cost_left = unlimited;
    Tokens tokens_left = std::numeric_limits<Tokens>::max();

    /// False if it leaves less than the least.
    bool cut(Measure measure, Quantity left) {
        if (left < least.in(measure)) return false;
        switch (measure) {
            case Measure::money:
                charge_left = std::min(charge_left, left.usd());
                return true;
            case Measure::cost:
                cost_left = std::min(cost_left, left.usd());
                return true;
            case Measure::tokens:
                tokens_left = std::min(tokens_left, left.units());
                return true;
            case Measure::calls:
                return true;
        }
        return true;
    }
    Amounts taken() const {
        return {.charge = std::min(wanted.charge, charge_left),
                .cost = std::min(wanted.cost, cost_left),
                .tokens = std::min(wanted.tokens, tokens_left),
                .calls = wanted.calls};
    }
    /// Of money, when `amounts` are taken.
    NanoUsd remaining(const Amounts& amounts) const {
        NanoUsd left = unlimited;
        if (charge_left != unlimited) left = std::min(left, charge_left - amounts.charge);
        if (cost_left != unlimited) left = std::min(left, cost_left - amounts.cost);
        return left;
    }
};

/// A hold of nothing is of no use to a call that costs something.
template <typename Number>
Number least_of(Number wanted, Number least, Number one) {
    return std::max(std::min(least, wanted), std::min(wanted, one));
}

Offer offer_for(const HoldRequest& request) {
    Offer offer{.asked = request.amount, .wanted = request.amount};
    offer.wanted.charge = std::min(request.amount.charge, hold_max);
    offer.wanted.cost = std::min(request.amount.cost, hold_max);
    offer.least = {.charge = least_of(request.amount.charge, request.amount_min.charge, NanoUsd{1}),
                   .cost = least_of(request.amount.cost, request.amount_min.cost, NanoUsd{1}),
                   .tokens = least_of<Tokens>(request.amount.tokens, request.amount_min.tokens, 1),
                   .calls = request.amount.calls};
    return offer;
}

/// The refusal by one limit. One that what is held has no part in is kept: people hear that the limit is used up.
Refusal refuse_by(const Scopes::Rung& rung, const Budget& budget, const Sums& sums, const Offer& offer, Timestamp now) {
    if (sums.limit - sums.spent < offer.least.in(budget.measure)) rung.account->note_shortage(budget, now);
    return refuse(rung.shown, budget, sums, offer.asked.in(budget.measure));
}

bool is_sound(const Amounts& amounts) {
    return amounts.charge >= NanoUsd{} && amounts.cost >= NanoUsd{} && amounts.tokens >= 0 && amounts.calls >= 0;
}

/// More tokens than any call has: keeps sums far from the end of the integers.
constexpr Tokens hold_tokens_max = 1'000'000'000'000;

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
    auto scopes = std::make_shared<Scopes>();
    TRY(scopes->rungs, rungs_of(std::move(levels)));
    TRY(auto zone, TimeZone::load(time_zone));
    const MutexLock lock(mutex_);
    auto& calendar = calendars_[time_zone];
    if (calendar == nullptr) calendar = std::make_shared<Calendar>(std::move(zone), newest_);
    scopes->calendar = calendar;
    for (std::size_t i = 0; i < scopes->rungs.size(); ++i) {
        Scopes::Rung& rung = scopes->rungs[i];
        scopes->whole.set(i);
        if (rung.counts != Scopes::Counts::all) scopes->all_count_all = false;
        rung.account = &account_named(name_of(rung));
        (void)rung.account->in(calendar, sequence_);
        bool opened = false;
        for (const Budget& budget : rung.budgets)
            opened = rung.account->open_window(budget, calendar, newest_, sequence_) || opened;
        // Its row goes with the next group, so that no restart has to guess again what was when.
        if (opened && rung.account->number != 0) unlisted_.push_back(rung.account);
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
    ENSURE(request.scopes != nullptr && is_sound(request.amount) && is_sound(request.amount_min));
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
    const Taken taken = scopes.taken_by(request);
    Offer offer = offer_for(request);
    const MutexLock lock(mutex_);
    if (offer.least.charge > hold_max || offer.least.cost > hold_max || offer.wanted.tokens > hold_tokens_max)
        return std::unexpected(refuse(scopes.rungs.front().shown, {.limit = hold_max, .per = Per::ever},
                                      {.limit = hold_max}, request.amount.charge));
    see(request.at);
    for (std::size_t i = 0; i < scopes.rungs.size(); ++i) {
        if (!taken[i]) continue;
        const Scopes::Rung& rung = scopes.rungs[i];
        const Tallies& tallies = rung.account->in(scopes.calendar, sequence_);
        for (const Budget& budget : rung.budgets) {
            if (!budget.hard || !is_in_force(budget, newest_)) continue;
            const Sums sums = sums_at(*rung.account, tallies, budget, newest_, newest_);
            if (!offer.cut(budget.measure, sums.left()))
                return std::unexpected(refuse_by(rung, budget, sums, offer, newest_));
        }
    }
    const Amounts amounts = offer.taken();
    // Beyond this line nothing refuses: every level is taken.

    const Booking booking{.sequence = ++sequence_, .at = newest_, .amount = amounts};
    for (std::size_t i = 0; i < scopes.rungs.size(); ++i) {
        if (!taken[i]) continue;
        scopes.rungs[i].account->take(booking);
        list(*scopes.rungs[i].account);
    }
    const bool fresh = open_
                           .try_emplace(request.attempt, booking, request.call, request.price_version, request.scopes,
                                        taken, std::string(request.channel))
                           .second;
    ENSURE(fresh);
    pending_.push_back({.kind = RecordKind::hold,
                        .attempt = request.attempt,
                        .call = request.call,
                        .at = booking.at,
                        .amount = amounts,
                        .price_version = request.price_version,
                        .scopes = request.scopes,
                        .taken = taken,
                        .channel = std::string(request.channel),
                        .durable = std::move(durable)});
    ++totals_.holds_taken;
    totals_.held += amounts.charge;
    return Held{.amount = amounts, .remaining = offer.remaining(amounts)};
}

/// An account gets its number in the journal with the first thing that is booked to it.
void Books::list(Account& account) {
    if (account.number != 0) return;
    account.number = ++numbers_;
    unlisted_.push_back(&account);
}

std::expected<Held, Refusal> Books::grow(const AttemptId& attempt, const Amounts& more) {
    ENSURE(is_sound(more));
    if (!store_.writable()) return std::unexpected(refuse_for_storage(more));
    auto grown = grow_open(attempt, more);
    if (grown) store_.wake();
    return grown;
}

std::expected<Held, Refusal> Books::grow_open(const AttemptId& attempt, const Amounts& more) {
    const MutexLock lock(mutex_);
    const auto found = open_.find(attempt);
    // Undone, because its group could not be written.
    if (found == open_.end()) return std::unexpected(refuse_for_storage(more));
    OpenHold& hold = found->second;
    const Scopes& scopes = *hold.scopes;
    const Amounts& has = hold.booking.amount;
    if (more.charge > hold_max - has.charge || more.cost > hold_max - has.cost ||
        more.tokens > hold_tokens_max - has.tokens)
        return std::unexpected(refuse(scopes.rungs.front().shown, {.limit = hold_max, .per = Per::ever},
                                      {.limit = hold_max}, more.charge));
    Offer offer{.wanted = more, .least = more};
    for (std::size_t i = 0; i < scopes.rungs.size(); ++i) {
        if (!hold.taken[i]) continue;
        const Scopes::Rung& rung = scopes.rungs[i];
        const Tallies& tallies = rung.account->in(scopes.calendar, sequence_);
        for (const Budget& budget : rung.budgets) {
            if (!budget.hard || !is_in_force(budget, hold.booking.at)) continue;
            const Sums sums = sums_at(*rung.account, tallies, budget, hold.booking.at, newest_);
            if (!offer.cut(budget.measure, sums.left()))
                return std::unexpected(refuse(rung.shown, budget, sums, more.in(budget.measure)));
        }
    }
    scopes.each(hold.taken, [&](const Scopes::Rung& rung) { rung.account->grow(hold.booking, more); });
    hold.booking.amount += more;
    totals_.held += more.charge;
    pending_.push_back({.kind = RecordKind::grow, .attempt = attempt, .amount = more});
    return Held{.amount = more, .remaining = offer.remaining(more)};
}

bool Books::settle(const AttemptId& attempt, const Amounts& cost) {
    ENSURE(is_sound(cost));
    return close(attempt, RecordKind::settle, cost);
}

bool Books::release(const AttemptId& attempt) { return close(attempt, RecordKind::release, {}); }

bool Books::close(const AttemptId& attempt, RecordKind kind, const Amounts& cost) {
    {
        const MutexLock lock(mutex_);
        const auto found = open_.find(attempt);
        if (found == open_.end()) return false;
        OpenHold hold = std::move(found->second);
        open_.erase(found);
        hold.scopes->each(hold.taken, [&](const Scopes::Rung& rung) { rung.account->close(hold.booking, cost); });
        totals_.held -= hold.booking.amount.charge;
        totals_.variance += std::max(NanoUsd{}, cost.charge - hold.booking.amount.charge);
        ++(kind == RecordKind::settle ? totals_.settled : totals_.released);
        pending_.push_back({.kind = kind,
                            .attempt = attempt,
                            .call = hold.call,
                            .at = hold.booking.at,
                            .amount = cost,
                            .scopes = std::move(hold.scopes),
                            .taken = hold.taken});
    }
    // Nobody waits for it. Should the service be killed before it is written, the hold is booked instead, as lost.
    store_.wake_soon();
    return true;
}

NanoUsd Books::remaining(const Scopes& scopes, Timestamp at) const {
    NanoUsd tightest = unlimited;
    for (const Standing& standing : standing(scopes, at))
        if (standing.budget.hard && is_money(standing.budget.measure))
            tightest = std::min(tightest, standing.left().usd());
    return std::max(tightest, NanoUsd{});
}

std::vector<Standing> Books::standing(const Scopes& scopes, Timestamp asked_at) const {
    std::vector<Standing> standings;
    const MutexLock lock(mutex_);
    const Timestamp at = std::max(asked_at, newest_);
    for (const Scopes::Rung& rung : scopes.rungs) {
        const Tallies& tallies = rung.account->in(scopes.calendar, sequence_);
        for (const Budget& budget : rung.budgets) {
            if (!is_in_force(budget, at)) continue;
            const Sums sums = sums_at(*rung.account, tallies, budget, at, newest_);
            standings.push_back({.account = rung.shown,
                                 .budget = budget,
                                 .limit = sums.limit,
                                 .spent = sums.spent,
                                 .held = sums.held,
                                 .period_start = sums.period.start,
                                 .period_end = sums.period.end,
                                 .refused_at = rung.account->shortage(budget, sums.period.start)});
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

}  // namespace bursar::ledger
