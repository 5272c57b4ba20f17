#include "integrations/report/picture.h"

#include "integrations/report/escape.h"
#include "integrations/text.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

/// With one digit, and none that says nothing: the same number is the same text on every machine.
std::string number(double value) {
    const auto tenths = static_cast<std::int64_t>(std::llround(value * 10));
    if (tenths % 10 == 0) return fmt::format("{}", tenths / 10);
    const std::int64_t size = tenths < 0 ? -tenths : tenths;
    return fmt::format("{}{}.{}", tenths < 0 ? "-" : "", size / 10, size % 10);
}

std::string_view anchor_of(Side side) {
    switch (side) {
        case Side::left:
            return "start";
        case Side::middle:
            return "middle";
        case Side::right:
            return "end";
    }
    return "";
}

struct Svg {
    std::string& out;
    void operator()(const Box& box) const {
        out += fmt::format(R"(<rect class="{}" x="{}" y="{}" width="{}" height="{}")", class_of(box.ink),
                           number(box.at.x), number(box.at.y), number(box.width), number(box.height));
        if (box.round > 0) out += fmt::format(R"( rx="{}")", number(box.round));
        out += "/>";
    }
    void operator()(const Stroke& stroke) const {
        std::string points;
        for (const Point& each : stroke.points)
            points += fmt::format("{}{},{}", points.empty() ? "" : " ", number(each.x), number(each.y));
        out += fmt::format(R"(<polyline class="line {}" points="{}" stroke-width="{}"{}/>)", class_of(stroke.ink),
                           points, number(stroke.width), stroke.dashed ? R"( stroke-dasharray="4 3")" : "");
    }
    void operator()(const Label& label) const {
        out += fmt::format(R"(<text class="{}{}" x="{}" y="{}" font-size="{}" text-anchor="{}">{}</text>)",
                           class_of(label.ink), label.bold ? " bold" : "", number(label.at.x), number(label.at.y),
                           number(label.size), anchor_of(label.side), escaped_html(label.text));
    }
};

}  // namespace

Rgb rgb_of(Ink ink) {
    switch (ink) {
        case Ink::ground:
            return {0xff, 0xff, 0xff};
        case Ink::panel:
            return {0xf4, 0xf6, 0xf9};
        case Ink::rule:
            return {0xd5, 0xda, 0xe1};
        case Ink::words:
            return {0x1b, 0x22, 0x30};
        case Ink::soft:
            return {0x5b, 0x66, 0x77};
        case Ink::series:
            return {0x1f, 0x6f, 0xb2};
        case Ink::before:
            return {0xc8, 0x5a, 0x00};
        case Ink::track:
            return {0xe3, 0xe7, 0xed};
        case Ink::good:
            return {0x00, 0x7a, 0x5a};
        case Ink::warn:
            return {0xb0, 0x5a, 0x00};
        case Ink::bad:
            return {0xb3, 0x1d, 0x28};
    }
    return {};
}

std::string class_of(Ink ink) {
    constexpr std::string_view names[] = {"ground", "panel", "rule", "words", "soft", "series",
                                          "before", "track", "good", "warn",  "bad"};
    return fmt::format("ink-{}", names[std::to_underlying(ink)]);
}

void paste(Picture& onto, const Picture& from, Point at) {
    for (Shape shape : from.shapes) {
        if (auto* box = std::get_if<Box>(&shape)) box->at = {box->at.x + at.x, box->at.y + at.y};
        if (auto* label = std::get_if<Label>(&shape)) label->at = {label->at.x + at.x, label->at.y + at.y};
        if (auto* stroke = std::get_if<Stroke>(&shape))
            for (Point& each : stroke->points) each = {each.x + at.x, each.y + at.y};
        onto.shapes.push_back(std::move(shape));
    }
}

double width_about(std::string_view text, double size) {
    constexpr double narrow = 0.36, wide = 0.66;
    double out = 0;
    for (std::size_t at = 0; at < text.size(); at += code_point_bytes(text, at)) {
        const bool is_narrow = std::string_view(" .,:;'|iljtfI()").contains(text[at]);
        out += (is_narrow ? narrow : wide) * size;
    }
    return out;
}

std::string svg_of(const Picture& picture, std::string_view what) {
    std::string out = fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", number(picture.width),
                                  number(picture.height), escaped_html(what));
    for (const Shape& each : picture.shapes) std::visit(Svg{out}, each);
    return out + "</svg>";
}

}  // namespace bursar::integrations::report
