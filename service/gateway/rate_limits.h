#pragma once

#include "service/edge/http.h"
#include "service/gateway/call.h"
#include "service/gateway/rates.h"

// What the policy says about speed, and what callers are told of it.
namespace bursar::gateway {

/// The levels of a caller's path, from the organisation down to the key, with what each may take. What a team allows
/// each person or key holds in the teams below it too; of several the smallest. Empty: nothing limits this caller.
RateLevels rate_levels_of(const policies::Snapshot& rules, const Caller& caller);

/// What a call is expected to use, in and out: what it takes of the tokens in a minute until its end corrects it.
Tokens tokens_expected(const Call& call);

/// Gives back that the call is under way, once, and corrects the tokens that it took: before the caller can see the end
/// of its answer, so that who calls one after the other is never refused. `usage`: of an answer that is not booked yet.
void end_permit(Call& call, Moment now, const Usage* usage = nullptr);

/// rate_limited; too_large where the call alone is more than a minute's tokens; not_permitted under a limit of nothing;
/// overloaded where too many accounts call at once.
Error error_of(const Rates::Refusal& refusal);

/// x-ratelimit-{limit,remaining,reset}-{requests,tokens}, and their names in Anthropic's dialect: of the level that has
/// least left. Nothing where there is no limit. `elapsed` since the state was read at `at`.
void add_rate_headers(edge::ResponseHead& head, Shape shape, const Rates::State& state, Timestamp at,
                      std::chrono::nanoseconds elapsed);

}  // namespace bursar::gateway
