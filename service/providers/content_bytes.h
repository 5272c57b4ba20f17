#pragma once

#include "service/providers/json_walk.h"

#include <cstdint>
#include <string_view>

// How many bytes of an answer are what a model said.
namespace bursar::providers {

/// Ids, kinds and seals are not what a model says, so they are no tokens of its output.
bool counts_as_content(std::string_view key);
/// What a string counts as that carries a picture or sound.
std::int64_t payload_of(ondemand::value value);
/// Bytes of the strings in `value`, as they stand in the JSON: never fewer than the text has.
error_code add_string_bytes(ondemand::value value, std::int64_t& bytes, int depth = 0);

}  // namespace bursar::providers
