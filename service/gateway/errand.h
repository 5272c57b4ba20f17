#pragma once

#include "service/base/result.h"
#include "service/gateway/call.h"
#include "service/gateway/shard.h"
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

/// A call that is at a provider is known to its shard, so that a stop can end it.
class UnderWay {
  public:
    explicit UnderWay(Call& call) : call_(call) { call_.shard.add(call_); }
    ~UnderWay() {
        call_.cancel = nullptr;
        call_.shard.remove(call_);
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

  private:
    Call& call_;
};

/// Whether a provider that answered so may have done what it was asked for. A refusal made nothing; what stands between
/// says only that it lost the provider. A batch is no single call that has failed with its answer: it may run for a
/// day, so here only a refusal of the request is believed.
bool may_have_made(Endpoint endpoint, int status);

/// What the shelf keeps of what a provider said; nothing if it is longer than such answers are.
std::string shown_of(const std::string& said);

/// Where a provider has files or batches: `endpoint` is the list of them; `behind` is put after it as it is.
std::string shelf_target(const policies::Provider& provider, Endpoint endpoint, std::string_view behind);

/// Where an item lies, as the policy now says: provider and key.
struct Lying {
    policies::Channel channel;
    const policies::ProviderKey* key = nullptr;
};
/// provider_unavailable: the policy has the provider, or the key by which it was stored, no more.
Result<Lying> where_lies(const policies::Snapshot& rules, const shelf::Item& item);

}  // namespace bursar::gateway
