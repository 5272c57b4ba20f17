#pragma once

#include <string>
#include <string_view>
#include <vector>

// Aligned columns for people. Pure.
namespace bursar::ctl {

enum class Align : unsigned char { left, right };

struct Column {
    std::string_view title;
    Align align = Align::left;
};

/// One line per row; columns two spaces apart, no spaces at a line's end. A cell that is missing is empty.
std::string table(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows);

/// The text without what could steer a terminal: control characters become '?'.
std::string printable(std::string_view text);

}  // namespace bursar::ctl
