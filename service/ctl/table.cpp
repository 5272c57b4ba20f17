#include "service/ctl/table.h"

#include <algorithm>
#include <cstddef>

namespace bursar::ctl {
namespace {

/// Characters, not bytes: continuation bytes of UTF-8 take no place.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void append_line(std::string& out, const std::vector<Column>& columns, const std::vector<std::size_t>& widths,
                 const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string& cell = i < cells.size() ? cells[i] : std::string();
        const std::string padding(widths[i] - width_of(cell), ' ');
        if (i > 0) line += "  ";
        line += columns[i].align == Align::right ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out(text);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto byte = static_cast<unsigned char>(out[i]);
        if (byte < 0x20 || byte == 0x7F) out[i] = '?';
        // C1 controls are C2 80 to C2 9F in UTF-8; some terminals obey them.
        if (byte == 0xC2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0) out.replace(i, 2, "?");
    }
    return out;
}

std::string table(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::string> titles;
    for (const Column& column : columns) titles.emplace_back(column.title);
    std::vector<std::vector<std::string>> lines = {titles};
    for (const auto& row : rows) {
        auto& line = lines.emplace_back();
        for (const std::string& cell : row) line.push_back(printable(cell));
    }
    std::vector<std::size_t> widths(columns.size());
    for (const auto& line : lines)
        for (std::size_t i = 0; i < std::min(columns.size(), line.size()); ++i)
            widths[i] = std::max(widths[i], width_of(line[i]));
    std::string out;
    for (const auto& line : lines) append_line(out, columns, widths, line);
    return out;
}

}  // namespace bursar::ctl
