#pragma once

#include "service/base/money.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace bursar::policies {

/// Which spending people are told of besides their limits: far above what the account usually spends.
struct Watch {
    /// An hour of an account, against the same hours of its past weeks.
    struct Unusual {
        std::int64_t factor = 4;  ///< of what is usual
        NanoUsd at_least = NanoUsd::dollars(20);
        bool operator==(const Unusual&) const = default;
    };
    /// A key that spends within minutes what it spends in hours else.
    struct Runaway {
        std::int64_t factor = 10;
        NanoUsd at_least = NanoUsd::dollars(5);
        std::chrono::minutes within{10};
        std::optional<std::chrono::minutes> pause;  ///< how long such a key is refused; none: people are told only
        bool operator==(const Runaway&) const = default;
    };
    Unusual unusual;
    Runaway runaway;
    bool operator==(const Watch&) const = default;
};

}  // namespace bursar::policies
