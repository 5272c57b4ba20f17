#pragma once

#include "policies/price.h"
#include "service/base/endpoint.h"

#include <string_view>

// Which prices an endpoint needs, where not all of it is counted in tokens. Pure.
namespace bursar::policies {

/// What this price lacks for the money of such a call to be held: "output price"; empty if it lacks nothing.
std::string_view missing_for(Endpoint endpoint, const Price& price);
/// Whether output tokens cost anything.
bool prices_output(const Price& price);
/// Whether tokens of any kind do.
bool prices_tokens(const Price& price);
bool costs_nothing(const Price* price);

}  // namespace bursar::policies
