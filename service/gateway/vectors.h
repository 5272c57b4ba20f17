#pragma once

#include "service/gateway/call.h"

#include <cstddef>
#include <string_view>

// Embeddings whose provider has another dialect than their caller.
namespace bursar::gateway {

/// Whether the call's attempt is for such.
bool embeds_elsewhere(const Call& call);

/// How long the answer may be, of at most `most` bytes: room for its vectors, and for the texts, which Cohere repeats.
std::size_t vectors_bytes_max(const Call& call, std::size_t most);

/// That an answer which can be understood has not the vectors of the texts, for `reason`.
Error no_vectors(const Call& call, std::string_view reason);

}  // namespace bursar::gateway
