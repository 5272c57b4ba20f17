#pragma once

#include "service/base/result.h"
#include "service/gateway/call.h"
#include "service/shelf/shelf.h"

#include <string>
#include <string_view>

namespace bursar::gateway {

/// One request about a file or batch to the provider and key that the call's attempt has.
struct Errand {
    std::string_view method;
    std::string target;
    std::string_view content_type;  ///< of the body; empty: there is none
    std::string_view body;
};

/// Where a provider has files or batches: `endpoint` is the list of them; `behind` is put after it as it is.
std::string stored_target(const policies::Provider& provider, Endpoint endpoint, std::string_view behind);

/// Where an item lies, as the policy now says: provider and key.
struct Lying {
    policies::Channel channel;
    const policies::ProviderKey* key = nullptr;
};
/// provider_unavailable: the policy has the provider, or the key by which it was stored, no more.
Result<Lying> where_lies(const policies::Snapshot& rules, const shelf::Item& item);

}  // namespace bursar::gateway
