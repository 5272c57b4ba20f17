#pragma once

#include "service/admin/visit.h"

#include <string>

namespace bursar::admin {

/// The User-Agent as its owner is shown it: short, printable.
std::string client_of(const Request& request);

/// Refuses what another site made a browser send, where there is no session yet that could have a token.
Result<void> check_page(const Visit& visit);

}  // namespace bursar::admin
