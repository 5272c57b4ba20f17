#include "service/providers/generated.h"

#include "service/providers/content_bytes.h"
#include "service/providers/usage_reader.h"

#include <algorithm>

// ai.google.dev/api/generate-content, v1beta, November 2026.
namespace bursar::providers {
namespace {

error_code add_content(ondemand::value value, Statement& said) {
    const auto before = said.content_bytes;
    const auto error = add_string_bytes(value, said.content_bytes);
    said.content = said.content || said.content_bytes > before;
    return error;
}

/// The whole of it: in arguments every name is the model's own word.
error_code add_call(ondemand::value call, Statement& said) {
    said.content = true;
    ondemand::object object;
    std::string_view text;
    if (call.get_object().get(object) != simdjson::SUCCESS) return simdjson::SUCCESS;
    const auto error = object.raw_json().get(text);
    said.content_bytes += static_cast<std::int64_t>(text.size());
    return error;
}

/// {"text"}, {"functionCall"}, {"inlineData": {"mimeType", "data"}} and what Google's own tools wrote.
error_code read_part(ondemand::value part, Statement& said) {
    return each_member(part, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "thoughtSignature" || key == "thought") return simdjson::SUCCESS;
        // What a tool of Google's found is input of the model, and has its own count.
        if (key == "codeExecutionResult" || key == "toolResponse") return simdjson::SUCCESS;
        if (key == "functionCall") return add_call(value, said);
        if (key != "inlineData") return add_content(value, said);
        said.content = true;
        return each_member(value, [&](std::string_view name, ondemand::value bytes) {
            if (name == "data") said.content_bytes += payload_of(bytes);
            return simdjson::SUCCESS;
        });
    });
}

error_code read_content(ondemand::value content, Statement& said) {
    return each_member(content, [&](std::string_view key, ondemand::value value) {
        if (key != "parts") return simdjson::SUCCESS;
        return each_element(value, [&](ondemand::value part) { return read_part(part, said); });
    });
}

error_code read_grounding(ondemand::value grounding, Statement& said) {
    return each_member(grounding, [&](std::string_view key, ondemand::value value) {
        if (key != "webSearchQueries") return simdjson::SUCCESS;
        return each_element(value, [&](ondemand::value) {
            ++said.web_searches;
            return simdjson::SUCCESS;
        });
    });
}

error_code read_candidate(ondemand::value candidate, Statement& said) {
    std::int64_t index = 0;
    bool finished = false;
    const auto error = each_member(candidate, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "content") return read_content(value, said);
        if (key == "groundingMetadata") return read_grounding(value, said);
        if (key == "index" && value.get_int64().get(index) != simdjson::SUCCESS) index = 0;
        if (key == "finishReason") finished = !text_of(value).empty();
        return simdjson::SUCCESS;
    });
    const auto bit = std::uint64_t{1} << std::clamp<std::int64_t>(index, 0, 63);
    said.choices |= bit;
    if (finished) said.choices_finished |= bit;
    said.finished = said.finished || finished;
    return error;
}

/// A prompt that was blocked has no candidates, and is answered by that.
error_code read_feedback(ondemand::value feedback, Statement& said) {
    return each_member(feedback, [&](std::string_view key, ondemand::value value) {
        if (key == "blockReason") said.started = said.finished = !text_of(value).empty();
        return simdjson::SUCCESS;
    });
}

}  // namespace

error_code read_generated(ondemand::object object, std::string_view json, Statement& said) {
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "responseId") said.id = text_of(value);
        if (key == "usageMetadata") return read_usage(value, said);
        if (key == "promptFeedback") return read_feedback(value, said);
        if (key == "error") said.failed = said.failed || !is_null(value);
        if (key == "modelVersion") {
            const auto token = trimmed(value.raw_json_token());
            const auto begin = static_cast<std::size_t>(token.data() - json.data());
            if (token.starts_with('"')) said.model_at = {begin, begin + token.size()};
        }
        if (key != "candidates") return simdjson::SUCCESS;
        said.started = true;
        return each_element(value, [&](ondemand::value candidate) { return read_candidate(candidate, said); });
    });
    return error;
}

}  // namespace bursar::providers
