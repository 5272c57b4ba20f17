#include "integrations/drawing/fonts.h"

#include <array>
#include <fontconfig/fontconfig.h>
#include <memory>
#include <pango/pangocairo.h>
#include <pango/pangofc-fontmap.h>

#include <fmt/format.h>

namespace bursar::drawing {
namespace {

constexpr std::array fonts_needed = {"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
                                     "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"};
/// For names in Chinese, Japanese and Korean, if one of them is there.
constexpr std::array fonts_besides = {"/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
                                      "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"};

const FcChar8* path_of(const char* path) { return reinterpret_cast<const FcChar8*>(path); }

Result<void*> make_map() {
    FcConfig* config = FcConfigCreate();
    if (config == nullptr) return fail(Fault::internal, "Fonts cannot be set up.");
    for (const char* each : fonts_needed)
        if (FcConfigAppFontAddFile(config, path_of(each)) != FcTrue) {
            FcConfigDestroy(config);
            return fail(Fault::wrong_configuration,
                        "The font of reports is missing on this machine: install fonts-dejavu-core.",
                        fmt::format("{} cannot be read", each));
        }
    for (const char* each : fonts_besides) static_cast<void>(FcConfigAppFontAddFile(config, path_of(each)));
    // Whatever asks for the machine's own configuration gets ours, and reads no files.
    if (FcConfigSetCurrent(config) != FcTrue) return fail(Fault::internal, "Fonts cannot be set up.");
    PangoFontMap* map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    if (map == nullptr) return fail(Fault::internal, "Fonts cannot be set up.");
    pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map), config);
    return map;
}

}  // namespace

Result<const Fonts*> Fonts::load() {
    static const Result<void*> map = make_map();
    if (!map) return std::unexpected(map.error());
    static const Fonts fonts(*map);
    return &fonts;
}

}  // namespace bursar::drawing
