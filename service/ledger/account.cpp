#include "service/ledger/account.h"

#include "service/base/ensure.h"

#include <algorithm>

namespace bursar::ledger {

Tallies::Tallies(std::shared_ptr<Calendar> calendar, std::uint64_t since)
    : calendar_(std::move(calendar)), since_(since), generation_(calendar_->generation()) {
    for (const Per per : calendar_periods) current_[index_of(per)].period = calendar_->current(per);
}

Tallies::Tallies(std::shared_ptr<Calendar> calendar, std::uint64_t since, const Tallies& other, const Amounts& held)
    : Tallies(std::move(calendar), since) {
    for (const Per per : calendar_periods) {
        Window& ours = current_[index_of(per)];
        ours.spent = held;
        if (other.current(per).period.overlaps(ours.period)) ours.spent += other.current(per).spent;
        for (const Past& past : other.past_)
            if (past.per == per && past.window.period.overlaps(ours.period)) ours.spent += past.window.spent;
    }
}

void Tallies::take(const Booking& hold) {
    for (Window& window : current_) {
        window.held += hold.amount;
        ++window.holds;
    }
}

void Tallies::grow(const Booking& hold, const Amounts& more) {
    for (const Per per : calendar_periods) {
        Window* const found = window(per, hold.at);
        if (counts(hold)) {
            ENSURE(found != nullptr);
            found->held += more;
        } else if (found != nullptr) {
            found->spent += more;
        }
    }
}

void Tallies::close(const Booking& hold, const Amounts& cost) {
    for (const Per per : calendar_periods) {
        Window* const found = window(per, hold.at);
        if (!counts(hold)) {
            if (found != nullptr) found->spent += above(cost, hold.amount);
            continue;
        }
        ENSURE(found != nullptr && found->holds > 0);
        found->held -= hold.amount;
        found->spent += cost;
        if (--found->holds == 0 && found != &current_[index_of(per)]) forget(per);
    }
}

void Tallies::book(Timestamp at, const Amounts& cost) {
    for (const Per per : calendar_periods) {
        Window* found = window(per, at);
        if (found == nullptr && at < current(per).period.start)
            found = &past_.emplace_back(per, Window{.period = calendar_->period_of(per, at)}).window;
        if (found == nullptr) continue;
        found->spent += cost;
        forget(per);
    }
}

void Tallies::restore(Per per, const Window& window) {
    if (window.period == current(per).period)
        current_[index_of(per)].spent += window.spent;
    else
        past_.push_back({per, window});
}

Window* Tallies::window(Per per, Timestamp at) {
    if (Window& now = current_[index_of(per)]; now.period.contains(at)) [[likely]]
        return &now;
    for (Past& past : past_)
        if (past.per == per && past.window.period.contains(at)) return &past.window;
    return nullptr;
}

void Tallies::roll_windows() {
    generation_ = calendar_->generation();
    for (const Per per : calendar_periods) {
        Window& now = current_[index_of(per)];
        if (now.period == calendar_->current(per)) continue;
        if (now.holds > 0 || now.spent != Amounts{}) past_.push_back({per, now});
        now = Window{.period = calendar_->current(per)};
        forget(per);
    }
}

void Tallies::forget(Per per) {
    Timestamp newest = Timestamp::min();
    for (const Past& past : past_)
        if (past.per == per) newest = std::max(newest, past.window.period.start);
    std::erase_if(past_, [&](const Past& past) {
        return past.per == per && past.window.holds == 0 && past.window.period.start != newest;
    });
}

Tallies& Account::in(const std::shared_ptr<Calendar>& calendar, std::uint64_t sequence) {
    for (Tallies& candidate : tallies) {
        if (&candidate.calendar() != calendar.get()) continue;
        candidate.roll();
        return candidate;
    }
    if (tallies.empty()) return tallies.emplace_back(calendar, sequence);
    if (tallies.size() == calendars_max) tallies.erase(tallies.begin());
    Tallies made(calendar, sequence, tallies.back(), held);
    return tallies.emplace_back(std::move(made));
}

bool Account::open_window(const Budget& budget, const std::shared_ptr<Calendar>& calendar, Timestamp newest,
                          std::uint64_t sequence) {
    Tallies& known = in(calendar, sequence);
    bool opened = false;
    if (budget.rolling && !roll(budget.per, newest)) {
        Roll& fresh = rolls.emplace_back(budget.per, newest, sequence);
        // When in its period something was spent nobody knows any more, so it counts as if it had been at the end.
        for (const Tallies::Past& past : known.past())
            if (past.per == budget.per) fresh.book(past.window.period.end - Timestamp::duration(1), past.window.spent);
        fresh.book(newest, known.current(budget.per).spent);
        fresh.book(newest, held);
        opened = true;
    }
    const Period dates{.start = budget.from, .end = budget.until};
    if (budget.per != Per::dates || span(dates) != nullptr) return opened;
    // Those that are over, and in nobody's way any more, go first.
    if (spans.size() >= spans_max)
        std::erase_if(spans, [&](const Span& each) { return each.period.end <= newest && each.held == Amounts{}; });
    Span& fresh = spans.emplace_back(Span{.period = dates, .since = sequence});
    if (dates.start >= newest) return true;
    // The shortest period of the calendar that reaches back to its beginning; all that was ever spent if none does.
    fresh.spent = spent;
    for (const Per per : {Per::day, Per::week, Per::month, Per::quarter, Per::year}) {
        if (known.current(per).period.start > dates.start) continue;
        fresh.spent = known.current(per).spent;
        break;
    }
    fresh.spent += held;
    return true;
}

Roll* Account::roll(Per per, Timestamp newest) {
    for (Roll& each : rolls) {
        if (each.per() != per) continue;
        each.advance(newest);
        return &each;
    }
    return nullptr;
}

Span* Account::span(const Period& period) {
    const auto found = std::ranges::find(spans, period, &Span::period);
    return found == spans.end() ? nullptr : &*found;
}

void Account::take(const Booking& hold) {
    held += hold.amount;
    for (Tallies& each : tallies) {
        each.roll();
        each.take(hold);
    }
    for (Roll& each : rolls) each.take(hold);
    for (Span& each : spans) each.take(hold);
}

void Account::grow(const Booking& hold, const Amounts& more) {
    held += more;
    for (Tallies& each : tallies) each.grow(hold, more);
    for (Roll& each : rolls) each.grow(hold, more);
    for (Span& each : spans) each.grow(hold, more);
}

void Account::close(const Booking& hold, const Amounts& cost) {
    held -= hold.amount;
    spent += cost;
    for (Tallies& each : tallies) each.close(hold, cost);
    for (Roll& each : rolls) each.close(hold, cost);
    for (Span& each : spans) each.close(hold, cost);
}

void Account::book(Timestamp at, const Amounts& cost) {
    spent += cost;
    for (Tallies& each : tallies) {
        each.roll();
        each.book(at, cost);
    }
    for (Roll& each : rolls) each.book(at, cost);
    for (Span& each : spans) each.book(at, cost);
}

void Account::note_shortage(const Budget& limit, Timestamp at) {
    const auto known = std::ranges::find_if(shortages, [&](const Shortage& each) { return each.limit.is_like(limit); });
    if (known != shortages.end()) {
        known->at = at;
        return;
    }
    if (shortages.size() == shortages_max) shortages.erase(shortages.begin());
    shortages.push_back({.limit = limit, .at = at});
}

std::optional<Timestamp> Account::shortage(const Budget& limit, Timestamp since) const {
    const auto known = std::ranges::find_if(shortages, [&](const Shortage& each) { return each.limit.is_like(limit); });
    if (known == shortages.end() || known->at < since) return {};
    return known->at;
}

}  // namespace bursar::ledger
