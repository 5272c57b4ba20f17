#pragma once

#include "service/providers/body.h"

#include <string_view>
#include <vector>

namespace bursar::providers {

/// Where in the body of a Responses request reasoning of another provider stands (carried_mark.h): whole items with the
/// comma that would be left over, disjoint and in order. OpenAI refuses a call that has one.
std::vector<Span> foreign_reasoning(std::string_view body);

}  // namespace bursar::providers
