#pragma once

#include "service/base/money.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace bursar {

/// How long a limit lasts. Calendar periods begin in the organisation's time zone; weeks on Monday.
enum class Per : std::uint8_t { hour, day, week, month, quarter, year, ever };
std::string_view name_of(Per per);

/// One money limit of one account. An account may carry several.
struct Budget {
    NanoUsd limit;
    Per per = Per::month;
    bool hard = true;                    ///< soft limits warn and never refuse
    std::vector<int> warn_percent = {};  ///< at which part of the limit people want to know
    bool operator==(const Budget&) const = default;
};

}  // namespace bursar
