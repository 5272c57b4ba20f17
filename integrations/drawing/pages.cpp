#include "integrations/drawing/pages.h"

#include "integrations/drawing/flow.h"
#include "integrations/report/charts.h"
#include "integrations/report/words.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace bursar::drawing {
namespace {

using namespace integrations::report;

constexpr double words_size = 8, note_size = 6.5, lead_size = 8.5, heading_size = 13;
constexpr double row_height = 15, tall_row_height = 22, padding = 4;
constexpr int full_per_mille = 1000;

Ink ink_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return Ink::words;
        case Tone::soft:
            return Ink::soft;
        case Tone::good:
            return Ink::good;
        case Tone::warn:
            return Ink::warn;
        case Tone::bad:
            return Ink::bad;
    }
    return Ink::words;
}

Ink bar_ink(Tone tone) { return tone == Tone::warn || tone == Tone::bad ? ink_of(tone) : Ink::series; }

void put_bar(Flow& flow, Box box, int per_mille, Tone tone) {
    box.round = box.height / 2;
    box.ink = Ink::track;
    flow.put(box);
    const double width = box.width;
    box.width = width * std::clamp(per_mille, 0, full_per_mille) / full_per_mille;
    box.ink = bar_ink(tone);
    if (box.width > 0.3) flow.put(box);
}

/// Sentences over the whole width, in as many lines as they may need.
void put_words(Flow& flow, const std::string& text, double size, Ink ink) {
    const int lines = std::max(1, static_cast<int>(std::ceil(width_about(text, size) * 0.92 / inner_width)));
    flow.down(size);
    flow.put(Label{.at = {margin, flow.y()},
                   .text = text,
                   .size = size,
                   .ink = ink,
                   .width_max = inner_width,
                   .lines_max = lines + 1});
    flow.down(size * 1.25 * lines - size * 0.6);
}

/// One table, whose head stands again at the top of each page.
class TableDrawing {
  public:
    TableDrawing(Flow& flow, const Section& section) : flow_(flow), section_(section) {
        double sum = 0;
        for (const Column& each : section.columns) sum += each.width;
        double x = margin;
        for (const Column& each : section.columns) {
            const double width = inner_width * each.width / sum;
            places_.push_back({x, width});
            x += width;
        }
    }

    double head_height() const { return row_height + 4; }

    void draw() {
        draw_head();
        for (const Row& each : section_.rows) {
            const double height = height_of(each);
            if (!flow_.has_room(height)) {
                flow_.turn();
                draw_head();
            }
            draw_row(each, height);
        }
        flow_.down(8);
    }

  private:
    struct Place {
        double x, width;
    };

    static double height_of(const Row& row) {
        const bool is_tall = std::ranges::any_of(row.cells, [](const Cell& each) { return !each.note.empty(); });
        return is_tall ? tall_row_height : row_height;
    }

    void rule(double y, Ink ink, double width) {
        flow_.put(Stroke{.points = {{margin, y}, {margin + inner_width, y}}, .ink = ink, .width = width});
    }

    void draw_head() {
        const double y = flow_.y() + row_height - padding;
        for (std::size_t i = 0; i < places_.size(); ++i)
            flow_.put(
                text_in(places_[i], section_.columns[i].is_number, y,
                        {.text = section_.columns[i].head, .size = words_size - 0.5, .ink = Ink::soft, .bold = true}));
        flow_.down(row_height + 1);
        rule(flow_.y(), Ink::soft, 0.9);
    }

    /// Texts behind a number keep away from it.
    static Label text_in(const Place& place, bool is_number, double y, Label label) {
        const double left = place.x > margin ? padding * 2 : 1;
        label.at = {is_number ? place.x + place.width - padding : place.x + left, y};
        label.side = is_number ? Side::right : Side::left;
        label.shrinks = is_number;
        // What is short enough for certain needs no look at its width.
        const double room = place.width - padding - left;
        label.width_max = width_about(label.text, label.size) > room ? room : 0;
        return label;
    }

    void draw_row(const Row& row, double height) {
        const bool is_total = row.kind == RowKind::total;
        if (is_total) rule(flow_.y(), Ink::soft, 0.9);
        const double y = flow_.y() + row_height - padding - 0.5;
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            const Cell& cell = row.cells[i];
            const Place& place = places_[i];
            flow_.put(text_in(place, section_.columns[i].is_number, y,
                              {.text = cell.text, .size = words_size, .ink = ink_of(cell.tone), .bold = is_total}));
            if (!cell.note.empty())
                flow_.put(text_in(place, false, y + note_size + 1.5,
                                  {.text = cell.note, .size = note_size, .ink = Ink::soft}));
            const double room = place.width - padding * 3 - width_about("1,000.0 %", words_size);
            if (cell.bar_per_mille && room > 8)
                put_bar(flow_, {.at = {place.x + padding, y - 5.2}, .width = room, .height = 4.6}, *cell.bar_per_mille,
                        cell.tone);
        }
        flow_.down(height);
        if (!is_total) rule(flow_.y(), Ink::rule, 0.5);
    }

    Flow& flow_;
    const Section& section_;
    std::vector<Place> places_;
};

