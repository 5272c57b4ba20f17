#pragma once

#include "service/providers/blame.h"

#include <optional>
#include <string_view>

namespace bursar::providers {

/// Whose fault an exception of AWS is, by its name (x-amzn-errortype, or of an exception in a stream) and words, both
/// in small letters. Nothing: its words and its status decide as anybody's do.
std::optional<Fit> fit_of_exception(std::string_view exception, std::string_view text);

/// Whether AWS refuses a signature for its time.
bool blames_clock(std::string_view body);

}  // namespace bursar::providers
