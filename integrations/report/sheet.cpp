#include "integrations/report/sheet.h"

#include "integrations/address.h"
#include "integrations/report/report_json.h"
#include "integrations/report/sections.h"
#include "integrations/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

constexpr int needs_somebody = 900, used_up = 1000;

Card spend_card(const Report& report, const Speech& speech) {
    Card out{.name = speech.words.spend, .value = speech.numbers.money(wide(report.total.charge))};
    if (!has_before(report)) {
        out.note = speech.words.no_before;
        return out;
    }
    const Cell change = change_cell(report.total, report.before, speech);
    out.note = filled(speech.words.against,
                      {change.text, speech.numbers.period(report.every, report.before_from, report.from)});
    out.tone = change.tone;
    return out;
}

std::optional<Card> budget_card(const Report& report, const Speech& speech) {
    const Words& words = speech.words;
    if (const Budget* own = own_budget(report)) {
        const int used = per_mille_of(own->spent, own->limit);
        const std::string kind = kind_in(report.manner.language, one_line(own->kind));
        const bool fits = is_of_period(*own, report.every);
        return Card{.name = fits ? std::string(words.budget) : fmt::format("{}, {}", words.budget, kind),
                    .value = speech.numbers.percent(wide(own->spent), wide(own->limit)),
                    .note = filled(words.of_limit,
                                   {speech.numbers.money(wide(own->spent)), speech.numbers.money(wide(own->limit))}),
                    .tone = tone_of_budget(used),
                    .bar_per_mille = used};
    }
    if (report.budgets.empty()) return std::nullopt;
    const auto full = std::ranges::count_if(
        report.budgets, [](const Budget& each) { return per_mille_of(each.spent, each.limit) >= needs_somebody; });
    return Card{
        .name = words.budgets_card,
        .value = filled(words.budgets_full, {speech.numbers.count(full),
                                             speech.numbers.count(static_cast<std::int64_t>(report.budgets.size()))}),
        .note = words.budgets_full_note,
        .tone = full > 0 ? Tone::warn : Tone::plain};
}

Card calls_card(const Report& report, const Speech& speech) {
    Card out{.name = speech.words.calls, .value = speech.numbers.count(report.total.calls)};
    if (report.total.calls > 0)
        out.note = filled(speech.words.calls_note,
                          {speech.numbers.money(wide(report.total.charge) / report.total.calls),
                           speech.numbers.short_count(report.total.tokens_in + report.total.tokens_out)});
    return out;
}

std::vector<Card> cards_of(const Report& report, const Speech& speech) {
    const Words& words = speech.words;
    std::vector<Card> out{spend_card(report, speech)};
    if (auto card = budget_card(report, speech)) out.push_back(*std::move(card));
    if (report.expected) {
        const Budget* own = own_budget(report);
        const bool passes = own != nullptr && is_of_period(*own, report.every) && *report.expected > own->limit;
        out.push_back({.name = words.expected,
                       .value = speech.numbers.money(wide(*report.expected)),
                       .note = words.expected_note,
                       .tone = passes ? Tone::bad : Tone::plain});
    }
    out.push_back(calls_card(report, speech));
    const Wide wasted = wide(report.waste.error_charge) + wide(report.waste.retry_cost);
    out.push_back({.name = words.waste_card,
                   .value = speech.numbers.money(wasted),
                   .note = filled(words.waste_note, {speech.numbers.count(report.waste.errors),
                                                     speech.numbers.count(report.waste.retries)})});
    if (const Wide saving = saving_of(report); saving > 0)
        out.push_back({.name = words.saving,
                       .value = speech.numbers.money(saving),
                       .note = words.saving_note,
                       .tone = Tone::good});
    return out;
}

Chart chart_of(const Report& report, const Speech& speech) {
    const char* by = report.every == Every::day ? speech.words.by_hour : speech.words.by_day;
    Chart out{.heading = fmt::format("{}, {}", by, speech.numbers.symbol()),
              .now_name = speech.numbers.period(report.every, report.from, report.to)};
    const Day* most = nullptr;
    for (const Day& each : report.days) {
        Place place{.name = speech.numbers.place(report.every, each.begins),
                    .now = wide(each.charge),
                    .shown = speech.numbers.money(wide(each.charge))};
        if (each.before) place.before = wide(*each.before);
        out.places.push_back(std::move(place));
        if (most == nullptr || each.charge > most->charge) most = &each;
    }
    if (has_before(report)) out.before_name = speech.numbers.period(report.every, report.before_from, report.from);
    if (most != nullptr) {
        const std::string when = report.every == Every::day ? speech.numbers.place(report.every, most->begins)
                                                            : speech.numbers.date(most->begins);
        out.what = filled(speech.words.chart_what, {speech.numbers.money(wide(most->charge)), when});
    }
    return out;
}

