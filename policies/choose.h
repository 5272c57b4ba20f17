#pragma once

#include "policies/snapshot.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// Which channel a call goes to. Pure: what is measured and the draw are arguments.
namespace bursar::policies {

/// What a channel has shown lately. Unmeasured: it has to be tried before it can be compared.
struct Speed {
    std::chrono::nanoseconds first_token{};  ///< streams: from the request to the first content
    double tokens_per_second = 0;            ///< streams: from then on; 0: unmeasured
    double plain_tokens_per_second = 0;      ///< other answers, from the request to their end; 0: unmeasured
};

/// A channel that a call may go to now.
struct Candidate {
    const Channel* channel = nullptr;
    bool due = false;  ///< it was out, and one call may see whether it is back
    Speed speed;
    int under_way = 0;  ///< calls at it now
};

/// What of a call decides: its estimated size, whether it is streamed, and who calls.
struct CallShape {
    Tokens input = 0;
    Tokens output = 0;
    bool stream = false;
    Timestamp at;
    std::uint64_t caller = 0;  ///< the same for the same caller
};

/// The candidate that comes first: of the best priority there is; there a channel that is due before all others, then
/// as the strategy says, as written among equals. `draw` is a random number. Nothing if there are no candidates.
std::optional<std::size_t> choose(Strategy strategy, std::span<const Candidate> candidates, const CallShape& call,
                                  std::uint64_t draw);

/// What the call would cost at this price if it is as large as estimated, at standard service.
NanoUsd cost_expected(const Price& price, const CallShape& call);

/// How long the call would take if the channel goes on as lately; nothing where that is unmeasured.
std::optional<double> seconds_expected(const Speed& speed, const CallShape& call);

/// A number that is spread evenly and is always the same for the same two.
std::uint64_t mixed(std::uint64_t caller, std::string_view name);

}  // namespace bursar::policies
