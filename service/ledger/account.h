#pragma once

#include "service/base/caller.h"
#include "service/base/money.h"
#include "service/ledger/periods.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace bursar::ledger {

/// What one account has spent and holds in one period.
struct Window {
    Period period;
    NanoUsd spent;
    NanoUsd held;
    std::uint32_t holds = 0;  ///< open holds booked here: the window stays for as long as there are any
};

/// What an account must know of a hold. `sequence` grows with every hold of the process.
struct Booking {
    std::uint64_t sequence = 0;
    Timestamp at;
    NanoUsd amount;
};

/// The sums of one account in one calendar: every kind of period, whether a budget asks for it or not, so that a budget
/// added later finds what its period has seen already. Guarded by the ledger's mutex.
class Tallies {
  public:
    /// Counts holds with a later sequence than `since`.
    Tallies(std::shared_ptr<Calendar> calendar, std::uint64_t since);
    /// For an account that was counted in another calendar. Its periods do not fit ours, so every amount that may lie
    /// in one of ours counts in full, and what is held counts as spent: too much rather than too little, until each
    /// period ends.
    Tallies(std::shared_ptr<Calendar> calendar, std::uint64_t since, const Tallies& other, NanoUsd held);

    const Calendar& calendar() const { return *calendar_; }
    /// Whether this hold's amount is in the windows as held; otherwise it counted as spent from the beginning.
    bool counts(const Booking& hold) const { return hold.sequence > since_; }

    /// Makes the calendar's current periods ours. Called before any other use.
    void roll() {
        if (generation_ != calendar_->generation()) [[unlikely]]
            roll_windows();
    }
    void take(const Booking& hold);
    void grow(const Booking& hold, NanoUsd more);
    /// Gives back what the hold still holds and books its cost.
    void close(const Booking& hold, NanoUsd cost);
    /// Books a cost without a hold, when the journal is replayed. The period may be over and forgotten.
    void book(Timestamp at, NanoUsd cost);

    const Window& current(Per per) const { return current_[index_of(per)]; }
    /// The window around an instant; none if that period is over and forgotten, or has not begun.
    const Window* find(Per per, Timestamp at) const { return const_cast<Tallies*>(this)->window(per, at); }

    struct Past {
        Per per;
        Window window;
    };
    const std::vector<Past>& past() const { return past_; }
    /// Puts back a window that was stored.
    void restore(Per per, const Window& window);

  private:
    Window* window(Per per, Timestamp at);
    void roll_windows();
    /// Keeps the newest window of a kind, for a change of calendar, and those that holds are open in.
    void forget(Per per);

    std::shared_ptr<Calendar> calendar_;
    std::uint64_t since_;
    std::uint64_t generation_ = 0;
    std::array<Window, calendar_periods.size()> current_;
    std::vector<Past> past_;
};

/// One account. Its address is for good; accounts are never removed. Guarded by the ledger's mutex, but for the name.
struct Account {
    explicit Account(AccountName account_name) : name(std::move(account_name)) {}

    const AccountName name;
    /// In the journal, from the first hold on and for good; 0 before. Without gaps, since all that have one are stored.
    std::uint32_t number = 0;
    NanoUsd spent;  ///< in all, and for budgets of Per::ever
    NanoUsd held;
    /// The journal's own, on the writer thread: the first group that is not in the stored row (0: all are), and the
    /// group with which the row was written.
    std::uint64_t journal_since = 0;
    std::uint64_t journal_written = 0;

    /// The sums in this calendar, up to date. The two calendars used last are kept: while a new policy revision changes
    /// the time zone, calls of the former one are still under way.
    Tallies& in(const std::shared_ptr<Calendar>& calendar, std::uint64_t sequence);

    void take(const Booking& hold);
    void grow(const Booking& hold, NanoUsd more);
    void close(const Booking& hold, NanoUsd cost);
    void book(Timestamp at, NanoUsd cost);

    static constexpr std::size_t calendars_max = 2;
    std::vector<Tallies> tallies;  ///< the one made last at the end
};

}  // namespace bursar::ledger
