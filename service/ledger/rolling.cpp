#include "service/ledger/rolling.h"

#include "service/base/ensure.h"

#include <algorithm>

namespace bursar::ledger {

Amounts above(const Amounts& cost, const Amounts& held) {
    return {.charge = std::max(NanoUsd{}, cost.charge - held.charge),
            .cost = std::max(NanoUsd{}, cost.cost - held.cost),
            .tokens = std::max<Tokens>(0, cost.tokens - held.tokens),
            .calls = 0};
}

std::chrono::nanoseconds rolling_length(Per per) {
    switch (per) {
        case Per::minute:
            return std::chrono::minutes(1);
        case Per::hour:
            return std::chrono::hours(1);
        case Per::day:
            return std::chrono::days(1);
        case Per::week:
            return std::chrono::days(7);
        case Per::month:
            return std::chrono::days(30);
        case Per::quarter:
            return std::chrono::days(90);
        case Per::year:
            return std::chrono::days(365);
        case Per::ever:
        case Per::dates:
            break;
    }
    ENSURE(false);
}

Roll::Roll(Per per, Timestamp newest, std::uint64_t since)
    : per_(per), width_(rolling_length(per) / cells_back), since_(since), newest_(cell_of(newest)) {}

std::int64_t Roll::cell_of(Timestamp at) const {
    const std::int64_t width = width_.count();
    const std::int64_t time = at.time_since_epoch().count();
    return time / width - (time % width < 0 ? 1 : 0);
}

void Roll::advance(Timestamp newest) {
    const std::int64_t now = cell_of(newest);
    if (now <= newest_) return;
    for (std::int64_t gone = newest_ - cells_back; gone <= newest_ && gone < now - cells_back; ++gone) {
        Amounts& cell = cells_[slot(gone)];
        spent_ -= cell;
        cell = {};
    }
    newest_ = now;
}

Amounts Roll::spent_at(Timestamp later) const {
    Amounts sum;
    const std::int64_t oldest = std::max(newest_, cell_of(later)) - cells_back;
    for (std::int64_t number = std::max(newest_ - cells_back, oldest); number <= newest_; ++number)
        sum += cells_[slot(number)];
    return sum;
}

Period Roll::period() const {
    return {.start = Timestamp(width_ * (newest_ - cells_back)), .end = Timestamp(width_ * (newest_ + 1))};
}

Timestamp Roll::frees_at() const {
    for (std::int64_t number = newest_ - cells_back; number <= newest_; ++number)
        if (cells_[slot(number)] != Amounts{}) return Timestamp(width_ * (number + cells_back + 1));
    return Timestamp::max();
}

void Roll::grow(const Booking& hold, const Amounts& more) {
    if (counts(hold))
        held_ += more;
    else
        book(hold.at, more);
}

void Roll::close(const Booking& hold, const Amounts& cost) {
    if (counts(hold)) {
        held_ -= hold.amount;
        book(hold.at, cost);
    } else {
        book(hold.at, above(cost, hold.amount));
    }
}

void Roll::book(Timestamp at, const Amounts& cost) {
    const std::int64_t number = cell_of(at);
    if (number > newest_) advance(at);
    if (number < newest_ - cells_back) return;
    cells_[slot(number)] += cost;
    spent_ += cost;
}

void Roll::restore(std::int64_t number, const Amounts& amounts) {
    if (number < newest_ - cells_back) return;
    cells_[slot(number)] += amounts;
    spent_ += amounts;
}

void Span::take(const Booking& hold) {
    if (period.contains(hold.at)) held += hold.amount;
}

void Span::grow(const Booking& hold, const Amounts& more) {
    if (!period.contains(hold.at)) return;
    if (hold.sequence > since)
        held += more;
    else
        spent += more;
}

void Span::close(const Booking& hold, const Amounts& cost) {
    if (!period.contains(hold.at)) return;
    if (hold.sequence > since) {
        held -= hold.amount;
        spent += cost;
    } else {
        spent += above(cost, hold.amount);
    }
}

void Span::book(Timestamp at, const Amounts& cost) {
    if (period.contains(at)) spent += cost;
}

}  // namespace bursar::ledger
