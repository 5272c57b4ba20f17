#pragma once

#include "policies/rules.h"
#include "service/base/budget.h"
#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/store/store.h"

#include <functional>
#include <string>
#include <string_view>

// What all decisions about money have in common: they are stored first, then put in force, one after the other.
namespace bursar::treasury {

struct Desk {
    store::Store& store;
    policies::Rules& rules;
    const Clock& clock;
    /// One decision at a time, until it is stored and in force: two about one thing come into force in the order in
    /// which they are stored. Held across the disk; only threads of the control plane and the steward wait for it.
    Mutex deciding = {};
    /// Whose team an account is, where the account alone does not say: treasury::team_of() with the keys. Set once.
    std::function<std::string(std::string_view account)> team_of = {};
};

inline constexpr std::size_t reason_bytes_max = 500;
/// No sum of changes takes a limit further: sums of limits are checked arithmetic, which ends the process.
inline constexpr std::int64_t limit_units_max = std::int64_t{4'000'000'000} * 1'000'000'000;

/// The fields by which a limit is the same limit (Budget::is_like), as one line for the database, and back.
std::string fields_of(const Budget& limit);
Result<Budget> limit_from(std::string_view fields);

/// The limit without its numbers: what a raise names.
Budget likeness_of(const Budget& limit);

/// The team that events of this account are of; empty: nobody's.
std::string team_of(const Desk& desk, std::string_view account);

/// Puts a raise in force beside those that are, and drops those of the account whose time is over.
void put_in_force(policies::Rules& rules, const AccountName& account, const policies::InForce::Raise& raise,
                  Timestamp now);

/// Whether `limit` bears `more` beside all its changes. invalid_request.
Result<void> check_bearable(const Budget& limit, Quantity more);

/// One to `reason_bytes_max` bytes without control characters. invalid_request.
Result<void> check_reason(std::string_view reason, std::string_view what);

std::int64_t stored(Timestamp at);
Timestamp restored(std::int64_t at);

}  // namespace bursar::treasury
