#pragma once

#include "integrations/message.h"
#include "integrations/report/report.h"

#include <string>

// A report as a page, as a table and as a message: no I/O, no drawing library. Charts of the page are SVG inside it.
namespace bursar::integrations::report {

/// One page that needs nothing besides: style and charts are in it, no script. For screens and printers.
std::string html_of(const Report& report);
/// The body of a mail: the same figures in tables, since mail programs know little of style sheets and no SVG; long
/// tables are cut, the files have the rest. `picture`: the content id of a picture that the mail carries; empty: none.
std::string mail_page_of(const Report& report, std::string_view picture);
/// Tables, one after the other, behind a column that says which; formulas cannot begin in it. Amounts in dollars and,
/// if it is another one, in the organisation's currency.
std::string csv_of(const Report& report);
/// The few numbers that matter, with the report behind it in `formats` ("pdf,csv,html,png"; empty: none).
Message summary_of(const Report& report, std::string_view formats);
/// For targets that carry no files: the message without its report, and a sentence that says where the files are.
void leave_files_out(Message& message);
/// "usage-finance-2026-11", "usage-research-2026-W48", "usage-research-2026-11-29"
std::string file_name_of(const Report& report);

}  // namespace bursar::integrations::report
