// The page of a report: for a screen by day or night, a phone, and paper.
#include "integrations/report/charts.h"
#include "integrations/report/escape.h"
#include "integrations/report/sheet.h"
#include "integrations/report/writers.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

constexpr int full_per_mille = 1000;

constexpr std::string_view style =
    R"(:root{color-scheme:light dark;--ground:#fff;--panel:#f4f6f9;--rule:#d5dae1;--words:#1b2230;--soft:#5b6677;
--series:#1f6fb2;--before:#c85a00;--track:#e3e7ed;--good:#007a5a;--warn:#a65200;--bad:#b31d28}
@media screen and (prefers-color-scheme:dark){:root{--ground:#12161d;--panel:#1b212b;--rule:#333c4a;--words:#e8ecf2;--soft:#9fabbc;
--series:#5aa9e6;--before:#f2a154;--track:#2b3442;--good:#4cc79b;--warn:#f0a34a;--bad:#ff7b7b}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--words);font:15px/1.45 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1060px;margin:0 auto;padding:32px 24px 48px}
header{border-bottom:3px solid var(--series);padding-bottom:16px;margin-bottom:24px}
header p{margin:0;color:var(--soft)}h1{font-size:28px;line-height:1.2;margin:4px 0 6px}
.period{font-size:18px;color:var(--words)}
h2{font-size:19px;margin:36px 0 4px}.lead{color:var(--soft);margin:0 0 8px;max-width:75ch}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(280px,1fr));gap:12px;margin:0;padding:0;list-style:none}
.cards li{background:var(--panel);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
.cards b{display:block;font-size:24px;line-height:1.25;font-variant-numeric:tabular-nums;white-space:nowrap}
.cards span,.cards small{display:block;color:var(--soft);font-size:13px}
nav{margin:20px 0 0;font-size:14px}nav a{margin-right:14px;white-space:nowrap}a{color:var(--series)}
svg{display:block;width:100%;height:auto;margin-top:10px}
svg text{font-family:inherit}svg .line{fill:none}.bold{font-weight:600}
)"
    R"(.ink-ground{fill:var(--ground);stroke:none}.ink-panel{fill:var(--panel)}.ink-rule{fill:var(--rule)}.ink-words{fill:var(--words)}
.ink-soft{fill:var(--soft)}.ink-series{fill:var(--series)}.ink-before{fill:var(--before)}.ink-track{fill:var(--track)}
.line.ink-rule{stroke:var(--rule)}.line.ink-soft{stroke:var(--soft)}.line.ink-before{stroke:var(--before);stroke-linejoin:round}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--rule);vertical-align:baseline}
thead th{color:var(--soft);font-weight:600;font-size:13px;border-bottom:2px solid var(--rule);white-space:nowrap}
td.n,th.n{text-align:right;white-space:nowrap}th[scope=row]{font-weight:400;overflow-wrap:anywhere;min-width:150px}
tr.total th,tr.total td{font-weight:700;border-bottom:0;border-top:2px solid var(--rule)}
td small,th small{color:var(--soft);margin-left:6px}
.bar{display:inline-block;width:72px;height:8px;margin-right:8px;background:var(--track);border-radius:4px;overflow:hidden;vertical-align:1px}
td .bar{float:left;margin-top:6px}td.b{min-width:158px}
.cards .bar{display:block;width:100%;margin:6px 0 4px}
.bar i{display:block;height:100%;background:var(--series)}.bar.warn i{background:var(--warn)}.bar.bad i{background:var(--bad)}
.soft{color:var(--soft)}.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}td.bad,b.bad{font-weight:700}
footer{margin-top:36px;border-top:1px solid var(--rule);padding-top:12px;color:var(--soft);font-size:13px}footer p{margin:2px 0}
@media screen and (max-width:680px){main{padding:20px 14px}.cards{grid-template-columns:1fr 1fr;gap:8px}.cards li{padding:10px 12px}
.cards b{font-size:17px}.wide svg{min-width:760px}th small{display:block;margin-left:0}}
@media print{@page{size:A4;margin:14mm}body{font-size:10.5px}main{max-width:none;padding:0}nav,.open{display:none}table{font-size:9.5px}
.cards{grid-template-columns:repeat(3,1fr)}.cards b{font-size:16px}.cards span,.cards small,thead th,footer,.lead{font-size:9px}.cards li{padding:8px 10px}
.wide{overflow:visible}th,td{padding:3px 6px}td.b,th[scope=row]{min-width:0}.bar{width:44px}td .bar{margin-top:3px;height:6px}th small{display:block;margin:0}h1{font-size:21px}h2{font-size:14px;break-after:avoid}
thead{display:table-header-group}tr,li,svg{break-inside:avoid}.bar,.bar i{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)";

std::string_view class_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return "";
        case Tone::soft:
            return "soft";
        case Tone::good:
            return "good";
        case Tone::warn:
            return "warn";
        case Tone::bad:
            return "bad";
    }
    return "";
}

