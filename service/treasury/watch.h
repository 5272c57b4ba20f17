#pragma once

#include "policies/snapshot.h"
#include "service/base/result.h"
#include "service/store/store.h"
#include "service/treasury/events.h"
#include "service/treasury/meter.h"
#include "service/treasury/unusual.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

// Watches spending: limits that will not last, hours that are unusual, keys that run away. Each raises one event.
namespace bursar::treasury {

/// What an account was charged in one hour.
struct HourlySpend {
    AccountName account;  ///< "team:research", "person:ada", "key:7f3a"
    Hour hour;
    NanoUsd spent;
};

/// One limit of one account as it stands.
struct LimitOf {
    AccountName account;
    Budget budget;
    LimitNow now;
};

/// Whether a forecast means anything for it: limits of a day or more that begin anew. Rolling ones have no end, and
/// those of minutes are over before anybody reads of them.
bool is_forecast(const Budget& budget);
/// The history of an account counts in dollars, for all of its calls: limits in something else, or of some calls, get
/// no other pace than their own.
bool follows_money(const Budget& budget);

/// What the watch asks; every function may block, none is called from more than one thread.
struct Sources {
    std::function<std::shared_ptr<const policies::Snapshot>()> rules;
    /// Hours in [from, to) in which something was spent, in any order. No accounts: of all teams, people and keys.
    std::function<Result<std::vector<HourlySpend>>(std::span<const AccountName> accounts, Hour from, Hour to)> hourly;
    std::function<std::vector<Spent>()> spent;  ///< of all accounts, in all: the ledger's sums
    std::function<Result<std::vector<LimitOf>>(Timestamp now)> limits;
    /// The team that an account is of; none: the account alone says it.
    std::function<std::string(std::string_view account)> team_of = {};
    /// Refuses the key until then; the reason is a sentence for its caller. Pausing again moves the end.
    std::function<Result<void>(const std::string& key_id, Timestamp until, const std::string& reason)> pause;
};

/// An account's hours as one row, without gaps, from `from` to `to`.
Hourly hourly_of(const AccountName& account, std::span<const HourlySpend> spent, Hour from, Hour to);
/// The same for several accounts at once.
std::unordered_map<AccountName, Hourly> hourly_by_account(std::span<const HourlySpend> spent, Hour from, Hour to);

class Watch {
  public:
    /// Of accounts whose past is read at once, so that a tick's work and memory are bounded.
    static constexpr std::size_t accounts_per_tick_max = 500;

    Watch(store::Store& store, Sources sources) : store_(store), sources_(std::move(sources)) {}

    /// Once a minute, from one thread. Keys are looked at in every tick; once an hour begins a round over accounts that
    /// spent much in the last hour and limits that may not last, a part of it in each tick. What fails is logged and
    /// tried in the next round. Blocking.
    void tick(Timestamp now);

  private:
    void watch_keys(const policies::Watch::Runaway& policy, Timestamp now);
    Result<void> judge_keys(const policies::Watch::Runaway& policy, const std::vector<Spent>& fast, Timestamp now);
    Result<void> stop_key(const policies::Watch::Runaway& policy, const Spent& key, NanoUsd above, Timestamp now);
    Result<void> begin_round(const policies::Snapshot& rules, Timestamp now);
    Result<void> go_on(const policies::Snapshot& rules, Timestamp now);
    Result<bool> is_raised(const std::string& name);
    Result<void> raise_it(Event event);

    store::Store& store_;
    Sources sources_;
    SpendMeter meter_;
    std::set<AccountName> running_away_;
    std::unordered_map<AccountName, std::optional<NanoUsd>> usual_;  ///< of keys, as of this hour
    Hour round_{};                                                   ///< the hour in which the round began
    std::vector<AccountName> spenders_;                              ///< to be looked at in this round
    std::vector<LimitOf> limits_;                                    ///< likewise
};

/// The events' words, apart for their tests.
Event unusual_event(const AccountName& account, const Unusual& unusual, const std::string& time_zone, Timestamp now);
struct Runaway {
    AccountName key;
    NanoUsd spent;  ///< within the policy's time
    NanoUsd above;
    std::optional<NanoUsd> usual_hour;
};
Event runaway_event(const Runaway& runaway, const policies::Watch::Runaway& policy, const std::string& time_zone,
                    Timestamp now);
Event forecast_event(const LimitOf& limit, const Forecast& forecast, const std::string& time_zone, Timestamp now);
/// Whether the limit is worth an event: used up well before its end, and enough of the period has passed to know.
bool falls_short(const LimitOf& limit, const Forecast& forecast, Timestamp now);

}  // namespace bursar::treasury
