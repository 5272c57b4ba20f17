#include "service/demo/directives.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace bursar::demo {
namespace {

constexpr std::string_view opening = "[[demo";
constexpr std::string_view closing = "]]";
constexpr std::int64_t milliseconds_max = 600'000;
constexpr std::int64_t words_max = 1'000'000;
constexpr std::int64_t events_max = 1'000'000;
constexpr std::int64_t big_event_mib_max = 64;
constexpr std::int64_t tool_calls_max = 16;
constexpr std::int64_t usage_max = 1'000'000'000;

std::optional<std::int64_t> number(std::string_view text, std::int64_t at_most) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > at_most) return std::nullopt;
    return value;
}

std::int64_t* class_of(Usage& usage, std::string_view name) {
    struct Row {
        std::string_view name;
        std::int64_t Usage::* member;
    };
    static constexpr Row rows[] = {
        {"input", &Usage::input},
        {"cache_read", &Usage::cache_read},
        {"cache_write_5m", &Usage::cache_write_5m},
        {"cache_write_1h", &Usage::cache_write_1h},
        {"output", &Usage::output},
        {"reasoning", &Usage::reasoning},
        {"audio_input", &Usage::audio_input},
        {"audio_output", &Usage::audio_output},
        {"image_input", &Usage::image_input},
        {"image_output", &Usage::image_output},
        {"web_searches", &Usage::web_searches},
    };
    for (const Row& row : rows)
        if (row.name == name) return &(usage.*row.member);
    return nullptr;
}

/// "input:120,output:44"
bool read_usage(std::string_view text, Directives& out) {
    Usage usage;
    while (!text.empty()) {
        const std::string_view entry = text.substr(0, text.find(','));
        text.remove_prefix(std::min(entry.size() + 1, text.size()));
        const std::size_t colon = entry.find(':');
        if (colon == std::string_view::npos) return false;
        std::int64_t* const slot = class_of(usage, entry.substr(0, colon));
        const auto count = number(entry.substr(colon + 1), usage_max);
        if (slot == nullptr || !count) return false;
        *slot = *count;
    }
    out.usage = usage;
    return true;
}

bool read_flag(std::string_view name, Directives& out) {
    if (name == "hang")
        out.hang = true;
    else if (name == "no_usage")
        out.no_usage = true;
    else if (name == "garbage")
        out.garbage = true;
    else if (name == "wrong_type")
        out.wrong_type = true;
    else if (name == "lying_length")
        out.lying_length = true;
    else if (name == "tool")
        out.tool_calls = 1;
    else
        return false;
    return true;
}

bool read_word(std::string_view name, std::string_view value, Directives& out) {
    if (name == "service_tier")
        out.served.service_tier = value;
    else if (name == "speed")
        out.served.speed = value;
    else if (name == "inference_geo")
        out.served.region = value;
    else if (name == "usage")
        return read_usage(value, out);
    else
        return false;
    return true;
}

bool read_number(std::string_view name, std::string_view text, Directives& out) {
    const auto take = [&text](auto& slot, std::int64_t at_most) {
        const auto value = number(text, at_most);
        if (value) slot = static_cast<std::remove_reference_t<decltype(slot)>>(*value);
        return value.has_value();
    };
    const auto wait = [&text](std::chrono::milliseconds& slot) {
        const auto value = number(text, milliseconds_max);
        if (value) slot = std::chrono::milliseconds(*value);
        return value.has_value();
    };
    if (name == "tokens") return take(out.tokens, words_max);
    if (name == "delay_ms") return wait(out.delay);
    if (name == "first_ms") return wait(out.first);
    if (name == "status") return take(out.status, 599) && out.status >= 400;
    if (name == "cut") return take(out.cut, events_max);
    if (name == "error_after") return take(out.error_after, events_max);
    if (name == "hang_after") return take(out.hang_after, events_max);
    if (name == "tool") return take(out.tool_calls, tool_calls_max);
    if (name == "reasoning") return take(out.reasoning, words_max);
    if (name == "cached") return take(out.cached, usage_max);
    if (name == "cache_5m") return take(out.cache_write_5m, usage_max);
    if (name == "cache_1h") return take(out.cache_write_1h, usage_max);
    if (name == "big_event_mib") return take(out.big_event_mib, big_event_mib_max);
    return false;
}

void read_one(std::string_view entry, Directives& out) {
    const std::size_t equals = entry.find('=');
    const std::string_view name = entry.substr(0, equals);
    const bool good = equals == std::string_view::npos ? read_flag(name, out)
                                                       : read_word(name, entry.substr(equals + 1), out) ||
                                                             read_number(name, entry.substr(equals + 1), out);
    if (!good)
        out.wrong.push_back(
            fmt::format("The demo provider does not know the directive '{}', or its value is out of range; see "
                        "bursar-demo-provider --help.",
                        entry));
}

}  // namespace

Directives read_directives(std::string_view text) {
    Directives out;
    for (std::size_t from = text.find(opening); from != std::string_view::npos; from = text.find(opening, from)) {
        from += opening.size();
        const std::size_t end = text.find(closing, from);
        if (end == std::string_view::npos) break;
        std::string_view inside = text.substr(from, end - from);
        while (!inside.empty()) {
            const std::size_t gap = inside.find(' ');
            if (const std::string_view entry = inside.substr(0, gap); !entry.empty()) read_one(entry, out);
            inside.remove_prefix(gap == std::string_view::npos ? inside.size() : gap + 1);
        }
        from = end;
    }
    return out;
}

std::string without_directives(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t from = text.find(opening);
        const std::size_t end = from == std::string_view::npos ? from : text.find(closing, from);
        out.append(text.substr(0, end == std::string_view::npos ? end : from));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + closing.size());
    }
    const std::size_t first = out.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return {};
    return out.substr(first, out.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace bursar::demo
