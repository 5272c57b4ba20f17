#pragma once

#include "service/base/budget.h"
#include "service/base/time_zone.h"

#include <array>
#include <cstdint>

// Windows that are not the calendar's: the last hours or days up to now, and one stretch between two dates.
namespace bursar::ledger {

/// What an account must know of a hold. `sequence` grows with every hold of the process.
struct Booking {
    std::uint64_t sequence = 0;
    Timestamp at;
    Amounts amount;
};

/// What a hold that was counted as spent from the beginning cost beyond it.
Amounts above(const Amounts& cost, const Amounts& held);

/// How long the window of a rolling limit is: 60 seconds, 60 minutes, 24 hours, 7, 30, 90 or 365 days.
std::chrono::nanoseconds rolling_length(Per per);

/// What an account has spent in the last so many hours. Kept in cells of a sixtieth of the length: what lies in the
/// cell that is only partly inside still counts, so that no window of the true length ever has more than the limit.
/// What is held counts however old its hold is. Guarded by the ledger's mutex.
class Roll {
  public:
    static constexpr std::size_t cells_count = 61;

    /// Counts holds with a later sequence than `since`.
    Roll(Per per, Timestamp newest, std::uint64_t since);

    /// As it was stored: whatever is open then is a new process's.
    static Roll at_cell(Per per, std::int64_t newest) {
        Roll roll(per, {}, 0);
        roll.newest_ = newest;
        return roll;
    }

    Per per() const { return per_; }
    /// What is older than the window goes. Called before any other use.
    void advance(Timestamp newest);
    const Amounts& spent() const { return spent_; }
    /// What will still be in the window at a later instant, without going there.
    Amounts spent_at(Timestamp later) const;
    const Amounts& held() const { return held_; }
    Period period() const;
    /// When the oldest of what is spent leaves the window; Timestamp::max() if nothing is.
    Timestamp frees_at() const;

    void take(const Booking& hold) { held_ += hold.amount; }
    void grow(const Booking& hold, const Amounts& more);
    void close(const Booking& hold, const Amounts& cost);
    void book(Timestamp at, const Amounts& cost);

    // For storing.
    std::int64_t newest_cell() const { return newest_; }
    const Amounts& cell(std::int64_t number) const { return cells_[slot(number)]; }
    /// A cell that is not newer than the newest.
    void restore(std::int64_t number, const Amounts& amounts);
    static constexpr std::int64_t cells_back = static_cast<std::int64_t>(cells_count) - 1;

  private:
    static std::size_t slot(std::int64_t number) {
        constexpr auto count = static_cast<std::int64_t>(cells_count);
        return static_cast<std::size_t>((number % count + count) % count);
    }
    std::int64_t cell_of(Timestamp at) const;
    bool counts(const Booking& hold) const { return hold.sequence > since_; }

    Per per_;
    std::chrono::nanoseconds width_;
    std::uint64_t since_;
    std::int64_t newest_;  ///< cell
    Amounts spent_;        ///< of all cells
    Amounts held_;
    std::array<Amounts, cells_count> cells_{};
};

/// What an account has spent between two instants. Guarded by the ledger's mutex.
struct Span {
    Period period;
    Amounts spent;
    Amounts held;
    std::uint64_t since = 0;  ///< counts holds with a later sequence

    void take(const Booking& hold);
    void grow(const Booking& hold, const Amounts& more);
    void close(const Booking& hold, const Amounts& cost);
    void book(Timestamp at, const Amounts& cost);
};

}  // namespace bursar::ledger
