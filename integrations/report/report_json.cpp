#include "integrations/report/report_json.h"

#include "service/base/json.h"

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

void write(JsonWriter& json, std::string_view name, const Figures& figures) {
    json.key(name).open().field("calls", figures.calls).field("refused", figures.refused);
    json.field("errors", figures.errors).field("tokens_in", figures.tokens_in).field("tokens_out", figures.tokens_out);
    json.field("cost", figures.cost.text()).field("charge", figures.charge.text()).close();
}

void write(JsonWriter& json, const Line& line) {
    json.open().field("name", line.name).field("above", line.above);
    write(json, "now", line.now);
    write(json, "before", line.before);
    json.close();
}

void write(JsonWriter& json, std::string_view name, const Table& table) {
    json.key(name).open().key("lines").open_list();
    for (const Line& each : table.lines) write(json, each);
    json.close_list().field("left_out", table.left_out).key("rest");
    write(json, table.rest);
    json.close();
}

void write(JsonWriter& json, const Budget& budget) {
    json.open().field("account", budget.account).field("kind", budget.kind).field("hard", budget.hard);
    json.field("limit", budget.limit.text()).field("spent", budget.spent.text());
    if (budget.expected) json.field("expected", budget.expected->text());
    if (budget.exhausted_at) json.field("exhausted_at", to_text(*budget.exhausted_at));
    json.close();
}

void write(JsonWriter& json, const Day& day) {
    json.open().field("begins", to_text(day.begins)).field("charge", day.charge.text()).field("calls", day.calls);
    if (day.before) json.field("before", day.before->text());
    json.close();
}

void write(JsonWriter& json, const Waste& waste) {
    json.open().field("errors", waste.errors).field("retries", waste.retries).field("refused", waste.refused);
    json.field("error_charge", waste.error_charge.text()).field("retry_cost", waste.retry_cost.text());
    json.field("unused", waste.unused.text()).field("idle", waste.idle).close();
}

void write(JsonWriter& json, const Cheaper& cheaper) {
    json.open().field("model", cheaper.model).field("other", cheaper.other);
    json.field("cost", cheaper.cost.text()).field("other_cost", cheaper.other_cost.text()).close();
}

template <typename T>
void write_list(JsonWriter& json, std::string_view name, const std::vector<T>& items) {
    json.key(name).open_list();
    for (const T& each : items) write(json, each);
    json.close_list();
}

void write_head(JsonWriter& json, const Report& report) {
    json.field("name", report.name).field("organisation", report.organisation).field("subject", report.subject);
    json.field("whole", report.whole).field("every", name_of(report.every));
    json.field("from", to_text(report.from)).field("to", to_text(report.to));
    json.field("before_from", to_text(report.before_from)).field("made", to_text(report.made));
    const Manner& manner = report.manner;
    json.key("manner").open().field("language", name_of(manner.language)).field("currency", manner.currency);
    json.field("per_dollar_millionths", manner.per_dollar_millionths).field("time_zone", manner.time_zone).close();
}

}  // namespace

std::string_view name_of(Language language) {
    switch (language) {
        case Language::en:
            return "en";
        case Language::de:
            return "de";
        case Language::fr:
            return "fr";
    }
    return "";
}

std::string_view name_of(Every every) {
    switch (every) {
        case Every::day:
            return "day";
        case Every::week:
            return "week";
        case Every::month:
            return "month";
    }
    return "";
}

std::string write_report(const Report& report) {
    JsonWriter json;
    json.open();
    write_head(json, report);
    write(json, "total", report.total);
    write(json, "before", report.before);
    write(json, "teams", report.teams);
    write(json, "models", report.models);
    write(json, "people", report.people);
    write(json, "cost_centres", report.cost_centres);
    json.field("people_hidden", report.people_hidden);
    write_list(json, "budgets", report.budgets);
    write_list(json, "days", report.days);
    json.key("waste");
    write(json, report.waste);
    write_list(json, "cheaper", report.cheaper);
    if (report.expected) json.field("expected", report.expected->text());
    json.field("url", report.url).close();
    return std::move(json).text();
}

}  // namespace bursar::integrations::report
