#pragma once

#include "service/ctl/api.h"

#include <cstdint>
#include <optional>
#include <string>

// How bursarctl login gets its tokens where the browser is on this machine; with codes it is sign_in_commands.cpp.
namespace bursar::ctl {

/// Whether a browser can be opened here: somebody looks at a screen of this machine.
bool has_browser(const Environment& environment);

/// The page on which programs are let in, as the service names it; nothing if it has none, because it is older.
Outcome<std::optional<std::string>> authorization_page(Api& api);

enum class Opening : std::uint8_t { by_itself, by_hand };
/// Shows the page in a browser, waits until somebody has decided there, at most ten minutes, and gets the tokens.
Outcome<SignIn> sign_in_by_browser(Api& api, const std::string& page, Opening opening);

}  // namespace bursar::ctl
