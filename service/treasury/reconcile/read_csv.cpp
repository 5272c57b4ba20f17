// Exports that are CSV. The columns are those of files that people published of their own accounts:
// OpenAI's usage page (platform.openai.com/usage, "Export", files of October 2025): start_time,end_time,start_time_iso,
// end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,
// input_cached_tokens,…; its costs: start_time,…,amount_value,amount_currency,line_item,project_id,…. A day without use
// is a row with nothing but its times.
// Anthropic's console (platform.claude.com/usage and /cost, files of March 2026): usage_date_utc,model_version,api_key,
// workspace,usage_type,context_window,usage_input_tokens_no_cache,…; cost: usage_date_utc,model,workspace,api_key,
// usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed. "--" is "does not apply".
#include "service/treasury/reconcile/csv.h"
#include "service/treasury/reconcile/readers.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::treasury::reconcile {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// One record under the names of the head.
class Row {
  public:
    Row(const std::vector<std::string>& head, std::span<const CsvField> fields) : head_(head), fields_(fields) {}

    const CsvField* find(std::string_view name) const {
        const auto found = std::ranges::find(head_, name);
        return found == head_.end() ? nullptr : &fields_[static_cast<std::size_t>(found - head_.begin())];
    }
    const CsvField& need(std::string_view name) const { return *find(name); }
    bool empty(std::string_view name) const {
        const CsvField* field = find(name);
        return field == nullptr || field->text.empty();
    }
    Place at() const { return fields_.front().at; }

