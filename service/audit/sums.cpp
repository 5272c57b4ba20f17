#include "service/audit/sums.h"

#include "service/audit/batch.h"
#include "service/base/varint.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace bursar::audit {
namespace {

// Places in Numbers. The frequent ones first: their bits make the mask short.
constexpr std::size_t calls = 0, cost = 1, charge = 2, usage_first = 3, held = 15, duration = 16, first_byte = 17,
                      first_bytes = 18, latency_first = 19, refused = 29, errors = 30, retries = 31, retry_cost = 32,
                      error_charge = 33, usage_behind = 34;
/// Those that came later stand behind all others.
constexpr std::size_t usage_in_front = 12;
static_assert(usage_first + usage_in_front == held);
static_assert(latency_first + latency_bounds_ms.size() + 1 == refused);
static_assert(error_charge + 1 == usage_behind);
static_assert(usage_behind + usage_fields.size() - usage_in_front == numbers_count && numbers_count <= 64);

constexpr std::size_t place_of_usage(std::size_t field) {
    return field < usage_in_front ? usage_first + field : usage_behind + field - usage_in_front;
}

/// What no sum can hold stays at the end of the range: a provider that lies must not stop the service.
void increase(std::int64_t& sum, std::int64_t by) {
    if (__builtin_add_overflow(sum, by, &sum))
        sum = by > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

std::int64_t microseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

void count_ending(Numbers& numbers, const Outcome& outcome) {
    ++numbers[calls];
    // No attempt at all, so nothing was sent: the refusal was ours.
    if (!outcome.fault.empty() && outcome.attempt == AttemptId{} && outcome.attempts == 0) {
        ++numbers[refused];
        return;
    }
    if (!outcome.fault.empty()) {
        ++numbers[errors];
        increase(numbers[error_charge], outcome.charge.nanos());
    }
    // A row that was completed after a crash knows of no time.
    if (outcome.duration.count() > 0) {
        increase(numbers[duration], microseconds(outcome.duration));
        const auto step =
            std::ranges::lower_bound(latency_bounds_ms, outcome.duration, {},
                                     [](std::int64_t bound) { return std::chrono::milliseconds(bound); }) -
            latency_bounds_ms.begin();
        ++numbers[latency_first + static_cast<std::size_t>(step)];
    }
    if (outcome.first_byte.count() > 0) {
        increase(numbers[first_byte], microseconds(outcome.first_byte));
        ++numbers[first_bytes];
    }
}

}  // namespace

void count(Numbers& numbers, const Outcome& outcome) {
    if (!outcome.superseded) {
        count_ending(numbers, outcome);
    } else if (outcome.fault != correction_fault) {
        ++numbers[retries];
        increase(numbers[retry_cost], outcome.cost.nanos());
    }
    increase(numbers[cost], outcome.cost.nanos());
    increase(numbers[charge], outcome.charge.nanos());
    increase(numbers[held], outcome.held.nanos());
    for (std::size_t i = 0; i < usage_fields.size(); ++i)
        increase(numbers[place_of_usage(i)], outcome.usage.*usage_fields[i]);
}

void add(Numbers& numbers, const Numbers& others) {
    for (std::size_t i = 0; i < numbers.size(); ++i) increase(numbers[i], others[i]);
}

std::string pack(const Numbers& numbers) {
    std::string out;
    std::uint64_t present = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i)
        if (numbers[i] != 0) present |= std::uint64_t{1} << i;
    append_number(out, present);
    for (const std::int64_t number : numbers)
        if (number != 0) append_signed(out, number);
    return out;
}

bool add_packed(Numbers& numbers, std::string_view bytes) {
    NumberCursor cursor{bytes};
    std::uint64_t present = cursor.number();
    if (present >> numbers_count != 0) return false;
    for (; present != 0; present &= present - 1)
        increase(numbers[static_cast<std::size_t>(std::countr_zero(present))], cursor.number_signed());
    return cursor.good && cursor.rest.empty();
}

UsageSums sums_of(const Numbers& numbers) {
    UsageSums sums;
    sums.calls = numbers[calls];
    sums.refused = numbers[refused];
    sums.errors = numbers[errors];
    sums.retries = numbers[retries];
    sums.retry_cost = NanoUsd(numbers[retry_cost]);
    sums.error_charge = NanoUsd(numbers[error_charge]);
    for (std::size_t i = 0; i < usage_fields.size(); ++i) sums.usage.*usage_fields[i] = numbers[place_of_usage(i)];
    sums.cost = NanoUsd(numbers[cost]);
    sums.charge = NanoUsd(numbers[charge]);
    sums.held = NanoUsd(numbers[held]);
    sums.duration = std::chrono::microseconds(numbers[duration]);
    sums.first_byte = std::chrono::microseconds(numbers[first_byte]);
    sums.first_bytes = numbers[first_bytes];
    std::copy_n(numbers.begin() + latency_first, sums.latency.size(), sums.latency.begin());
    return sums;
}

std::int64_t UsageSums::timed() const { return std::accumulate(latency.begin(), latency.end(), std::int64_t{0}); }

std::chrono::milliseconds UsageSums::percentile(int percent) const {
    const std::int64_t all = timed();
    if (all == 0) return {};
    // The rank of the call that as many calls are not slower than.
    std::int64_t rank = std::max<std::int64_t>(1, (all * percent + 99) / 100);
    std::int64_t below = 0;
    for (std::size_t step = 0; step < latency_bounds_ms.size(); ++step) {
        if (rank <= latency[step])
            return std::chrono::milliseconds(below + (latency_bounds_ms[step] - below) * rank / latency[step]);
        rank -= latency[step];
        below = latency_bounds_ms[step];
    }
    return std::chrono::milliseconds(below);
}

}  // namespace bursar::audit
