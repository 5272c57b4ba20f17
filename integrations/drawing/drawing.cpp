#include "integrations/drawing/drawing.h"

#include "integrations/drawing/board.h"
#include "integrations/drawing/canvas.h"
#include "integrations/drawing/pages.h"
#include "integrations/mail/mail.h"
#include "integrations/report/report_json.h"
#include "integrations/report/sheet.h"
#include "integrations/report/writers.h"
#include "integrations/wire.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace bursar::drawing {
namespace {

using integrations::Attachment;
using integrations::report::Report;

struct Format {
    std::string_view name, type;
    Result<std::string> (*write)(const Report&);
};
constexpr std::array formats = {
    Format{"pdf", "application/pdf", pdf_of},
    Format{"png", "image/png", png_of},
    Format{"html", "text/html", [](const Report& report) -> Result<std::string> { return html_of(report); }},
    Format{"csv", "text/csv", [](const Report& report) -> Result<std::string> { return csv_of(report); }},
    Format{"json", "application/json",
           [](const Report& report) -> Result<std::string> { return write_report(report); }},
};

/// "finance.report?pdf,csv": the words behind the question mark.
bool wants(std::string_view name, std::string_view format) {
    const std::size_t query = name.find('?');
    std::string_view words = query == std::string_view::npos ? std::string_view() : name.substr(query + 1);
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(','), words.size());
        if (words.substr(0, end) == format) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

std::unexpected<Error> not_written(Error error) {
    error.for_operator = std::string(error.operator_text());
    error.for_caller = fmt::format("The report could not be written down: {}", error.for_caller);
    return std::unexpected(std::move(error));
}

Result<std::vector<Attachment>> files_of(const Attachment& attachment, Reader reader) {
    TRY(const Report report, integrations::report::read_report(attachment.bytes));
    const std::string name = file_name_of(report);
    std::vector<Attachment> out;
    for (const Format& each : formats) {
        // A mail shows the picture, whether or not it is a file besides.
        if (!wants(attachment.name, each.name) && !(reader == Reader::mail && each.name == "png")) continue;
        TRY(std::string bytes, each.write(report));
        out.push_back(
            {.name = fmt::format("{}.{}", name, each.name), .type = std::string(each.type), .bytes = std::move(bytes)});
    }
    if (reader == Reader::mail)
        out.push_back({.name = name,
                       .type = integrations::mail::page_type,
                       .bytes = mail_page_of(report, integrations::mail::picture_id)});
    return out;
}

}  // namespace

Result<std::string> pdf_of(const Report& report) {
    const auto sheet = sheet_of(report);
    return pdf_file(pages_of(sheet, report.manner), {.title = fmt::format("{}, {}", sheet.title, sheet.period),
                                                     .author = sheet.organisation,
                                                     .subject = sheet.subject,
                                                     .made = to_text(report.made).substr(0, 19) + "Z"});
}

Result<std::string> png_of(const Report& report) { return png_file(board_of(report)); }

Result<void> write_down(integrations::Message& message, Reader reader) {
    std::vector<Attachment> out;
    std::size_t bytes = 0;
    for (Attachment& each : message.attachments) {
        if (each.type != integrations::report::report_type) {
            out.push_back(each);
            continue;
        }
        auto files = files_of(each, reader);
        if (!files) return not_written(std::move(files).error());
        std::ranges::move(*files, std::back_inserter(out));
    }
    for (const Attachment& each : out) bytes += each.bytes.size();
    if (bytes > integrations::attachment_bytes_max)
        return not_written({.fault = Fault::invalid_request,
                            .for_caller = fmt::format("its files have more than {} bytes; ask for fewer formats.",
                                                      integrations::attachment_bytes_max)});
    message.attachments = std::move(out);
    return {};
}

}  // namespace bursar::drawing
