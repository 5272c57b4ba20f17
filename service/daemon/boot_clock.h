#pragma once

#include "service/base/clock.h"

#include <ctime>

namespace bursar::daemon {

/// The monotonic clock goes on while a machine sleeps: what was allowed for ten seconds is over when it wakes.
class BootClock final : public Clock {
  public:
    Timestamp now() const override { return std::chrono::system_clock::now(); }
    Moment moment() const override {
        timespec since_boot{};
        clock_gettime(CLOCK_BOOTTIME, &since_boot);
        return Moment(std::chrono::seconds(since_boot.tv_sec) + std::chrono::nanoseconds(since_boot.tv_nsec));
    }
};

}  // namespace bursar::daemon
