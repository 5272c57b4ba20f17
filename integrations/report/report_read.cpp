// What comes as a report is as long, as large and as whole as report.h allows, or it is none.
#include "integrations/fields.h"
#include "integrations/report/report_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

constexpr std::size_t name_bytes_max = 500, kind_bytes_max = 200, zone_bytes_max = 64, url_bytes_max = 4000,
                      currency_bytes = 3;
/// Far above what any company does in a month, and sums of all lines stay far below what a number can hold.
constexpr std::int64_t count_max = 1'000'000'000'000'000, per_dollar_max = 1'000'000'000'000;

std::unexpected<Error> within(std::string_view name, Error error) {
    error.for_caller = fmt::format("In \"{}\": {}", name, error.for_caller);
    return std::unexpected(std::move(error));
}

Result<NanoUsd> read_amount(const Json& from, std::string_view name) {
    const Json& value = from.at(name);
    const auto read = NanoUsd::parse(value.text());
    if (!value.is_text() || !read) return wrong_field(name, "must be an amount as text, such as \"12.50\"");
    return *read;
}

Result<Timestamp> read_time(const Json& from, std::string_view name) {
    const auto read = parse_timestamp(from.at(name).text());
    if (!read) return wrong_field(name, "must be a time as of RFC 3339");
    return *read;
}

Result<std::string> read_name(const Json& from, std::string_view name) {
    if (!from.at(name).is_text()) return wrong_field(name, "must be text");
    return read_text(from, name, {.bytes_max = name_bytes_max});
}

Result<bool> read_flag(const Json& from, std::string_view name) {
    if (!from.at(name).is_truth()) return wrong_field(name, "must be true or false");
    return from.at(name).is_true();
}

Result<std::int64_t> read_count(const Json& from, std::string_view name) {
    return read_whole(from, name, 0, count_max);
}

/// A member that is an object, read by `read`; its errors say where they are.
template <typename T, typename Read>
Result<T> read_object(const Json& from, std::string_view name, const Read& read) {
    const Json& value = from.at(name);
    if (!value.is_object()) return wrong_field(name, "must be an object");
    Result<T> out = read(value);
    if (!out) return within(name, std::move(out).error());
    return out;
}

template <typename T, typename Read>
Result<std::vector<T>> read_objects(const Json& from, std::string_view name, std::size_t count_most, const Read& read) {
    if (!from.at(name).is_list()) return wrong_field(name, "must be a list");
    TRY(const Json::List* list, read_list(from, name, count_most));
    std::vector<T> out;
    out.reserve(list->size());
    for (const Json& each : *list) {
        if (!each.is_object()) return wrong_field(name, "must be a list of objects");
        Result<T> item = read(each);
        if (!item) return within(name, std::move(item).error());
        out.push_back(*std::move(item));
    }
    return out;
}

Result<Figures> read_figures(const Json& from) {
    Figures out;
    TRY(out.calls, read_count(from, "calls"));
    TRY(out.refused, read_count(from, "refused"));
    TRY(out.errors, read_count(from, "errors"));
    TRY(out.tokens_in, read_count(from, "tokens_in"));
    TRY(out.tokens_out, read_count(from, "tokens_out"));
    TRY(out.cost, read_amount(from, "cost"));
    TRY(out.charge, read_amount(from, "charge"));
    return out;
}

Result<Line> read_line(const Json& from) {
    Line out;
    TRY(out.name, read_name(from, "name"));
    TRY(out.above, read_name(from, "above"));
    TRY(out.now, read_object<Figures>(from, "now", read_figures));
    TRY(out.before, read_object<Figures>(from, "before", read_figures));
    return out;
}

Result<Table> read_table(const Json& from) {
    Table out;
    TRY(out.lines, read_objects<Line>(from, "lines", lines_max, read_line));
    TRY(out.left_out, read_count(from, "left_out"));
    TRY(out.rest, read_object<Line>(from, "rest", read_line));
    return out;
}

Result<Budget> read_budget(const Json& from) {
    Budget out;
    TRY(out.account, read_name(from, "account"));
    TRY(out.kind, read_text(from, "kind", {.bytes_max = kind_bytes_max}));
    TRY(out.hard, read_flag(from, "hard"));
    TRY(out.limit, read_amount(from, "limit"));
    TRY(out.spent, read_amount(from, "spent"));
    if (!from.at("expected").is_null()) {
        TRY(out.expected, read_amount(from, "expected"));
    }
    if (!from.at("exhausted_at").is_null()) {
        TRY(out.exhausted_at, read_time(from, "exhausted_at"));
    }
    return out;
}

