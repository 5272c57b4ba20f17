#include "service/admin/leads.h"
#include "service/admin/usage_answer.h"
#include "service/admin/usage_table.h"
#include "service/admin/visit.h"
#include "service/base/time_zone.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

using audit::By;

constexpr std::int64_t rows_default = 10'000;
constexpr std::int64_t rows_max = 50'000;
constexpr auto days_default = std::chrono::days(30);
constexpr std::array filters = {By::team,    By::person,      By::key,      By::model, By::tier,
                                By::channel, By::cost_centre, By::provider, By::tag};

Result<std::vector<By>> groups_of(std::string_view text) {
    std::vector<By> groups;
    if (text.empty()) text = "team";
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        TRY(const By by, audit::parse_by(word));
        groups.push_back(by);
    }
    return groups;
}

/// "2026-11-30" as the day that it is; nothing if the text is no date.
std::optional<std::chrono::sys_days> date_of(std::string_view text) {
    constexpr std::size_t date_bytes = 10;
    if (text.size() != date_bytes) return std::nullopt;
    const auto midnight = parse_timestamp(std::string(text) + "T00:00:00Z");
    if (!midnight) return std::nullopt;
    return std::chrono::floor<std::chrono::days>(*midnight);
}

std::unexpected<Error> no_time(std::string_view name, std::string_view value) {
    return fail(Fault::invalid_request, fmt::format("\"{}\" in the query must be a date such as 2026-11-30 or a time "
                                                    "such as 2026-11-30T00:00:00Z, not \"{}\".",
                                                    name, value));
}

/// A date is that whole day in the organisation's time zone, also as the end.
Result<Period> period_of(const Query& query, const TimeZone& zone, Timestamp now) {
    Period period;
    const std::string_view to = query.text("to");
    if (const auto date = date_of(to); date || to.empty()) {
        period.end = zone.start_of(date.value_or(zone.date_of(now)) + std::chrono::days(1));
    } else {
        const auto at = parse_timestamp(to);
        if (!at) return no_time("to", to);
        period.end = *at;
    }
    const std::string_view from = query.text("from");
    if (const auto date = date_of(from)) {
        period.start = zone.start_of(*date);
    } else if (from.empty()) {
        period.start =
            zone.start_of(zone.date_of(period.end - std::chrono::nanoseconds(1)) + std::chrono::days(1) - days_default);
    } else {
        const auto at = parse_timestamp(from);
        if (!at) return no_time("from", from);
        period.start = *at;
    }
    if (period.start >= period.end) return fail(Fault::invalid_request, "\"from\" must be earlier than \"to\".");
    return period;
}

Result<bool> wants_csv(const Query& query, const Request& request) {
    const std::string_view format = query.text("format");
    if (format == "csv" || (format.empty() && request.accept == "text/csv")) return true;
    if (format.empty() || format == "json") return false;
    return fail(Fault::invalid_request,
                fmt::format("\"format\" in the query must be json or csv, not \"{}\".", format));
}

std::string usage_json(const std::vector<By>& groups, const audit::UsageAnswer& answer, const std::string& time_zone,
                       const std::optional<reports::Repricing>& other) {
    JsonWriter json;
    json.open().field("from", to_text(answer.from)).field("to", to_text(answer.to)).field("time_zone", time_zone);
    json.key("rows").open_list();
    for (const audit::UsageRow& row : answer.rows) {
        json.open().key("group").open();
        for (std::size_t i = 0; i < groups.size(); ++i) json.field(audit::name_of(groups[i]), row.group[i]);
        json.close();
        write_usage_sums(json, row.sums, other);
        json.close();
    }
    json.close_list().field("rows_left_out", static_cast<std::int64_t>(answer.left_out)).key("total").open();
    write_usage_sums(json, answer.total, other);
    json.close().close();
    return std::move(json).text();
}

}  // namespace

Reply usage_answer(Visit& visit, std::vector<std::pair<By, std::string>> only) {
    TRY(const Query query, visit.query({"group_by", "from", "to", "as_model", "format", "limit", "team", "person",
                                        "key", "model", "tier", "channel", "cost_centre", "provider", "tag"}));
    const auto rules = visit.parts->rules.get();
    TRY(const TimeZone zone, TimeZone::load(rules->organisation.time_zone));
    TRY(const Period period, period_of(query, zone, visit.plane.clock.now()));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    TRY(const bool csv, wants_csv(query, visit.request));
    audit::UsageQuery question{.from = period.start, .to = period.end, .rows_max = static_cast<std::size_t>(limit)};
    TRY(question.group_by, groups_of(query.text("group_by")));
    for (const By by : filters)
        if (const std::string_view wanted = query.text(audit::name_of(by)); !wanted.empty()) {
            if (std::ranges::find(only, by, &std::pair<By, std::string>::first) != only.end())
                return fail(Fault::invalid_request,
                            fmt::format("This is about one {} already. Leave it out.", audit::name_of(by)));
            question.only.emplace_back(by, wanted);
        }
    std::ranges::move(only, std::back_inserter(question.only));
    std::optional<reports::Repricing> other;
    if (const std::string model(query.text("as_model")); !model.empty()) {
        TRY(other, reports::Repricing::on(*rules, model, visit.plane.clock.now()));
    }
    TRY(const audit::UsageAnswer answer, visit.parts->audit.usage(question));
    if (!csv) return json_answer(usage_json(question.group_by, answer, zone.name(), other));
    return Answer{.body = usage_csv(question.group_by, answer.rows, other),
                  .content_type = "text/csv; charset=utf-8; header=present",
                  .headers = {{"Content-Disposition", "attachment; filename=\"usage.csv\""}}};
}

/// Leads read what their teams used, one team at a time.
Reply usage_read(Visit& visit) {
    if (visit.who.role != auth::Role::team_lead) return usage_answer(visit, {});
    TRY(const Query query, Query::pick(visit.request.query, {"team"}));
    const std::string team(query.text("team"));
    if (!is_of_leads(visit, "team:" + team, {}))
        return fail(Fault::not_permitted, "A lead reads the usage of a team of theirs: give team= in the query.");
    return usage_answer(visit, {});
}

}  // namespace bursar::admin
