#pragma once

#include "policies/admit.h"

#include <string_view>

// What admit() is to models, for entries of `passthrough`. Pure.
namespace bursar::policies {

/// A request that is to pass.
struct PassAsk {
    std::string_view provider;
    std::string_view method;
    std::string_view path;  ///< behind the provider's base_url
};

/// Where it goes and what to hold for it: one channel, the entry's price. `Route::model` is what it is called in the
/// books. not_found, not_permitted.
Result<Route> admit_passthrough(const Snapshot& rules, const Caller& caller, const PassAsk& ask, Timestamp now);

/// The models of a provider's entries, in their order: what they are called and what they cost.
std::vector<std::shared_ptr<const Model>> pass_models_of(const std::shared_ptr<const Provider>& provider);

}  // namespace bursar::policies
