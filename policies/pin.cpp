#include "policies/pin.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {

bool is_place(const Channel& channel, const Pin& pin) {
    const Provider& provider = *channel.provider;
    const bool known = provider.keys.empty()
                           ? pin.secret.empty()
                           : std::ranges::find(provider.keys, pin.secret, &ProviderKey::secret) != provider.keys.end();
    return known && provider.name == pin.provider && provider.quirks.responses &&
           (pin.model.empty() || channel.model == pin.there);
}

std::unexpected<Error> place_gone(const Pin& pin, std::string_view asked) {
    std::string told = fmt::format("a stored response is at {}/{} with the key {}, where no call may go by the policy",
                                   pin.provider, pin.there, pin.secret);
    if (pin.model.empty())
        return fail(
            Fault::invalid_request,
            fmt::format("The model \"{}\" is not at the provider that keeps the response to go on from. Ask the "
                        "model that made it, or send the conversation's items in full.",
                        asked),
            std::move(told));
    return fail(Fault::not_found,
                "The provider, model or key by which this response was made is no longer in the policy. Ask your "
                "operator, or send the conversation's items in full.",
                std::move(told));
}

}  // namespace bursar::policies
