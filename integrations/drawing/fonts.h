#pragma once

#include "service/base/result.h"

#include <memory>

namespace bursar::drawing {

/// The fonts that we draw with, by their files: nothing is looked up in a home directory, no cache is written, and the
/// same report looks the same on every machine. DejaVu has letters of Latin, Greek, Cyrillic, Hebrew and Arabic; names
/// in other scripts need one of the fonts that fonts.cpp lists besides.
class Fonts {
  public:
    /// The process has one of them, made when it is first asked for: what fontconfig keeps cannot be given back safely.
    /// wrong_configuration: the font is not installed.
    static Result<const Fonts*> load();
    /// A PangoFontMap.
    void* map() const { return map_; }

  private:
    explicit Fonts(void* map) : map_(map) {}
    void* map_;
};

}  // namespace bursar::drawing
