#pragma once

#include "policies/alerts.h"
#include "policies/fields.h"

#include <string_view>

// Requests for more that are answered by moving their issues: the part "approvals" of a target of Jira.
namespace bursar::policies {

constexpr std::size_t approvers_max = 200;
constexpr std::size_t approving_people_max = 1'000;

/// {approve: Approved, decline: Rejected, by: ["*leads*"], people: {5b10a2: lea}} becomes four settings: "approve" and
/// "decline" (a status: its name as the token's owner reads it, or its number), "approve_by" (a JSON list) and
/// "approve_people" (a JSON object: account or address in Jira to the person here).
void read_ticket_approvals(const Value& value, AlertTarget& target);

}  // namespace bursar::policies
