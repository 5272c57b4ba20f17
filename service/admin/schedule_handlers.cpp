// Usage reports: their schedules, what was made, previews, and sending one now.
#include "integrations/report/report_json.h"
#include "integrations/report/writers.h"
#include "service/admin/facts_json.h"
#include "service/admin/leads.h"
#include "service/admin/visit.h"
#include "service/base/json.h"
#include "service/reports/schedules.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

namespace report = integrations::report;
using reports::Kept;
using reports::Schedules;

constexpr std::int64_t rows_default = 100, rows_max = 1'000, number_max = INT64_MAX;
constexpr std::size_t word_bytes_max = 200, targets_max = 20;

Result<Schedules*> schedules_of(const Visit& visit) {
    if (visit.parts->reports == nullptr) return fail(Fault::conflict, "This service makes no reports.");
    return visit.parts->reports;
}

bool is_lead(const Visit& visit) { return visit.who.role == auth::Role::team_lead; }

/// Whether somebody may read what is about a team, or about the whole organisation (empty).
bool may_read(const Visit& visit, const std::string& team) {
    if (!is_lead(visit)) return true;
    return !team.empty() && is_of_leads(visit, "team:" + team, {});
}

std::unexpected<Error> not_yours() {
    return fail(Fault::not_permitted,
                "A lead reads the reports of a team of theirs: give of= in the query, or --of TEAM.");
}

std::string_view subject_of(const std::string& team) {
    return team.empty() ? policies::whole_organisation : std::string_view(team);
}

void write_kept(JsonWriter& json, const Kept& kept) {
    json.open().field("number", kept.number).field("name", kept.name).field("of", subject_of(kept.team));
    json.field("period", kept.label).field("from", to_text(kept.period.start)).field("to", to_text(kept.period.end));
    json.field("made", to_text(kept.made)).field("by", kept.by.empty() ? "schedule" : kept.by.c_str());
    write_texts(json, "targets", kept.to);
    write_texts(json, "formats", kept.formats);
    json.close();
}

Result<void> write_schedule(JsonWriter& json, const Visit& visit, const policies::ReportSchedule& schedule) {
    const auto rules = visit.parts->rules.get();
    std::vector<std::string> of, targets;
    if (schedule.whole && may_read(visit, {})) of.emplace_back(policies::whole_organisation);
    for (const std::string& team : schedule.subjects)
        if (may_read(visit, team)) of.push_back(team);
    for (const std::string& each : of)
        for (std::string& target :
             policies::targets_of(*rules, schedule, each == policies::whole_organisation ? std::string_view() : each))
            if (std::ranges::find(targets, target) == targets.end()) targets.push_back(std::move(target));
    TRY(const Timestamp next, visit.parts->reports->next(schedule, visit.plane.clock.now()));
    json.open().field("name", schedule.name).field("every", policies::name_of(schedule.every));
    json.field("next", to_text(next)).field("people", schedule.people_shown ? "shown" : "hidden");
    write_texts(json, "of", of);
    write_texts(json, "targets", targets);
    write_texts(json, "formats", schedule.formats);
    json.close();
    return {};
}

/// The teams whose kept reports a lead may read.
std::vector<std::string> teams_of_lead(const Visit& visit) {
    std::vector<std::string> teams;
    const auto rules = visit.parts->rules.get();
    for (const auto& [name, team] : rules->teams)
        if (may_read(visit, name)) teams.push_back(name);
    return teams;
}

Result<Schedules::Wish> wish_of(const Visit& visit, std::string_view of, std::string_view period) {
    Schedules::Wish wish{
        .name = std::string(visit.parameters.front()), .of = std::string(of), .period = std::string(period)};
    TRY(const std::string team, visit.parts->reports->team_of(wish));
    if (!may_read(visit, team)) return not_yours();
    return wish;
}

