// Exports that are answers of the providers' APIs.
// OpenAI: a page of buckets, each with start_time and end_time in Unix seconds and results of the object
// "organization.usage.completions.result" (input_tokens with what was cached, input_cached_tokens, output_tokens,
// num_model_requests, model) or "organization.costs.result" (amount {value, currency}, line_item).
// platform.openai.com/docs/api-reference/usage, read 2026-11-29.
// Anthropic: a page of buckets, each with starting_at and ending_at (RFC 3339) and results with uncached_input_tokens,
// cache_creation {ephemeral_5m_input_tokens, ephemeral_1h_input_tokens}, cache_read_input_tokens, output_tokens,
// server_tool_use {web_search_requests}, model; or with amount, a decimal text in cents, currency and model.
// platform.claude.com/docs/en/api/admin/usage_report and /cost_report, read 2026-11-29.
#include "service/treasury/reconcile/json.h"
#include "service/treasury/reconcile/readers.h"

#include <fmt/format.h>

namespace bursar::treasury::reconcile {
namespace {

constexpr int cents_shift = -2;

struct Bucket {
    std::optional<Timestamp> from, until;
    std::vector<std::pair<Place, Line>> lines;
};

class Pages {
  public:
    Pages(std::string_view text, Format format) : json_(text), format_(format) {}

    Result<Export> read(bool many) {
        if (many) {
            TRY_VOID(json_.list([this] { return page(); }));
        } else {
            TRY_VOID(page());
        }
        TRY_VOID(json_.end());
        if (more_) return wrong(more_at_, "this is not the last page (has_more); put all pages into one list […]");
        Export out;
        TRY_VOID(std::move(lines_).finish(out));
        return out;
    }

  private:
    bool is_openai() const { return format_ == Format::openai_usage_json || format_ == Format::openai_costs_json; }
    bool is_usage() const { return format_ == Format::openai_usage_json || format_ == Format::anthropic_usage_json; }

    Result<void> page() {
        more_ = false;
        bool data = false;
        const Place at = json_.here();
        TRY_VOID(json_.object([&](const std::string& name) -> Result<void> {
            if (name == "data") {
                data = true;
                return json_.list([this] { return bucket(); });
            }
            if (name != "next_page") return json_.skip();
            more_at_ = json_.here();
            more_ = !json_.null();
            return more_ ? json_.skip() : Result<void>();
        }));
        if (!data) return wrong(at, "the page has no \"data\"; is this the whole answer?");
        return {};
    }

    Result<void> bucket() {
        Bucket read;
        const Place at = json_.here();
        TRY_VOID(json_.object([&](const std::string& name) -> Result<void> {
            if (name == (is_openai() ? "start_time" : "starting_at")) return instant(read.from);
            if (name == (is_openai() ? "end_time" : "ending_at")) return instant(read.until);
            // OpenAI's own description calls it "result" in places.
            if (name == "results" || name == "result") return json_.list([&] { return result(read); });
            return json_.skip();
        }));
        if (!read.from || !read.until) return wrong(at, "the bucket does not say when it begins and ends");
        if (*read.until <= *read.from || *read.until - *read.from > std::chrono::days(1))
            return wrong(at, "the bucket is not one of a day or less; ask for bucket_width=1d");
        const Day day = std::chrono::floor<std::chrono::days>(*read.from);
        TRY_VOID(lines_.cover(at, day, day + std::chrono::days(1)));
        for (auto& [place, line] : read.lines) {
            line.day = day;
            TRY_VOID(lines_.add(place, line));
        }
        return {};
    }

    Result<void> instant(std::optional<Timestamp>& to) {
        const Place at = json_.here();
        TRY(const std::string text, json_.scalar("time of a bucket"));
        if (is_openai()) {
            if (day_of_seconds(text)) to = Timestamp(std::chrono::seconds(*parse_count(text)));
        } else if (const auto parsed = parse_timestamp(text)) {
            to = *parsed;
        }
        if (!to) return wrong(at, fmt::format("the time {} is none", in_quotes(text)));
        return {};
    }

