#include "service/base/guarded_clock.h"

#include "service/base/log.h"

namespace bursar {

Timestamp GuardedClock::now() const {
    const Timestamp told = source_.now();
    const Timestamp compared{std::chrono::nanoseconds(compared_.load(std::memory_order_relaxed))};
    if (told >= compared && told - std::chrono::nanoseconds(compared_every) < compared) [[likely]]
        return told;
    const Reading read = reading();
    std::chrono::nanoseconds ahead = ahead_.load(std::memory_order_relaxed);
    if (read.ahead - ahead > leap_min) [[unlikely]] {
        compared_.store(INT64_MIN, std::memory_order_relaxed);
        ahead = judge(read);
    } else {
        // Small steps are followed; what two readings differ by because one comes after the other is none.
        if (std::chrono::abs(read.ahead - ahead) > std::chrono::seconds(1))
            ahead_.store(read.ahead, std::memory_order_relaxed);
        if (doubts()) [[unlikely]] {
            doubting_ = false;
            log::warning("clock_came_back", {});
        }
        ahead = read.ahead;
        compared_.store((read.since_start + ahead).count(), std::memory_order_relaxed);
    }
    return Timestamp(read.since_start + ahead);
}

std::chrono::nanoseconds GuardedClock::judge(const Reading& read) const {
    const MutexLock lock(mutex_);
    const std::chrono::nanoseconds believed = ahead_;
    if (read.ahead - believed <= leap_min) return read.ahead;  // somebody else has just believed it
    if (!doubting_ || std::chrono::abs(read.ahead - leap_.ahead) > leap_min) {
        leap_ = read;
        doubting_ = true;
        log::error("clock_leaped_forward",
                   {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(read.ahead - believed).count()},
                    {"effect", "time goes on as before, until the leap has lasted 15 minutes"}});
    }
    if (read.since_start - leap_.since_start < believed_after) return believed;
    ahead_ = read.ahead;
    doubting_ = false;
    log::warning("clock_leap_believed", {{"time", to_text(Timestamp(read.since_start + read.ahead))}});
    return read.ahead;
}

}  // namespace bursar
