#include "service/gateway/vectors.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::gateway {

bool embeds_elsewhere(const Call& call) { return call.endpoint == Endpoint::embeddings && call.attempt.translated; }

std::size_t vectors_bytes_max(const Call& call, std::size_t most) {
    // Of one: the most numbers that are taken, each on a line of its own. Of a hundred with 4,096 numbers, 10 MB.
    constexpr std::size_t vector_bytes = std::size_t{512} << 10, all_bytes = std::size_t{16} << 20;
    // A letter of two bytes may come back as six.
    constexpr std::size_t grown = 3;
    const std::size_t vectors =
        call.prompt.texts < all_bytes / vector_bytes ? call.prompt.texts * vector_bytes : all_bytes;
    return std::min(most, vectors + grown * call.body.size());
}

Error no_vectors(const Call& call, std::string_view reason) {
    return {Fault::provider_unavailable,
            "The provider answered without a vector of the asked length for each text. Try again.",
            fmt::format("channel {}: {}", call.attempt.channel->name(), reason)};
}

}  // namespace bursar::gateway