    Result<void> result(Bucket& bucket) {
        if (bucket.lines.size() >= rows_max)
            return fail(Fault::too_large,
                        fmt::format("The export has more than {} rows; export a shorter time.", rows_max));
        const Place at = json_.here();
        Line line;
        OpenAiTokens tokens;
        const std::string_view wanted = is_usage() ? "output_tokens" : "amount";
        bool told = false;
        TRY_VOID(json_.object([&](const std::string& name) -> Result<void> {
            if (json_.null()) return {};
            told = told || name == wanted;
            return is_usage() ? usage_field(name, line, tokens) : cost_field(name, line);
        }));
        if (!told)
            return wrong(at, fmt::format("the result has no \"{}\"; is this an answer of the format {}?", wanted,
                                         name_of(format_)));
        if (format_ == Format::openai_usage_json) {
            TRY(line.usage, usage_of(tokens, at));
        }
        bucket.lines.emplace_back(at, std::move(line));
        return {};
    }

    Result<void> count(std::string_view name, std::int64_t& to) {
        if (json_.null()) return {};
        const Place at = json_.here();
        TRY(const std::string text, json_.scalar(name));
        const auto number = parse_count(text);
        if (!number)
            return wrong(at,
                         fmt::format("{} {} is not a count; it must be a whole number from 0", name, in_quotes(text)));
        to = *number;
        return {};
    }

    Result<void> text(std::string& to) {
        TRY(to, json_.string());
        return {};
    }

    Result<void> usage_field(const std::string& name, Line& line, OpenAiTokens& tokens) {
        if (name == "model") return text(line.model);
        if (format_ == Format::openai_usage_json) {
            if (name == "num_model_requests") return count(name, line.calls);
            std::int64_t* field = tokens.field(name);
            return field != nullptr ? count(name, *field) : json_.skip();
        }
        if (name == "uncached_input_tokens") return count(name, line.usage.input);
        if (name == "cache_read_input_tokens") return count(name, line.usage.cache_read);
        if (name == "output_tokens") return count(name, line.usage.output);
        if (name == "cache_creation")
            return json_.object([&](const std::string& inner) -> Result<void> {
                if (inner == "ephemeral_5m_input_tokens") return count(inner, line.usage.cache_write_5m);
                if (inner == "ephemeral_1h_input_tokens") return count(inner, line.usage.cache_write_1h);
                return json_.skip();
            });
        if (name == "server_tool_use")
            return json_.object([&](const std::string& inner) -> Result<void> {
                return inner == "web_search_requests" ? count(inner, line.usage.web_searches) : json_.skip();
            });
        return json_.skip();
    }

    Result<void> cost_field(const std::string& name, Line& line) {
        if (name == "amount" && is_openai())
            return json_.object([&](const std::string& inner) -> Result<void> {
                if (inner == "value") return money(line.cost, 0);
                return inner == "currency" ? currency() : json_.skip();
            });
        if (name == "amount") return money(line.cost, cents_shift);
        if (name == "currency") return currency();
        if (name == "model" && !is_openai()) return text(line.model);
        if (name != "line_item" || !is_openai()) return json_.skip();
        TRY(const std::string item, json_.string());
        line.model = model_of_line_item(item);
        return {};
    }

    Result<void> money(NanoUsd& to, int shift) {
        const Place at = json_.here();
        TRY(const std::string text, json_.scalar("amount"));
        const auto amount = parse_money(text, shift);
        if (!amount) return wrong(at, fmt::format("the amount {} is none", in_quotes(text)));
        to = *amount;
        return {};
    }

    Result<void> currency() {
        const Place at = json_.here();
        TRY(const std::string text, json_.string());
        if (text != "usd" && text != "USD")
            return wrong(at, fmt::format("the currency {} is not usd; only dollars can be compared", in_quotes(text)));
        return {};
    }

    JsonReader json_;
    Format format_;
    Lines lines_;
    bool more_ = false;
    Place more_at_;
};

}  // namespace

std::optional<Format> json_format_of(std::string_view text) {
    if (text.contains("\"organization.costs.result\"")) return Format::openai_costs_json;
    if (text.contains("\"organization.usage.")) return Format::openai_usage_json;
    // A cost report names kinds of tokens too: "token_type":"uncached_input_tokens".
    if (text.contains("\"starting_at\"") && text.contains("\"amount\"")) return Format::anthropic_cost_json;
    if (text.contains("\"uncached_input_tokens\"")) return Format::anthropic_usage_json;
    return {};
}

Result<Export> read_json_export(std::string_view text, Format format) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    return Pages(text, format).read(start != std::string_view::npos && text[start] == '[');
}

}  // namespace bursar::treasury::reconcile
