#include "service/providers/conversed.h"

#include "service/providers/content_bytes.h"
#include "service/providers/usage_reader.h"

// Amazon Bedrock API reference, Converse and ConverseStream, November 2026.
namespace bursar::providers {
namespace {

error_code add_content(ondemand::value value, Statement& said) {
    const auto before = said.content_bytes;
    const auto error = add_string_bytes(value, said.content_bytes);
    said.content = said.content || said.content_bytes > before;
    return error;
}

/// {"text"}, {"signature"}, {"redactedContent"}, or the first two within {"reasoningText"}.
error_code add_reasoning(ondemand::value reasoning, Statement& said) {
    return each_member(reasoning, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "signature") return simdjson::SUCCESS;
        // Its cipher text is longer than what was thought.
        if (key != "redactedContent") return add_content(value, said);
        said.content = true;
        said.content_bytes += payload_of(value);
        return simdjson::SUCCESS;
    });
}

/// A block of an answer, or what an event adds to one.
error_code read_block(ondemand::value block, Statement& said) {
    return each_member(block, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "reasoningContent") return add_reasoning(value, said);
        if (key == "toolUse") said.content = true;
        // What a tool of the provider's own found is input of the model, and what a citation points to as well.
        if (key == "toolResult" || key == "citation") return simdjson::SUCCESS;
        return add_content(value, said);
    });
}

error_code read_tier(ondemand::value tier, Statement& said) {
    return each_member(tier, [&](std::string_view key, ondemand::value value) {
        if (key == "type") said.service_tier = text_of(value);
        return simdjson::SUCCESS;
    });
}

error_code read_message(ondemand::value output, Statement& said) {
    return each_member(output, [&](std::string_view key, ondemand::value message) {
        if (key != "message") return simdjson::SUCCESS;
        said.started = true;
        return each_member(message, [&](std::string_view name, ondemand::value content) {
            if (name != "content") return simdjson::SUCCESS;
            return each_element(content, [&](ondemand::value block) { return read_block(block, said); });
        });
    });
}

error_code read_common(std::string_view key, ondemand::value value, Statement& said) {
    if (key == "usage") return read_usage(value, said);
    if (key == "serviceTier") return read_tier(value, said);
    return simdjson::SUCCESS;
}

}  // namespace

error_code read_conversed(ondemand::object object, Statement& said) {
    return each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "output") return read_message(value, said);
        if (key == "stopReason") said.finished = !text_of(value).empty();
        return read_common(key, value, said);
    });
}

error_code read_conversed_event(ondemand::object object, Statement& said) {
    return each_member(object, [&](std::string_view event, ondemand::value content) -> error_code {
        if (event == "error") said.failed = true;
        if (event == "messageStart" || event == "messageStop") said.started = true;
        if (event == "messageStop") said.finished = true;
        if (event == "metadata")
            return each_member(
                content, [&](std::string_view key, ondemand::value value) { return read_common(key, value, said); });
        if (event != "contentBlockStart" && event != "contentBlockDelta") return simdjson::SUCCESS;
        said.started = true;
        return each_member(content, [&](std::string_view key, ondemand::value value) {
            return key == "start" || key == "delta" ? read_block(value, said) : simdjson::SUCCESS;
        });
    });
}

}  // namespace bursar::providers
