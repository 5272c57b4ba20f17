#pragma once

#include "policies/snapshot.h"
#include "service/base/secret.h"
#include "service/providers/health.h"
#include "service/providers/upstream.h"

// What the policy says of a provider, in the words of those who send to it.
namespace bursar::gateway {

providers::Target target_of(const policies::Provider& provider);
providers::Patience patience_of(const policies::Breaker& breaker);
/// Puts the key where the provider wants it; it must outlive the request.
void sign(providers::UpstreamRequest& request, const policies::Provider& provider, const Secret& key);

}  // namespace bursar::gateway