Result<Day> read_day(const Json& from) {
    Day out;
    TRY(out.begins, read_time(from, "begins"));
    TRY(out.charge, read_amount(from, "charge"));
    TRY(out.calls, read_count(from, "calls"));
    if (!from.at("before").is_null()) {
        TRY(out.before, read_amount(from, "before"));
    }
    return out;
}

Result<Waste> read_waste(const Json& from) {
    Waste out;
    TRY(out.errors, read_count(from, "errors"));
    TRY(out.retries, read_count(from, "retries"));
    TRY(out.refused, read_count(from, "refused"));
    TRY(out.error_charge, read_amount(from, "error_charge"));
    TRY(out.retry_cost, read_amount(from, "retry_cost"));
    TRY(out.unused, read_amount(from, "unused"));
    TRY(out.idle, read_count(from, "idle"));
    return out;
}

Result<Cheaper> read_cheaper(const Json& from) {
    Cheaper out;
    TRY(out.model, read_name(from, "model"));
    TRY(out.other, read_name(from, "other"));
    TRY(out.cost, read_amount(from, "cost"));
    TRY(out.other_cost, read_amount(from, "other_cost"));
    return out;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A name in the zones' folder, never a path out of it.
bool is_zone_name(std::string_view name) {
    const auto fits = [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+';
    };
    return !name.empty() && name.size() <= zone_bytes_max && is_letter(name.front()) && std::ranges::all_of(name, fits);
}

Result<Manner> read_manner(const Json& from) {
    Manner out;
    const std::string_view language = from.at("language").text();
    if (language != "en" && language != "de" && language != "fr")
        return wrong_field("language", "must be en, de or fr");
    if (language == "de") out.language = Language::de;
    if (language == "fr") out.language = Language::fr;
    out.currency = from.at("currency").text();
    if (out.currency.size() != currency_bytes ||
        !std::ranges::all_of(out.currency, [](char c) { return c >= 'A' && c <= 'Z'; }))
        return wrong_field("currency", "must be three capital letters as of ISO 4217");
    TRY(out.per_dollar_millionths, read_whole(from, "per_dollar_millionths", 1, per_dollar_max));
    out.time_zone = from.at("time_zone").text();
    if (!is_zone_name(out.time_zone)) return wrong_field("time_zone", "must be the name of a time zone");
    return out;
}

Result<void> read_head(Report& out, const Json& from) {
    TRY(out.name, read_name(from, "name"));
    TRY(out.organisation, read_name(from, "organisation"));
    TRY(out.subject, read_name(from, "subject"));
    TRY(out.whole, read_flag(from, "whole"));
    const std::string_view every = from.at("every").text();
    if (every != "day" && every != "week" && every != "month")
        return wrong_field("every", "must be day, week or month");
    if (every == "day") out.every = Every::day;
    if (every == "week") out.every = Every::week;
    TRY(out.from, read_time(from, "from"));
    TRY(out.to, read_time(from, "to"));
    TRY(out.before_from, read_time(from, "before_from"));
    TRY(out.made, read_time(from, "made"));
    if (out.to <= out.from) return wrong_field("to", "must be after \"from\"");
    if (out.before_from > out.from) return wrong_field("before_from", "must not be after \"from\"");
    TRY(out.manner, read_object<Manner>(from, "manner", read_manner));
    return {};
}

}  // namespace

Result<Report> read_report(std::string_view json) {
    const auto from = Json::parse(json, report_bytes_max);
    if (!from || !from->is_object())
        return fail(Fault::invalid_request,
                    fmt::format("A report is a JSON object within {} bytes.", report_bytes_max));
    Report out;
    TRY_VOID(read_head(out, *from));
    TRY(out.total, read_object<Figures>(*from, "total", read_figures));
    TRY(out.before, read_object<Figures>(*from, "before", read_figures));
    TRY(out.teams, read_object<Table>(*from, "teams", read_table));
    TRY(out.models, read_object<Table>(*from, "models", read_table));
    TRY(out.people, read_object<Table>(*from, "people", read_table));
    TRY(out.cost_centres, read_object<Table>(*from, "cost_centres", read_table));
    TRY(out.people_hidden, read_flag(*from, "people_hidden"));
    TRY(out.budgets, read_objects<Budget>(*from, "budgets", budgets_max, read_budget));
    TRY(out.days, read_objects<Day>(*from, "days", days_max, read_day));
    TRY(out.waste, read_object<Waste>(*from, "waste", read_waste));
    TRY(out.cheaper, read_objects<Cheaper>(*from, "cheaper", cheaper_max, read_cheaper));
    if (!from->at("expected").is_null()) {
        TRY(out.expected, read_amount(*from, "expected"));
    }
    TRY(out.url, read_text(*from, "url", {.bytes_max = url_bytes_max}));
    return out;
}

}  // namespace bursar::integrations::report
