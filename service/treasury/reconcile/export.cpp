#include "service/treasury/reconcile/export.h"

#include "service/base/crypto.h"
#include "service/treasury/reconcile/readers.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace bursar::treasury::reconcile {
namespace {

constexpr std::array<std::pair<Format, std::string_view>, 9> names = {{
    {Format::plain_csv, "plain-csv"},
    {Format::openai_usage_csv, "openai-usage-csv"},
    {Format::openai_costs_csv, "openai-costs-csv"},
    {Format::openai_usage_json, "openai-usage-json"},
    {Format::openai_costs_json, "openai-costs-json"},
    {Format::anthropic_usage_csv, "anthropic-usage-csv"},
    {Format::anthropic_cost_csv, "anthropic-cost-csv"},
    {Format::anthropic_usage_json, "anthropic-usage-json"},
    {Format::anthropic_cost_json, "anthropic-cost-json"},
}};

bool looks_like_json(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    return start != std::string_view::npos && (text[start] == '{' || text[start] == '[');
}

/// What an export of that format can say.
void say_what_it_has(Export& out) {
    switch (out.format) {
        case Format::plain_csv:
            break;  // the reader knows: its columns are optional
        case Format::openai_usage_csv:
        case Format::openai_usage_json:
            out.has_calls = out.has_tokens = true;
            break;
        case Format::anthropic_usage_csv:
        case Format::anthropic_usage_json:
            out.has_tokens = true;
            break;
        case Format::openai_costs_csv:
        case Format::openai_costs_json:
        case Format::anthropic_cost_csv:
        case Format::anthropic_cost_json:
            out.has_cost = true;
            break;
    }
}

}  // namespace

std::string to_text(Day day) { return bursar::to_text(Timestamp(day)).substr(0, 10); }

std::string_view name_of(Format format) {
    return std::ranges::find(names, format, &std::pair<Format, std::string_view>::first)->second;
}

std::optional<Format> format_of(std::string_view name) {
    const auto found = std::ranges::find(names, name, &std::pair<Format, std::string_view>::second);
    return found == names.end() ? std::nullopt : std::optional(found->first);
}

std::string format_names() {
    std::string out;
    for (const auto& [format, name] : names) out += fmt::format("{}{}", out.empty() ? "" : ", ", name);
    return out;
}

Result<Export> read_export(std::string_view text, std::optional<Format> format) {
    if (text.size() > export_bytes_max)
        return fail(Fault::too_large,
                    fmt::format("The export has more than {} MiB; export a shorter time.", export_bytes_max >> 20U));
    if (!format) format = looks_like_json(text) ? json_format_of(text) : csv_format_of(text);
    if (!format)
        return fail(Fault::invalid_request,
                    fmt::format("This does not look like an export that is known; say which it is. Formats: {}.",
                                format_names()));
    TRY(Export out, is_csv(*format) ? read_csv_export(text, *format) : read_json_export(text, *format));
    out.format = *format;
    say_what_it_has(out);
    const Digest digest = sha256(text);
    out.digest = to_hex(digest);
    if (out.from == out.until) return fail(Fault::invalid_request, "The export has no row with a day.");
    return out;
}

}  // namespace bursar::treasury::reconcile
