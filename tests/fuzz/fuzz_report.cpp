// Hunts: bytes that crash the reader of reports, reports that change when they are written again, and readable ones
// that some writer cannot write.
#include "integrations/report/report_json.h"
#include "integrations/report/writers.h"
#include "service/base/ensure.h"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bursar::integrations::report;
    const auto report = read_report(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!report) return 0;
    const auto again = read_report(write_report(*report));
    // Times have milliseconds when they are written, so the second writing is the one that stays.
    ENSURE(again.has_value() && write_report(*again) == write_report(*report));
    ENSURE(!html_of(*report).contains("<script"));
    ENSURE(!mail_page_of(*report, "x").contains("<script"));
    static_cast<void>(csv_of(*report));
    static_cast<void>(summary_of(*report, "pdf"));
    return 0;
}
