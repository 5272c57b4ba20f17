#pragma once

#include "service/base/clock.h"
#include "service/base/money.h"
#include "service/base/result.h"
#include "service/base/usage.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What was used, summed up: the questions and their answers.
namespace bursar::audit {

/// What usage is grouped and filtered by. The first eight are stored with every sum; the others are worked out.
enum class By : std::uint8_t {
    team,
    person,
    key,
    model,
    tier,
    channel,
    tags,  ///< the whole list; for people there is `tag`
    cost_centre,
    provider,  ///< the channel up to its '/'
    tag,       ///< one of the list: a call with two tags counts in both
    day,
    hour,
    month
};
inline constexpr std::size_t stored_dimensions = 8;
std::string_view name_of(By by);
/// invalid_request names the words that are known.
Result<By> parse_by(std::string_view word);

/// Upper bounds of UsageSums::latency, in milliseconds; the last counts the rest.
inline constexpr std::array<std::int64_t, 9> latency_bounds_ms = {100,   250,    500,    1'000, 2'500,
                                                                  5'000, 10'000, 30'000, 60'000};

/// Sums of some calls.
struct UsageSums {
    std::int64_t calls = 0;
    std::int64_t refused = 0;  ///< of the calls: by us, so that no provider saw them
    std::int64_t errors = 0;   ///< of the calls: those that ended with a fault and were not refused
    std::int64_t retries = 0;  ///< attempts that another one followed
    NanoUsd retry_cost;        ///< of the cost: what those attempts were billed
    NanoUsd error_charge;      ///< of the charge: what calls were charged that ended with an error
    Usage usage;
    NanoUsd cost;
    NanoUsd charge;
    NanoUsd held;
    std::chrono::microseconds duration{};    ///< of the calls that `latency` counts
    std::chrono::microseconds first_byte{};  ///< of the calls that `first_bytes` counts
    std::int64_t first_bytes = 0;
    std::array<std::int64_t, latency_bounds_ms.size() + 1> latency{};

    std::int64_t timed() const;  ///< calls in `latency`
    /// About: the place within a step of `latency` is taken to be even. 0 if there are no calls.
    std::chrono::milliseconds percentile(int percent) const;
    bool operator==(const UsageSums&) const = default;
};

struct UsageQuery {
    std::vector<By> group_by;
    Timestamp from;
    Timestamp to;
    std::vector<std::pair<By, std::string>> only = {};  ///< all must hold; no times
    std::size_t rows_max = 100'000;
};

struct UsageRow {
    std::vector<std::string> group;
    UsageSums sums;
};

struct UsageAnswer {
    /// What was summed up: as asked, or that widened to whole hours (UTC) where it does not begin or end with a day.
    Timestamp from;
    Timestamp to;
    std::vector<UsageRow> rows;  ///< the dearest first
    UsageSums total;             ///< of all rows, also those left out; a call with two tags counts once
    std::size_t left_out = 0;
};

}  // namespace bursar::audit
