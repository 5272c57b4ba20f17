#pragma once

#include <string_view>

namespace bursar::providers {

/// Behind this, an id of a tool call carries what the call's provider wants to see again (translate/carried.h), in
/// letters of base64url.
inline constexpr std::string_view carried_mark = "_bursarsig_";

/// With this begins the `encrypted_content` of reasoning that another provider than OpenAI thought
/// (translate/responses_proof.h).
inline constexpr std::string_view reasoning_mark = "bursar-";

}  // namespace bursar::providers
