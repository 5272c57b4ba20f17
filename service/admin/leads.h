#pragma once

#include "service/admin/visit.h"

#include <string>
#include <vector>

namespace bursar::admin {

/// The teams whose lead asks: of a token the one that it was issued for, of a person all that their groups give them.
std::vector<std::string> led_by(const Visit& visit);
/// Whether an account is of one of them or of a team below.
bool is_of_leads(const Visit& visit, const AccountName& account, const std::vector<Caller>& callers);

}  // namespace bursar::admin
