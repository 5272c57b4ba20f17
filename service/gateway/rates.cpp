#include "service/gateway/rates.h"

#include "service/base/ensure.h"
#include "service/gateway/window.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace bursar::gateway {
namespace {

constexpr std::size_t index_of(RateMeasure measure) { return static_cast<std::size_t>(measure); }
constexpr std::array all_measures = {RateMeasure::requests, RateMeasure::tokens, RateMeasure::parallel};

/// Nobody knows when a call that is under way ends.
constexpr std::chrono::nanoseconds parallel_wait = std::chrono::seconds(1);

std::optional<std::int64_t> limit_of(const policies::Rate& rate, RateMeasure measure) {
    switch (measure) {
        case RateMeasure::requests:
            return rate.requests_per_minute;
        case RateMeasure::tokens:
            return rate.tokens_per_minute;
        case RateMeasure::parallel:
            return rate.parallel;
    }
    return {};
}

}  // namespace

struct Rates::Account {
    static constexpr std::int64_t minute = Window<std::int64_t>::seconds;

    /// One that called an account which several keys share.
    struct Key {
        std::int64_t called = 0;  ///< the second of its last call, passed or refused
        std::array<std::int64_t, rate_measures> refused{};
        std::array<bool, rate_measures> listed{};  ///< in Shared::waiting
    };
    struct Shared {
        /// An account that called within the minute is alive; of an older one the address means nothing.
        std::unordered_map<Account*, Key> keys;
        Window<std::int32_t> called;  ///< the keys, by the second of their last call
        std::array<std::vector<Account*>, rate_measures> waiting;
    };

    Window<std::int32_t> requests;
    Window<std::int64_t> tokens;
    std::int64_t parallel = 0;
    std::int64_t seen = 0;  ///< the second of its last call, passed or refused
    std::unique_ptr<Shared> shared;

    bool idle(std::int64_t second) const { return parallel == 0 && seen <= second - minute; }

    std::int64_t used(RateMeasure measure, std::int64_t second) {
        switch (measure) {
            case RateMeasure::requests:
                return requests.sum(second);
            case RateMeasure::tokens:
                return tokens.sum(second);
            case RateMeasure::parallel:
                return parallel;
        }
        return 0;
    }

    /// The second in which so much less of it is used.
    std::int64_t less_by(RateMeasure measure, std::int64_t second, std::int64_t excess) {
        if (measure == RateMeasure::tokens) return tokens.less_by(second, excess);
        return requests.less_by(second, static_cast<std::int32_t>(excess));
    }

    void call(Account* key, std::int64_t second) {
        seen = second;
        if (key == this) return;
        if (!shared) shared = std::make_unique<Shared>();
        const auto [found, is_new] = shared->keys.try_emplace(key);
        if (!is_new) {
            if (found->second.called == second) return;
            shared->called.take_back(second, found->second.called, 1);
        }
        found->second.called = second;
        shared->called.add(second, 1);
        constexpr std::size_t spare = 64;
        const auto calling = static_cast<std::size_t>(shared->called.sum(second));
        if (shared->keys.size() > 2 * calling + spare)
            std::erase_if(shared->keys, [&](const auto& one) { return one.second.called <= second - minute; });
    }

    /// `key` was refused here and could have come but for this account.
    void wait(Account* key, RateMeasure measure, std::int64_t second) {
        Key& known = shared->keys[key];
        known.refused[index_of(measure)] = second;
        if (!std::exchange(known.listed[index_of(measure)], true)) shared->waiting[index_of(measure)].push_back(key);
    }

    /// Whether another key was refused here within the minute and has had less than its share: it comes first.
    bool others_wait(const Account* key, RateMeasure measure, std::int64_t second, std::int64_t share) {
        std::vector<Account*>& waiting = shared->waiting[index_of(measure)];
        for (std::size_t i = waiting.size(); i-- > 0;) {
            Account* const one = waiting[i];
            if (one == key) continue;
            const auto known = shared->keys.find(one);
            const bool calls = known != shared->keys.end() && known->second.called > second - minute;
            if (calls && known->second.refused[index_of(measure)] > second - minute &&
                one->used(measure, second) < share)
                return true;
            // It has had its share, or does not ask any more; when it is refused again it stands here again.
            if (known != shared->keys.end()) known->second.listed[index_of(measure)] = false;
            waiting[i] = waiting.back();
            waiting.pop_back();
        }
        return false;
    }
};

