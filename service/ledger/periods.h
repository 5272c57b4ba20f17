#pragma once

#include "service/base/time_zone.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace bursar::ledger {

/// All kinds of periods of a calendar. The numbers of `minute` and of its place differ: `ever` came before it.
inline constexpr std::array calendar_periods{Per::hour,    Per::day,  Per::week,  Per::month,
                                             Per::quarter, Per::year, Per::minute};
inline constexpr std::size_t index_of(Per per) { return per == Per::minute ? 6 : static_cast<std::size_t>(per); }

/// The periods around the newest instant seen, in one zone. They never go back, whatever the clock does.
/// Shared by everything that counts in this zone; guarded by the ledger's mutex.
class Calendar {
  public:
    Calendar(TimeZone zone, Timestamp newest);
    const std::string& zone_name() const { return zone_.name(); }
    /// A few nanoseconds, but for the first call in a new hour.
    void advance(Timestamp newest) {
        if (newest >= valid_until_) [[unlikely]]
            recompute(newest);
    }
    const Period& current(Per per) const { return current_[index_of(per)]; }
    /// The period around any instant; free for those around the newest.
    Period period_of(Per per, Timestamp at) const;
    /// Changes when any of the current periods does.
    std::uint64_t generation() const { return generation_; }

  private:
    void recompute(Timestamp newest);

    TimeZone zone_;
    std::array<Period, calendar_periods.size()> current_;
    Timestamp valid_until_;
    std::uint64_t generation_ = 0;
};

}  // namespace bursar::ledger
