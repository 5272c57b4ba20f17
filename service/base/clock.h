#pragma once

#include "service/base/mutex.h"
#include "service/base/result.h"

#include <chrono>
#include <string>
#include <string_view>

namespace bursar {

/// An instant in UTC, in nanoseconds since 1970.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;
/// An instant of the monotonic clock: for durations and deadlines only.
using Moment = std::chrono::steady_clock::time_point;

/// Where the time comes from. An argument everywhere, so that tests own it.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
    virtual Moment moment() const = 0;
};

/// The monotonic clock as of the kernel's last tick, up to 10 ms behind. For deadlines, which are looked at less often
/// than that: it costs a fifth of a reading.
Moment moment_about();

class SystemClock final : public Clock {
  public:
    Timestamp now() const override { return std::chrono::system_clock::now(); }
    Moment moment() const override { return std::chrono::steady_clock::now(); }
};

/// Stands still until it is moved.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Timestamp start) : now_(start) {}
    Timestamp now() const override;
    Moment moment() const override;
    void advance(std::chrono::nanoseconds by);
    void set(Timestamp now);

  private:
    mutable Mutex mutex_;
    Timestamp now_ GUARDED_BY(mutex_);
    Moment moment_ GUARDED_BY(mutex_){};
};

/// "2026-11-23T17:54:20.123Z" (RFC 3339, UTC, milliseconds).
std::string to_text(Timestamp at);
/// Reads RFC 3339 with offset or Z, fraction optional.
Result<Timestamp> parse_timestamp(std::string_view text);
std::int64_t unix_milliseconds(Timestamp at);
Timestamp from_unix_milliseconds(std::int64_t at);

}  // namespace bursar
