#pragma once

#include "integrations/report/picture.h"
#include "integrations/report/report.h"

namespace bursar::drawing {

/// The report at one glance, 1600 by 900, with letters that can be read when it is a quarter of that.
integrations::report::Picture board_of(const integrations::report::Report& report);

}  // namespace bursar::drawing
