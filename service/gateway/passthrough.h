#pragma once

#include "policies/admit.h"
#include "service/base/result.h"
#include "service/edge/http.h"
#include "service/gateway/call.h"
#include "service/gateway/recording.h"

#include <string>
#include <string_view>
#include <vector>

// What entries of the policy let through to a provider: the parts of its rooms that need nothing but the call.
namespace bursar::gateway {

/// Whether a path is of this kind: /passthrough/PROVIDER/...
bool passes(std::string_view path);

/// Room 1 for it: whether its form is one that passes. Which of them do, only the policy says. invalid_request,
/// method_not_allowed.
Result<void> greet_passthrough(Call& call);

/// Room 3 for it: the entry's price and its provider. not_found, not_permitted.
Result<policies::Route> route_through(const Call& call);

/// Path and query at the provider.
std::string passthrough_target(const policies::Provider& provider, const edge::RequestHead& head);

/// Takes out what would lead a client round Bursar.
void keep_here(std::vector<edge::Header>& headers);

/// Whether the call's Idempotency-Key may run it again: not what a provider may have done, also where it cost nothing.
Again again_of(const Call& call);

}  // namespace bursar::gateway
