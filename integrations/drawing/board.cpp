#include "integrations/drawing/board.h"

#include "integrations/report/charts.h"
#include "integrations/report/sections.h"
#include "integrations/report/sheet.h"
#include "integrations/report/words.h"
#include "integrations/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::drawing {
namespace {

using namespace integrations::report;

constexpr double board_width = 1600, board_height = 900, edge = 48;
constexpr std::size_t cards_max = 4, ranks_max = 5;

Ink ink_of_card(Tone tone) {
    switch (tone) {
        case Tone::plain:
        case Tone::soft:
            return Ink::words;
        case Tone::good:
            return Ink::good;
        case Tone::warn:
            return Ink::warn;
        case Tone::bad:
            return Ink::bad;
    }
    return Ink::words;
}

void draw_head(Picture& board, const Sheet& sheet) {
    board.shapes.emplace_back(Label{.at = {edge, 74}, .text = sheet.title, .size = 44, .bold = true, .width_max = 980});
    board.shapes.emplace_back(
        Label{.at = {board_width - edge, 74}, .text = sheet.period, .size = 28, .ink = Ink::soft, .side = Side::right});
    board.shapes.emplace_back(Box{.at = {edge, 100}, .width = board_width - 2 * edge, .height = 5, .ink = Ink::series});
}

void draw_cards(Picture& board, const Sheet& sheet) {
    const std::size_t count = std::min(sheet.cards.size(), cards_max);
    constexpr double gap = 20, height = 150, top = 128;
    const double width = (board_width - 2 * edge - gap * static_cast<double>(count - 1)) / static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Card& card = sheet.cards[i];
        const double x = edge + static_cast<double>(i) * (width + gap), text_width = width - 44;
        board.shapes.emplace_back(
            Box{.at = {x, top}, .width = width, .height = height, .ink = Ink::panel, .round = 14});
        board.shapes.emplace_back(
            Label{.at = {x + 22, top + 38}, .text = card.name, .size = 23, .ink = Ink::soft, .width_max = text_width});
        board.shapes.emplace_back(Label{.at = {x + 22, top + 88},
                                        .text = card.value,
                                        .size = 40,
                                        .ink = ink_of_card(card.tone),
                                        .bold = true,
                                        .width_max = text_width,
                                        .shrinks = true});
        board.shapes.emplace_back(Label{.at = {x + 22, top + 128},
                                        .text = card.note,
                                        .size = 20,
                                        .ink = Ink::soft,
                                        .width_max = text_width,
                                        .shrinks = true});
    }
}

struct Rank {
    std::string name, shown;
    Wide spend = 0;
    std::optional<Wide> limit = {};
};

/// Bars on one scale, with a mark where the limit is.
void draw_ranks(Picture& board, Point at, const std::string& heading, const std::string& limit,
                const std::vector<Rank>& ranks) {
    constexpr double width = 520, row = 46;
    Wide most = 1;
    for (const Rank& each : ranks) most = std::max({most, each.spend, each.limit.value_or(0)});
    const auto width_of = [&](Wide amount) {
        return width * static_cast<double>(std::clamp<Wide>(amount, 0, most) * 1000 / most) / 1000.0;
    };
    board.shapes.emplace_back(Label{.at = at, .text = heading, .size = 25, .bold = true, .width_max = width});
    if (std::ranges::any_of(ranks, [](const Rank& each) { return each.limit.has_value(); })) {
        const double x = at.x + width - width_about(limit, 18) - 12;
        board.shapes.emplace_back(Box{.at = {x, at.y - 16}, .width = 4, .height = 17, .ink = Ink::words});
        board.shapes.emplace_back(
            Label{.at = {at.x + width, at.y}, .text = limit, .size = 18, .ink = Ink::soft, .side = Side::right});
    }
    double y = at.y + 34;
    for (const Rank& each : ranks) {
        const double money = width_about(each.shown, 20);
        board.shapes.emplace_back(
            Label{.at = {at.x, y}, .text = each.name, .size = 20, .width_max = std::max(80.0, width - money - 12)});
        board.shapes.emplace_back(Label{.at = {at.x + width, y}, .text = each.shown, .size = 20, .side = Side::right});
        const bool is_over = each.limit && each.spend >= *each.limit;
        board.shapes.emplace_back(
            Box{.at = {at.x, y + 7}, .width = width, .height = 9, .ink = Ink::track, .round = 4.5});
        if (const double bar = width_of(each.spend); bar > 1)
            board.shapes.emplace_back(Box{
                .at = {at.x, y + 7}, .width = bar, .height = 9, .ink = is_over ? Ink::bad : Ink::series, .round = 4.5});
        if (each.limit)
            board.shapes.emplace_back(
                Box{.at = {at.x + width_of(*each.limit) - 2, y + 3}, .width = 4, .height = 17, .ink = Ink::words});
        y += row;
    }
}

std::vector<Rank> ranks_of(const Report& report, const Table& table, const char* none, bool is_of_teams) {
    const Numbers numbers(report.manner);
    const std::vector<Wide> shown = units_of_lines(table, numbers);
    std::vector<Rank> out;
    for (const Line& each : table.lines) {
        if (out.size() == ranks_max) break;
        Rank rank{.name = each.name.empty() ? none : integrations::one_line(each.name),
                  .shown = numbers.money_of_units(shown[out.size()]),
                  .spend = wide(each.now.charge)};
        const auto* budget = is_of_teams ? budget_of_team(report, each.name) : nullptr;
        if (budget != nullptr) rank.limit = wide(budget->limit);
        out.push_back(std::move(rank));
    }
    return out;
}

}  // namespace

Picture board_of(const Report& report) {
    const Sheet sheet = sheet_of(report);
    const Words& words = words_of(report.manner.language);
    Picture out{.width = board_width, .height = board_height, .shapes = {}};
    draw_head(out, sheet);
    draw_cards(out, sheet);
    constexpr double left_width = 920, chart_top = 350;
    out.shapes.emplace_back(Label{.at = {edge, 328}, .text = sheet.chart.heading, .size = 25, .bold = true});
    paste(out, spend_chart(sheet.chart, Numbers(report.manner), {.width = left_width, .height = 480, .letters = 20}),
          {.x = edge, .y = chart_top});
    constexpr double right = board_width - edge - 520;
    double y = 328;
    const auto teams = ranks_of(report, report.teams, words.no_team, true);
    if (!teams.empty()) {
        draw_ranks(out, {.x = right, .y = y}, words.teams, words.limit, teams);
        y += 34 + 46 * static_cast<double>(teams.size()) + 22;
    }
    const auto models = ranks_of(report, report.models, words.no_model, false);
    if (!models.empty()) draw_ranks(out, {.x = right, .y = y}, words.models, words.limit, models);
    out.shapes.emplace_back(Label{.at = {edge, board_height - 26},
                                  .text = fmt::format("{} · Bursar · {}", sheet.organisation, sheet.made),
                                  .size = 18,
                                  .ink = Ink::soft,
                                  .width_max = board_width - 2 * edge});
    return out;
}

}  // namespace bursar::drawing
