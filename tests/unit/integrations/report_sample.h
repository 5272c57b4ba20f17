#pragma once

#include "integrations/report/report.h"

namespace bursar::integrations::test {

/// November of a made-up company of 40 teams: tables that add up to their total, budgets in every state.
report::Report company_report(report::Language language = report::Language::en);
/// Nothing happened.
report::Report empty_report();
/// As many lines as there may be, in every table.
report::Report longest_report();
/// Names that mean something to HTML, SVG, CSV and spreadsheets.
report::Report hostile_report();

}  // namespace bursar::integrations::test
