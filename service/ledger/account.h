#pragma once

#include "service/base/caller.h"
#include "service/base/money.h"
#include "service/ledger/periods.h"
#include "service/ledger/rolling.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace bursar::ledger {

/// What one account has spent and holds in one period.
struct Window {
    Period period;
    Amounts spent;
    Amounts held;
    std::uint32_t holds = 0;  ///< open holds booked here: the window stays for as long as there are any
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
    Tallies(std::shared_ptr<Calendar> calendar, std::uint64_t since, const Tallies& other, const Amounts& held);

    const Calendar& calendar() const { return *calendar_; }
    /// Whether this hold's amount is in the windows as held; otherwise it counted as spent from the beginning.
    bool counts(const Booking& hold) const { return hold.sequence > since_; }

    /// Makes the calendar's current periods ours. Called before any other use.
    void roll() {
        if (generation_ != calendar_->generation()) [[unlikely]]
            roll_windows();
    }
    void take(const Booking& hold);
    void grow(const Booking& hold, const Amounts& more);
    /// Gives back what the hold still holds and books its cost.
    void close(const Booking& hold, const Amounts& cost);
    /// Books a cost without a hold: when the journal is replayed, or a correction. The period may be over and
    /// forgotten.
    void book(Timestamp at, const Amounts& cost);

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

/// A limit whose rest was of no use to a call.
struct Shortage {
    Budget limit;  ///< as Budget::is_like tells them apart
    Timestamp at;  ///< the newest
};

/// One account. Its address is for good; accounts are never removed. Guarded by the ledger's mutex, but for the name.
struct Account {
    explicit Account(AccountName account_name) : name(std::move(account_name)) {}

    const AccountName name;
    /// In the journal, from the first hold on and for good; 0 before. Without gaps, since all that have one are stored.
    std::uint32_t number = 0;
    Amounts spent;  ///< in all, and for budgets of Per::ever
    Amounts held;
    /// The journal's own, on the writer thread: the first group that is not in the stored row (0: all are), and the
    /// group with which the row was written.
    std::uint64_t journal_since = 0;
    std::uint64_t journal_written = 0;

    /// The sums in this calendar, up to date. The two calendars used last are kept: while a new policy revision changes
    /// the time zone, calls of the former one are still under way.
    Tallies& in(const std::shared_ptr<Calendar>& calendar, std::uint64_t sequence);

    /// Makes sure that the window of a rolling limit, or of one between dates, is there; a new one begins with what
    /// `calendar` knows of its time. Whether it is new: then it is in no stored row yet.
    bool open_window(const Budget& budget, const std::shared_ptr<Calendar>& calendar, Timestamp newest,
                     std::uint64_t sequence);
    /// Null if nobody opened it. The rolling one is up to date.
    Roll* roll(Per per, Timestamp newest);
    Span* span(const Period& period);

    void take(const Booking& hold);
    void grow(const Booking& hold, const Amounts& more);
    void close(const Booking& hold, const Amounts& cost);
    void book(Timestamp at, const Amounts& cost);

    void note_shortage(const Budget& limit, Timestamp at);
    std::optional<Timestamp> shortage(const Budget& limit, Timestamp since) const;

    /// More limits than an account has; beyond it the oldest is forgotten.
    static constexpr std::size_t shortages_max = 32;
    static constexpr std::size_t calendars_max = 2;
    /// Beyond it those that are over are forgotten.
    static constexpr std::size_t spans_max = 64;
    std::vector<Tallies> tallies;  ///< the one made last at the end
    std::vector<Roll> rolls;
    std::vector<Span> spans;
    std::vector<Shortage> shortages;  ///< not stored: the next refusal finds it again
};

}  // namespace bursar::ledger
