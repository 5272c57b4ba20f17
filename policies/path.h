#pragma once

#include "policies/snapshot.h"
#include "service/base/usage.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bursar::policies {

/// Gemini, Bedrock, and Anthropic's dialect at Vertex, have a path of their own for streams.
enum class Delivery : std::uint8_t { whole, streamed };

/// Where a provider takes calls of this endpoint of its dialect: path and, for Azure, the api-version as query.
std::string path_at(const Provider& provider, Endpoint endpoint, std::string_view model,
                    Delivery delivery = Delivery::whole);

/// Chat completions, responses, messages and Gemini's generateContent can be translated into every dialect, embeddings
/// into Gemini's and Cohere's; the other endpoints go where their own dialect is spoken.
bool can_translate(Endpoint endpoint, Dialect to);
/// The same for this provider, who may have fewer of its dialect's endpoints: Vertex embeds by a call of its own.
bool can_translate(Endpoint endpoint, const Provider& to);
/// Whether only providers take it that have the Responses API themselves.
constexpr bool needs_responses(Endpoint endpoint) { return facts(endpoint).suffix.starts_with("/responses/"); }
/// Whether the provider takes batches of such calls: as they are, in OpenAI's API.
bool takes_batches(const Provider& provider, Endpoint endpoint);
/// The endpoint at which a provider of this dialect is asked what a caller asks at `endpoint`.
Endpoint spoken_at(Endpoint endpoint, Dialect provider);
/// The same for this provider, who may have fewer of its dialect's endpoints.
Endpoint spoken_at(Endpoint endpoint, const Provider& provider);

/// One segment of a path or one value of a query (RFC 3986 §2.3).
std::string escaped(std::string_view text);

}  // namespace bursar::policies
