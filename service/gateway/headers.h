#pragma once

#include "service/edge/http.h"

#include <vector>

namespace bursar::gateway {

/// The caller's end-to-end headers that a provider may see: everything but hop-by-hop fields, credentials, cookies, who
/// is behind a proxy, and our own. Unknown fields and betas pass through.
std::vector<edge::HeaderView> headers_for_provider(const edge::RequestHead& head);

/// Adds the provider's headers that a caller may see: everything but hop-by-hop fields, cookies, and what tells about
/// the company's account there.
void add_headers_for_caller(edge::ResponseHead& head, const std::vector<edge::Header>& from_provider);

}  // namespace bursar::gateway
