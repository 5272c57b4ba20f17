#include "service/providers/body_reading.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::providers {

std::unexpected<Error> wrong(std::string_view field, std::string_view wanted) {
    return fail(Fault::invalid_request, fmt::format("`{}` must be {}.", field, wanted));
}

std::unexpected<Error> in_lower_case(std::string_view field) {
    return fail(Fault::invalid_request,
                fmt::format("Some providers read `{}` whatever its case. Write `{}` in lower case.", field, field));
}

std::unexpected<Error> not_json(error_code error) {
    switch (error) {
        case simdjson::UTF8_ERROR:
            return fail(Fault::invalid_request, "The body is not valid UTF-8. Send JSON in UTF-8.");
        case simdjson::DEPTH_ERROR:
            return fail(
                Fault::invalid_request,
                fmt::format("The body nests deeper than {} levels. Send a flatter JSON object.", body_depth_max));
        case simdjson::INCORRECT_TYPE:
            return fail(Fault::invalid_request, "The body must be a JSON object, such as {\"model\": \"…\"}.");
        default:
            return fail(Fault::invalid_request,
                        fmt::format("The body is not valid JSON: {}.", simdjson::error_message(error)));
    }
}

namespace {

Span span_in(std::string_view body, std::string_view token) {
    const auto begin = static_cast<std::size_t>(token.data() - body.data());
    return {begin, begin + token.size()};
}

Result<void> read_limit(ondemand::value value, std::string_view body, Prompt& prompt) {
    if (!prompt.max_tokens_at.empty())
        return fail(Fault::invalid_request,
                    "`generationConfig.maxOutputTokens` stands twice in the body. Send it once.");
    prompt.max_tokens_at = span_in(body, trimmed(value.raw_json_token()));
    if (is_null(value)) return {};
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS || number < 1 || number > max_tokens_max)
        return wrong("generationConfig.maxOutputTokens", fmt::format("a whole number from 1 to {}", max_tokens_max));
    prompt.max_tokens = number;
    return {};
}

Result<void> read_candidates(ondemand::value value, Prompt& prompt) {
    if (is_null(value)) return {};
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS || number < 1 || number > choices_max)
        return wrong("generationConfig.candidateCount", fmt::format("a whole number from 1 to {}", choices_max));
    prompt.choices = std::max(prompt.choices, number);
    return {};
}

bool is_schema(std::string_view name) {
    return name == "responseSchema" || name == "response_schema" || name == "responseJsonSchema" ||
           name == "response_json_schema";
}

}  // namespace

Result<void> read_generation_config(ondemand::value value, std::string_view body, Prompt& prompt, InputWalk& input) {
    if (!prompt.settings_at.empty())
        return fail(Fault::invalid_request, "`generationConfig` stands twice in the body. Send it once.");
    prompt.max_tokens_field = "maxOutputTokens";
    if (is_null(value)) {
        prompt.settings_at = span_in(body, trimmed(value.raw_json_token()));
        return {};
    }
    ondemand::object config;
    if (value.get_object().get(config) != simdjson::SUCCESS) return wrong("generationConfig", "an object");
    std::string_view whole;
    if (const auto error = config.raw_json().get(whole)) return not_json(error);
    prompt.settings_at = span_in(body, trimmed(whole));
    bool again = false;
    if (const auto error = config.reset().get(again)) return not_json(error);
    for (auto entry : config) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return not_json(error);
        std::string_view name;
        if (const auto error = field.unescaped_key().get(name)) return not_json(error);
        if (name == "maxOutputTokens" || name == "max_output_tokens")
            TRY_VOID(read_limit(field.value(), body, prompt));
        else if (name == "candidateCount" || name == "candidate_count")
            TRY_VOID(read_candidates(field.value(), prompt));
        else {
            if (is_schema(name) && trimmed(field.value().raw_json_token()) != "null") input.note_schema();
            if (const auto error = input.walk(field.value(), Place::text, 3))
                return not_json(error == simdjson::INCORRECT_TYPE ? simdjson::TAPE_ERROR : error);
        }
    }
    return {};
}

}  // namespace bursar::providers
