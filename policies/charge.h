#pragma once

#include "policies/snapshot.h"

#include <optional>
#include <string>
#include <string_view>

// What accounts are charged for a call, from what the provider is paid for it: the policy's mark-ups and subsidies.
// Pure and exact.
namespace bursar::policies {

struct Charge {
    Factor factor;     ///< of the provider's cost
    NanoUsd per_call;  ///< besides, for a call that a provider served, or may have served
    bool operator==(const Charge&) const = default;
};

/// The first rule that fits the team, or one above it, and the model; else the cost itself.
Charge charge_for(const Snapshot& rules, std::string_view team, const Model& model);

/// Rounded up to a whole nano-dollar. At the end of the range of NanoUsd it stays there. Whether anything is charged
/// for a call of which nothing was sent is the caller's business.
NanoUsd charged(const Charge& charge, NanoUsd cost);

/// The largest cost whose charge is at most `limit`; below zero where `per_call` alone is more. The largest NanoUsd
/// where any cost is free (a factor of 0), and for the largest NanoUsd, which is no limit.
NanoUsd cost_within(const Charge& charge, NanoUsd limit);

/// "1.2": from 0 to 1000, at most six digits after the point; in lowest terms.
std::optional<Factor> parse_charge_factor(std::string_view text);

/// "1.2 times the cost, and 0.001 USD per call"
std::string words_of(const Charge& charge);

}  // namespace bursar::policies
