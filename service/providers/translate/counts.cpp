#include "service/providers/translate/counts.h"

#include <algorithm>

namespace bursar::providers::translate {
namespace {

Tokens count_of(dom::object object, std::string_view key) {
    const auto number = integer_member(object, key);
    return number && *number >= 0 && *number <= count_max ? *number : -1;
}

Tokens either(Tokens first, Tokens second) { return first >= 0 ? first : second; }

/// TokenUsage, whose names are its own.
void read_converse_counts(dom::object usage, Counts& said) {
    said.input = either(said.input, count_of(usage, "inputTokens"));
    said.output = either(said.output, count_of(usage, "outputTokens"));
    said.cached = either(said.cached, count_of(usage, "cacheReadInputTokens"));
    said.written = count_of(usage, "cacheWriteInputTokens");
    const auto details = list_member(usage, "cacheDetails");
    if (!details) return;
    for (const auto item : *details) {
        const auto one = as_object(item);
        if (!one) continue;
        const auto ttl = text_member(*one, "ttl");
        if (ttl == "5m") said.written_5m = count_of(*one, "inputTokens");
        if (ttl == "1h") said.written_1h = count_of(*one, "inputTokens");
    }
}

/// usageMetadata, whose names are its own.
void read_gemini_counts(dom::object usage, Counts& said) {
    said.input = count_of(usage, "promptTokenCount");
    said.cached = count_of(usage, "cachedContentTokenCount");
    said.output = count_of(usage, "candidatesTokenCount");
    said.reasoning = count_of(usage, "thoughtsTokenCount");
    said.tool_input = count_of(usage, "toolUsePromptTokenCount");
    const auto details = list_member(usage, "promptTokensDetails");
    if (!details) return;
    for (const auto item : *details)
        if (const auto one = as_object(item); one && text_member(*one, "modality") == "AUDIO")
            said.audio_input = count_of(*one, "tokenCount");
}

}  // namespace

void read_counts(dom::object usage, Counts& counts) {
    Counts said;
    read_gemini_counts(usage, said);
    read_converse_counts(usage, said);
    said.input = either(count_of(usage, "prompt_tokens"), either(count_of(usage, "input_tokens"), said.input));
    said.output = either(count_of(usage, "completion_tokens"), either(count_of(usage, "output_tokens"), said.output));
    said.total = count_of(usage, "total_tokens");
    said.cached = either(count_of(usage, "cache_read_input_tokens"), said.cached);
    said.written = either(count_of(usage, "cache_creation_input_tokens"), said.written);
    if (const auto details = object_member(usage, "prompt_tokens_details")) {
        said.cached = either(count_of(*details, "cached_tokens"), said.cached);
        said.written = either(count_of(*details, "cache_write_tokens"), said.written);
        said.audio_input = count_of(*details, "audio_tokens");
        said.image_input = count_of(*details, "image_tokens");
    }
    if (const auto details = object_member(usage, "completion_tokens_details")) {
        said.reasoning = count_of(*details, "reasoning_tokens");
        said.audio_output = count_of(*details, "audio_tokens");
        said.image_output = count_of(*details, "image_tokens");
    }
    if (const auto details = object_member(usage, "output_tokens_details"))
        said.reasoning = count_of(*details, "thinking_tokens");
    if (const auto lifetimes = object_member(usage, "cache_creation")) {
        said.written_5m = count_of(*lifetimes, "ephemeral_5m_input_tokens");
        said.written_1h = count_of(*lifetimes, "ephemeral_1h_input_tokens");
    }
    counts.update(said);
}

Spent spent_of(Endpoint provider, const Counts& counts) {
    return {
        .said = counts.any(), .usage = to_usage(provider, counts), .thinking = std::max<Tokens>(counts.reasoning, 0)};
}

namespace {

Tokens output_of(const Usage& usage) {
    return usage.output + usage.reasoning + usage.audio_output + usage.image_output;
}
Tokens written_of(const Usage& usage) { return usage.cache_write_5m + usage.cache_write_1h; }

}  // namespace

void write_chat_usage(JsonWriter& json, const Spent& spent) {
    const Tokens input = spent.usage.input_total(), output = output_of(spent.usage);
    json.open().field("prompt_tokens", input).field("completion_tokens", output).field("total_tokens", input + output);
    json.key("prompt_tokens_details").open().field("cached_tokens", spent.usage.cache_read);
    json.field("cache_write_tokens", written_of(spent.usage)).close();
    json.key("completion_tokens_details").open().field("reasoning_tokens", spent.thinking).close().close();
}

void write_responses_usage(JsonWriter& json, const Spent& spent) {
    const Tokens input = spent.usage.input_total(), output = output_of(spent.usage);
    json.open().field("input_tokens", input).key("input_tokens_details").open();
    json.field("cached_tokens", spent.usage.cache_read).field("cache_write_tokens", written_of(spent.usage)).close();
    json.field("output_tokens", output).key("output_tokens_details").open();
    json.field("reasoning_tokens", spent.thinking).close().field("total_tokens", input + output).close();
}

void write_messages_usage(JsonWriter& json, const Spent& spent, UsageOf where) {
    const Usage& usage = spent.usage;
    json.open().field("input_tokens", usage.input + usage.audio_input + usage.image_input);
    json.field("cache_creation_input_tokens", written_of(usage)).field("cache_read_input_tokens", usage.cache_read);
    json.field("output_tokens", output_of(usage));
    json.key("output_tokens_details").open().field("thinking_tokens", spent.thinking).close();
    json.key("server_tool_use").null();
    if (where == UsageOf::message) {
        json.key("cache_creation").open().field("ephemeral_5m_input_tokens", usage.cache_write_5m);
        json.field("ephemeral_1h_input_tokens", usage.cache_write_1h).close();
        json.key("inference_geo").null().key("service_tier").null().key("speed").null();
    }
    json.close();
}

void write_gemini_usage(JsonWriter& json, const Spent& spent) {
    const Tokens input = spent.usage.input_total(), output = output_of(spent.usage);
    const Tokens thoughts = std::min(spent.thinking, output);
    json.open().field("promptTokenCount", input).field("candidatesTokenCount", output - thoughts);
    if (thoughts > 0) json.field("thoughtsTokenCount", thoughts);
    if (spent.usage.cache_read > 0) json.field("cachedContentTokenCount", spent.usage.cache_read);
    json.field("totalTokenCount", input + output).close();
}

}  // namespace bursar::providers::translate
