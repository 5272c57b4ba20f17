#pragma once

#include "integrations/message.h"
#include "integrations/report/report.h"

#include <string>

// A report as a page, as a table and as a message: no I/O, no drawing library. Charts of the page are SVG inside it.
namespace bursar::integrations::report {

/// One page that needs nothing besides: style and charts are in it, no script. For screens and printers.
std::string html_of(const Report& report);
/// Tables, one after the other, behind a column that says which; formulas cannot begin in it. Amounts in dollars and,
/// if it is another one, in the organisation's currency.
std::string csv_of(const Report& report);
/// The few numbers that matter, with the report behind it in `formats` ("pdf,csv,html,png"; empty: none).
Message summary_of(const Report& report, std::string_view formats);
/// "usage-finance-2026-11", "usage-research-2026-W48", "usage-research-2026-11-29"
std::string file_name_of(const Report& report);

}  // namespace bursar::integrations::report
