#pragma once

#include "service/providers/meter.h"

#include <memory>

namespace bursar::providers {

/// A meter of whole answers that are paid by the picture, the character, the second or the search. What the answer does
/// not tell, as speech tells nothing, is the caller's of this meter to count by what was asked for: the source is
/// `estimated` then.
std::unique_ptr<Meter> make_unit_meter(const Meter::Options& options);

}  // namespace bursar::providers
