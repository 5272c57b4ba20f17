#include "integrations/drawing/flow.h"

#include "integrations/report/words.h"

#include <utility>

#include <fmt/format.h>

namespace bursar::drawing {
namespace {

constexpr double foot_room = 34, foot_size = 7.5;

}  // namespace

using integrations::report::Ink;
using integrations::report::Label;
using integrations::report::Side;
using integrations::report::Stroke;

Flow::Flow() { turn(); }

bool Flow::has_room(double height) const { return y_ + height <= page_height - margin - foot_room; }

void Flow::turn() {
    pages_.push_back({.picture = {.width = page_width, .height = page_height, .shapes = {}}});
    y_ = margin;
}

void Flow::put(integrations::report::Shape shape) { pages_.back().picture.shapes.push_back(std::move(shape)); }

void Flow::paste(const integrations::report::Picture& picture, integrations::report::Point at) {
    integrations::report::paste(pages_.back().picture, picture, at);
}

void Flow::add_heading(std::string heading) { pages_.back().headings.push_back(std::move(heading)); }

std::vector<Page> Flow::end(const std::string& left, std::string_view words) && {
    const double line = page_height - margin - foot_room / 2, text = page_height - margin;
    for (std::size_t i = 0; i < pages_.size(); ++i) {
        auto& shapes = pages_[i].picture.shapes;
        shapes.emplace_back(Stroke{.points = {{margin, line}, {margin + inner_width, line}}, .width = 0.6});
        shapes.emplace_back(Label{.at = {margin, text},
                                  .text = left,
                                  .size = foot_size,
                                  .ink = Ink::soft,
                                  .width_max = inner_width * 0.85,
                                  .shrinks = true});
        shapes.emplace_back(Label{
            .at = {margin + inner_width, text},
            .text = integrations::report::filled(words, {fmt::format("{}", i + 1), fmt::format("{}", pages_.size())}),
            .size = foot_size,
            .ink = Ink::soft,
            .side = Side::right});
    }
    return std::move(pages_);
}

}  // namespace bursar::drawing
