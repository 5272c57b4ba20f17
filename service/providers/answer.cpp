#include "service/providers/answer.h"

#include "service/providers/cohere_statement.h"
#include "service/providers/content_bytes.h"
#include "service/providers/conversed.h"
#include "service/providers/generated.h"
#include "service/providers/json_walk.h"
#include "service/providers/padded.h"
#include "service/providers/usage_reader.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bursar::providers {
namespace {

constexpr std::size_t parser_kept_bytes_max = 1024 * 1024;

/// Reads one statement; one function per shape. A reader that fails has kept what it read before.
class StatementReader {
  public:
    StatementReader(std::string_view json, bool streamed) : json_(json), streamed_(streamed) {}
    Statement read(Endpoint endpoint, ondemand::parser& parser);

  private:
    error_code read_completion(ondemand::object object);
    error_code read_choice(ondemand::value choice);
    error_code read_delta(std::string_view part, ondemand::value content);
    error_code read_responses_event(ondemand::object object);
    error_code read_response(ondemand::object object);
    error_code read_kept(ondemand::object object);
    error_code read_item(ondemand::value item);
    error_code read_messages_event(ondemand::object object);
    error_code read_message(ondemand::object object);
    error_code read_block(ondemand::value block);
    error_code read_list(ondemand::object object);
    error_code read_vectors(ondemand::object object);
    error_code read_generated_content(ondemand::object object) {
        const auto error = read_generated(object, json_, said_);
        said_.end = !streamed_ && said_.started;
        return error;
    }

    error_code read_conversation(ondemand::object object) {
        const auto error = streamed_ ? read_conversed_event(object, said_) : read_conversed(object, said_);
        if (!streamed_) said_.end = said_.started;
        return error;
    }

    error_code read_cohere_chat(ondemand::object object) {
        const auto error = streamed_ ? read_cohere_event(object, said_) : read_cohere(object, said_);
        if (!streamed_) said_.end = said_.started;
        return error;
    }

    error_code read_cohere_vectors(ondemand::object object) {
        const auto error = read_cohere_embeddings(object, said_);
        said_.end = said_.started;
        return error;
    }

    error_code add_content(ondemand::value value) {
        const auto before = said_.content_bytes;
        const auto error = add_string_bytes(value, said_.content_bytes);
        if (said_.content_bytes > before) said_.content = true;
        return error;
    }
    error_code add_payload(ondemand::value value) {
        if (is_null(value)) return simdjson::SUCCESS;
        said_.content_bytes += payload_of(value);
        said_.content = true;
        return simdjson::SUCCESS;
    }
    error_code read_model(ondemand::value value) {
        const auto token = trimmed(value.raw_json_token());
        if (!token.starts_with('"')) return simdjson::SUCCESS;
        const auto begin = static_cast<std::size_t>(token.data() - json_.data());
        said_.model_at = {begin, begin + token.size()};
        return simdjson::SUCCESS;
    }

