#pragma once

#include "policies/snapshot.h"
#include "service/admin/approvals.h"
#include "service/admin/visit.h"
#include "service/base/json.h"

#include <string>
#include <string_view>
#include <vector>

// The rule of two persons: what it covers, who is whose second person, and doing what was approved.
namespace bursar::admin {

/// Whether the policy in force asks for a second person for anything.
bool has_rule(const Visit& visit);
/// Whether it does for what `word` names: "secrets", "policy", "roles".
bool rule_has(const policies::Identity& in_force, std::string_view word);

/// Whether a change of the policy needs a second person. Besides what "policy" says: "roles" covers every change of who
/// signs in and with what role, and nobody takes a word out of the rule alone, but for the break-glass account, and
/// that only by a change which does nothing else.
bool covers(const Visit& visit, const policies::Snapshot& before, const policies::Snapshot& after);
/// Where a revision takes words out of the rule that is in force: a row of its own in the audit, an event and a warning
/// in the log. In the revision's transaction.
Result<void> tell_of_rule(const Visit& visit, store::Transaction& transaction, const policies::Identity& after,
                          std::int64_t revision);
/// What whoever puts a rule of two persons in force should know of it beforehand.
std::vector<std::string> rule_warnings(const Visit& visit, const std::shared_ptr<const policies::Snapshot>& after);

/// Who a request is by, as people: one name for all tokens and sessions of somebody, and for the break-glass account
/// that of whom it was made for.
Result<std::string> person_behind(const Visit& visit);

/// Stores the request with what it would do, and answers 202.
Reply ask_second_person(Visit& visit, Proposal proposal);
/// not_permitted for whoever asked themselves, by any token or session, and for whose role would not do it alone.
Result<void> check_second_person(const Visit& visit, const Approval& approval);
/// Does what an open request asks for, as whoever asked, if they still may. Once: for everybody but the first it is a
/// conflict.
Reply approve(Visit& visit, const Approval& approval, const std::string& reason);

/// A step of an approval by whoever visits, in its transaction.
Approvals::Also recorded(const Visit& visit, std::string action, std::string outcome);
void write_approval(JsonWriter& json, const Approval& approval);

}  // namespace bursar::admin
