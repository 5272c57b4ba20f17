#pragma once

#include <chrono>

namespace bursar::policies {

/// How long the service keeps what it stored. The audit's chain and the ledger's balances are kept for good.
struct Retention {
    std::chrono::days calls{400};
    std::chrono::days usage_hours{400};
    std::chrono::days usage_days{5 * 365};
    std::chrono::days events{365};
    bool operator==(const Retention&) const = default;
};

}  // namespace bursar::policies