std::vector<Section> sections_of(const Report& report, const Speech& speech) {
    const Words& words = speech.words;
    std::vector<Section> out;
    const auto add = [&out](std::optional<Section> section) {
        if (section) out.push_back(*std::move(section));
    };
    add(budgets_section(report, speech));
    add(movers_section(report, speech));
    add(figures_section(report, report.teams,
                        {.id = "teams", .heading = words.teams, .name = words.team, .none = words.no_team}, speech));
    add(figures_section(report, report.models,
                        {.id = "models", .heading = words.models, .name = words.model, .none = words.no_model},
                        speech));
    add(figures_section(
        report, report.cost_centres,
        {.id = "cost-centres", .heading = words.cost_centres, .name = words.cost_centre, .none = words.no_cost_centre},
        speech));
    add(figures_section(report, report.people,
                        {.id = "people", .heading = words.people, .name = words.person, .none = words.no_person},
                        speech));
    add(hidden_section(report, speech));
    add(waste_section(report, speech));
    add(cheaper_section(report, speech));
    return out;
}

std::vector<std::string> notes_of(const Report& report, const Speech& speech) {
    const Words& words = speech.words;
    std::vector<std::string> out{filled(words.cost_note, {speech.numbers.money(wide(report.total.cost))})};
    if (report.manner.currency != "USD")
        out.push_back(filled(words.rate_note, {speech.numbers.rate(), report.manner.currency}));
    out.emplace_back(words.rounding_note);
    return out;
}

bool is_of_subject(const Budget& budget, const Report& report) {
    if (report.whole) return budget.account == "org" || budget.account.starts_with("organisation");
    const std::size_t end = budget.account.find_first_of(":/");
    return end != std::string::npos && std::string_view(budget.account).substr(end + 1) == report.subject &&
           !budget.account.starts_with("key");
}

std::string about(const Report& report) {
    return one_line(report.subject.empty() ? report.organisation : report.subject);
}

}  // namespace

bool has_before(const Report& report) { return report.before != Figures{}; }

Wide sum_of(const Table& table) {
    Wide out = wide(table.rest.now.charge);
    for (const Line& each : table.lines) out += wide(each.now.charge);
    return out;
}

int per_mille_of(NanoUsd spent, NanoUsd limit) {
    constexpr Wide most = 1'000'000;
    if (spent.nanos() <= 0) return 0;
    if (limit.nanos() <= 0) return used_up;
    return static_cast<int>(std::min(most, wide(spent) * 1000 / wide(limit)));
}

Tone tone_of_budget(int per_mille) {
    if (per_mille >= used_up) return Tone::bad;
    return per_mille >= needs_somebody ? Tone::warn : Tone::plain;
}

bool is_of_period(const Budget& budget, Every every) {
    std::string_view kind = budget.kind;
    constexpr std::string_view soft = " (soft)";
    if (kind.ends_with(soft)) kind.remove_suffix(soft.size());
    return kind.ends_with(fmt::format("per {}", name_of(every)));
}

const Budget* own_budget(const Report& report) {
    const Budget* other = nullptr;
    for (const Budget& each : report.budgets) {
        if (!is_of_subject(each, report)) continue;
        if (is_of_period(each, report.every)) return &each;
        if (other == nullptr) other = &each;
    }
    return other;
}

const Budget* budget_of_team(const Report& report, const std::string& team) {
    const auto found = std::ranges::find_if(report.budgets, [&](const Budget& each) {
        const bool is_its = each.account == "team:" + team || each.account == "team/" + team;
        return is_its && is_of_period(each, report.every);
    });
    return found == report.budgets.end() ? nullptr : &*found;
}

Sheet sheet_of(const Report& report) {
    const Speech speech(report);
    const Words& words = speech.words;
    Sheet out{.language = words.code, .organisation = one_line(report.organisation)};
    out.subject = about(report);
    out.title = filled(words.title_of, {out.subject});
    out.period = speech.numbers.period(report.every, report.from, report.to);
    if (report.made < report.to) out.period += fmt::format(", {}", words.so_far);
    if (has_before(report))
        out.compared = filled(words.compared, {speech.numbers.period(report.every, report.before_from, report.from)});
    out.made = filled(words.made, {speech.numbers.instant(report.made)});
    out.cards = cards_of(report, speech);
    out.chart = chart_of(report, speech);
    out.sections = sections_of(report, speech);
    out.notes = notes_of(report, speech);
    if (report.total.calls == 0) out.notes.insert(out.notes.begin(), words.nothing);
    if (is_askable(report.url)) {
        out.url = report.url;
        out.url_words = words.open;
    }
    return out;
}

}  // namespace bursar::integrations::report