    /// 0 if the column is not there or the field is empty.
    Result<std::int64_t> count(std::string_view name) const {
        if (empty(name)) return 0;
        const auto number = parse_count(need(name).text);
        if (!number)
            return wrong(need(name).at, fmt::format("{} {} is not a count; it must be a whole number from 0", name,
                                                    in_quotes(need(name).text)));
        return *number;
    }
    Result<NanoUsd> money(std::string_view name) const {
        const auto amount = parse_money(need(name).text);
        if (!amount)
            return wrong(need(name).at,
                         fmt::format("{} {} is not an amount; write it like 0.125", name, in_quotes(need(name).text)));
        return *amount;
    }
    Result<Day> day(std::string_view name) const {
        const auto day = parse_day(need(name).text);
        if (!day)
            return wrong(need(name).at,
                         fmt::format("{} {} is not a day; write it like 2026-11-23", name, in_quotes(need(name).text)));
        return *day;
    }
    Result<Day> day_of_unix(std::string_view name) const {
        const auto day = day_of_seconds(need(name).text);
        if (!day)
            return wrong(need(name).at,
                         fmt::format("{} {} is not a time in seconds since 1970", name, in_quotes(need(name).text)));
        return *day;
    }
    /// Of a row of one day at most; else the account's time cannot be told apart by days.
    Result<Day> day_of_bucket() const {
        TRY(const Day day, day_of_unix("start_time"));
        const auto start = parse_count(need("start_time").text), end = parse_count(need("end_time").text);
        if (!end || *end <= *start || *end - *start > 86'400)
            return wrong(need("end_time").at, "the row is not one of a day or less; export by day");
        return day;
    }

  private:
    const std::vector<std::string>& head_;
    std::span<const CsvField> fields_;
};

std::string model_in(const Row& row, std::string_view name) {
    const CsvField* field = row.find(name);
    return field == nullptr || field->text == "--" ? std::string() : field->text;
}

Result<void> read_plain(const Row& row, Lines& lines) {
    TRY(Line line, [&]() -> Result<Line> {
        Line read{.model = row.need("model").text};
        TRY(read.day, row.day("date"));
        TRY(read.calls, row.count("calls"));
        TRY(read.usage.input, row.count("input_tokens"));
        TRY(read.usage.cache_read, row.count("cache_read_tokens"));
        TRY(read.usage.cache_write_5m, row.count("cache_write_tokens"));
        TRY(read.usage.output, row.count("output_tokens"));
        if (!row.empty("cost_usd")) {
            TRY(read.cost, row.money("cost_usd"));
        }
        return read;
    }());
    if (line.model.empty()) return wrong(row.need("model").at, "the model is missing");
    return lines.add(row.at(), line);
}

Result<void> read_openai_usage(const Row& row, Lines& lines) {
    TRY(const Day day, row.day_of_bucket());
    if (row.empty("num_model_requests") && row.empty("input_tokens"))
        return lines.cover(row.at(), day, day + std::chrono::days(1));
    Line line{.day = day, .model = row.need("model").text};
    TRY(line.calls, row.count("num_model_requests"));
    OpenAiTokens tokens;
    for (const std::string_view name :
         {"input_tokens", "input_cached_tokens", "output_tokens", "input_audio_tokens", "input_cached_audio_tokens",
          "output_audio_tokens", "input_image_tokens", "input_cached_image_tokens", "output_image_tokens"}) {
        TRY(*tokens.field(name), row.count(name));
    }
    TRY(line.usage, usage_of(tokens, row.at()));
    return lines.add(row.at(), line);
}

Result<void> read_openai_costs(const Row& row, Lines& lines) {
    TRY(const Day day, row.day_of_bucket());
    if (row.empty("amount_value")) return lines.cover(row.at(), day, day + std::chrono::days(1));
    if (lower(row.need("amount_currency").text) != "usd")
        return wrong(row.need("amount_currency").at, "the currency is not usd; only dollars can be compared");
    Line line{.day = day, .model = model_of_line_item(model_in(row, "line_item"))};
    TRY(line.cost, row.money("amount_value"));
    return lines.add(row.at(), line);
}

Result<void> read_anthropic_usage(const Row& row, Lines& lines) {
    Line line{.model = model_in(row, "model_version")};
    TRY(line.day, row.day("usage_date_utc"));
    TRY(line.usage.input, row.count("usage_input_tokens_no_cache"));
    TRY(line.usage.cache_write_5m, row.count("usage_input_tokens_cache_write_5m"));
    TRY(line.usage.cache_write_1h, row.count("usage_input_tokens_cache_write_1h"));
    TRY(line.usage.cache_read, row.count("usage_input_tokens_cache_read"));
    TRY(line.usage.output, row.count("usage_output_tokens"));
    TRY(line.usage.web_searches, row.count("web_search_count"));
    return lines.add(row.at(), line);
}

Result<void> read_anthropic_cost(const Row& row, Lines& lines) {
    Line line{.model = model_in(row, "model")};
    TRY(line.day, row.day("usage_date_utc"));
    TRY(line.cost, row.money("cost_usd"));
    return lines.add(row.at(), line);
}

struct Shape {
    Format format;
    std::vector<std::string_view> needs;  ///< columns; the first two tell the format from the others
    Result<void> (*read)(const Row&, Lines&);
};

const std::vector<Shape>& shapes() {
    static const std::vector<Shape> all = {
        {Format::openai_costs_csv, {"start_time", "amount_value", "end_time", "amount_currency"}, read_openai_costs},
        {Format::openai_usage_csv,
         {"start_time", "num_model_requests", "end_time", "model", "input_tokens", "output_tokens"},
         read_openai_usage},
        {Format::anthropic_usage_csv,
         {"usage_date_utc", "usage_input_tokens_no_cache", "model_version", "usage_input_tokens_cache_write_5m",
          "usage_input_tokens_cache_write_1h", "usage_input_tokens_cache_read", "usage_output_tokens"},
         read_anthropic_usage},
        {Format::anthropic_cost_csv, {"usage_date_utc", "cost_usd", "model"}, read_anthropic_cost},
        {Format::plain_csv, {"date", "model"}, read_plain},
    };
    return all;
}

bool has(const std::vector<std::string>& head, std::string_view name) {
    return std::ranges::find(head, name) != head.end();
}

Result<std::vector<std::string>> read_head(std::span<const CsvField> fields) {
    std::vector<std::string> head;
    for (const CsvField& field : fields) {
        std::string name = lower(field.text);
        if (!name.empty() && has(head, name))
            return wrong(field.at, fmt::format("the column {} stands twice", in_quotes(name)));
        head.push_back(std::move(name));
    }
    return head;
}

}  // namespace

