#include "service/treasury/meter.h"

#include <algorithm>

namespace bursar::treasury {

void SpendMeter::forget() {
    ticks_.clear();
    for (auto& [name, account] : accounts_) account.recent = {};
}

void SpendMeter::tick(Timestamp now, std::chrono::minutes within, std::span<const Spent> spent) {
    const bool first = last_ == Timestamp::min();
    const bool gap = !first && (now < last_ || now - last_ > within);
    if (gap) forget();
    last_ = now;
    Tick tick{.at = now, .spent = {}};
    for (const Spent& each : spent) {
        const auto [found, added] = accounts_.try_emplace(each.account, Account{.total = each.total, .recent = {}});
        Account& account = found->second;
        // Of an account that was not there a minute ago all is new, but for what was there before this process looked.
        const NanoUsd more = added ? (first ? NanoUsd{} : each.total) : each.total - account.total;
        account.total = each.total;
        if (gap || more <= NanoUsd{}) continue;
        account.recent += more;
        tick.spent.emplace_back(each.account, more);
    }
    ticks_.push_back(std::move(tick));
    while (now - ticks_.front().at >= within) {
        for (const auto& [name, amount] : ticks_.front().spent) accounts_[name].recent -= amount;
        ticks_.pop_front();
    }
}

std::vector<Spent> SpendMeter::above(NanoUsd least) const {
    std::vector<Spent> out;
    for (const auto& [name, account] : accounts_)
        if (account.recent > least) out.push_back({.account = name, .total = account.recent});
    std::ranges::sort(out, {}, &Spent::account);
    return out;
}

NanoUsd SpendMeter::recent(const AccountName& account) const {
    const auto found = accounts_.find(account);
    return found == accounts_.end() ? NanoUsd{} : found->second.recent;
}

}  // namespace bursar::treasury
