#pragma once

#include "service/edge/http.h"
#include "service/ledger/ledger.h"

#include <optional>
#include <vector>

// How much is left, as Claude Code reads it: headers of its published gateway protocol (version 1, November 2026). Only
// for callers who have signed in; anybody else's client would take them for the provider's own limits.
namespace bursar::gateway {

/// What an answer says of the fullest hard limit of money among `standings`; nothing where there is none.
void add_allowance(edge::ResponseHead& head, std::vector<ledger::Standing> standings);

/// What a refusal says, so that the client shows our sentence and nothing before it. `refusal`: of the limit that is
/// used up; none: the caller may not call for another reason, and no limit is named.
void add_used_up(edge::ResponseHead& head, const std::optional<ledger::Refusal>& refusal);

}  // namespace bursar::gateway
