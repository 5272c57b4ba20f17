#include "auth/columns.h"

#include <algorithm>

namespace bursar::auth {

store::Value time_value(const std::optional<Timestamp>& at) {
    if (!at) return nullptr;
    return static_cast<std::int64_t>(at->time_since_epoch().count());
}

std::optional<Timestamp> time_in(const store::Row& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return Timestamp(std::chrono::nanoseconds(row.integer(column)));
}

std::optional<Digest> digest_in(const store::Row& row, int column) {
    const std::string_view bytes = row.is_null(column) ? std::string_view{} : row.text(column);
    Digest digest{};
    if (bytes.size() != digest.size()) return std::nullopt;
    std::ranges::transform(bytes, digest.begin(), [](char c) { return static_cast<unsigned char>(c); });
    return digest;
}

std::string join_lines(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text.append(line).push_back('\n');
    return text;
}

std::vector<std::string> split_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace bursar::auth
