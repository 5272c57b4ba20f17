#include "service/providers/foreign_reasoning.h"

#include "service/providers/carried_mark.h"

#include <algorithm>

namespace bursar::providers {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view key = "\"encrypted_content\"";

/// An open object or list of the body.
struct Frame {
    std::size_t begin = 0;
    bool object = false;
    bool foreign = false;
};

/// Behind the last byte before `at` that is no blank.
std::size_t back_over_blanks(std::string_view body, std::size_t at) {
    const auto last = body.substr(0, at).find_last_not_of(blanks);
    return last == std::string_view::npos ? 0 : last + 1;
}

/// Whether the string that begins at `at` is the value of the key.
bool has_key(std::string_view body, std::size_t at) {
    const std::size_t colon = back_over_blanks(body, at);
    if (colon == 0 || body[colon - 1] != ':') return false;
    return body.substr(0, back_over_blanks(body, colon - 1)).ends_with(key);
}

/// The closing quote of the string that begins at `at`.
std::size_t end_of_string(std::string_view body, std::size_t at) {
    for (++at; at < body.size() && body[at] != '"'; ++at)
        if (body[at] == '\\') ++at;
    return std::min(at, body.size());
}

/// The items themselves: elements of a list that is a member of the body.
std::vector<Span> items(std::string_view body) {
    constexpr std::size_t depth = 3;
    std::vector<Frame> open;
    std::vector<Span> found;
    for (std::size_t at = 0; at < body.size(); ++at) {
        const char c = body[at];
        if (c == '"') {
            const bool place = open.size() == depth && open.back().object && !open[1].object;
            if (place && body.substr(at + 1).starts_with(reasoning_mark) && has_key(body, at))
                open.back().foreign = true;
            at = end_of_string(body, at);
        } else if (c == '{' || c == '[') {
            open.push_back({.begin = at, .object = c == '{'});
        } else if ((c == '}' || c == ']') && !open.empty()) {
            if (open.back().foreign) found.push_back({open.back().begin, at + 1});
            open.pop_back();
        }
    }
    return found;
}

/// Items that follow each other are one span.
void join_neighbours(std::string_view body, std::vector<Span>& spans) {
    std::vector<Span> joined;
    for (const Span& span : spans) {
        const bool next =
            !joined.empty() &&
            body.substr(joined.back().end, span.begin - joined.back().end).find_first_not_of(" \t\r\n,") ==
                std::string_view::npos;
        if (next)
            joined.back().end = span.end;
        else
            joined.push_back(span);
    }
    spans = std::move(joined);
}

}  // namespace

std::vector<Span> foreign_reasoning(std::string_view body) {
    if (!body.contains(reasoning_mark)) return {};
    std::vector<Span> spans = items(body);
    join_neighbours(body, spans);
    for (Span& span : spans) {
        const auto after = body.find_first_not_of(blanks, span.end);
        const std::size_t before = back_over_blanks(body, span.begin);
        if (after != std::string_view::npos && body[after] == ',')
            span.end = after + 1;
        else if (before > 0 && body[before - 1] == ',')
            span.begin = before - 1;
    }
    return spans;
}

}  // namespace bursar::providers