    std::string_view json_;
    bool streamed_;
    Statement said_;
};

Statement StatementReader::read(Endpoint endpoint, ondemand::parser& parser) {
    ondemand::document document;
    if (parser.iterate(json_.data(), json_.size(), json_.size() + padding_bytes).get(document)) return said_;
    ondemand::object object;
    if (document.get_object().get(object)) return said_;
    const auto read_as = [&] {
        switch (endpoint) {
            case Endpoint::chat_completions:
            case Endpoint::completions:
                return read_completion(object);
            case Endpoint::responses:
            case Endpoint::response_compact:
                return streamed_ ? read_responses_event(object) : read_response(object);
            case Endpoint::response_get:
            case Endpoint::response_delete:
            case Endpoint::response_items:
            case Endpoint::response_cancel:
                return read_kept(object);
            case Endpoint::messages:
                return streamed_ ? read_messages_event(object) : read_message(object);
            case Endpoint::generate_content:
                return read_generated_content(object);
            case Endpoint::converse:
                return read_conversation(object);
            case Endpoint::cohere_chat:
                return read_cohere_chat(object);
            case Endpoint::cohere_embed:
                return read_cohere_vectors(object);
            case Endpoint::gemini_embeddings:
                return read_vectors(object);
            case Endpoint::embeddings:
            case Endpoint::count_tokens:
            case Endpoint::models:
            case Endpoint::moderations:
            case Endpoint::rerank:
            case Endpoint::images:
            case Endpoint::image_edits:
            case Endpoint::speech:
            case Endpoint::transcriptions:
            case Endpoint::translations:
            case Endpoint::input_tokens:
            case Endpoint::passthrough:
            case Endpoint::file_upload:
            case Endpoint::file_list:
            case Endpoint::file_get:
            case Endpoint::file_content:
            case Endpoint::file_delete:
            case Endpoint::batch_create:
            case Endpoint::batch_list:
            case Endpoint::batch_get:
            case Endpoint::batch_cancel:
            case Endpoint::realtime:
                return read_list(object);
        }
        return simdjson::SUCCESS;
    };
    said_.json = read_as() == simdjson::SUCCESS;
    if (said_.failed) said_.started = said_.end = false;
    return said_;
}

/// Chat completions and legacy completions, chunks and whole answers (OpenAI API description,
/// CreateChatCompletionStreamResponse).
error_code StatementReader::read_completion(ondemand::object object) {
    bool choices_empty = false;
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "id") said_.id = text_of(value);
        if (key == "model") return read_model(value);
        if (key == "service_tier") said_.service_tier = text_of(value);
        if (key == "usage") return read_usage(value, said_);
        if (key == "error") said_.failed = said_.failed || !is_null(value);
        if (key == "choices") {
            said_.started = choices_empty = true;
            return each_element(value, [&](ondemand::value choice) {
                choices_empty = false;
                return read_choice(choice);
            });
        }
        return simdjson::SUCCESS;
    });
    said_.usage_alone = streamed_ && choices_empty && said_.counts.any();
    said_.end = !streamed_ && said_.started;
    return error;
}

error_code StatementReader::read_choice(ondemand::value choice) {
    std::int64_t index = 0;
    bool finished = false;
    const auto error = each_member(choice, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "delta" || key == "message")
            return each_member(
                value, [&](std::string_view part, ondemand::value content) { return read_delta(part, content); });
        if (key == "text") return add_content(value);
        if (key == "index" && value.get_int64().get(index) != simdjson::SUCCESS) index = 0;
        if (key == "finish_reason") finished = finished || !is_null(value);
        return simdjson::SUCCESS;
    });
    const auto bit = std::uint64_t{1} << std::clamp<std::int64_t>(index, 0, 63);
    said_.choices |= bit;
    if (finished) said_.choices_finished |= bit;
    said_.finished = said_.finished || finished;
    return error;
}

/// One member of a choice's delta or message.
error_code StatementReader::read_delta(std::string_view part, ondemand::value content) {
    if (part == "role") return simdjson::SUCCESS;
    // A tool call is content as soon as it is there, before any argument of it.
    if (part == "tool_calls")
        return each_element(content, [&](ondemand::value call) {
            said_.content = true;
            return add_content(call);
        });
    if (part == "audio")
        return each_member(content, [&](std::string_view key, ondemand::value value) {
            if (key == "data") return add_payload(value);
            return counts_as_content(key) ? add_content(value) : simdjson::SUCCESS;
        });
    return counts_as_content(part) ? add_content(content) : simdjson::SUCCESS;
}

