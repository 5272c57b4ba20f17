// Hunts: an export that crashes its reader, is read as more than it says, or makes corrections that do not add up.
#include "service/base/ensure.h"
#include "service/treasury/reconcile/compare.h"

#include <cstdint>
#include <string_view>

namespace {

using namespace bursar;
using namespace bursar::treasury::reconcile;

/// Books with a known call, a lost and an estimated one for each line.
audit::Booked books_for(const Export& theirs) {
    audit::Booked booked;
    unsigned char number = 0;
    for (const Line& line : theirs.lines) {
        if (booked.unsure.size() > 100) break;
        for (const UsageSource source : {UsageSource::provider, UsageSource::lost, UsageSource::estimated}) {
            const NanoUsd cost{1'000'000'007};
            booked.sums.push_back(
                {.day = line.day, .model = line.model, .source = source, .calls = 1, .usage = {}, .cost = cost});
            if (source == UsageSource::provider) continue;
            AttemptId::Bytes bytes{};
            bytes[15] = ++number;
            booked.unsure.push_back({.call = {},
                                     .attempt = AttemptId(bytes),
                                     .at = Timestamp(line.day),
                                     .model = line.model,
                                     .source = source,
                                     .usage = {},
                                     .cost = cost,
                                     .charge = cost});
        }
    }
    return booked;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto theirs = read_export(text, std::nullopt);
    if (!theirs) {
        ENSURE(!theirs.error().for_caller.empty());
        return 0;
    }
    ENSURE(theirs->from < theirs->until && theirs->until - theirs->from <= std::chrono::days(days_max));
    for (const Line& line : theirs->lines) ENSURE(line.day >= theirs->from && line.day < theirs->until);
    const Timestamp later = Timestamp(theirs->until) + std::chrono::days(2);
    const Comparison comparison = compare(*theirs, books_for(*theirs), {}, later);
    ENSURE(!to_json(comparison).empty());
    for (const Correction& each : comparison.corrections) ENSURE(each.amounts.cost >= NanoUsd{-1'000'000'007});
    return 0;
}
