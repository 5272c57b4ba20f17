#include "integrations/report/sections.h"

#include "integrations/text.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

constexpr int great_change_per_mille = 500;
constexpr std::size_t movers_max = 8;

/// A bar's part of `whole`, which may be nothing or below it.
int bar_of(Wide part, Wide whole) {
    constexpr Wide most = 100'000;
    if (part <= 0 || whole <= 0) return 0;
    return static_cast<int>(std::min(most, part * 1000 / whole));
}

std::string name_or(const std::string& name, const char* none) { return name.empty() ? none : one_line(name); }

/// Tokens of one line, in and out.
std::int64_t tokens_of(const Figures& figures) { return figures.tokens_in + figures.tokens_out; }

Figures sum_of_lines(const Table& table, Figures Line::* period) {
    Figures out = table.rest.*period;
    for (const Line& each : table.lines) {
        out.calls += (each.*period).calls;
        out.errors += (each.*period).errors;
        out.tokens_in += (each.*period).tokens_in;
        out.tokens_out += (each.*period).tokens_out;
    }
    return out;
}

/// Amounts of a total are wider than those of a line.
struct Total {
    Figures now;
    Wide charge = 0, before = 0;
};

Total total_of(const Table& table) {
    Total out{
        .now = sum_of_lines(table, &Line::now), .charge = sum_of(table), .before = wide(table.rest.before.charge)};
    for (const Line& each : table.lines) out.before += wide(each.before.charge);
    return out;
}

Cell change_of(Wide now, Wide before, const Speech& speech) {
    Cell out{.text = speech.numbers.change(now, before)};
    if (before > 0 && (now - before) * 1000 > before * great_change_per_mille) out.tone = Tone::warn;
    if (before == 0 && now == 0) out.tone = Tone::soft;
    return out;
}

struct Share {
    Wide charge, total;
    Wide most;  ///< of a line: its bar is a full one
};

/// The cells behind the name.
void add_figures(Row& row, const Figures& now, const Share& of, const Speech& speech) {
    Cell share{.text = speech.numbers.percent(of.charge, of.total)};
    if (row.kind == RowKind::line) share.bar_per_mille = bar_of(of.charge, of.most);
    row.cells.push_back(std::move(share));
    row.cells.push_back({.text = speech.numbers.count(now.calls)});
    row.cells.push_back({.text = speech.numbers.short_count(tokens_of(now))});
}

bool has_above(const Table& table) {
    return std::ranges::any_of(table.lines, [](const Line& each) { return !each.above.empty(); });
}

std::vector<Column> columns_of(const Report& report, const Table& table, const Subject& subject, const Words& words) {
    std::vector<Column> out{{.head = subject.name, .width = has_above(table) ? 26 : 38}};
    if (has_above(table)) out.push_back({.head = words.department, .width = 19});
    out.push_back({.head = words.spend, .is_number = true, .width = 22});
    out.push_back({.head = words.share, .is_number = true, .width = 20});
    out.push_back({.head = words.calls, .is_number = true, .width = 13});
    out.push_back({.head = words.tokens, .is_number = true, .width = 11});
    if (has_before(report)) out.push_back({.head = words.change, .is_number = true, .width = 14});
    return out;
}

}  // namespace

std::vector<Wide> units_of_lines(const Table& table, const Numbers& numbers) {
    std::vector<Wide> exact;
    for (const Line& each : table.lines) exact.push_back(wide(each.now.charge));
    if (table.left_out > 0) exact.push_back(wide(table.rest.now.charge));
    return numbers.units_of_all(exact);
}

Speech::Speech(const Report& report) : numbers(report.manner), words(words_of(report.manner.language)) {
    const std::vector<Wide> shown = units_of_lines(report.teams, numbers);
    for (std::size_t i = 0; i < report.teams.lines.size(); ++i)
        units_of_teams.emplace(wide(report.teams.lines[i].now.charge), shown[i]);
}

std::string Speech::money(NanoUsd amount) const {
    const auto found = units_of_teams.find(wide(amount));
    return found == units_of_teams.end() ? numbers.money(wide(amount)) : numbers.money_of_units(found->second);
}

Cell change_cell(const Figures& now, const Figures& before, const Speech& speech) {
    return change_of(wide(now.charge), wide(before.charge), speech);
}

