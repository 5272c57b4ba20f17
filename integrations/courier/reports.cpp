#include "integrations/courier/reports.h"

#include "integrations/drawing/drawing.h"
#include "integrations/report/report_json.h"
#include "integrations/report/writers.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::courier {
namespace {

using integrations::TargetKind;

/// What goes on as it came has to be whole, or it would break what it is put into.
Result<void> check_reports(const integrations::Message& message) {
    for (const auto& each : message.attachments) {
        if (each.type != integrations::report::report_type) continue;
        const auto report = integrations::report::read_report(each.bytes);
        if (!report)
            return fail(Fault::invalid_request,
                        fmt::format("The report could not be read: {}", report.error().for_caller));
    }
    return {};
}

bool has_token(const integrations::Target& target) {
    const auto found = target.secrets.find("token");
    return found != target.secrets.end() && !found->second.empty();
}

}  // namespace

Result<void> prepare_report(integrations::Message& message, const integrations::Target& target) {
    const bool has_report = std::ranges::any_of(message.attachments, [](const integrations::Attachment& each) {
        return each.type == integrations::report::report_type;
    });
    if (!has_report) return {};
    switch (target.kind) {
        case TargetKind::mail:
            return drawing::write_down(message, drawing::Reader::mail);
        case TargetKind::jira:
            return drawing::write_down(message);
        case TargetKind::slack:
            if (has_token(target)) return drawing::write_down(message);
            break;
        case TargetKind::webhook:
            return check_reports(message);
        case TargetKind::teams:
            break;
    }
    TRY_VOID(check_reports(message));
    integrations::report::leave_files_out(message);
    return {};
}

}  // namespace bursar::courier
