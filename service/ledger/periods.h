#pragma once

#include "service/base/budget.h"
#include "service/base/clock.h"
#include "service/base/result.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace bursar::ledger {

/// [start, end)
struct Period {
    Timestamp start = Timestamp::min();
    Timestamp end = Timestamp::max();
    bool contains(Timestamp at) const { return start <= at && at < end; }
    bool overlaps(const Period& other) const { return start < other.end && other.start < end; }
    bool operator==(const Period&) const = default;
};

/// An IANA time zone as this machine's tzdata knows it. Cheap to copy; any thread.
class TimeZone {
  public:
    /// wrong_configuration if the name is unknown.
    static Result<TimeZone> load(const std::string& name);
    const std::string& name() const;
    /// The calendar period around an instant: a day from local midnight to the next, however many hours that is; weeks
    /// from Monday. Hours are 60 minutes of elapsed time, aligned to the local clock.
    Period period_of(Per per, Timestamp at) const;

  private:
    struct Zone;
    explicit TimeZone(std::shared_ptr<const Zone> zone) : zone_(std::move(zone)) {}
    std::shared_ptr<const Zone> zone_;
};

/// All kinds of periods but `ever`, which needs no calendar.
inline constexpr std::array calendar_periods{Per::hour, Per::day, Per::week, Per::month, Per::quarter, Per::year};
inline constexpr std::size_t index_of(Per per) { return static_cast<std::size_t>(per); }

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
