#include "integrations/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

bool is_control(unsigned byte) { return byte < 0x20 || byte == 0x7f; }

/// As much of the text as `size_of` (bytes of one code point → its size) lets into `size_max`, with the mark if it is
/// not all.
template <typename SizeOf>
std::string cut_by(std::string_view text, std::size_t size_max, std::string_view mark, const SizeOf& size_of) {
    std::size_t mark_size = 0;
    for (std::size_t at = 0; at < mark.size();) {
        const std::size_t bytes = code_point_bytes(mark, at);
        mark_size += size_of(bytes);
        at += bytes;
    }
    std::size_t size = 0, at = 0, fits_with_mark = 0;
    while (at < text.size()) {
        const std::size_t bytes = code_point_bytes(text, at);
        size += size_of(bytes);
        if (size > size_max) break;
        at += bytes;
        if (size + mark_size <= size_max) fits_with_mark = at;
    }
    if (at == text.size()) return std::string(text);
    std::string out(text.substr(0, fits_with_mark));
    if (mark_size <= size_max) out += mark;
    return out;
}

}  // namespace

std::size_t code_point_bytes(std::string_view text, std::size_t at) {
    const unsigned first = byte_at(text, at);
    std::size_t bytes = 1;
    if (first >= 0xc2 && first <= 0xdf) bytes = 2;
    if (first >= 0xe0 && first <= 0xef) bytes = 3;
    if (first >= 0xf0 && first <= 0xf4) bytes = 4;
    for (std::size_t i = 1; i < bytes; ++i)
        if ((byte_at(text, at + i) & 0xc0U) != 0x80U) return 1;
    return bytes;
}

std::size_t units(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t bytes = code_point_bytes(text, at);
        count += bytes == 4 ? 2 : 1;
        at += bytes;
    }
    return count;
}

std::string cut(std::string_view text, std::size_t units_max, std::string_view mark) {
    return cut_by(text, units_max, mark, [](std::size_t bytes) -> std::size_t { return bytes == 4 ? 2 : 1; });
}

std::string cut_bytes(std::string_view text, std::size_t bytes_max, std::string_view mark) {
    return cut_by(text, bytes_max, mark, [](std::size_t bytes) { return bytes; });
}

std::string one_line(std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(out, [](char c) { return is_control(static_cast<unsigned char>(c)); }, ' ');
    return out;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string line = one_line(text.substr(0, end));
        while (!line.empty() && line.back() == ' ') line.pop_back();
        if (!line.empty()) out.push_back(std::move(line));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string utc_words(Timestamp at) {
    const std::string text = to_text(at);
    return fmt::format("{} {} UTC", text.substr(0, 10), text.substr(11, 5));
}

std::string bar_words(int percent) {
    constexpr int cells = 10;
    const int full = std::clamp(percent / cells, 0, cells);
    std::string out;
    for (int i = 0; i < cells; ++i) out += i < full ? "▓" : "░";
    return out + fmt::format(" {} %", percent);
}

std::string_view sign_of(const Message& message) {
    if (message.state == State::resolved) return "✅";
    switch (message.severity) {
        case Severity::info:
            return "🔵";
        case Severity::warning:
            return "🟠";
        case Severity::critical:
            return "🔴";
    }
    return "";
}

std::string headline(const Message& message, Copy copy) {
    std::string out = message.test ? "[Test] " : "";
    if (message.state == State::resolved) out += "Resolved: ";
    out += one_line(message.title);
    if (copy == Copy::perhaps_second) out += " (perhaps told before)";
    return out;
}

std::string small_print(const Message& message) {
    std::string out(name_of(message.severity));
    const std::string when = message.when.empty() ? utc_words(message.at) : one_line(message.when);
    for (const std::string& part : {when, one_line(message.footer)})
        if (!part.empty()) out += " · " + part;
    return out;
}

std::string attachment_names(const Message& message) {
    std::string out;
    for (const Attachment& each : message.attachments) out += (out.empty() ? "" : ", ") + one_line(each.name);
    return out;
}

}  // namespace bursar::integrations
