#include "integrations/report/charts.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

constexpr int steps_max = 5;

struct Axis {
    Wide low = 0, step = 1;
    int steps = 1;
    double left = 0, top = 0, bottom = 0;

    Wide high() const { return low + step * steps; }
    /// As thousandths of a step, which no sum of a report makes too large for a double.
    double y(Wide amount) const {
        const auto part = static_cast<double>((amount - low) * 1000 / step) / 1000.0;
        return bottom - (bottom - top) * part / steps;
    }
};

Axis axis_of(const Chart& chart, const Numbers& numbers) {
    Wide least = 0, most = 0;
    for (const Place& each : chart.places) {
        least = std::min({least, each.now, each.before.value_or(0)});
        most = std::max({most, each.now, each.before.value_or(0)});
    }
    Axis out{.step = numbers.axis_step(most - least, steps_max)};
    if (least < 0) out.low = -((-least + out.step - 1) / out.step) * out.step;
    out.steps = std::max(1, static_cast<int>((most - out.low + out.step - 1) / out.step));
    return out;
}

class Plot {
  public:
    Plot(const Chart& chart, const Numbers& numbers, ChartSize size)
        : chart_(chart), numbers_(numbers), size_(size), axis_(axis_of(chart, numbers)) {
        axis_.top = size.letters * 2.6;
        axis_.bottom = size.height - size.letters * 1.9;
        for (int i = 0; i <= axis_.steps; ++i) axis_.left = std::max(axis_.left, width_about(tick(i), size.letters));
        axis_.left += size.letters;
        const double count = std::max<double>(1, static_cast<double>(chart.places.size()));
        slot_ = (size.width - axis_.left - size.letters / 2) / count;
        out_ = {.width = size.width, .height = size.height, .shapes = {}};
    }

    Picture draw() && {
        draw_axis();
        draw_bars();
        draw_before();
        draw_places();
        draw_legend();
        return std::move(out_);
    }

  private:
    std::string tick(int step) const { return numbers_.axis_money(axis_.low + axis_.step * step); }
    double middle_of(std::size_t place) const { return axis_.left + slot_ * (static_cast<double>(place) + 0.5); }

    void draw_axis() {
        for (int i = 0; i <= axis_.steps; ++i) {
            const Wide amount = axis_.low + axis_.step * i;
            const double y = axis_.y(amount);
            out_.shapes.emplace_back(Stroke{
                .points = {{axis_.left, y}, {size_.width, y}}, .ink = amount == 0 ? Ink::soft : Ink::rule, .width = 1});
            out_.shapes.emplace_back(Label{.at = {axis_.left - size_.letters * 0.5, y + size_.letters * 0.35},
                                           .text = tick(i),
                                           .size = size_.letters,
                                           .ink = Ink::soft,
                                           .side = Side::right});
        }
    }

    void draw_bars() {
        const double width = slot_ * 0.68, zero = axis_.y(0);
        for (std::size_t i = 0; i < chart_.places.size(); ++i) {
            const double y = axis_.y(chart_.places[i].now), height = std::abs(zero - y);
            if (height < 0.1) continue;
            out_.shapes.emplace_back(Box{.at = {middle_of(i) - width / 2, std::min(y, zero)},
                                         .width = width,
                                         .height = height,
                                         .ink = Ink::series,
                                         .round = std::min(2.0, width / 4)});
        }
    }

    void draw_before() {
        std::vector<Point> points;
        for (std::size_t i = 0; i < chart_.places.size(); ++i)
            if (const auto& before = chart_.places[i].before) points.push_back({middle_of(i), axis_.y(*before)});
        if (points.empty()) return;
        const double side = size_.letters * 0.36;
        out_.shapes.emplace_back(Stroke{.points = points, .ink = Ink::before, .width = size_.letters * 0.15});
        for (const Point& each : points)
            out_.shapes.emplace_back(Box{.at = {each.x - side / 2, each.y - side / 2},
                                         .width = side,
                                         .height = side,
                                         .ink = Ink::before,
                                         .round = side / 2});
    }

    /// Every one if there is room, else every second, fifth, …
    void draw_places() {
        double widest = 0;
        for (const Place& each : chart_.places) widest = std::max(widest, width_about(each.name, size_.letters));
        std::size_t every = 1;
        for (const std::size_t step : {1U, 2U, 3U, 4U, 6U, 8U, 12U, 24U, 62U}) {
            every = step;
            if (slot_ * static_cast<double>(step) > widest + size_.letters * 0.4) break;
        }
        for (std::size_t i = 0; i < chart_.places.size(); i += every)
            out_.shapes.emplace_back(Label{.at = {middle_of(i), axis_.bottom + size_.letters * 1.5},
                                           .text = chart_.places[i].name,
                                           .size = size_.letters,
                                           .ink = Ink::soft,
                                           .side = Side::middle});
    }

    void draw_legend() {
        const double y = size_.letters, side = size_.letters * 0.8;
        double x = axis_.left;
        out_.shapes.emplace_back(
            Box{.at = {x, y - side}, .width = side, .height = side, .ink = Ink::series, .round = 2});
        x += side + size_.letters * 0.5;
        out_.shapes.emplace_back(
            Label{.at = {x, y}, .text = chart_.now_name, .size = size_.letters, .ink = Ink::words});
        const bool has_line =
            std::ranges::any_of(chart_.places, [](const Place& each) { return each.before.has_value(); });
        if (!has_line || chart_.before_name.empty()) return;
        x += width_about(chart_.now_name, size_.letters) + size_.letters;
        const double middle = y - side / 2;
        out_.shapes.emplace_back(
            Stroke{.points = {{x, middle}, {x + side * 2, middle}}, .ink = Ink::before, .width = size_.letters * 0.15});
        out_.shapes.emplace_back(Label{.at = {x + side * 2 + size_.letters * 0.5, y},
                                       .text = chart_.before_name,
                                       .size = size_.letters,
                                       .ink = Ink::words});
    }

    const Chart& chart_;
    const Numbers& numbers_;
    ChartSize size_;
    Axis axis_;
    double slot_ = 0;
    Picture out_;
};

}  // namespace

Picture spend_chart(const Chart& chart, const Numbers& numbers, ChartSize size) {
    return Plot(chart, numbers, size).draw();
}

}  // namespace bursar::integrations::report
