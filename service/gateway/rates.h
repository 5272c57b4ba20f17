#pragma once

#include "policies/snapshot.h"
#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/mutex.h"

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// How fast calls may come: requests and tokens in a minute, and calls under way, on every level that a caller is in.
//
// In any 60 seconds, wherever they begin, no more requests pass than an account's limit, and no more tokens are
// expected to be used by the calls that pass (docs/decisions/0014-rate-limits.md). A refused call takes nothing.
// Fair is: who was refused at an account in the last minute and has had less there than its equal share among the keys
// that called in that minute comes before those that have had theirs.
namespace bursar::gateway {

enum class RateMeasure : std::uint8_t { requests, tokens, parallel };
inline constexpr std::size_t rate_measures = 3;

/// One level of a caller's path and what it may take. The key's own is the last, also where nothing limits it.
struct RateLevel {
    AccountName account;
    policies::Rate rate;
};
using RateLevels = std::vector<RateLevel>;

/// Any thread; one mutex, held for less than a microsecond.
class Rates {
    struct Account;

  public:
    /// Accounts that called within the last minute; beyond them calls are refused, because a forgotten account would
    /// begin anew.
    static constexpr std::size_t accounts_max = 100'000;

    /// Of the level that has the least left.
    struct Reading {
        std::int64_t limit = 0;
        std::int64_t left = 0;
        std::chrono::seconds full_in{};  ///< nothing of it will be taken then
    };
    struct State {
        std::optional<Reading> requests;
        std::optional<Reading> tokens;
    };
    enum class Why : std::uint8_t {
        reached,   ///< the limit is used up, or has less left than this call is expected to take
        shared,    ///< there is room, but it is for other keys that wait and have had less
        never,     ///< the call alone is more than the limit
        accounts,  ///< accounts_max
    };
    /// The level on which the call would wait longest.
    struct Refusal {
        Why why = Why::reached;
        RateMeasure measure = RateMeasure::requests;
        AccountName account;
        std::int64_t limit = 0;
        std::int64_t left = 0;
        std::int64_t asked = 0;
        std::int64_t keys = 0;            ///< that share it, where why is `shared`
        std::chrono::nanoseconds wait{};  ///< until this very call would fit, as far as is known now
        State state;
    };

    /// What a call has taken; gives back that it is under way, whatever way the call ends.
    class Permit {
      public:
        Permit() = default;
        Permit(Permit&& other) noexcept;
        Permit& operator=(Permit&& other) noexcept;
        Permit(const Permit&) = delete;
        Permit& operator=(const Permit&) = delete;
        ~Permit() { end(std::nullopt, {}); }

        explicit operator bool() const { return rates_ != nullptr; }
        /// The call is over and has used so many tokens, more or less than expected; none: nobody knows.
        void end(std::optional<Tokens> used, Moment now);
        const State& state() const { return state_; }

      private:
        friend class Rates;
        Rates* rates_ = nullptr;
        std::vector<Account*> accounts_;
        Tokens tokens_ = 0;
        std::int64_t second_ = 0;
        State state_;
    };

    Rates();
    ~Rates();
    Rates(const Rates&) = delete;
    Rates& operator=(const Rates&) = delete;

    /// Takes one request, the expected tokens and one call under way on every level, or nothing on any.
    std::expected<Permit, Refusal> take(const RateLevels& levels, Tokens tokens, Moment now) EXCLUDES(mutex_);
    std::size_t accounts() const EXCLUDES(mutex_);

  private:
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
    };
    struct Asking;

    std::int64_t second_of(Moment now) REQUIRES(mutex_);
    Account* account(const AccountName& name) REQUIRES(mutex_);
    void forget_idle() REQUIRES(mutex_);
    void check(Asking& asking, std::size_t level, RateMeasure measure) REQUIRES(mutex_);
    State state_of(const RateLevels& levels, const std::vector<Account*>& accounts) REQUIRES(mutex_);
    void give_back(const Permit& permit, std::optional<Tokens> used, Moment now) EXCLUDES(mutex_);

    mutable Mutex mutex_;
    std::int64_t second_ GUARDED_BY(mutex_) = 0;     ///< of the newest call; never goes back
    std::int64_t swept_at_ GUARDED_BY(mutex_) = 0;   ///< when idle accounts were looked for
    std::size_t swept_left_ GUARDED_BY(mutex_) = 0;  ///< how many accounts there were then
    std::unordered_map<std::string, std::unique_ptr<Account>, NameHash, std::equal_to<>> accounts_ GUARDED_BY(mutex_);
};

}  // namespace bursar::gateway