std::optional<Section> budgets_section(const Report& report, const Speech& speech) {
    if (report.budgets.empty()) return std::nullopt;
    const Words& words = speech.words;
    const auto any = [&](auto has) { return std::ranges::any_of(report.budgets, has); };
    const bool has_expected = any([](const Budget& each) { return each.expected.has_value(); });
    const bool has_end = any([](const Budget& each) { return each.exhausted_at.has_value(); });
    Section out{.id = "budgets", .heading = words.budgets, .lead = words.budgets_lead};
    out.columns = {{.head = words.account, .width = 36},
                   {.head = words.limit, .is_number = true, .width = 22},
                   {.head = words.used, .is_number = true, .width = 22},
                   {.head = words.used_share, .is_number = true, .width = 26}};
    if (has_expected) out.columns.push_back({.head = words.expected_short, .is_number = true, .width = 22});
    if (has_end) out.columns.push_back({.head = words.used_up_at, .is_number = true, .width = 24});
    for (const Budget& each : report.budgets) {
        const AccountWords account = account_in(words, one_line(each.account));
        std::string note = account.level;
        for (const std::string& more : {kind_in(report.manner.language, one_line(each.kind)),
                                        std::string(each.hard || each.kind.contains("(soft)") ? "" : words.soft)})
            if (!more.empty()) note += (note.empty() ? "" : " · ") + more;
        const int used = per_mille_of(each.spent, each.limit);
        Row row{.cells = {{.text = account.name, .note = note},
                          {.text = speech.numbers.money(wide(each.limit))},
                          {.text = speech.money(each.spent)},
                          {.text = speech.numbers.percent(wide(each.spent), wide(each.limit)),
                           .tone = tone_of_budget(used),
                           .bar_per_mille = used}}};
        if (has_expected)
            row.cells.push_back({.text = each.expected ? speech.numbers.money(wide(*each.expected)) : "",
                                 .tone = each.expected && *each.expected > each.limit ? Tone::warn : Tone::plain});
        if (has_end)
            row.cells.push_back(
                {.text = each.exhausted_at ? speech.numbers.date(*each.exhausted_at) : "", .tone = Tone::bad});
        out.rows.push_back(std::move(row));
    }
    return out;
}

std::optional<Section> figures_section(const Report& report, const Table& table, const Subject& subject,
                                       const Speech& speech) {
    if (table.lines.empty()) return std::nullopt;
    Section out{.id = subject.id, .heading = subject.heading};
    out.columns = columns_of(report, table, subject, speech.words);
    const Total total = total_of(table);
    const std::vector<Wide> shown = units_of_lines(table, speech.numbers);
    const Wide most =
        std::ranges::max(table.lines, {}, [](const Line& each) { return each.now.charge; }).now.charge.nanos();
    const auto add = [&](RowKind kind, std::string name, const Line* line, Wide units) {
        Row row{.cells = {{.text = std::move(name), .tone = kind == RowKind::rest ? Tone::soft : Tone::plain}},
                .kind = kind};
        if (has_above(table))
            row.cells.push_back({.text = line == nullptr ? "" : one_line(line->above), .tone = Tone::soft});
        row.cells.push_back({.text = speech.numbers.money_of_units(units)});
        const Figures& now = line == nullptr ? total.now : line->now;
        add_figures(row, now, {line == nullptr ? total.charge : wide(now.charge), total.charge, most}, speech);
        if (has_before(report))
            row.cells.push_back(line == nullptr ? change_of(total.charge, total.before, speech)
                                                : change_cell(line->now, line->before, speech));
        out.rows.push_back(std::move(row));
    };
    for (std::size_t i = 0; i < table.lines.size(); ++i)
        add(RowKind::line, name_or(table.lines[i].name, subject.none), &table.lines[i], shown[i]);
    if (table.left_out > 0)
        add(RowKind::rest, filled(speech.words.rest, {speech.numbers.count(table.left_out)}), &table.rest,
            shown.back());
    add(RowKind::total, speech.words.total, nullptr, speech.numbers.units(total.charge));
    return out;
}

std::optional<Section> hidden_section(const Report& report, const Speech& speech) {
    if (!report.people_hidden) return std::nullopt;
    return Section{.id = "people", .heading = speech.words.people, .lead = speech.words.people_hidden};
}