/// Events of the Responses API (OpenAI API description, ResponseStreamEvent). `type` stands first wherever this was
/// seen, but need not.
error_code StatementReader::read_responses_event(ondemand::object object) {
    std::string_view type;
    if (const auto error = object["type"].get_string().get(type))
        return error == simdjson::NO_SUCH_FIELD ? simdjson::SUCCESS : error;
    said_.started = true;
    if (type == "error") said_.failed = true;
    if (type == "response.failed" || type == "response.cancelled") said_.failed = true;
    const bool last = type == "response.completed" || type == "response.incomplete";
    const bool delta = type.ends_with(".delta");
    const bool item_done = type == "response.output_item.done";
    const bool item_added = type == "response.output_item.added";
    said_.repeats = !delta;
    bool again = false;
    if (const auto error = object.reset().get(again)) return error;
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "response") {
            ondemand::object whole;
            const auto broken = value.get_object().get(whole);
            return broken == simdjson::SUCCESS ? read_response(whole) : broken;
        }
        if (key == "delta" && delta) return type.ends_with("audio.delta") ? add_payload(value) : add_content(value);
        if (key == "item" && (item_done || item_added)) {
            const auto searches = said_.web_searches;
            const auto broken = read_item(value);
            if (item_added) said_.web_searches = searches;
            return broken;
        }
        return key == "partial_image_b64" ? add_payload(value) : simdjson::SUCCESS;
    });
    said_.end = last;
    return error;
}

/// A Response object: whole, or inside an event.
error_code StatementReader::read_response(ondemand::object object) {
    std::string_view status;
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "id") said_.id = text_of(value);
        if (key == "model") return read_model(value);
        if (key == "service_tier") said_.service_tier = text_of(value);
        if (key == "status") status = text_of(value);
        if (key == "usage") return read_usage(value, said_);
        if (key == "error") said_.failed = said_.failed || !is_null(value);
        if (key == "output") {
            said_.started = true;
            return each_element(value, [&](ondemand::value item) { return read_item(item); });
        }
        return simdjson::SUCCESS;
    });
    if (status == "failed" || status == "cancelled") said_.failed = true;
    // Usage stands in the last event only, and then it is final, also of a response that failed.
    said_.finished = said_.finished || said_.counts.any();
    if (!streamed_) said_.end = said_.started && !said_.failed;
    return error;
}

/// What is told of a response that was made before: that it failed then is no failure now, and nothing of it is billed
/// again.
error_code StatementReader::read_kept(ondemand::object object) {
    const auto error = streamed_ ? read_responses_event(object) : read_response(object);
    const bool ended = !streamed_ || said_.end || said_.failed;
    const Span model_at = said_.model_at;
    said_ = Statement{};
    said_.started = said_.content = true;
    said_.end = ended;
    said_.model_at = model_at;
    return error;
}

error_code StatementReader::read_item(ondemand::value item) {
    std::string_view type;
    // Only searches are billed; opening a found page is an item of the same type (web search guide, October 2026).
    std::string_view action = "search";
    std::int64_t bytes = 0;
    std::string_view result;
    const auto error = each_member(item, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "type") type = text_of(value);
        if (key == "action")
            return each_member(value, [&](std::string_view name, ondemand::value content) {
                if (name == "type") action = text_of(content);
                return simdjson::SUCCESS;
            });
        // Text, or the picture of an image generation call.
        if (key == "result" && trimmed(value.raw_json_token()).starts_with('"')) {
            result = trimmed(value.raw_json_token()).substr(1);
            return simdjson::SUCCESS;
        }
        return counts_as_content(key) ? add_string_bytes(value, bytes) : simdjson::SUCCESS;
    });
    if (!result.empty())
        bytes += type == "image_generation_call" ? payload_content(result.size())
                                                 : static_cast<std::int64_t>(result.size()) - 1;
    said_.content_bytes += bytes;
    // A message or a thought that has only been opened is nothing yet; a tool call is.
    if (bytes > 0 || (!type.empty() && type != "message" && type != "reasoning")) said_.content = true;
    if (type == "web_search_call" && action == "search") ++said_.web_searches;
    return error;
}

