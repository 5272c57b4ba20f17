#include "integrations/drawing/canvas.h"

#include "integrations/drawing/fonts.h"

#include <algorithm>
#include <array>
#include <cairo-pdf.h>
#include <memory>
#include <numbers>
#include <pango/pangocairo.h>
#include <variant>

#include <fmt/format.h>

namespace bursar::drawing {
namespace {

using integrations::report::Box;
using integrations::report::Ink;
using integrations::report::Label;
using integrations::report::Picture;
using integrations::report::Side;
using integrations::report::Stroke;

struct Free {
    void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
    void operator()(cairo_t* context) const { cairo_destroy(context); }
    void operator()(PangoContext* context) const { g_object_unref(context); }
    void operator()(PangoLayout* layout) const { g_object_unref(layout); }
    void operator()(PangoFontDescription* font) const { pango_font_description_free(font); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

cairo_status_t append(void* out, const unsigned char* bytes, unsigned size) {
    static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
    return CAIRO_STATUS_SUCCESS;
}

Error not_drawn(cairo_status_t status) {
    return {.fault = Fault::internal,
            .for_caller = "The report could not be drawn.",
            .for_operator = fmt::format("cairo: {}", cairo_status_to_string(status))};
}

/// Draws shapes on one surface.
class Brush {
  public:
    Brush(cairo_surface_t* surface, const Fonts& fonts)
        : context_(cairo_create(surface)),
          text_(pango_font_map_create_context(static_cast<PangoFontMap*>(fonts.map()))),
          font_(pango_font_description_from_string("DejaVu Sans")) {
        // Sizes of letters are in the same units as all else, and do not follow a screen's grid.
        pango_cairo_context_set_resolution(text_.get(), 72);
        cairo_font_options_t* options = cairo_font_options_create();
        cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
        cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
        cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
        pango_cairo_context_set_font_options(text_.get(), options);
        cairo_font_options_destroy(options);
        pango_cairo_update_context(context_.get(), text_.get());
        layout_.reset(pango_layout_new(text_.get()));
        pango_layout_set_single_paragraph_mode(layout_.get(), TRUE);
    }

    void draw(const Picture& picture) {
        for (const auto& each : picture.shapes) std::visit(*this, each);
    }
    cairo_t* context() { return context_.get(); }
    cairo_status_t status() { return cairo_status(context_.get()); }

    void operator()(const Box& box) {
        use(box.ink);
        const double round = std::min({box.round, box.width / 2, box.height / 2});
        if (round <= 0) {
            cairo_rectangle(context(), box.at.x, box.at.y, box.width, box.height);
            cairo_fill(context());
            return;
        }
        constexpr double quarter = std::numbers::pi / 2;
        const double right = box.at.x + box.width - round, low = box.at.y + box.height - round;
        cairo_new_path(context());
        cairo_arc(context(), right, box.at.y + round, round, -quarter, 0);
        cairo_arc(context(), right, low, round, 0, quarter);
        cairo_arc(context(), box.at.x + round, low, round, quarter, 2 * quarter);
        cairo_arc(context(), box.at.x + round, box.at.y + round, round, 2 * quarter, 3 * quarter);
        cairo_close_path(context());
        cairo_fill(context());
    }

    void operator()(const Stroke& stroke) {
        use(stroke.ink);
        cairo_set_line_width(context(), stroke.width);
        cairo_set_line_join(context(), CAIRO_LINE_JOIN_ROUND);
        constexpr std::array dashes = {4.0, 3.0};
        cairo_set_dash(context(), dashes.data(), stroke.dashed ? static_cast<int>(dashes.size()) : 0, 0);
        cairo_new_path(context());
        for (const auto& each : stroke.points) cairo_line_to(context(), each.x, each.y);
        cairo_stroke(context());
    }

    void operator()(const Label& label) {
        use(label.ink);
        set_text(label);
        int width = 0;
        pango_layout_get_size(layout_.get(), &width, nullptr);
        double x = label.at.x;
        if (label.side == Side::right) x -= pango_units_to_double(width);
        if (label.side == Side::middle) x -= pango_units_to_double(width) / 2;
        const double up = pango_units_to_double(pango_layout_get_baseline(layout_.get()));
        if (!label.url.empty()) cairo_tag_begin(context(), CAIRO_TAG_LINK, link_to(label.url).c_str());
        cairo_move_to(context(), x, label.at.y - up);
        pango_cairo_show_layout(context(), layout_.get());
        if (!label.url.empty()) cairo_tag_end(context(), CAIRO_TAG_LINK);
    }

  private:
    static std::string link_to(const std::string& url) {
        std::string out = "uri='";
        for (const char c : url) out.append(c == '\'' || c == '\\' ? "\\" : "").push_back(c);
        return out + "'";
    }

    void use(Ink ink) {
        const auto rgb = integrations::report::rgb_of(ink);
        constexpr double most = 255;
        cairo_set_source_rgb(context(), rgb.red / most, rgb.green / most, rgb.blue / most);
    }

    void set_size(double size) {
        pango_font_description_set_absolute_size(font_.get(), size * PANGO_SCALE);
        pango_layout_set_font_description(layout_.get(), font_.get());
    }

    void set_text(const Label& label) {
        pango_font_description_set_weight(font_.get(), label.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
        set_size(label.size);
        const bool is_bounded = label.width_max > 0 && !label.shrinks;
        pango_layout_set_width(layout_.get(), is_bounded ? pango_units_from_double(label.width_max) : -1);
        pango_layout_set_ellipsize(layout_.get(), is_bounded ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
        pango_layout_set_wrap(layout_.get(), PANGO_WRAP_WORD_CHAR);
        // Negative: that many lines.
        pango_layout_set_height(layout_.get(), is_bounded ? -std::max(1, label.lines_max) : 0);
        pango_layout_set_text(layout_.get(), label.text.data(), static_cast<int>(label.text.size()));
        if (!label.shrinks || label.width_max <= 0) return;
        int width = 0;
        pango_layout_get_size(layout_.get(), &width, nullptr);
        const double part = label.width_max / std::max(1.0, pango_units_to_double(width));
        if (part < 1) set_size(label.size * part);
    }

    Owned<cairo_t> context_;
    Owned<PangoContext> text_;
    Owned<PangoFontDescription> font_;
    Owned<PangoLayout> layout_;
};

void describe(cairo_surface_t* surface, const About& about) {
    const auto set = [surface](cairo_pdf_metadata_t what, const std::string& text) {
        if (!text.empty()) cairo_pdf_surface_set_metadata(surface, what, text.c_str());
    };
    set(CAIRO_PDF_METADATA_TITLE, about.title);
    set(CAIRO_PDF_METADATA_AUTHOR, about.author);
    set(CAIRO_PDF_METADATA_SUBJECT, about.subject);
    set(CAIRO_PDF_METADATA_CREATOR, "Bursar");
    // When the report was made, not when it was drawn: the same report is the same file.
    set(CAIRO_PDF_METADATA_CREATE_DATE, about.made);
    set(CAIRO_PDF_METADATA_MOD_DATE, about.made);
}

}  // namespace

Result<std::string> pdf_file(const std::vector<Page>& pages, const About& about) {
    TRY(const Fonts* fonts, Fonts::load());
    std::string out;
    const Owned<cairo_surface_t> surface(cairo_pdf_surface_create_for_stream(append, &out, 0, 0));
    describe(surface.get(), about);
    Brush brush(surface.get(), *fonts);
    int number = 0;
    for (const Page& each : pages) {
        ++number;
        cairo_pdf_surface_set_size(surface.get(), each.picture.width, each.picture.height);
        for (const std::string& heading : each.headings)
            cairo_pdf_surface_add_outline(surface.get(), CAIRO_PDF_OUTLINE_ROOT, heading.c_str(),
                                          fmt::format("page={} pos=[0.0 0.0]", number).c_str(),
                                          CAIRO_PDF_OUTLINE_FLAG_OPEN);
        brush.draw(each.picture);
        cairo_show_page(brush.context());
    }
    if (const auto status = brush.status(); status != CAIRO_STATUS_SUCCESS) return std::unexpected(not_drawn(status));
    cairo_surface_finish(surface.get());
    if (const auto status = cairo_surface_status(surface.get()); status != CAIRO_STATUS_SUCCESS)
        return std::unexpected(not_drawn(status));
    return out;
}

Result<std::string> png_file(const Picture& picture) {
    TRY(const Fonts* fonts, Fonts::load());
    const Owned<cairo_surface_t> surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(picture.width),
                                                                    static_cast<int>(picture.height)));
    Brush brush(surface.get(), *fonts);
    brush(Box{.at = {0, 0}, .width = picture.width, .height = picture.height, .ink = Ink::ground});
    brush.draw(picture);
    std::string out;
    if (const auto status = brush.status(); status != CAIRO_STATUS_SUCCESS) return std::unexpected(not_drawn(status));
    const auto status = cairo_surface_write_to_png_stream(surface.get(), append, &out);
    if (status != CAIRO_STATUS_SUCCESS) return std::unexpected(not_drawn(status));
    return out;
}

}  // namespace bursar::drawing
