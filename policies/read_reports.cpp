// When usage reports are made, of whom, and who gets them: the section "reports".
#include "policies/decimal.h"
#include "policies/draft.h"
#include "policies/identity_fields.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::initializer_list<std::string_view> weekdays = {"monday", "tuesday",  "wednesday", "thursday",
                                                              "friday", "saturday", "sunday"};
constexpr std::initializer_list<std::string_view> formats = {"pdf", "html", "csv", "png"};

std::vector<NameAt> read_names(const Value& value, std::string_view one, std::size_t most) {
    std::vector<NameAt> out;
    for (const Value& item : read_list(value, one, most)) {
        auto name = read_name(item);
        if (!name) continue;
        if (std::ranges::find(out, *name, &NameAt::name) != out.end())
            item.wrong("stands twice; keep one of them");
        else
            out.push_back({*std::move(name), item.node.at});
    }
    return out;
}

/// A list of targets, or a mapping from teams to such lists.
void read_to(const Value& value, ReportDraft& out) {
    if (value.node.kind != YamlNode::Kind::map) {
        out.to = read_names(value, "report target", report_targets_max);
        return;
    }
    for (const Named& named : read_entries(value, "report team", report_subjects_max, "teams"))
        out.to_of.push_back({{named.name, named.at}, read_names(named.value, "report target", report_targets_max)});
}

void read_formats(const Value& value, ReportSchedule& schedule) {
    schedule.formats.clear();
    for (const Value& item : read_list(value, "report format", formats.size())) {
        const auto word = read_word(item, formats);
        if (!word) continue;
        const std::string format(std::data(formats)[*word]);
        if (std::ranges::find(schedule.formats, format) != schedule.formats.end())
            item.wrong("stands twice; keep one of them");
        else
            schedule.formats.push_back(format);
    }
}

void read_times(Fields& fields, ReportSchedule& schedule) {
    using Every = ReportSchedule::Every;
    bool known = false;
    if (const auto every = fields.need("every"))
        if (const auto word = read_word(*every, {"day", "week", "month"})) {
            schedule.every = static_cast<Every>(*word);
            known = true;
        }
    if (const auto at = fields.find("at")) schedule.at = read_clock(*at).value_or(schedule.at);
    const auto on = fields.find("on");
    if (!on) return;
    if (const auto word = read_word(*on, weekdays)) schedule.weekday = static_cast<int>(*word) + 1;
    if (known && schedule.every != Every::week)
        on->wrong("is a day of the week, and the report is not made every week; write every: week, or take it out");
}

ReportDraft read_report(const Named& named) {
    Fields fields(named.value.node, fmt::format("report \"{}\"", named.name), named.value.problems);
    ReportDraft out;
    ReportSchedule& schedule = out.schedule;
    schedule.name = named.name;
    out.at = named.at;
    read_times(fields, schedule);
    if (const auto of = fields.find("of")) {
        out.of = read_names(*of, "report subject", report_subjects_max);
        if (of->node.kind == YamlNode::Kind::list && of->node.items.empty())
            of->wrong("names nobody; add a team, or take it out for the whole organisation");
    }
    if (const auto each = fields.find("each"))
        if (const auto word = read_word(*each, {"department", "team"}))
            out.each = *word == 0 ? ReportSchedule::Each::department : ReportSchedule::Each::team;
    if (const auto to = fields.find("to")) read_to(*to, out);
    if (const auto people = fields.find("people")) schedule.people_shown = read_word(*people, {"hidden", "shown"}) == 1;
    if (const auto wanted = fields.find("formats")) read_formats(*wanted, schedule);
    return out;
}

}  // namespace

std::optional<std::chrono::minutes> read_clock(const Value& value) {
    constexpr std::string_view advice = "is not a time of day; write it like \"20:00\"";
    const auto text = single(value);
    if (!text) return {};
    const auto digit = [&](std::size_t i) { return (*text)[i] >= '0' && (*text)[i] <= '9'; };
    if (text->size() != 5 || (*text)[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
        return value.wrong(advice);
    const int hours = ((*text)[0] - '0') * 10 + (*text)[1] - '0', minutes = ((*text)[3] - '0') * 10 + (*text)[4] - '0';
    if (hours > 23 || minutes > 59) return value.wrong(advice);
    return std::chrono::hours(hours) + std::chrono::minutes(minutes);
}

void read_currency(const Value& value, Organisation& organisation) {
    constexpr int digits = 6;
    constexpr std::int64_t per_usd_max = std::int64_t{1'000'000} * 1'000'000;
    if (value.node.kind != YamlNode::Kind::map) {
        if (value.node.text != "USD")
            value.wrong(
                "is not counted in, books are in USD; write it like {code: EUR, per_usd: \"0.92\"} to have "
                "reports in another currency, too");
        return;
    }
    Fields fields(value.node, value.what, value.problems);
    if (const auto code = fields.need("code")) {
        const auto text = single(*code);
        const bool good =
            text && text->size() == 3 && std::ranges::all_of(*text, [](char c) { return c >= 'A' && c <= 'Z'; });
        if (good)
            organisation.currency = *text;
        else if (text)
            code->wrong("is no currency; write the three capital letters of ISO 4217, such as EUR");
    }
    if (const auto rate = fields.need("per_usd")) {
        const auto text = single(*rate);
        if (!text) return;
        const auto millionths = parse_decimal(*text, digits, per_usd_max);
        if (millionths && *millionths > 0)
            organisation.per_usd_millionths = *millionths;
        else
            rate->wrong(
                "is no rate; write what one US dollar is in that currency, with at most six digits behind the "
                "point, such as \"0.92\"");
    }
    if (organisation.currency == "USD" && organisation.per_usd_millionths != Organisation{}.per_usd_millionths)
        value.wrong("says that a dollar is not a dollar; write another code, or currency: USD");
}

void read_reports(const Value& section, Rank rank, Draft& draft) {
    // `reports: []` was the way to say that there are none, and stays one.
    if (section.node.kind == YamlNode::Kind::list && section.node.items.empty()) return;
    for (const Named& named : read_sources(section, "report", report_schedules_max))
        take(draft.reports, named.name, Ranked<ReportDraft>{read_report(named), named.at, rank},
             fmt::format("report \"{}\"", named.name), named.value.problems);
}

}  // namespace bursar::policies
