#pragma once

#include "service/base/budget.h"
#include "service/base/caller.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How the policy wants a pool to be shared out.
namespace bursar::policies {

/// What the shares of an allocation follow.
enum class ShareBy : std::uint8_t { weight, heads, use, fixed };
/// As policies write it: "heads".
std::string_view name_of(ShareBy by);

/// Who gets a part of the pool.
enum class Among : std::uint8_t {
    teams,   ///< those directly below the pool
    people,  ///< of the pool's team and of the teams below it
    listed,
};

/// What is said of one member. Of what is not said, nothing holds.
struct ShareRule {
    std::int64_t weight = 1;
    std::optional<NanoUsd> fixed;  ///< this much, whatever the others get
    NanoUsd floor;
    std::optional<NanoUsd> cap;
    std::optional<std::int64_t> heads;  ///< instead of those that are counted
    bool operator==(const ShareRule&) const = default;
};

/// What a member has left goes into its next period: so much of it, and no more than the ceiling.
struct RollOver {
    int up_to_percent = 100;
    std::optional<NanoUsd> ceiling;
    bool operator==(const RollOver&) const = default;
};

/// A member that runs out borrows from those that will not need theirs, and pays back in the next period.
struct Lending {
    int up_to_percent = 20;  ///< of its own share it may borrow
    int keep_percent = 10;   ///< of its own share a lender keeps beyond what it is expected to need
    bool operator==(const Lending&) const = default;
};

constexpr std::int64_t share_weight_max = 1'000'000;
constexpr std::int64_t share_heads_max = 1'000'000;

struct Allocation {
    std::string name;
    AccountName pool;               ///< "org" or "team:rnd"
    std::optional<NanoUsd> amount;  ///< none: the pool's own hard money limit of the same period
    Per per = Per::month;           ///< hour to year, by the calendar
    Among among = Among::teams;
    std::vector<AccountName> listed = {};  ///< of Among::listed
    ShareBy by = ShareBy::weight;
    int smoothing_percent = 30;  ///< by use: what the newest period counts in the moving average
    ShareRule each = {};         ///< of members that `shares` does not name
    std::map<AccountName, ShareRule, std::less<>> shares = {};
    std::optional<RollOver> roll_over = {};
    std::optional<Lending> lending = {};
    std::vector<int> warn_percent = {};  ///< of the limits that it sets
    const ShareRule& rule_of(std::string_view account) const {
        const auto found = shares.find(account);
        return found == shares.end() ? each : found->second;
    }
    bool operator==(const Allocation&) const = default;
};

/// The pool's own hard money limit for the period, among what documents give it; none: nullptr.
const Budget* pool_limit(const std::vector<Budget>& budgets, Per per);

}  // namespace bursar::policies
