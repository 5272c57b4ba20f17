#pragma once

#include "policies/snapshot.h"
#include "service/base/result.h"

#include <string_view>

namespace bursar::policies {

/// Where alone a call may go: the provider keeps what it is about.
struct Pin {
    std::string_view model;     ///< of the policy, by its channel `there`; empty: the one that is asked for
    std::string_view provider;  ///< its name
    std::string_view there;     ///< the provider's name for the model, if `model` is said
    std::string_view secret;    ///< the name of the key that knows it; empty: the provider takes none
};

/// Whether this channel is the place.
bool is_place(const Channel& channel, const Pin& pin);
/// That no channel of the policy is: not_found, or invalid_request where the caller asked for another model.
std::unexpected<Error> place_gone(const Pin& pin, std::string_view asked);

}  // namespace bursar::policies
