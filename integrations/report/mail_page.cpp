// The body of a mail. Mail programs know tables, widths and colours of cells; of style sheets one can count on nothing.
#include "integrations/report/escape.h"
#include "integrations/report/sheet.h"
#include "integrations/report/words.h"
#include "integrations/report/writers.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

/// Some mail programs cut what is longer than 100 kB.
constexpr std::size_t rows_max = 12, cards_per_row = 3;

constexpr std::string_view family = "font-family:Arial,sans-serif";

std::string_view colour_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return "#1b2230";
        case Tone::soft:
            return "#5b6677";
        case Tone::good:
            return "#007a5a";
        case Tone::warn:
            return "#a65200";
        case Tone::bad:
            return "#b31d28";
    }
    return "";
}

std::string cards_of(const Sheet& sheet) {
    std::string out = "<table role=\"presentation\" width=\"100%\" cellspacing=\"6\" cellpadding=\"10\">\n";
    for (std::size_t i = 0; i < sheet.cards.size(); ++i) {
        const Card& card = sheet.cards[i];
        if (i % cards_per_row == 0) out += "<tr>";
        out += fmt::format(
            "<td width=\"33%\" valign=\"top\" bgcolor=\"#f4f6f9\" style=\"{}\"><span "
            "style=\"font-size:12px;color:#5b6677\">{}"
            "</span><br><b style=\"font-size:18px;color:{}\">{}</b><br><span style=\"font-size:12px;color:#5b6677\">{}"
            "</span></td>",
            family, escaped_html(card.name), colour_of(card.tone), escaped_html(card.value), escaped_html(card.note));
        if (i % cards_per_row == cards_per_row - 1 || i + 1 == sheet.cards.size()) out += "</tr>\n";
    }
    return out + "</table>\n";
}

std::string row_of(const Row& row, const Section& section) {
    std::string out = "<tr>";
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
        const Cell& cell = row.cells[i];
        std::string text = escaped_html(cell.text);
        if (!cell.note.empty())
            text += fmt::format(" <span style=\"color:#5b6677\">{}</span>", escaped_html(cell.note));
        out += fmt::format(
            "<td align=\"{}\" style=\"{};font-size:13px;color:{};border-bottom:1px solid #d5dae1{}\">{}</td>",
            section.columns[i].is_number ? "right" : "left", family, colour_of(cell.tone),
            row.kind == RowKind::total ? ";font-weight:bold" : "", text);
    }
    return out + "</tr>\n";
}

std::string section_of(const Section& section, const Words& words, const Numbers& numbers) {
    std::string out = fmt::format("<h2 style=\"{};font-size:16px;color:#1b2230;margin:24px 0 4px\">{}</h2>\n", family,
                                  escaped_html(section.heading));
    if (!section.lead.empty())
        out += fmt::format("<p style=\"{};font-size:13px;color:#5b6677;margin:0 0 6px\">{}</p>\n", family,
                           escaped_html(section.lead));
    if (section.rows.empty()) return out;
    out += "<table width=\"100%\" cellspacing=\"0\" cellpadding=\"4\"><tr>";
    for (const Column& each : section.columns)
        out += fmt::format(
            "<th align=\"{}\" style=\"{};font-size:12px;color:#5b6677;border-bottom:2px solid #d5dae1\">{}</th>",
            each.is_number ? "right" : "left", family, escaped_html(each.head));
    out += "</tr>\n";
    const bool has_total = section.rows.back().kind == RowKind::total;
    const std::size_t lines = section.rows.size() - (has_total ? 1 : 0), shown = std::min(lines, rows_max);
    for (std::size_t i = 0; i < shown; ++i) out += row_of(section.rows[i], section);
    if (shown < lines)
        out += fmt::format("<tr><td colspan=\"{}\" style=\"{};font-size:13px;color:#5b6677\">{}</td></tr>\n",
                           section.columns.size(), family,
                           filled(words.rest, {numbers.count(static_cast<std::int64_t>(lines - shown))}));
    if (has_total) out += row_of(section.rows.back(), section);
    return out + "</table>\n";
}

}  // namespace

std::string mail_page_of(const Report& report, std::string_view picture) {
    const Sheet sheet = sheet_of(report);
    std::string out = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"{0}\"><head><meta charset=\"utf-8\"><title>{1}</title></head>\n"
        "<body bgcolor=\"#ffffff\" style=\"margin:0;padding:16px;{2};color:#1b2230\">\n"
        "<table role=\"presentation\" width=\"100%\" style=\"max-width:760px\" cellspacing=\"0\" "
        "cellpadding=\"0\"><tr><td>\n"
        "<h1 style=\"{2};font-size:22px;margin:0\">{1}</h1>\n<p style=\"{2};font-size:15px;margin:4px 0 "
        "12px\">{3}</p>\n",
        sheet.language, escaped_html(sheet.title), family, escaped_html(sheet.period));
    out += cards_of(sheet);
    if (!picture.empty())
        out +=
            fmt::format("<p><img src=\"cid:{}\" width=\"748\" style=\"width:100%;max-width:748px\" alt=\"{}\"></p>\n",
                        escaped_html(picture), escaped_html(sheet.chart.heading + ". " + sheet.chart.what));
    if (!sheet.url.empty())
        out += fmt::format("<p style=\"{}\"><a href=\"{}\">{}</a></p>\n", family, escaped_html(sheet.url),
                           escaped_html(sheet.url_words));
    const Numbers numbers(report.manner);
    for (const Section& each : sheet.sections) out += section_of(each, words_of(report.manner.language), numbers);
    for (const std::string& each : sheet.notes)
        out += fmt::format("<p style=\"{};font-size:12px;color:#5b6677;margin:10px 0 0\">{}</p>\n", family,
                           escaped_html(each));
    return out + fmt::format(
                     "<p style=\"{};font-size:12px;color:#5b6677\">{} · Bursar · {}</p>\n"
                     "</td></tr></table></body></html>\n",
                     family, escaped_html(sheet.organisation), escaped_html(sheet.made));
}

}  // namespace bursar::integrations::report
