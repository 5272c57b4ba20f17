#pragma once

#include "service/base/budget.h"
#include "service/base/clock.h"
#include "service/base/result.h"

#include <chrono>
#include <memory>
#include <string>

namespace bursar {

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
    /// The first instant of a day.
    Timestamp start_of(std::chrono::sys_days day) const;
    /// When clocks on the wall show this time of a day. Of a time that they skip: when they skip it; of one that they
    /// show twice: the first.
    Timestamp at(std::chrono::sys_days day, std::chrono::minutes since_midnight) const;
    /// "2026-12-01" for the first instant of a day, else the instant in UTC.
    std::string day_words(Timestamp at) const;
    /// What a calendar on the wall shows, as a day counted from 1970-01-01.
    std::chrono::sys_days date_of(Timestamp at) const;

  private:
    struct Zone;
    explicit TimeZone(std::shared_ptr<const Zone> zone) : zone_(std::move(zone)) {}
    std::shared_ptr<const Zone> zone_;
};

}  // namespace bursar