/// One call's way through take().
struct Rates::Asking {
    const RateLevels& levels;
    std::vector<Account*> accounts;
    Tokens tokens;
    Moment now;
    std::optional<Refusal> refusal;     ///< so far: of the level with the longest wait
    std::size_t innermost_refused = 0;  ///< one above the level; the key's is the innermost

    Account& key() const { return *accounts.back(); }
    std::int64_t asked(RateMeasure measure) const { return measure == RateMeasure::tokens ? tokens : 1; }
    std::chrono::nanoseconds until(std::int64_t second) const {
        return std::max(std::chrono::nanoseconds(1), std::chrono::seconds(second) - now.time_since_epoch());
    }
    void refuse(Refusal with) {
        if (!refusal || with.why == Why::never || (refusal->why != Why::never && with.wait > refusal->wait))
            refusal = std::move(with);
    }
};

Rates::Rates() = default;
Rates::~Rates() = default;

/// Shards read the clock before they come here, so one may be a little behind another.
std::int64_t Rates::second_of(Moment now) {
    second_ = std::max(second_, std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
    return second_;
}

Rates::Account* Rates::account(const AccountName& name) {
    if (const auto found = accounts_.find(name); found != accounts_.end()) return found->second.get();
    forget_idle();
    if (accounts_.size() >= accounts_max) return nullptr;
    auto& made = accounts_[name];
    made = std::make_unique<Account>();
    return made.get();
}

/// When there are twice as many as the last look left, so that a look costs each new account a constant; once a second
/// where there is no more room.
void Rates::forget_idle() {
    constexpr std::size_t spare = 1'000;
    const bool full = accounts_.size() >= accounts_max;
    if (!full && accounts_.size() < 2 * swept_left_ + spare) return;
    if (full && swept_at_ == second_) return;
    std::erase_if(accounts_, [this](const auto& one) REQUIRES(mutex_) { return one.second->idle(second_); });
    swept_at_ = second_;
    swept_left_ = accounts_.size();
}

void Rates::check(Asking& asking, std::size_t level, RateMeasure measure) {
    const auto limit = limit_of(asking.levels[level].rate, measure);
    if (!limit) return;
    Account& at = *asking.accounts[level];
    Account& key = asking.key();
    const std::int64_t used = at.used(measure, second_), asked = asking.asked(measure);
    const bool full = used + asked > *limit;
    // The share looks at what the key has had before: a call larger than the share comes through too.
    std::int64_t keys = 1, share = *limit, own = 0;
    bool has_had = false;
    if (at.shared && (full || !at.shared->waiting[index_of(measure)].empty())) {
        keys = std::max<std::int64_t>(1, at.shared->called.sum(second_));
        share = std::max<std::int64_t>(1, *limit / keys);
        own = key.used(measure, second_);
        has_had = own >= share && at.others_wait(&key, measure, second_, share);
    }
    if (!full && !has_had) return;

    Refusal refusal{.why = asked > *limit ? Why::never
                           : full         ? Why::reached
                                          : Why::shared,
                    .measure = measure,
                    .account = asking.levels[level].account,
                    .limit = *limit,
                    .left = std::max<std::int64_t>(0, *limit - used),
                    .asked = asked,
                    .keys = keys};
    if (measure == RateMeasure::parallel) {
        refusal.wait = parallel_wait;
    } else if (refusal.why != Why::never) {
        if (full) refusal.wait = asking.until(at.less_by(measure, second_, used + asked - *limit));
        if (has_had)
            refusal.wait = std::max(refusal.wait, asking.until(key.less_by(measure, second_, own - share + 1)));
    }
    // Who could not come anyway, by a limit further in, waits for nobody here. The innermost level is looked at first.
    asking.innermost_refused = std::max(asking.innermost_refused, level + 1);
    if (at.shared && refusal.why != Why::never && asking.innermost_refused == level + 1)
        at.wait(&key, measure, second_);
    asking.refuse(std::move(refusal));
}

std::expected<Rates::Permit, Rates::Refusal> Rates::take(const RateLevels& levels, Tokens tokens, Moment now) {
    ENSURE(!levels.empty());
    Asking asking{.levels = levels, .accounts = {}, .tokens = std::max<Tokens>(0, tokens), .now = now, .refusal = {}};
    asking.accounts.reserve(levels.size());
    const MutexLock lock(mutex_);
    const std::int64_t second = second_of(now);
    for (const RateLevel& level : levels) {
        Account* const found = account(level.account);
        if (found == nullptr)
            return std::unexpected(Refusal{.why = Why::accounts, .account = level.account, .wait = parallel_wait});
        // What is looked at now is not forgotten for the next of them.
        found->seen = second;
        asking.accounts.push_back(found);
    }
    for (Account* const each : asking.accounts) each->call(&asking.key(), second);
    for (std::size_t level = levels.size(); level-- > 0;)
        for (const RateMeasure measure : all_measures) check(asking, level, measure);
    if (asking.refusal) {
        asking.refusal->state = state_of(levels, asking.accounts);
        return std::unexpected(*std::move(asking.refusal));
    }
    for (Account* const each : asking.accounts) {
        each->requests.add(second, 1);
        each->tokens.add(second, asking.tokens);
        ++each->parallel;
    }
    Permit permit;
    permit.rates_ = this;
    permit.state_ = state_of(levels, asking.accounts);
    permit.accounts_ = std::move(asking.accounts);
    permit.tokens_ = asking.tokens;
    permit.second_ = second;
    return permit;
}

Rates::State Rates::state_of(const RateLevels& levels, const std::vector<Account*>& accounts) {
    State state;
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const auto look = [&](RateMeasure measure, std::optional<Reading>& tightest, auto& window) REQUIRES(mutex_) {
            const auto limit = limit_of(levels[i].rate, measure);
            if (!limit) return;
            const std::int64_t left = std::max<std::int64_t>(0, *limit - window.sum(second_));
            if (tightest && tightest->left <= left) return;
            tightest = {
                .limit = *limit, .left = left, .full_in = std::chrono::seconds(window.empty_at(second_) - second_)};
        };
        look(RateMeasure::requests, state.requests, accounts[i]->requests);
        look(RateMeasure::tokens, state.tokens, accounts[i]->tokens);
    }
    return state;
}

