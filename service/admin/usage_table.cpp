#include "service/admin/usage_table.h"

#include "service/base/ensure.h"

#include <array>
#include <variant>

namespace bursar::admin {
namespace {

using audit::UsageSums;
using Value = std::variant<std::int64_t, NanoUsd>;

struct Column {
    std::string_view name;
    Value (*of)(const UsageSums&);
};

std::int64_t milliseconds(std::chrono::microseconds sum, std::int64_t count) {
    return count == 0 ? 0 : (sum / count).count() / 1000;
}

/// Of the input, how much came from a provider's cache, where it costs a part.
std::int64_t cached_percent(const Usage& usage) {
    const Tokens all = usage.input_total();
    return all <= 0 ? 0 : static_cast<std::int64_t>(static_cast<__int128>(usage.cache_read) * 100 / all);
}

constexpr std::array columns = {
    Column{"calls", [](const UsageSums& sums) -> Value { return sums.calls; }},
    Column{"refused", [](const UsageSums& sums) -> Value { return sums.refused; }},
    Column{"errors", [](const UsageSums& sums) -> Value { return sums.errors; }},
    Column{"retries", [](const UsageSums& sums) -> Value { return sums.retries; }},
    Column{"input_tokens", [](const UsageSums& sums) -> Value { return sums.usage.input; }},
    Column{"cache_read_tokens", [](const UsageSums& sums) -> Value { return sums.usage.cache_read; }},
    Column{"cache_write_5m_tokens", [](const UsageSums& sums) -> Value { return sums.usage.cache_write_5m; }},
    Column{"cache_write_1h_tokens", [](const UsageSums& sums) -> Value { return sums.usage.cache_write_1h; }},
    Column{"output_tokens", [](const UsageSums& sums) -> Value { return sums.usage.output; }},
    Column{"reasoning_tokens", [](const UsageSums& sums) -> Value { return sums.usage.reasoning; }},
    Column{"audio_input_tokens", [](const UsageSums& sums) -> Value { return sums.usage.audio_input; }},
    Column{"audio_output_tokens", [](const UsageSums& sums) -> Value { return sums.usage.audio_output; }},
    Column{"image_input_tokens", [](const UsageSums& sums) -> Value { return sums.usage.image_input; }},
    Column{"image_output_tokens", [](const UsageSums& sums) -> Value { return sums.usage.image_output; }},
    Column{"images", [](const UsageSums& sums) -> Value { return sums.usage.images; }},
    Column{"web_searches", [](const UsageSums& sums) -> Value { return sums.usage.web_searches; }},
    Column{"characters", [](const UsageSums& sums) -> Value { return sums.usage.characters; }},
    Column{"seconds", [](const UsageSums& sums) -> Value { return sums.usage.seconds; }},
    Column{"search_units", [](const UsageSums& sums) -> Value { return sums.usage.search_units; }},
    Column{"cache_read_percent", [](const UsageSums& sums) -> Value { return cached_percent(sums.usage); }},
    Column{"cost_usd", [](const UsageSums& sums) -> Value { return sums.cost; }},
    Column{"charge_usd", [](const UsageSums& sums) -> Value { return sums.charge; }},
    Column{"held_usd", [](const UsageSums& sums) -> Value { return sums.held; }},
    Column{"retry_cost_usd", [](const UsageSums& sums) -> Value { return sums.retry_cost; }},
    Column{"duration_ms", [](const UsageSums& sums) -> Value { return milliseconds(sums.duration, sums.timed()); }},
    Column{"duration_ms_p50", [](const UsageSums& sums) -> Value { return sums.percentile(50).count(); }},
    Column{"duration_ms_p95", [](const UsageSums& sums) -> Value { return sums.percentile(95).count(); }},
    Column{"first_byte_ms",
           [](const UsageSums& sums) -> Value { return milliseconds(sums.first_byte, sums.first_bytes); }},
};
constexpr std::string_view as_model = "as_model_cost_usd";

std::string text_of(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    return std::get<NanoUsd>(value).text();
}

}  // namespace

void write_usage_sums(JsonWriter& json, const UsageSums& sums, const std::optional<reports::Repricing>& other) {
    for (const Column& column : columns) {
        const Value value = column.of(sums);
        if (const auto* number = std::get_if<std::int64_t>(&value))
            json.field(column.name, *number);
        else
            json.field(column.name, text_of(value));
    }
    if (other) json.field(as_model, other->cost(sums).text());
}

std::string csv_cell(std::string_view text) {
    std::string cell;
    // OWASP, "CSV Injection": what begins so is a formula to spreadsheets, also behind a quote of CSV.
    constexpr std::string_view begins_formula = "=+-@\t\r";
    if (!text.empty() && begins_formula.contains(text.front())) cell.push_back('\'');
    cell += text;
    if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (const char c : cell) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
}

std::string usage_csv(const std::vector<audit::By>& groups, const std::vector<audit::UsageRow>& rows,
                      const std::optional<reports::Repricing>& other) {
    std::string out;
    for (const audit::By by : groups) out.append(audit::name_of(by)).append(",");
    for (const Column& column : columns) out.append(column.name).append(&column == &columns.back() ? "" : ",");
    if (other) out.append(",").append(as_model);
    out += "\r\n";
    for (const audit::UsageRow& row : rows) {
        ENSURE(row.group.size() == groups.size());
        for (const std::string& text : row.group) out.append(csv_cell(text)).append(",");
        // Our own numbers: a minus sign in front of them is no formula.
        for (const Column& column : columns)
            out.append(text_of(column.of(row.sums))).append(&column == &columns.back() ? "" : ",");
        if (other) out.append(",").append(other->cost(row.sums).text());
        out += "\r\n";
    }
    return out;
}

}  // namespace bursar::admin