Answer page_of(std::string body, std::string_view content_type, const std::string& file) {
    return Answer{.body = std::move(body),
                  .content_type = content_type,
                  .headers = {{"Content-Disposition", "attachment; filename=\"" + file + "\""}}};
}

Reply in_format(std::string_view format, const report::Report& made) {
    if (format.empty() || format == "json") return json_answer(report::write_report(made));
    if (format == "html")
        return page_of(report::html_of(made), "text/html; charset=utf-8", report::file_name_of(made) + ".html");
    if (format == "csv")
        return page_of(report::csv_of(made), "text/csv; charset=utf-8; header=present",
                       report::file_name_of(made) + ".csv");
    return fail(Fault::invalid_request,
                fmt::format("\"format\" in the query must be json, html or csv, not \"{}\".", format.substr(0, 40)));
}

}  // namespace

Reply report_list(Visit& visit) {
    TRY(const Query query, visit.query({"before", "limit"}));
    TRY_VOID(schedules_of(visit));
    reports::KeptFilter filter;
    TRY(filter.before, query.integer("before", number_max, 1, number_max));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    filter.count_max = static_cast<int>(limit);
    if (is_lead(visit)) filter.teams = teams_of_lead(visit);
    std::vector<Kept> kept;
    const bool nothing = is_lead(visit) && filter.teams.empty();
    if (!nothing)
        TRY_VOID(visit.parts->store.read([&](store::Transaction& transaction) -> Result<void> {
            TRY(kept, reports::list_kept(transaction, filter));
            return {};
        }));
    const auto rules = visit.parts->rules.get();
    JsonWriter json;
    json.open().key("schedules").open_list();
    for (const auto& [name, schedule] : rules->reports) TRY_VOID(write_schedule(json, visit, schedule));
    json.close_list().key("kept").open_list();
    for (const Kept& each : kept) write_kept(json, each);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply report_preview(Visit& visit) {
    TRY(const Query query, visit.query({"of", "period", "format"}));
    TRY(const Schedules* schedules, schedules_of(visit));
    TRY(const Schedules::Wish wish, wish_of(visit, query.text("of"), query.text("period")));
    TRY(const report::Report made, schedules->make(wish, visit.plane.clock.now()));
    return in_format(query.text("format"), made);
}

Reply report_kept(Visit& visit) {
    TRY(const Query query, visit.query({"format"}));
    const std::string_view text = visit.parameters.front();
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    reports::KeptWhole kept;
    TRY_VOID(visit.parts->store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(kept, reports::read_kept(transaction, number));
        return {};
    }));
    if (!may_read(visit, kept.kept.team)) return not_yours();
    TRY(const report::Report made, report::read_report(kept.json));
    return in_format(query.text("format"), made);
}

Reply report_send(Visit& visit) {
    TRY(Schedules * schedules, schedules_of(visit));
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"of", "period", "to"}));
    TRY(const std::string_view of, fields.text_or_empty("of", word_bytes_max));
    TRY(const std::string_view period, fields.text_or_empty("period", word_bytes_max));
    TRY(Schedules::Wish wish, wish_of(visit, of, period));
    TRY(std::vector<std::string> to, fields.texts("to", targets_max, word_bytes_max));
    std::ranges::sort(to);
    to.erase(std::ranges::unique(to).begin(), to.end());
    const auto audited = [&visit](store::Transaction& transaction, const Kept& kept) {
        JsonWriter detail;
        detail.open().field("of", subject_of(kept.team)).field("period", kept.label).field("report", kept.number);
        write_texts(detail, "to", kept.to);
        detail.close();
        return visit.parts->audit.append(transaction, visit.row("report:" + kept.name, "ok", std::move(detail).text()));
    };
    TRY(const Kept kept, schedules->send({.wish = std::move(wish), .to = std::move(to), .by = visit.author()},
                                         visit.plane.clock.now(), audited));
    JsonWriter json;
    write_kept(json, kept);
    return json_answer(std::move(json).text(), 201);
}

}  // namespace bursar::admin