bool is_csv(Format format) { return std::ranges::find(shapes(), format, &Shape::format) != shapes().end(); }

std::optional<Format> csv_format_of(std::string_view text) {
    std::vector<std::string> head;
    (void)read_csv(text, [&](std::span<const CsvField> fields) -> Result<void> {
        for (const CsvField& field : fields) head.push_back(lower(field.text));
        return fail(Fault::internal, "enough");
    });
    const auto found = std::ranges::find_if(
        shapes(), [&](const Shape& shape) { return has(head, shape.needs[0]) && has(head, shape.needs[1]); });
    return found == shapes().end() ? std::nullopt : std::optional(found->format);
}

Result<Export> read_csv_export(std::string_view text, Format format) {
    const Shape& shape = *std::ranges::find(shapes(), format, &Shape::format);
    std::vector<std::string> head;
    Lines lines;
    TRY_VOID(read_csv(text, [&](std::span<const CsvField> fields) -> Result<void> {
        if (head.empty()) {
            TRY(head, read_head(fields));
            for (const std::string_view name : shape.needs)
                if (!has(head, name))
                    return wrong(fields.front().at,
                                 fmt::format("the column \"{}\" is missing; an export of the format {} has it", name,
                                             name_of(format)));
            return {};
        }
        if (fields.size() != head.size())
            return wrong(fields.front().at,
                         fmt::format("the row has {} fields, but the head has {} columns", fields.size(), head.size()));
        return shape.read(Row(head, fields), lines);
    }));
    Export out;
    if (format == Format::plain_csv) {
        out.has_calls = has(head, "calls");
        out.has_tokens = has(head, "input_tokens") && has(head, "output_tokens");
        out.has_cost = has(head, "cost_usd");
        if (!out.has_tokens && !out.has_cost)
            return wrong({}, "neither input_tokens and output_tokens nor cost_usd are there: nothing to compare");
    }
    TRY_VOID(std::move(lines).finish(out));
    return out;
}

std::int64_t* OpenAiTokens::field(std::string_view name) {
    if (name == "input_tokens") return &input;
    if (name == "input_cached_tokens") return &input_cached;
    if (name == "output_tokens") return &output;
    if (name == "input_audio_tokens") return &input_audio;
    if (name == "input_cached_audio_tokens") return &input_cached_audio;
    if (name == "output_audio_tokens") return &output_audio;
    if (name == "input_image_tokens") return &input_image;
    if (name == "input_cached_image_tokens") return &input_cached_image;
    if (name == "output_image_tokens") return &output_image;
    return nullptr;
}

Result<Usage> usage_of(const OpenAiTokens& tokens, Place place) {
    Usage usage;
    usage.cache_read = tokens.input_cached;
    usage.audio_input = tokens.input_audio - tokens.input_cached_audio;
    usage.image_input = tokens.input_image - tokens.input_cached_image;
    usage.input = tokens.input - usage.cache_read - usage.audio_input - usage.image_input;
    usage.audio_output = tokens.output_audio;
    usage.image_output = tokens.output_image;
    usage.output = tokens.output - usage.audio_output - usage.image_output;
    if (usage.input < 0 || usage.output < 0 || usage.audio_input < 0 || usage.image_input < 0)
        return wrong(place, "the cached, audio and image tokens are more than all tokens of this row");
    return usage;
}

std::string model_of_line_item(std::string_view line_item) {
    return std::string(line_item.substr(0, std::min(line_item.find(", "), line_item.size())));
}

}  // namespace bursar::treasury::reconcile
