#pragma once

#include "integrations/message.h"
#include "integrations/report/report.h"
#include "service/base/result.h"

#include <cstdint>
#include <string>

// Reports as PDF and pictures, by Cairo and Pango. Only programs outside the service draw: the courier, bursarctl.
namespace bursar::drawing {

/// A4, one or more pages.
Result<std::string> pdf_of(const integrations::report::Report& report);
/// Spend by day, and the dearest teams and models beside their budgets: a PNG of 1600 by 900 that reads on a phone,
/// too.
Result<std::string> png_of(const integrations::report::Report& report);

/// What a message with a report becomes: files for who takes files; for a mail, also its body and the picture in it.
enum class Reader : std::uint8_t { files, mail };
/// Puts files in place of a message's report, if it has one (integrations::report::report_type). The same report gives
/// the same bytes. invalid_request: the report is none, or its files are more than a message may carry.
Result<void> write_down(integrations::Message& message, Reader reader = Reader::files);

}  // namespace bursar::drawing
