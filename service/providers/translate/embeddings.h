#pragma once

#include "service/providers/translate/dom.h"
#include "service/providers/translate/translate.h"

#include <cstddef>
#include <expected>
#include <string>

// Embeddings of OpenAI's callers at providers of other dialects: one step each way, since nobody else asks for them.
namespace bursar::providers::translate {

/// Of one vector, asked for or sent. The longest of today have 4,096.
inline constexpr std::size_t vector_numbers_max = 16'384;

/// Whether providers of that dialect can be asked for embeddings by callers of OpenAI's.
bool takes_embeddings(Dialect provider);
/// The body for the provider; `bytes` are those of the caller's. invalid_request: what cannot be said there.
Result<std::string> embeddings_request(dom::object body, std::size_t bytes, const Target& to);
/// A list of vectors for the caller. The error is a clause about the provider's answer: what it has not, or too much
/// of.
std::expected<std::string, std::string> embeddings_answer(Endpoint provider, dom::object body, std::size_t bytes,
                                                          const Shown& shown);

}  // namespace bursar::providers::translate