std::optional<Section> movers_section(const Report& report, const Speech& speech) {
    if (!has_before(report)) return std::nullopt;
    const bool by_team = report.teams.lines.size() > 1;
    const Table& table = by_team ? report.teams : report.models;
    const Words& words = speech.words;
    const auto moved = [](const Line* line) { return wide(line->now.charge) - wide(line->before.charge); };
    std::vector<const Line*> lines;
    for (const Line& each : table.lines)
        if (moved(&each) != 0) lines.push_back(&each);
    const auto size_of = [&](const Line* line) { return moved(line) < 0 ? -moved(line) : moved(line); };
    // Lines of one table: their addresses are in their order.
    std::ranges::sort(lines, [&](const Line* a, const Line* b) {
        return size_of(a) != size_of(b) ? size_of(a) > size_of(b) : a < b;
    });
    if (lines.size() < 2) return std::nullopt;
    lines.resize(std::min(lines.size(), movers_max));
    Section out{.id = "movers", .heading = words.movers};
    out.lead = filled(words.movers_lead, {speech.numbers.period(report.every, report.before_from, report.from)});
    out.columns = {{.head = by_team ? words.team : words.model, .width = 36},
                   {.head = words.before, .is_number = true, .width = 22},
                   {.head = words.spend, .is_number = true, .width = 22},
                   {.head = words.difference, .is_number = true, .width = 22},
                   {.head = words.change, .is_number = true, .width = 14}};
    for (const Line* each : lines)
        out.rows.push_back(
            {.cells = {
                 {.text = name_or(each->name, by_team ? words.no_team : words.no_model)},
                 {.text = speech.numbers.money(wide(each->before.charge)), .tone = Tone::soft},
                 {.text = by_team ? speech.money(each->now.charge) : speech.numbers.money(wide(each->now.charge))},
                 {.text = speech.numbers.signed_money(moved(each)), .tone = moved(each) > 0 ? Tone::warn : Tone::good},
                 change_cell(each->now, each->before, speech)}});
    return out;
}

std::optional<Section> waste_section(const Report& report, const Speech& speech) {
    const Waste& waste = report.waste;
    if (waste == Waste{}) return std::nullopt;
    const Words& words = speech.words;
    Section out{.id = "waste", .heading = words.waste, .lead = words.waste_lead};
    out.columns = {{.head = words.what, .width = 60},
                   {.head = words.number, .is_number = true, .width = 16},
                   {.head = words.amount, .is_number = true, .width = 24}};
    const auto add = [&](const char* what, std::optional<std::int64_t> number, std::optional<NanoUsd> amount) {
        out.rows.push_back({.cells = {{.text = what},
                                      {.text = number ? speech.numbers.count(*number) : ""},
                                      {.text = amount ? speech.numbers.money(wide(*amount)) : ""}}});
    };
    add(words.errors, waste.errors, waste.error_charge);
    add(words.retries, waste.retries, waste.retry_cost);
    add(words.refused, waste.refused, std::nullopt);
    if (waste.unused != NanoUsd()) add(words.unused, std::nullopt, waste.unused);
    if (waste.idle > 0) add(words.idle, waste.idle, std::nullopt);
    return out;
}

Wide saving_of(const Report& report) {
    std::map<std::string_view, Wide> best;
    for (const Cheaper& each : report.cheaper) {
        Wide& most = best[each.model];
        most = std::max(most, wide(each.cost) - wide(each.other_cost));
    }
    Wide out = 0;
    for (const auto& [model, saving] : best) out += saving;
    return out;
}

std::optional<Section> cheaper_section(const Report& report, const Speech& speech) {
    if (report.cheaper.empty()) return std::nullopt;
    const Words& words = speech.words;
    Section out{.id = "cheaper", .heading = words.cheaper, .lead = words.cheaper_lead};
    out.columns = {{.head = words.model, .width = 28},
                   {.head = words.spend, .is_number = true, .width = 20},
                   {.head = words.other_model, .width = 28},
                   {.head = words.would_cost, .is_number = true, .width = 20},
                   {.head = words.would_save, .is_number = true, .width = 20}};
    for (const Cheaper& each : report.cheaper)
        out.rows.push_back(
            {.cells = {{.text = name_or(each.model, words.no_model)},
                       {.text = speech.numbers.money(wide(each.cost))},
                       {.text = name_or(each.other, words.no_model)},
                       {.text = speech.numbers.money(wide(each.other_cost))},
                       {.text = speech.numbers.money(wide(each.cost) - wide(each.other_cost)), .tone = Tone::good}}});
    return out;
}

}  // namespace bursar::integrations::report
