#pragma once

#include "service/base/result.h"
#include "service/providers/body.h"
#include "service/providers/input_walk.h"
#include "service/providers/json_walk.h"

#include <cstdint>
#include <string_view>

// What the readers of request bodies share.
namespace bursar::providers {

inline constexpr std::int64_t max_tokens_max = 1'000'000'000;
inline constexpr std::int64_t choices_max = 128;

std::unexpected<Error> wrong(std::string_view field, std::string_view wanted);
std::unexpected<Error> in_lower_case(std::string_view field);
std::unexpected<Error> not_json(error_code error);

/// Gemini's `generationConfig`, in which the limit of tokens and the number of answers stand. `body` is the text that
/// `value` is read from; everything in it goes through `input`.
Result<void> read_generation_config(ondemand::value value, std::string_view body, Prompt& prompt, InputWalk& input);

}  // namespace bursar::providers
