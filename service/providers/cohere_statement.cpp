#include "service/providers/cohere_statement.h"

#include "service/providers/content_bytes.h"

#include <cmath>

// Cohere's API v2: chat, its stream, and embeddings (docs.cohere.com/reference/chat, chat-stream and embed, November
// 2026).
namespace bursar::providers {
namespace {

/// The description of the API has numbers there, not integers.
Tokens count_of(ondemand::value value) {
    double number = 0;
    if (value.get_double().get(number) != simdjson::SUCCESS || number < 0 || number > static_cast<double>(count_max) ||
        number != std::floor(number))
        return -1;
    return static_cast<Tokens>(number);
}

error_code read_units(ondemand::value units, Counts& counts) {
    return each_member(units, [&](std::string_view key, ondemand::value value) {
        if (key == "input_tokens") counts.input = count_of(value);
        if (key == "output_tokens") counts.output = count_of(value);
        return simdjson::SUCCESS;
    });
}

/// What is billed, which leaves out Cohere's own words in the prompt; without it, what was read and written.
error_code read_billed(ondemand::value usage, Statement& said) {
    Counts billed, counted;
    const auto error = each_member(usage, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "billed_units") return read_units(value, billed);
        if (key == "tokens") return read_units(value, counted);
        if (key == "cached_tokens") said.counts.cached = count_of(value);
        return simdjson::SUCCESS;
    });
    said.counts.update(billed.any() ? billed : counted);
    return error;
}

/// A whole message, or what an event adds to one. Citations repeat what was said.
error_code read_message(ondemand::value message, Statement& said) {
    return each_member(message, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key != "content" && key != "tool_plan" && key != "tool_calls") return simdjson::SUCCESS;
        const auto before = said.content_bytes;
        const auto error = add_string_bytes(value, said.content_bytes);
        said.content = said.content || said.content_bytes > before;
        return error;
    });
}

void read_reason(std::string_view reason, Statement& said) {
    said.finished = !reason.empty();
    said.failed = said.failed || reason == "ERROR" || reason == "TIMEOUT";
}

error_code read_delta(ondemand::value delta, Statement& said) {
    return each_member(delta, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "message") return read_message(value, said);
        if (key == "usage") return read_billed(value, said);
        if (key == "finish_reason") read_reason(text_of(value), said);
        if (key == "error") said.failed = said.failed || !is_null(value);
        return simdjson::SUCCESS;
    });
}

}  // namespace

error_code read_cohere(ondemand::object object, Statement& said) {
    return each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "id") said.id = text_of(value);
        if (key == "usage") return read_billed(value, said);
        if (key == "finish_reason") read_reason(text_of(value), said);
        if (key != "message") return simdjson::SUCCESS;
        // An error has a text of that name.
        ondemand::json_type type{};
        said.started = value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::object;
        said.failed = said.failed || !said.started;
        return read_message(value, said);
    });
}

error_code read_cohere_event(ondemand::object object, Statement& said) {
    std::string_view type;
    bool words = false;
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "type") type = text_of(value);
        // What a bare error has.
        if (key == "message") words = !text_of(value).empty();
        if (key == "id") said.id = text_of(value);
        return key == "delta" ? read_delta(value, said) : simdjson::SUCCESS;
    });
    said.started = !type.empty();
    said.failed = said.failed || (type.empty() && words);
    said.end = type == "message-end";
    return error;
}

error_code read_cohere_embeddings(ondemand::object object, Statement& said) {
    return each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "id") said.id = text_of(value);
        if (key == "meta") return read_billed(value, said);
        // What an error has.
        if (key == "message") said.failed = said.failed || !is_null(value);
        if (key == "embeddings") said.started = said.content = true;
        return simdjson::SUCCESS;
    });
}

}  // namespace bursar::providers
