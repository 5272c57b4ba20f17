#pragma once

#include "policies/snapshot.h"
#include "service/base/budget.h"
#include "service/base/caller.h"
#include "service/base/result.h"

#include <map>
#include <string_view>
#include <vector>

// Which accounts there are, what limits they have, and who stands above whom. Pure. A policy alone does not know: the
// keys name the people, and have limits of their own.
namespace bursar::treasury {

/// By account; none without a limit.
using Limits = std::map<AccountName, std::vector<Budget>>;

/// Every account that has a limit: by the policy, by its key, or by what is decided beside them. `keys` are those that
/// are not revoked. The same limit from two places stands there once.
Limits limited_accounts(const policies::Snapshot& rules, const std::vector<Caller>& keys);

/// The limits of one account, whether it has any or not. not_found if there is no such account.
Result<std::vector<Budget>> limits_of_account(const policies::Snapshot& rules, const std::vector<Caller>& keys,
                                              const AccountName& account);

/// The account and those above it, from the organisation down: what is entered for one is entered for all of them, so
/// that the books add up. not_found; conflict if a person has keys of several teams.
Result<std::vector<AccountName>> path_of(const policies::Snapshot& rules, const std::vector<Caller>& keys,
                                         const AccountName& account);

/// The team and those above it, from the top down: "team:rnd", "team:research". Also for a team that is gone.
std::vector<AccountName> teams_above(const policies::Snapshot& rules, std::string_view team);

/// Whether this team is `above`, or lies below it.
bool is_within(const policies::Snapshot& rules, std::string_view team, std::string_view above);

/// Whether the account is of this team or a team below: the teams, their keys, and people all of whose keys are.
bool is_of_team(const policies::Snapshot& rules, const std::vector<Caller>& keys, const AccountName& account,
                std::string_view team);

/// Whose it is, for those who are told by team: a team's own, a key's, that of all keys of a person. Empty: nobody's.
std::string team_of(const std::vector<Caller>& keys, std::string_view account);

/// The limit that people mean by these words ("per month", kind_words()). invalid_request with all that there are.
Result<Budget> limit_called(const AccountName& account, const std::vector<Budget>& limits, std::string_view kind);

/// "50 USD" or "50"; "2,000,000 tokens", "2M" or "500k": an amount of this measure. invalid_request.
Result<Quantity> parse_quantity(std::string_view text, Measure measure);

/// "Team research", "The organisation": how a sentence begins.
std::string account_words(std::string_view account);

}  // namespace bursar::treasury
