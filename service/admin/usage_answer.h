#pragma once

#include "service/admin/visit.h"
#include "service/audit/usage.h"

#include <string>
#include <utility>
#include <vector>

namespace bursar::admin {

/// What usage_read() answers, with `only` besides what the query asks for: what the query says of those is refused.
Reply usage_answer(Visit& visit, std::vector<std::pair<audit::By, std::string>> only);

}  // namespace bursar::admin
