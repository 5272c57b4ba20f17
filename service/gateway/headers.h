#pragma once

#include "policies/snapshot.h"
#include "service/edge/http.h"

#include <vector>

namespace bursar::gateway {

/// The caller's end-to-end headers that a provider may see: everything but hop-by-hop fields, credentials, cookies, who
/// is behind a proxy, and our own. Unknown fields and betas pass through, unless the call is translated: then what is
/// about the caller's own dialect is left out. With what the provider needs, and what the policy says of it.
std::vector<edge::HeaderView> headers_for_provider(const edge::RequestHead& head, const policies::Provider& provider,
                                                   bool translated);

/// Those of a request that an entry of `passthrough` lets through: few, by name.
std::vector<edge::HeaderView> headers_that_pass(const edge::RequestHead& head, const policies::Provider& provider);

/// Adds the provider's headers that a caller may see: everything but hop-by-hop fields, cookies, and what tells about
/// the company's account there.
void add_headers_for_caller(edge::ResponseHead& head, const std::vector<edge::Header>& from_provider);

}  // namespace bursar::gateway
