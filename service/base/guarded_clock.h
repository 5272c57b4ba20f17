#pragma once

#include "service/base/clock.h"

#include <atomic>

namespace bursar {

/// The source's time, but for leaps forward: money is booked to periods and periods never go back, so a wrong clock
/// that is believed for a second would open next month's budgets and close this month's for good. Time that leaps
/// further than `leap_min` past what the monotonic clock says goes on as before until the leap has lasted
/// `believed_after`. Steps back are taken as they are. Any thread; one reading of the source and an atomic, and once a
/// second both of its clocks.
class GuardedClock final : public Clock {
  public:
    static constexpr auto leap_min = std::chrono::minutes(5);
    static constexpr auto believed_after = std::chrono::minutes(15);

    explicit GuardedClock(const Clock& source) : source_(source), ahead_(reading().ahead) {}

    Timestamp now() const override;
    Moment moment() const override { return source_.moment(); }
    /// Whether a leap is not believed yet.
    bool doubts() const { return doubting_.load(std::memory_order_relaxed); }

  private:
    struct Reading {
        std::chrono::nanoseconds since_start;  ///< of the monotonic clock
        std::chrono::nanoseconds ahead;        ///< of the wall clock before the monotonic one
    };
    Reading reading() const {
        const auto since_start = std::chrono::nanoseconds(source_.moment().time_since_epoch());
        return {since_start, source_.now().time_since_epoch() - since_start};
    }
    std::chrono::nanoseconds judge(const Reading& reading) const EXCLUDES(mutex_);

    const Clock& source_;
    mutable std::atomic<std::chrono::nanoseconds> ahead_;  ///< as far as it is believed
    /// What a leap cannot hide in: for so long after a reading of both clocks one of them is enough.
    static constexpr auto compared_every = std::chrono::seconds(1);
    mutable std::atomic<std::int64_t> compared_ = INT64_MIN;  ///< the time when both were read, if all was well
    mutable std::atomic<bool> doubting_ = false;
    mutable Mutex mutex_;
    mutable Reading leap_ GUARDED_BY(mutex_){};  ///< when it was first seen, and how far it went
};

}  // namespace bursar
