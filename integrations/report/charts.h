#pragma once

#include "integrations/report/picture.h"
#include "integrations/report/sheet.h"

namespace bursar::integrations::report {

/// How large letters are beside the chart.
struct ChartSize {
    double width = 0, height = 0, letters = 11;
};
/// A bar for each place, the period before as a line with dots, an axis with round amounts. Labels stand where they
/// have room.
Picture spend_chart(const Chart& chart, const Numbers& numbers, ChartSize size);

}  // namespace bursar::integrations::report