std::string bar(int per_mille, Tone tone) {
    const int shown = std::clamp(per_mille, 0, full_per_mille);
    const bool is_loud = tone == Tone::warn || tone == Tone::bad;
    return fmt::format(R"(<span class="bar{}{}" aria-hidden="true"><i style="width:{}.{}%"></i></span>)",
                       is_loud ? " " : "", is_loud ? class_of(tone) : "", shown / 10, shown % 10);
}

std::string cards_of(const Sheet& sheet) {
    std::string out = "<ul class=\"cards\">\n";
    for (const Card& each : sheet.cards) {
        out += fmt::format("<li><span>{}</span><b class=\"{}\">{}</b>", escaped_html(each.name), class_of(each.tone),
                           escaped_html(each.value));
        if (each.bar_per_mille) out += bar(*each.bar_per_mille, each.tone);
        out += fmt::format("<small>{}</small></li>\n", escaped_html(each.note));
    }
    return out + "</ul>\n";
}

std::string cell_of(const Cell& cell, const Column& column, bool is_first) {
    std::string inside;
    if (cell.bar_per_mille) inside += bar(*cell.bar_per_mille, cell.tone);
    inside += escaped_html(cell.text);
    if (!cell.note.empty()) inside += fmt::format("<small>{}</small>", escaped_html(cell.note));
    std::string classes(column.is_number ? "n" : "");
    if (cell.bar_per_mille) classes += " b";
    if (cell.tone != Tone::plain) classes += fmt::format("{}{}", classes.empty() ? "" : " ", class_of(cell.tone));
    const std::string attribute = classes.empty() ? "" : fmt::format(" class=\"{}\"", classes);
    return is_first ? fmt::format("<th scope=\"row\"{}>{}</th>", attribute, inside)
                    : fmt::format("<td{}>{}</td>", attribute, inside);
}

std::string row_of(const Row& row, const Section& section) {
    std::string out = row.kind == RowKind::total ? "<tr class=\"total\">" : "<tr>";
    for (std::size_t i = 0; i < row.cells.size(); ++i) out += cell_of(row.cells[i], section.columns[i], i == 0);
    return out + "</tr>\n";
}

std::string section_of(const Section& section) {
    std::string out = fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", section.id, escaped_html(section.heading));
    if (!section.lead.empty()) out += fmt::format("<p class=\"lead\">{}</p>\n", escaped_html(section.lead));
    if (section.rows.empty()) return out + "</section>\n";
    out += "<div class=\"wide\"><table><thead><tr>";
    for (const Column& each : section.columns)
        out +=
            fmt::format("<th scope=\"col\"{}>{}</th>", each.is_number ? " class=\"n\"" : "", escaped_html(each.head));
    out += "</tr></thead><tbody>\n";
    for (const Row& each : section.rows) out += row_of(each, section);
    return out + "</tbody></table></div>\n</section>\n";
}

std::string head_of(const Sheet& sheet) {
    std::string out = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} · {}</title>\n"
        "<style>\n{}</style></head>\n<body><main>\n",
        sheet.language, escaped_html(sheet.title), escaped_html(sheet.period), style);
    const std::string above = sheet.organisation == sheet.subject ? "Bursar" : sheet.organisation;
    out += fmt::format("<header><p>{}</p><h1>{}</h1><p class=\"period\">{}</p>", escaped_html(above),
                       escaped_html(sheet.title), escaped_html(sheet.period));
    if (!sheet.compared.empty()) out += fmt::format("<p>{}</p>", escaped_html(sheet.compared));
    return out + "</header>\n";
}

}  // namespace

std::string html_of(const Report& report) {
    const Sheet sheet = sheet_of(report);
    std::string out = head_of(sheet) + cards_of(sheet);
    if (sheet.sections.size() > 1) {
        out += "<nav>";
        for (const Section& each : sheet.sections)
            out += fmt::format("<a href=\"#{}\">{}</a> ", each.id, escaped_html(each.heading));
        out += "</nav>\n";
    }
    if (!sheet.chart.places.empty()) {
        const Picture chart =
            spend_chart(sheet.chart, Numbers(report.manner), {.width = 1000, .height = 300, .letters = 12});
        out += fmt::format("<section id=\"chart\">\n<h2>{}</h2>\n<div class=\"wide\">{}</div>\n</section>\n",
                           escaped_html(sheet.chart.heading),
                           svg_of(chart, fmt::format("{}. {}", sheet.chart.heading, sheet.chart.what)));
    }
    for (const Section& each : sheet.sections) out += section_of(each);
    out += "<footer>\n";
    for (const std::string& each : sheet.notes) out += fmt::format("<p>{}</p>\n", escaped_html(each));
    out += fmt::format("<p>{} · Bursar · {}</p>\n", escaped_html(sheet.organisation), escaped_html(sheet.made));
    if (!sheet.url.empty())
        out += fmt::format("<p class=\"open\"><a href=\"{}\" rel=\"noreferrer\">{}</a></p>\n", escaped_html(sheet.url),
                           escaped_html(sheet.url_words));
    return out + "</footer>\n</main></body></html>\n";
}

}  // namespace bursar::integrations::report