/// Events of Anthropic's messages (streaming guide, API version 2023-06-01 and later).
error_code StatementReader::read_messages_event(ondemand::object object) {
    std::string_view type;
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "type") type = text_of(value);
        if (key == "error") said_.failed = said_.failed || !is_null(value);
        if (key == "usage") return read_usage(value, said_);
        if (key == "content_block") return read_block(value);
        if (key == "delta")
            return each_member(value, [&](std::string_view part, ondemand::value content) -> error_code {
                if (part == "stop_reason") said_.finished = said_.finished || !is_null(content);
                if (part == "stop_reason" || part == "stop_sequence" || !counts_as_content(part))
                    return simdjson::SUCCESS;
                return add_content(content);
            });
        if (key == "message") {
            ondemand::object message;
            const auto broken = value.get_object().get(message);
            return broken == simdjson::SUCCESS ? read_message(message) : broken;
        }
        return simdjson::SUCCESS;
    });
    if (type == "error") said_.failed = true;
    said_.started = !type.empty() && type != "ping";
    said_.end = type == "message_stop";
    return error;
}

error_code StatementReader::read_message(ondemand::object object) {
    std::string_view type;
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "type") type = text_of(value);
        if (key == "id") said_.id = text_of(value);
        if (key == "model") return read_model(value);
        if (key == "usage") return read_usage(value, said_);
        if (key == "error") said_.failed = said_.failed || !is_null(value);
        if (key == "stop_reason") said_.finished = said_.finished || !is_null(value);
        if (key == "content") return each_element(value, [&](ondemand::value block) { return read_block(block); });
        return simdjson::SUCCESS;
    });
    if (type == "error") said_.failed = true;
    if (type == "message") said_.started = true;
    if (!streamed_) said_.end = said_.started;
    return error;
}

error_code StatementReader::read_block(ondemand::value block) {
    std::string_view type;
    std::int64_t bytes = 0;
    const auto error = each_member(block, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "type") type = text_of(value);
        return counts_as_content(key) ? add_string_bytes(value, bytes) : simdjson::SUCCESS;
    });
    // What a tool of the provider found goes back to the model: it is input, and in its own counts.
    const bool found = type.ends_with("_tool_result");
    if (!found) said_.content_bytes += bytes;
    if (bytes > 0 || type.ends_with("tool_use")) said_.content = true;
    return error;
}

/// Embeddings, token counts, lists of models: no content that is billed by its length.
error_code StatementReader::read_list(ondemand::object object) {
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "model") return read_model(value);
        if (key == "usage") return read_usage(value, said_);
        if (key == "error") said_.failed = said_.failed || !is_null(value);
        if (key == "data" || key == "input_tokens" || key == "totalTokens") said_.started = said_.content = true;
        return simdjson::SUCCESS;
    });
    said_.end = said_.started;
    return error;
}

/// Google's (ai.google.dev/api/embeddings, BatchEmbedContentsResponse, November 2026).
error_code StatementReader::read_vectors(ondemand::object object) {
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "usageMetadata") return read_usage(value, said_);
        if (key == "error") said_.failed = said_.failed || !is_null(value);
        if (key == "embeddings") said_.started = said_.content = true;
        return simdjson::SUCCESS;
    });
    said_.end = said_.started;
    return error;
}

}  // namespace

Statement read_statement(Endpoint endpoint, bool streamed, std::string_view json) {
    thread_local ondemand::parser parser;
    // The tables of the last large answer; what a statement points to is needed until the next one is read.
    if (parser.capacity() > parser_kept_bytes_max && json.size() <= parser_kept_bytes_max) parser = ondemand::parser();
    return StatementReader(padded_copy(json), streamed).read(endpoint, parser);
}

bool says_deleted(std::string_view json) {
    thread_local ondemand::parser parser;
    const std::string_view padded = padded_copy(json);
    ondemand::document document;
    if (parser.iterate(padded.data(), padded.size(), padded.size() + padding_bytes).get(document)) return false;
    ondemand::object object;
    if (document.get_object().get(object)) return false;
    bool deleted = false;
    const auto error = each_member(object, [&](std::string_view key, ondemand::value value) {
        bool truth = false;
        if (key == "deleted" && value.get_bool().get(truth) == simdjson::SUCCESS) deleted = truth;
        return simdjson::SUCCESS;
    });
    return deleted && error == simdjson::SUCCESS;
}

}  // namespace bursar::providers
