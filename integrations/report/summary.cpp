// A report as a message: what somebody reads before they open a file.
#include "integrations/report/report_json.h"
#include "integrations/report/sections.h"
#include "integrations/report/sheet.h"
#include "integrations/report/words.h"
#include "integrations/report/writers.h"
#include "integrations/text.h"
#include "service/base/zone.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

constexpr std::size_t top_lines_max = 3, bars_max = 5;
constexpr std::size_t name_units_max = 60;

/// Letters, digits and what file names bear everywhere.
std::string file_word(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (fits)
            out.push_back(c);
        else if (!out.empty() && out.back() != '-')
            out.push_back('-');
    }
    while (!out.empty() && out.back() == '-') out.pop_back();
    return cut(out, name_units_max, "");
}

std::string period_word(const Report& report) {
    const auto date = wall_time(report.from, report.manner.time_zone).date;
    const int year = static_cast<int>(date.year());
    const auto month = static_cast<unsigned>(date.month()), day = static_cast<unsigned>(date.day());
    switch (report.every) {
        case Every::month:
            return fmt::format("{}-{:02}", year, month);
        case Every::week: {
            const auto [week_year, week] = week_of(std::chrono::sys_days(date));
            return fmt::format("{}-W{:02}", week_year, week);
        }
        case Every::day:
            break;
    }
    return fmt::format("{}-{:02}-{:02}", year, month, day);
}

/// "research 1,234.56 USD (12.3 %), …"
std::string top_of(const Table& table, const char* none, const Speech& speech) {
    const Wide total = sum_of(table);
    const std::vector<Wide> shown = units_of_lines(table, speech.numbers);
    std::string out;
    for (std::size_t i = 0; i < std::min(table.lines.size(), top_lines_max); ++i) {
        const Line& line = table.lines[i];
        const std::string name = line.name.empty() ? none : cut(one_line(line.name), name_units_max, "…");
        out += fmt::format("{}{} {} ({})", out.empty() ? "" : ", ", name, speech.numbers.money_of_units(shown[i]),
                           speech.numbers.percent(wide(line.now.charge), total));
    }
    return out;
}

void add_bars(Message& message, const Report& report, const Words& words) {
    for (const Budget& each : report.budgets) {
        if (message.bars.size() == bars_max) return;
        const AccountWords account = account_in(words, one_line(each.account));
        message.bars.push_back({.label = fmt::format("{}, {}", cut(account.name, name_units_max, "…"),
                                                     kind_in(report.manner.language, one_line(each.kind))),
                                .percent = per_mille_of(each.spent, each.limit) / 10});
    }
}

void add_facts(Message& message, const Report& report, const Sheet& sheet, const Speech& speech) {
    for (const Card& each : sheet.cards)
        message.facts.push_back(
            {.name = each.name,
             .value = each.note.empty() ? each.value : fmt::format("{} – {}", each.value, each.note)});
    const Words& words = speech.words;
    const auto add = [&](const char* name, std::string value) {
        if (!value.empty()) message.facts.push_back({.name = name, .value = std::move(value)});
    };
    add(words.teams, top_of(report.teams, words.no_team, speech));
    add(words.models, top_of(report.models, words.no_model, speech));
    if (!report.people_hidden) add(words.people, top_of(report.people, words.no_person, speech));
}

}  // namespace

std::string file_name_of(const Report& report) {
    std::string about = file_word(report.whole ? report.name : report.subject);
    if (about.empty()) about = file_word(report.name);
    return fmt::format("usage-{}{}{}", about, about.empty() ? "" : "-", period_word(report));
}

void leave_files_out(Message& message) {
    const auto is_report = [](const Attachment& each) { return each.type == report_type; };
    for (const Attachment& each : message.attachments) {
        if (!is_report(each)) continue;
        const auto report = read_report(each.bytes);
        if (!report) continue;
        if (!message.text.empty()) message.text += "\n";
        message.text += words_of(report->manner.language).files_elsewhere;
    }
    std::erase_if(message.attachments, is_report);
}

Message summary_of(const Report& report, std::string_view formats) {
    const Speech speech(report);
    const Sheet sheet = sheet_of(report);
    const std::string file = file_name_of(report);
    Message out;
    out.incident = fmt::format("report:{}:{}", file_word(report.name), file);
    out.kind = "report.due";
    out.at = report.made;
    out.when = speech.numbers.instant(report.made);
    out.title = fmt::format("{}, {}: {}", sheet.title, sheet.period, speech.numbers.money(wide(report.total.charge)));
    if (!sheet.compared.empty()) out.text = fmt::format("{}.", sheet.cards.front().note);
    if (report.total.calls == 0) out.text = speech.words.nothing;
    add_facts(out, report, sheet, speech);
    add_bars(out, report, speech.words);
    if (!sheet.url.empty()) out.links.push_back({.text = sheet.url_words, .url = sheet.url});
    out.whom = report.whole ? std::string() : report.subject;
    out.footer = fmt::format("{} · Bursar", sheet.organisation);
    if (!formats.empty())
        out.attachments.push_back(
            {.name = fmt::format("{}.report?{}", file, formats), .type = report_type, .bytes = write_report(report)});
    return out;
}

}  // namespace bursar::integrations::report
