#pragma once

#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/money.h"

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bursar::treasury {

/// What an account has spent in all.
struct Spent {
    AccountName account;
    NanoUsd total;
};

/// What accounts spent within the last minutes, from what they have spent in all, told once a minute. In memory: a
/// restart forgets it, and the first minute after one counts nothing. One thread.
class SpendMeter {
  public:
    /// Sums that shrink (a correction) count as nothing spent. After a gap longer than `within` all begins anew: what
    /// was spent in it was not spent in minutes.
    void tick(Timestamp now, std::chrono::minutes within, std::span<const Spent> spent);
    /// Accounts that spent more than `least` within that time, by name.
    std::vector<Spent> above(NanoUsd least) const;
    /// Within that time.
    NanoUsd recent(const AccountName& account) const;

  private:
    struct Account {
        NanoUsd total;
        NanoUsd recent;
    };
    struct Tick {
        Timestamp at;
        std::vector<std::pair<AccountName, NanoUsd>> spent;  ///< those that spent anything
    };
    void forget();

    std::unordered_map<AccountName, Account> accounts_;
    std::deque<Tick> ticks_;
    Timestamp last_ = Timestamp::min();
};

}  // namespace bursar::treasury
