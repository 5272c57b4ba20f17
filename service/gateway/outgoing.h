#pragma once

#include "policies/snapshot.h"
#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/providers/health.h"
#include "service/providers/upstream.h"

#include <string>
#include <vector>

// What the policy says of a provider, in the words of those who send to it.
namespace bursar::gateway {

providers::Target target_of(const policies::Provider& provider);
providers::Patience patience_of(const policies::Breaker& breaker);

/// What the provider calls the limit of tokens of a chat completion, where the caller did not say it.
std::string_view max_tokens_name(const policies::Provider& provider);

/// Bad gateway, gateway timeout, and Cloudflare's own (520 to 527): what stands between has lost the provider.
bool lost_between(int status);

/// What a signature adds to a request; must outlive it.
struct Signature {
    std::string date, authorization;
    Secret session;
};
/// Puts the key where the provider wants it; it must outlive the request. `headers` are the request's, and nothing else
/// of it may change after this: a signature covers its path and body. provider_unavailable: the key is none of this
/// kind, or is a credential that would be sent as it is.
Result<void> sign(providers::UpstreamRequest& request, std::vector<edge::HeaderView>& headers,
                  const policies::Provider& provider, const Secret& key, Timestamp now, Signature& made);

}  // namespace bursar::gateway
