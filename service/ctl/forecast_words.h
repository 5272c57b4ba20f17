#pragma once

#include <string>

// How a limit looks in a line of text. Pure.
namespace bursar::ctl {

/// "[######+++   ]  50% -> 76%": what is spent and, behind it, what is expected by the period's end, as parts of the
/// limit. What goes beyond the limit ends in '!'. A projection below zero means that nothing is known.
std::string limit_bar(double spent_part, double projected_part);

}  // namespace bursar::ctl