void Rates::give_back(const Permit& permit, std::optional<Tokens> used, Moment now) {
    const MutexLock lock(mutex_);
    // Without a time it is that of the newest call: good enough for a correction that nobody makes.
    const std::int64_t second = now == Moment{} ? second_ : second_of(now);
    const Tokens more = used ? *used - permit.tokens_ : 0;
    for (Account* const each : permit.accounts_) {
        --each->parallel;
        // What it used above is used up now; what it did not need was never used.
        if (more > 0) each->tokens.add(second, more);
        if (more < 0) each->tokens.take_back(second, permit.second_, -more);
        if (more > 0) each->seen = second;
    }
}

std::size_t Rates::accounts() const {
    const MutexLock lock(mutex_);
    return accounts_.size();
}

Rates::Permit::Permit(Permit&& other) noexcept
    : rates_(std::exchange(other.rates_, nullptr)),
      accounts_(std::move(other.accounts_)),
      tokens_(other.tokens_),
      second_(other.second_),
      state_(other.state_) {}

Rates::Permit& Rates::Permit::operator=(Permit&& other) noexcept {
    if (this == &other) return *this;
    end(std::nullopt, {});
    rates_ = std::exchange(other.rates_, nullptr);
    accounts_ = std::move(other.accounts_);
    tokens_ = other.tokens_;
    second_ = other.second_;
    state_ = other.state_;
    return *this;
}

void Rates::Permit::end(std::optional<Tokens> used, Moment now) {
    if (Rates* const rates = std::exchange(rates_, nullptr)) rates->give_back(*this, used, now);
}

}  // namespace bursar::gateway
