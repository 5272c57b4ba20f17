#include "service/admin/facts_json.h"

#include "service/base/ensure.h"

namespace bursar::admin {

void write_budgets(JsonWriter& json, const std::vector<Budget>& budgets) {
    json.key("budgets").open_list();
    for (const Budget& budget : budgets)
        json.open()
            .field("limit_usd", budget.limit.text())
            .field("per", name_of(budget.per))
            .field("hard", budget.hard)
            .close();
    json.close_list();
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
    json.key(name).open_list();
    for (const std::string& text : texts) json.value(text);
    json.close_list();
}

void write_instant(JsonWriter& json, std::string_view name, const std::optional<Timestamp>& at) {
    json.key(name);
    if (at)
        json.value(to_text(*at));
    else
        json.null();
}

void write_usage(JsonWriter& json, const Usage& usage) {
    json.field("input_tokens", usage.input).field("cache_read_tokens", usage.cache_read);
    json.field("cache_write_5m_tokens", usage.cache_write_5m).field("cache_write_1h_tokens", usage.cache_write_1h);
    json.field("output_tokens", usage.output).field("reasoning_tokens", usage.reasoning);
    json.field("audio_input_tokens", usage.audio_input).field("audio_output_tokens", usage.audio_output);
    json.field("image_input_tokens", usage.image_input).field("image_output_tokens", usage.image_output);
    json.field("images", usage.images).field("web_searches", usage.web_searches);
}

std::string_view name_of(UsageSource source) {
    switch (source) {
        case UsageSource::provider:
            return "provider";
        case UsageSource::estimated:
            return "estimated";
        case UsageSource::none:
            return "none";
        case UsageSource::lost:
            return "lost";
    }
    ENSURE(false);
}

std::string_view name_of(Dialect dialect) {
    switch (dialect) {
        case Dialect::openai:
            return "openai";
        case Dialect::anthropic:
            return "anthropic";
    }
    ENSURE(false);
}

std::string_view name_of(Endpoint endpoint) {
    switch (endpoint) {
        case Endpoint::chat_completions:
            return "chat_completions";
        case Endpoint::completions:
            return "completions";
        case Endpoint::responses:
            return "responses";
        case Endpoint::embeddings:
            return "embeddings";
        case Endpoint::messages:
            return "messages";
        case Endpoint::count_tokens:
            return "count_tokens";
        case Endpoint::models:
            return "models";
    }
    ENSURE(false);
}

}  // namespace bursar::admin
