#pragma once

#include "policies/admit.h"
#include "policies/snapshot.h"
#include "service/base/result.h"

#include <string>

// Which of a model's channels make its embeddings. Pure.
namespace bursar::policies {

/// Whether this channel of the model does: one of OpenAI's dialect or, where the model has none of that, one of the
/// same dialect and provider's model as the first whose dialect has a call for them. Other vectors cannot be compared
/// with these.
bool embeds(const Model& model, const Channel& channel);

/// Whether providers of that dialect can be told these texts. invalid_request, with a sentence that says how else to
/// ask.
Result<void> check_embedded(Dialect provider, const Ask& ask);

/// What the operator is told of a model whose embeddings not all its channels make; empty if there is nothing to say.
std::string embeddings_warning(const Model& model);

}  // namespace bursar::policies
