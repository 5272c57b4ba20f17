#pragma once

#include "service/base/result.h"
#include "service/providers/body.h"
#include "service/providers/json_walk.h"

#include <cstdint>
#include <string_view>

// Bodies of the endpoints that are paid by the picture, the character, the second or the search.
namespace bursar::providers {

inline constexpr std::int64_t pictures_made_max = 100;

/// Reads a JSON body behind which padding_bytes may be read. Refuses what could not be metered: streams.
Result<Prompt> read_unit_prompt(Endpoint endpoint, std::string_view padded, ondemand::parser& parser);

}  // namespace bursar::providers
