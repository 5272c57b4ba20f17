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

/// A batch that is booked at its most until its results are known, which corrects it: nobody else may.
struct BookedBatch {
    std::chrono::sys_days day;
    std::string model;
};

/// Served::service_tier in the row of a call that made a batch which is remembered, and will be corrected by its
/// results. What nobody remembers is estimated like any other call.
inline constexpr std::string_view remembered_batch = "batch";

struct Booked {
    std::vector<BookedSum> sums;       ///< by day, model and source
    std::vector<BookedUnsure> unsure;  ///< oldest first; no remembered batch
    std::vector<BookedBatch> open;     ///< remembered batches that were not corrected yet
    /// Unsure attempts of that time whose channel nobody knows: they are in no provider's sums.
    std::int64_t unplaced_calls = 0;
    NanoUsd unplaced_cost;
};

inline constexpr std::size_t booked_unsure_max = 20'000;

/// Attempts in [from, to) at channels of that provider at which something was served. too_large if more than
/// booked_unsure_max of them are unsure. Blocking.
Result<Booked> read_booked(store::Transaction& transaction, std::string_view provider, Timestamp from, Timestamp to);

}  // namespace bursar::audit
