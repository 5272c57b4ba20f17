#include "service/base/clock.h"

#include "service/base/ensure.h"

#include <charconv>
#include <ctime>

#include <fmt/format.h>

namespace bursar {

namespace chrono = std::chrono;

Moment moment_about() {
    timespec at{};
    ENSURE(clock_gettime(CLOCK_MONOTONIC_COARSE, &at) == 0);
    return Moment(chrono::seconds(at.tv_sec) + chrono::nanoseconds(at.tv_nsec));
}

Timestamp ManualClock::now() const {
    const MutexLock lock(mutex_);
    return now_;
}

Moment ManualClock::moment() const {
    const MutexLock lock(mutex_);
    return moment_;
}

void ManualClock::advance(chrono::nanoseconds by) {
    const MutexLock lock(mutex_);
    now_ += by;
    moment_ += by;
}

void ManualClock::set(Timestamp now) {
    const MutexLock lock(mutex_);
    now_ = now;
}

std::string to_text(Timestamp at) {
    const auto day = chrono::floor<chrono::days>(at);
    const chrono::year_month_day date{day};
    const auto in_day = chrono::floor<chrono::milliseconds>(at - day).count();
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), in_day / 3'600'000,
                       in_day / 60'000 % 60, in_day / 1000 % 60, in_day % 1000);
}

Result<Timestamp> parse_timestamp(std::string_view text) {
    const auto wrong = [&] {
        return fail(
            Fault::invalid_request,
            fmt::format("'{}' is not a time. Write it like 2026-11-30T18:00:00Z or with an offset such as +01:00.",
                        text));
    };
    const auto number = [&](std::size_t at, std::size_t length) -> int {
        int value = -1;
        if (at + length > text.size()) return -1;
        const char* end = text.data() + at + length;
        const auto [stop, error] = std::from_chars(text.data() + at, end, value);
        return error == std::errc{} && stop == end && text[at] != '-' ? value : -1;
    };
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != ' ' && text[10] != 't') || text[13] != ':' || text[16] != ':')
        return wrong();
    const int year = number(0, 4), month = number(5, 2), day = number(8, 2), hour = number(11, 2),
              minute = number(14, 2), second = number(17, 2);
    const chrono::year_month_day date{chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                                      chrono::day{static_cast<unsigned>(day)}};
    if (year < 1678 || year > 2261 || month < 1 || day < 1 || !date.ok() || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 60)
        return wrong();
    std::size_t at = 19;
    std::int64_t nanos = 0;
    if (text[at] == '.') {
        std::int64_t scale = 100'000'000;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
            nanos += (text[at] - '0') * scale;
    }
    if (at >= text.size()) return wrong();
    chrono::minutes offset{0};
    if (text[at] == '+' || text[at] == '-') {
        const int hours = number(at + 1, 2), minutes = number(at + 4, 2);
        if (text.size() != at + 6 || text[at + 3] != ':' || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
            return wrong();
        offset = chrono::minutes{hours * 60 + minutes} * (text[at] == '-' ? -1 : 1);
    } else if ((text[at] != 'Z' && text[at] != 'z') || at + 1 != text.size()) {
        return wrong();
    }
    return Timestamp{chrono::sys_days{date}} + chrono::hours{hour} + chrono::minutes{minute} + chrono::seconds{second} +
           chrono::nanoseconds{nanos} - offset;
}

std::int64_t unix_milliseconds(Timestamp at) {
    return chrono::floor<chrono::milliseconds>(at).time_since_epoch().count();
}
Timestamp from_unix_milliseconds(std::int64_t at) { return Timestamp{chrono::milliseconds{at}}; }

}  // namespace bursar
