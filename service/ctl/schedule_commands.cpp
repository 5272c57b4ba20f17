// Usage reports: what is scheduled and kept, a look at one, and sending one now. PDF and pictures are drawn here: the
// service draws nothing.
#include "integrations/drawing/drawing.h"
#include "integrations/report/report_json.h"
#include "integrations/report/writers.h"
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/private_file.h"
#include "service/ctl/terminal.h"

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

namespace report = integrations::report;

constexpr std::size_t lines_shown = 10;

std::string text_of(const QJsonObject& object, const char* name) { return cell(object.value(QLatin1String(name))); }

std::string before_words(const report::Figures& before) {
    return before == report::Figures{} ? std::string("-") : before.charge.for_people();
}

void print_lines(const char* title, const report::Table& lines) {
    if (lines.lines.empty()) return;
    std::vector<std::vector<std::string>> rows;
    for (const report::Line& line : lines.lines) {
        if (rows.size() == lines_shown) break;
        rows.push_back({line.name.empty() ? "(none)" : printable(line.name), line.now.charge.for_people(),
                        before_words(line.before), std::to_string(line.now.calls)});
    }
    print("\n" + table({{title}, {"SPENT", Align::right}, {"BEFORE", Align::right}, {"CALLS", Align::right}}, rows));
    const std::size_t more = lines.lines.size() - rows.size() + static_cast<std::size_t>(lines.left_out);
    if (more > 0) print(fmt::format("and {} more\n", more));
}

void print_report(const report::Report& made) {
    const report::Figures& total = made.total;
    std::vector<std::vector<std::string>> rows = {
        {"report", printable(made.name)},
        {"of", printable(made.subject.empty() ? std::string("the organisation") : made.subject)},
        {"period", fmt::format("{} to {}", to_text(made.from), to_text(made.to))},
        {"spent", total.charge.for_people()},
        {"before", before_words(made.before)},
        {"paid to providers", total.cost.for_people()},
        {"calls", fmt::format("{}, of these {} refused, {} with errors", total.calls, total.refused, total.errors)},
        {"tokens", fmt::format("{} in, {} out", total.tokens_in, total.tokens_out)}};
    if (made.expected) rows.push_back({"expected", made.expected->for_people()});
    print(table({{""}, {""}}, rows));
    print_lines("TEAM", made.teams);
    print_lines("MODEL", made.models);
    print_lines("PERSON", made.people);
    print_lines("COST CENTRE", made.cost_centres);
}

Outcome<report::Report> report_in(const Reply& reply) {
    auto made = report::read_report(reply.body);
    if (!made) return failed("The service's answer is no report; perhaps bursarctl is older than it.");
    return *std::move(made);
}

/// Bytes to the file, or to standard output if that is none that somebody looks at.
Outcome<Exit> give(Context& context, const std::string& bytes, bool is_binary) {
    if (const auto file = context.arguments.one("--output")) {
        if (auto written = write_private(*file, bytes); !written) return std::unexpected(written.error());
        remark(fmt::format("Written: {}", printable(*file)));
        return Exit::ok;
    }
    if (is_binary && stdout_is_terminal())
        return wrong_usage("This is no text: give --output FILE, or send it somewhere else.");
    print(bytes);
    return Exit::ok;
}

Outcome<Exit> draw(Context& context, const Reply& reply, const std::string& format) {
    TRY(const report::Report made, report_in(reply));
    const Result<std::string> drawn = format == "pdf" ? drawing::pdf_of(made) : drawing::png_of(made);
    if (!drawn) return failed(drawn.error().for_caller);
    return give(context, *drawn, true);
}

/// Shows what is at `path` of the API, in the format that was asked for.
Outcome<Exit> show(Context& context, std::string path) {
    std::string format = context.arguments.one("--format").value_or("");
    if (context.json()) {
        if (!format.empty() && format != "json") return wrong_usage("Choose one of --json and --format.");
        format = "json";
    }
    for (const std::string_view known : {"", "json", "html", "csv", "pdf", "png"})
        if (format == known) {
            const bool written = format == "html" || format == "csv";
            if (written) path += (path.contains('?') ? "&format=" : "?format=") + format;
            TRY(const Reply reply, context.api.get(path));
            if (format == "pdf" || format == "png") return draw(context, reply, format);
            if (written) return give(context, reply.body, false);
            if (!format.empty() || context.arguments.has("--output")) return give(context, reply.body + "\n", false);
            TRY(const report::Report made, report_in(reply));
            print_report(made);
            return Exit::ok;
        }
    return wrong_usage("--format is one of html, pdf, csv, png, json.");
}

}  // namespace

Outcome<Exit> report_list(Context& context) {
    const std::string query = query_from(context.arguments, {{"--before", "before"}, {"--limit", "limit"}});
    TRY(const Reply reply, context.api.get("/api/v1/reports" + query));
    if (context.json()) return print_object(context, reply);
    TRY(const QJsonObject answer, object_of(reply));
    const QJsonValue schedules = answer.value(QLatin1String("schedules")), kept = answer.value(QLatin1String("kept"));
    if (schedules.toArray().isEmpty())
        remark("The policy has no reports. See: docs/operate/reports.md");
    else
        print(rows_as_table(schedules, {{"name", {"REPORT"}},
                                        {"every", {"EVERY"}},
                                        {"next", {"NEXT"}},
                                        {"of", {"OF"}},
                                        {"targets", {"TO"}},
                                        {"people", {"PEOPLE"}}}));
    if (kept.toArray().isEmpty()) return Exit::ok;
    print("\n" + rows_as_table(kept, {{"number", {"NUMBER", Align::right}},
                                      {"name", {"REPORT"}},
                                      {"of", {"OF"}},
                                      {"period", {"PERIOD"}},
                                      {"made", {"MADE"}},
                                      {"by", {"BY"}},
                                      {"targets", {"TO"}}}));
    return Exit::ok;
}

Outcome<Exit> report_preview(Context& context) {
    return show(context, "/api/v1/reports/" + url_part(context.word(0)) + "/preview" +
                             query_from(context.arguments, {{"--of", "of"}, {"--period", "period"}}));
}

Outcome<Exit> report_show(Context& context) {
    return show(context, "/api/v1/reports/kept/" + url_part(context.word(0)));
}

Outcome<Exit> report_send(Context& context) {
    JsonWriter json;
    json.open();
    for (const std::string_view name : {"of", "period"})
        if (const auto value = context.arguments.one(fmt::format("--{}", name))) json.field(name, *value);
    json.key("to").open_list();
    for (const std::string& target : context.arguments.all("--to")) json.value(target);
    json.close_list().close();
    TRY(const Reply reply, context.api.call({.method = "POST",
                                             .path = "/api/v1/reports/" + url_part(context.word(0)) + "/send",
                                             .body = std::move(json).text()}));
    if (context.json()) return print_object(context, reply);
    TRY(const QJsonObject kept, object_of(reply));
    remark(fmt::format("Report {} of {} for {} waits to be sent to {}. See: bursarctl alerts deliveries",
                       printable(text_of(kept, "number")), printable(text_of(kept, "of")),
                       printable(text_of(kept, "period")), printable(text_of(kept, "targets"))));
    return Exit::ok;
}

}  // namespace bursar::ctl
