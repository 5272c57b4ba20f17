#pragma once

#include <string>
#include <string_view>

namespace bursar::integrations::report {

/// As text or inside a quoted attribute of HTML and SVG: no markup, no control characters, no marks that turn the
/// direction of what stands around.
std::string escaped_html(std::string_view text);
/// A cell of a CSV file (RFC 4180) in which no spreadsheet reads a formula.
std::string csv_cell(std::string_view text);

}  // namespace bursar::integrations::report
