#pragma once

#include "policies/price.h"
#include "service/base/result.h"

#include <string_view>

namespace bursar::policies {

/// The price that has this canonical text, also when no policy has it any more. wrong_configuration: it is none's.
Result<Price> price_from(std::string_view canonical);

}  // namespace bursar::policies
