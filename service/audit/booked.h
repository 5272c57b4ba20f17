#pragma once

#include "service/audit/audit.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What the outcome rows say of one provider, in the shape in which providers bill: by UTC day and their own model name.
namespace bursar::audit {

/// Attempts of one day, one model and one source of their numbers.
struct BookedSum {
    std::chrono::sys_days day;
    std::string model;  ///< the provider's name for it
    UsageSource source = UsageSource::provider;
    std::int64_t calls = 0;
    Usage usage;
    NanoUsd cost;
    NanoUsd charge;
};

/// An attempt whose numbers are not the provider's: lost or estimated.
struct BookedUnsure {
    CallId call;
    AttemptId attempt;
    Timestamp at;
    std::string model;
    UsageSource source = UsageSource::lost;
    Usage usage;
    NanoUsd cost;
    NanoUsd charge;
};

struct Booked {
    std::vector<BookedSum> sums;       ///< by day, model and source
    std::vector<BookedUnsure> unsure;  ///< oldest first
    /// Unsure attempts of that time whose channel nobody knows: they are in no provider's sums.
    std::int64_t unplaced_calls = 0;
    NanoUsd unplaced_cost;
};

inline constexpr std::size_t booked_unsure_max = 20'000;

/// Attempts in [from, to) at channels of that provider at which something was served. too_large if more than
/// booked_unsure_max of them are unsure. Blocking.
Result<Booked> read_booked(store::Transaction& transaction, std::string_view provider, Timestamp from, Timestamp to);

}  // namespace bursar::audit
