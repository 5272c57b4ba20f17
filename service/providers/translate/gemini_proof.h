#pragma once

#include "service/providers/translate/canonical.h"

#include <string>
#include <string_view>

// What other providers prove their thinking with, as the `thoughtSignature` of a Gemini caller's part. It is base64 for
// clients that decode it: eight letters of that alphabet say what it is, and the provider's own follows.
namespace bursar::providers::translate {

/// Of thinking or redacted thinking; empty if it proves nothing.
std::string proof_of(const Part& part);
/// What a caller gave back becomes the part's signature, or the part redacted thinking; anything else is nothing here.
void take_proof(Part& part, std::string_view proof);

}  // namespace bursar::providers::translate
