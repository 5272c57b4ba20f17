#pragma once

#include "integrations/drawing/canvas.h"
#include "integrations/report/sheet.h"

#include <vector>

namespace bursar::drawing {

/// A sheet on A4: figures and chart first, then its tables, each head again on each page.
std::vector<Page> pages_of(const integrations::report::Sheet& sheet, const integrations::report::Manner& manner);

}  // namespace bursar::drawing
