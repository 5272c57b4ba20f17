#include "service/admin/facts_json.h"

#include "service/base/ensure.h"

namespace bursar::admin {

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

void write_usage(JsonWriter& json, const Usage& usage, std::string_view suffix) {
    const std::pair<std::string_view, Tokens> tokens[] = {
        {"input", usage.input},
        {"cache_read", usage.cache_read},
        {"cache_write_5m", usage.cache_write_5m},
        {"cache_write_1h", usage.cache_write_1h},
        {"output", usage.output},
        {"reasoning", usage.reasoning},
        {"audio_input", usage.audio_input},
        {"audio_output", usage.audio_output},
        {"image_input", usage.image_input},
        {"image_output", usage.image_output},
    };
    for (const auto& [name, count] : tokens) json.field(std::string(name).append(suffix), count);
    json.field("images", usage.images).field("web_searches", usage.web_searches);
    json.field("characters", usage.characters).field("seconds", usage.seconds);
    json.field("search_units", usage.search_units);
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
        case Dialect::gemini:
            return "gemini";
        case Dialect::bedrock:
            return "bedrock";
        case Dialect::cohere:
            return "cohere";
    }
    ENSURE(false);
}

std::string_view name_of(Endpoint endpoint) { return facts(endpoint).name; }

}  // namespace bursar::admin
