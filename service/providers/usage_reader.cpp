#include "service/providers/usage_reader.h"

namespace bursar::providers {
namespace {

Tokens count_of(ondemand::value value) {
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS || number < 0 || number > count_max) return -1;
    return number;
}

error_code read_cached_details(ondemand::value details, Counts& counts) {
    return each_member(details, [&](std::string_view key, ondemand::value value) {
        if (key == "audio_tokens") counts.cached_audio = count_of(value);
        if (key == "image_tokens") counts.cached_image = count_of(value);
        return simdjson::SUCCESS;
    });
}

error_code read_input_details(ondemand::value details, Counts& counts) {
    return each_member(details, [&](std::string_view key, ondemand::value value) {
        if (key == "cached_tokens") counts.cached = count_of(value);
        if (key == "cache_write_tokens") counts.written = count_of(value);
        if (key == "audio_tokens") counts.audio_input = count_of(value);
        if (key == "image_tokens") counts.image_input = count_of(value);
        // Of realtime.
        if (key == "cached_tokens_details") return read_cached_details(value, counts);
        return simdjson::SUCCESS;
    });
}

error_code read_output_details(ondemand::value details, Counts& counts) {
    return each_member(details, [&](std::string_view key, ondemand::value value) {
        if (key == "reasoning_tokens") counts.reasoning = count_of(value);
        if (key == "audio_tokens") counts.audio_output = count_of(value);
        if (key == "image_tokens") counts.image_output = count_of(value);
        return simdjson::SUCCESS;
    });
}

/// Google's lists of {"modality", "tokenCount"}.
error_code read_modalities(ondemand::value list, Tokens& audio, Tokens* image) {
    return each_element(list, [&](ondemand::value one) {
        std::string_view modality;
        Tokens tokens = -1;
        const auto error = each_member(one, [&](std::string_view key, ondemand::value value) {
            if (key == "modality") modality = text_of(value);
            if (key == "tokenCount") tokens = count_of(value);
            return simdjson::SUCCESS;
        });
        if (modality == "AUDIO") audio = tokens;
        if (modality == "IMAGE" && image != nullptr) *image = tokens;
        return error;
    });
}

/// Bedrock's list of {"ttl", "inputTokens"}: what was written to the cache, by how long it is kept.
error_code read_cache_details(ondemand::value list, Counts& counts) {
    return each_element(list, [&](ondemand::value one) {
        std::string_view ttl;
        Tokens tokens = -1;
        const auto error = each_member(one, [&](std::string_view key, ondemand::value value) {
            if (key == "ttl") ttl = text_of(value);
            if (key == "inputTokens") tokens = count_of(value);
            return simdjson::SUCCESS;
        });
        if (ttl == "5m") counts.written_5m = tokens;
        if (ttl == "1h") counts.written_1h = tokens;
        return error;
    });
}

/// Where the count stands that a member gives as a number; null if it gives none.
Tokens* place_of(std::string_view key, Counts& counts) {
    if (key == "prompt_tokens" || key == "input_tokens") return &counts.input;
    if (key == "completion_tokens" || key == "output_tokens") return &counts.output;
    if (key == "total_tokens") return &counts.total;
    if (key == "cache_read_input_tokens") return &counts.cached;
    if (key == "cache_creation_input_tokens") return &counts.written;
    if (key == "inputTokens") return &counts.input;
    if (key == "outputTokens") return &counts.output;
    if (key == "totalTokens") return &counts.total;
    if (key == "cacheReadInputTokens") return &counts.cached;
    if (key == "cacheWriteInputTokens") return &counts.written;
    if (key == "promptTokenCount") return &counts.input;
    if (key == "cachedContentTokenCount") return &counts.cached;
    if (key == "candidatesTokenCount") return &counts.output;
    if (key == "thoughtsTokenCount") return &counts.reasoning;
    if (key == "toolUsePromptTokenCount") return &counts.tool_input;
    if (key == "totalTokenCount") return &counts.total;
    return nullptr;
}

/// The counts of one sampling.
error_code read_count(std::string_view key, ondemand::value value, Counts& counts) {
    if (Tokens* const place = place_of(key, counts); place != nullptr) {
        *place = count_of(value);
        return simdjson::SUCCESS;
    }
    // Transcriptions and realtime have it in the singular.
    if (key == "prompt_tokens_details" || key == "input_tokens_details" || key == "input_token_details")
        return read_input_details(value, counts);
    if (key == "completion_tokens_details" || key == "output_tokens_details" || key == "output_token_details")
        return read_output_details(value, counts);
    // Pictures in the prompt cost what text costs there.
    if (key == "promptTokensDetails") return read_modalities(value, counts.audio_input, nullptr);
    if (key == "candidatesTokensDetails") return read_modalities(value, counts.audio_output, &counts.image_output);
    if (key == "cacheDetails") return read_cache_details(value, counts);
    if (key == "cache_creation")
        return each_member(value, [&](std::string_view lifetime, ondemand::value tokens) {
            if (lifetime == "ephemeral_5m_input_tokens") counts.written_5m = count_of(tokens);
            if (lifetime == "ephemeral_1h_input_tokens") counts.written_1h = count_of(tokens);
            return simdjson::SUCCESS;
        });
    if (key == "server_tool_use")
        return each_member(value, [&](std::string_view tool, ondemand::value uses) {
            if (tool == "web_search_requests") counts.web_searches = count_of(uses);
            return simdjson::SUCCESS;
        });
    return simdjson::SUCCESS;
}

/// Anthropic bills the samplings in which a conversation is compacted or an adviser is asked, and leaves them out of
/// its totals (compaction guide, October 2026). An adviser may be of another model; at this one's price it is at least
/// not free. A sampling has none of its own, so what nests here is not followed: its depth is the provider's choice.
error_code read_iteration(ondemand::value iteration, Counts& total) {
    std::string_view type;
    ondemand::object object;
    const auto error = iteration.get_object().get(object);
    if (error) return error == simdjson::INCORRECT_TYPE ? simdjson::SUCCESS : error;
    if (object["type"].get_string().get(type) != simdjson::SUCCESS) return simdjson::SUCCESS;
    if (type != "compaction" && type != "advisor_message") return simdjson::SUCCESS;
    bool again = false;
    if (const auto broken = object.reset().get(again)) return broken;
    Counts counts;
    const auto broken = each_member(
        object, [&](std::string_view key, ondemand::value value) { return read_count(key, value, counts); });
    total.add_besides(counts);
    return broken;
}

}  // namespace

// One reader for every dialect: the names do not collide, and what they mean is to_usage()'s business.
error_code read_usage_member(std::string_view key, ondemand::value value, Statement& said) {
    if (key == "iterations")
        return each_element(value, [&](ondemand::value one) { return read_iteration(one, said.counts); });
    if (key == "service_tier") said.service_tier = text_of(value);
    if (key == "speed") said.speed = text_of(value);
    if (key == "inference_geo") said.region = text_of(value);
    return read_count(key, value, said.counts);
}

error_code read_usage(ondemand::value usage, Statement& said) {
    return each_member(
        usage, [&](std::string_view key, ondemand::value value) { return read_usage_member(key, value, said); });
}

}  // namespace bursar::providers