void draw_title(Flow& flow, const Sheet& sheet) {
    const bool is_of_all = sheet.organisation == sheet.subject;
    flow.down(8);
    flow.put(Label{.at = {margin, flow.y()},
                   .text = is_of_all ? "Bursar" : sheet.organisation,
                   .size = 9,
                   .ink = Ink::soft,
                   .width_max = inner_width});
    flow.down(24);
    flow.put(Label{.at = {margin, flow.y()}, .text = sheet.title, .size = 20, .bold = true, .width_max = inner_width});
    flow.down(18);
    std::string period = sheet.period;
    if (!sheet.compared.empty()) period += fmt::format(", {}", sheet.compared);
    flow.put(Label{.at = {margin, flow.y()}, .text = period, .size = 11, .ink = Ink::soft, .width_max = inner_width});
    flow.down(10);
    flow.put(Box{.at = {margin, flow.y()}, .width = inner_width, .height = 2.2, .ink = Ink::series});
    flow.down(14);
    flow.add_heading(sheet.title);
}

void draw_cards(Flow& flow, const Sheet& sheet) {
    constexpr std::size_t per_row = 3;
    constexpr double gap = 8, height = 56, width = (inner_width - gap * (per_row - 1)) / per_row;
    for (std::size_t i = 0; i < sheet.cards.size(); ++i) {
        const Card& card = sheet.cards[i];
        const double x = margin + static_cast<double>(i % per_row) * (width + gap), y = flow.y();
        const double text_width = width - 18;
        flow.put(Box{.at = {x, y}, .width = width, .height = height, .ink = Ink::panel, .round = 5});
        flow.put(
            Label{.at = {x + 9, y + 14}, .text = card.name, .size = 7.5, .ink = Ink::soft, .width_max = text_width});
        flow.put(Label{.at = {x + 9, y + 31},
                       .text = card.value,
                       .size = 14,
                       .ink = ink_of(card.tone),
                       .bold = true,
                       .width_max = text_width,
                       .shrinks = true});
        const double note_y = y + (card.bar_per_mille ? 49 : 44);
        if (card.bar_per_mille)
            put_bar(flow, {.at = {x + 9, y + 36.5}, .width = text_width, .height = 3.6}, *card.bar_per_mille,
                    card.tone);
        flow.put(Label{.at = {x + 9, note_y},
                       .text = card.note,
                       .size = 6.8,
                       .ink = Ink::soft,
                       .width_max = text_width,
                       .shrinks = true});
        if (i % per_row == per_row - 1 || i + 1 == sheet.cards.size()) flow.down(height + gap);
    }
}

void draw_heading(Flow& flow, const std::string& heading) {
    flow.down(heading_size + 6);
    flow.put(
        Label{.at = {margin, flow.y()}, .text = heading, .size = heading_size, .bold = true, .width_max = inner_width});
    flow.down(5);
    flow.add_heading(heading);
}

void draw_chart(Flow& flow, const Sheet& sheet, const Manner& manner) {
    if (sheet.chart.places.empty()) return;
    constexpr double height = 172;
    draw_heading(flow, sheet.chart.heading);
    flow.paste(spend_chart(sheet.chart, Numbers(manner), {.width = inner_width, .height = height, .letters = 7.5}),
               {.x = margin, .y = flow.y() + 4});
    flow.down(height + 6);
}

void draw_section(Flow& flow, const Section& section) {
    constexpr double rows_with_head = 4;
    TableDrawing table(flow, section);
    const double least = heading_size * 2 + lead_size * 3 + table.head_height() + tall_row_height * rows_with_head;
    if (!flow.has_room(least)) flow.turn();
    draw_heading(flow, section.heading);
    if (!section.lead.empty()) put_words(flow, section.lead, lead_size, Ink::soft);
    if (!section.rows.empty()) table.draw();
}

void draw_notes(Flow& flow, const Sheet& sheet) {
    constexpr double each_height = 24;
    if (!flow.has_room(each_height * static_cast<double>(sheet.notes.size() + 1))) flow.turn();
    flow.down(10);
    for (const std::string& each : sheet.notes) put_words(flow, each, words_size - 0.5, Ink::soft);
    if (sheet.url.empty()) return;
    flow.down(words_size + 4);
    flow.put(Label{.at = {margin, flow.y()},
                   .text = sheet.url_words,
                   .size = words_size,
                   .ink = Ink::series,
                   .width_max = inner_width,
                   .url = sheet.url});
}

}  // namespace

std::vector<Page> pages_of(const Sheet& sheet, const Manner& manner) {
    Flow flow;
    draw_title(flow, sheet);
    draw_cards(flow, sheet);
    draw_chart(flow, sheet, manner);
    for (const Section& each : sheet.sections) draw_section(flow, each);
    draw_notes(flow, sheet);
    const std::string foot = fmt::format("{} · {} · Bursar · {}", sheet.subject, sheet.period, sheet.made);
    return std::move(flow).end(foot, words_of(manner.language).page);
}

}  // namespace bursar::drawing
