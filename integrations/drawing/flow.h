#pragma once

#include "integrations/drawing/canvas.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::drawing {

inline constexpr double page_width = 595.28, page_height = 841.89;  ///< A4 in points
inline constexpr double margin = 40, inner_width = page_width - 2 * margin;

/// What is put one below the other, on as many pages as it takes.
class Flow {
  public:
    Flow();
    double y() const { return y_; }
    bool has_room(double height) const;
    void turn();
    void down(double height) { y_ += height; }
    void put(integrations::report::Shape shape);
    void paste(const integrations::report::Picture& picture, integrations::report::Point at);
    void add_heading(std::string heading);
    /// With a foot on each page: `left`, and `words` with the page's number and how many there are.
    std::vector<Page> end(const std::string& left, std::string_view words) &&;

  private:
    std::vector<Page> pages_;
    double y_ = margin;
};

}  // namespace bursar::drawing
