#pragma once

#include "service/base/clock.h"
#include "service/base/money.h"
#include "service/base/result.h"
#include "service/base/usage.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a provider says was used and what it bills, read from the files and answers that it exports. Pure.
namespace bursar::treasury::reconcile {

/// Days as providers count them: UTC.
using Day = std::chrono::sys_days;
std::string to_text(Day day);  ///< "2026-11-23"

/// One per shape of file that is known. The words are stored with each reconciliation: they never change.
enum class Format : std::uint8_t {
    plain_csv,             ///< date, model, input_tokens, output_tokens, cost_usd; from any source
    openai_usage_csv,      ///< of the usage page
    openai_costs_csv,      ///< of the usage page's costs
    openai_usage_json,     ///< GET /v1/organization/usage/completions (and its siblings)
    openai_costs_json,     ///< GET /v1/organization/costs
    anthropic_usage_csv,   ///< of the console's usage page
    anthropic_cost_csv,    ///< of the console's cost page
    anthropic_usage_json,  ///< GET /v1/organizations/usage_report/messages
    anthropic_cost_json,   ///< GET /v1/organizations/cost_report
};
std::string_view name_of(Format format);
std::optional<Format> format_of(std::string_view name);
/// "plain-csv, openai-usage-csv, …"
std::string format_names();

/// What an export says of one day and one model.
struct Line {
    Day day;
    std::string model;  ///< as the provider calls it; empty: the export does not say
    std::int64_t calls = 0;
    Usage usage;
    NanoUsd cost;
    bool operator==(const Line&) const = default;
};

struct Export {
    Format format = Format::plain_csv;
    std::string digest;  ///< hex SHA-256 of the text: the same file is known again by it
    bool has_calls = false;
    bool has_tokens = false;
    bool has_cost = false;
    std::vector<Line> lines;  ///< one per day and model, in that order
    Day from;                 ///< the days that it speaks of: [from, until), also those on which nothing was used
    Day until;
    std::size_t rows = 0;
};

inline constexpr std::size_t export_bytes_max = std::size_t{16} << 20U;
inline constexpr std::size_t rows_max = 200'000;
inline constexpr std::size_t columns_max = 64;
inline constexpr std::size_t field_bytes_max = 4'096;
inline constexpr std::size_t model_bytes_max = 256;
inline constexpr std::int64_t days_max = 400;

/// Reads an export; without a format, the one that its head looks like. Strict: a column that is missing, a number that
/// is none or a page that is not the last is an error that names line and column. invalid_request, too_large.
Result<Export> read_export(std::string_view text, std::optional<Format> format);

}  // namespace bursar::treasury::reconcile
