#pragma once

#include "service/providers/translate/canonical.h"

#include <string>
#include <string_view>

// Some providers prove with every tool call the thinking that led to it, and want the proof back with the call. Callers
// whose dialect has no place for it get it inside the call's id, the one thing that every client gives back.
namespace bursar::providers::translate {

/// The id that carries `signature`, which is base64.
std::string carrying_id(std::string_view id, std::string_view signature);
/// Of a tool call or result that a caller gave back: the id without what it carries, which becomes the part's
/// signature.
void take_carried(Ask& ask, Part& part);

}  // namespace bursar::providers::translate
