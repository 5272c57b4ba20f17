#include "integrations/report/escape.h"

#include "integrations/text.h"

namespace bursar::integrations::report {
namespace {

/// U+202A–U+202E and U+2066–U+2069: overrides and isolates.
bool turns_direction(std::string_view letter) {
    if (letter.size() != 3 || letter[0] != '\xe2') return false;
    const auto last = static_cast<unsigned char>(letter[2]);
    return (letter[1] == '\x80' && last >= 0xaa && last <= 0xae) ||
           (letter[1] == '\x81' && last >= 0xa6 && last <= 0xa9);
}

}  // namespace

std::string escaped_html(std::string_view text) {
    const std::string line = one_line(text);
    std::string out;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t bytes = code_point_bytes(line, at);
        const std::string_view letter = std::string_view(line).substr(at, bytes);
        at += bytes;
        if (letter == "&")
            out += "&amp;";
        else if (letter == "<")
            out += "&lt;";
        else if (letter == ">")
            out += "&gt;";
        else if (letter == "\"")
            out += "&quot;";
        else if (letter == "'")
            out += "&#39;";
        else if (!turns_direction(letter))
            out += letter;
    }
    return out;
}

std::string csv_cell(std::string_view text) {
    const std::string line = one_line(text);
    std::string cell;
    // OWASP, "CSV Injection": what begins so is a formula to spreadsheets, also behind blanks or a quote of CSV.
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin != std::string::npos && std::string_view("=+-@").contains(line[begin])) cell.push_back('\'');
    cell += line;
    if (cell.find_first_of(",\"") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (const char c : cell) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
}

}  // namespace bursar::integrations::report
