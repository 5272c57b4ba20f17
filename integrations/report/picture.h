#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// A drawing before it is SVG, a page of a PDF or a PNG: what is drawn is decided once, without any drawing library.
namespace bursar::integrations::report {

/// Colours by what they mean. Those of series can be told apart by people who do not see all colours, and on paper:
/// they differ in lightness, too, and no series is known by its colour alone.
enum class Ink : std::uint8_t { ground, panel, rule, words, soft, series, before, track, good, warn, bad };
struct Rgb {
    std::uint8_t red = 0, green = 0, blue = 0;
};
/// On light ground.
Rgb rgb_of(Ink ink);
/// "ink-series": how style sheets name it.
std::string class_of(Ink ink);

struct Point {
    double x = 0, y = 0;
};
struct Box {
    Point at;
    double width = 0, height = 0;
    Ink ink = Ink::series;
    double round = 0;
};
struct Stroke {
    std::vector<Point> points;
    Ink ink = Ink::rule;
    double width = 1;
    bool dashed = false;
};
enum class Side : std::uint8_t { left, middle, right };
/// Text whose first line stands on `at.y`. Longer than `width_max` (0: any), it is broken into at most `lines_max`
/// lines and then cut; SVG knows neither.
struct Label {
    Point at;
    std::string text;
    double size = 10;
    Ink ink = Ink::words;
    Side side = Side::left;  ///< of the text that is at `at.x`
    bool bold = false;
    double width_max = 0;
    int lines_max = 1;
    bool shrinks = false;  ///< in place of being cut: numbers are shown whole
    std::string url = {};  ///< a link, where files have them
};
using Shape = std::variant<Box, Stroke, Label>;

struct Picture {
    double width = 0, height = 0;
    std::vector<Shape> shapes;
};

/// Draws one picture on another, with its corner at `at`.
void paste(Picture& onto, const Picture& from, Point at);

/// More than the text is wide in the fonts that we draw with.
double width_about(std::string_view text, double size);

/// An <svg> element whose colours are classes, for a page that styles them. `what` is read to those who do not see it.
std::string svg_of(const Picture& picture, std::string_view what);

}  // namespace bursar::integrations::report
