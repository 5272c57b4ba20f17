#include "service/base/json.h"
#include "service/demo/dialects.h"

#include <algorithm>

#include <fmt/format.h>

// OpenAI's chat completions and completions (API reference, November 2026).
namespace bursar::demo {
namespace {

std::string_view finish_name(Finish finish) {
    switch (finish) {
        case Finish::stop:
            return "stop";
        case Finish::length:
            return "length";
        case Finish::tool_calls:
            return "tool_calls";
    }
    return "stop";
}

void write_usage(JsonWriter& json, const Answer& answer) {
    const Usage& usage = answer.usage;
    const Tokens prompt = answer.prompt_tokens();
    const Tokens output = usage.output + usage.audio_output + usage.image_output;
    json.key("usage").open();
    json.field("prompt_tokens", prompt).field("completion_tokens", output).field("total_tokens", prompt + output);
    json.key("prompt_tokens_details").open();
    json.field("cached_tokens", usage.cache_read).field("audio_tokens", usage.audio_input);
    if (usage.image_input > 0) json.field("image_tokens", usage.image_input);
    if (usage.cache_write_5m + usage.cache_write_1h > 0)
        json.field("cache_write_tokens", usage.cache_write_5m + usage.cache_write_1h);
    json.close();
    json.key("completion_tokens_details").open();
    json.field("reasoning_tokens", usage.reasoning).field("audio_tokens", usage.audio_output);
    json.field("accepted_prediction_tokens", 0).field("rejected_prediction_tokens", 0).close();
    json.close();
}

void write_head(JsonWriter& json, const Answer& answer, std::string_view prefix, std::string_view object) {
    json.open()
        .field("id", answer.id(prefix))
        .field("object", object)
        .field("created", answer.created)
        .field("model", answer.model);
}

void write_tail(JsonWriter& json, const Answer& answer) {
    json.field("service_tier", answer.served.service_tier.empty() ? "default" : answer.served.service_tier);
    json.field("system_fingerprint", "fp_demo");
}

void write_tool_call(JsonWriter& json, const ToolCall& call, std::string_view arguments) {
    json.field("id", call.id).field("type", "function");
    json.key("function").open().field("name", call.name).field("arguments", arguments).close();
}

/// One chunk of a stream, `data: …` and the empty line. `delta` is JSON.
class Chunks {
  public:
    Chunks(const Ask& ask, const Answer& answer, std::string_view prefix, std::string_view object)
        : ask_(ask), answer_(answer), prefix_(prefix), object_(object) {}

    template <typename WriteChoices>
    void add(Tokens output, WriteChoices write_choices, bool with_usage = false) {
        JsonWriter json;
        write_head(json, answer_, prefix_, object_);
        // Completions say nothing of a tier.
        if (object_ == "text_completion")
            json.field("system_fingerprint", "fp_demo");
        else
            write_tail(json, answer_);
        json.key("choices").open_list();
        write_choices(json);
        json.close_list();
        if (with_usage)
            write_usage(json, answer_);
        else if (ask_.include_usage)
            json.key("usage").null();
        json.close();
        events_.push_back({"data: " + std::move(json).text() + "\n\n", output});
    }

    std::vector<Event> finished() && {
        const Tokens all = answer_.usage.output;
        if (ask_.include_usage && answer_.tell_usage) add(all, [](JsonWriter&) {}, true);
        events_.push_back({"data: [DONE]\n\n", all});
        return std::move(events_);
    }

  private:
    const Ask& ask_;
    const Answer& answer_;
    std::string_view prefix_;
    std::string_view object_;
    std::vector<Event> events_;
};

template <typename WriteDelta>
auto chat_choice(std::size_t index, std::string_view finish, WriteDelta write_delta) {
    return [index, finish, write_delta](JsonWriter& json) {
        json.open().field("index", static_cast<std::int64_t>(index)).key("delta").open();
        write_delta(json);
        json.close().key("logprobs").null().key("finish_reason");
        if (finish.empty())
            json.null();
        else
            json.value(finish);
        json.close();
    };
}

void add_tool_chunks(const Answer& answer, Chunks& chunks, Tokens& output) {
    for (std::size_t i = 0; i < answer.tool_calls.size(); ++i) {
        const ToolCall& call = answer.tool_calls[i];
        const auto start = [&call, i](JsonWriter& json) {
            json.key("tool_calls").open_list().open().field("index", static_cast<std::int64_t>(i));
            write_tool_call(json, call, "");
            json.close().close_list();
        };
        chunks.add(output, chat_choice(0, {}, start));
        const std::vector<std::string> words = split(call.arguments);
        for (std::size_t at = 0; at < words.size(); ++at) {
            const std::string piece = (at == 0 ? "" : " ") + words[at];
            const auto more = [&piece, i](JsonWriter& json) {
                json.key("tool_calls").open_list().open().field("index", static_cast<std::int64_t>(i));
                json.key("function").open().field("arguments", piece).close().close().close_list();
            };
            chunks.add(++output, chat_choice(0, {}, more));
        }
    }
}

std::size_t longest_choice(const Answer& answer) {
    std::size_t longest = 0;
    for (const auto& words : answer.choices) longest = std::max(longest, words.size());
    return longest;
}

}  // namespace

std::string chat_body(const Ask&, const Answer& answer) {
    JsonWriter json;
    write_head(json, answer, "chatcmpl-", "chat.completion");
    json.key("choices").open_list();
    for (std::size_t i = 0; i < answer.choices.size(); ++i) {
        json.open().field("index", static_cast<std::int64_t>(i)).key("message").open().field("role", "assistant");
        if (answer.tool_calls.empty()) {
            json.field("content", joined(answer.choices[i]));
        } else {
            json.key("content").null().key("tool_calls").open_list();
            for (const ToolCall& call : answer.tool_calls) {
                json.open();
                write_tool_call(json, call, call.arguments);
                json.close();
            }
            json.close_list();
        }
        json.key("refusal").null().key("annotations").open_list().close_list().close();
        json.key("logprobs").null().field("finish_reason", finish_name(answer.finish)).close();
    }
    json.close_list();
    if (answer.tell_usage) write_usage(json, answer);
    write_tail(json, answer);
    json.close();
    return std::move(json).text();
}

std::vector<Event> chat_events(const Ask& ask, const Answer& answer) {
    Chunks chunks(ask, answer, "chatcmpl-", "chat.completion.chunk");
    Tokens output = answer.usage.reasoning;
    for (std::size_t i = 0; i < answer.choices.size(); ++i)
        chunks.add(output, chat_choice(i, {}, [](JsonWriter& json) {
                       json.field("role", "assistant").field("content", "").key("refusal").null();
                   }));
    add_tool_chunks(answer, chunks, output);
    for (std::size_t at = 0; at < longest_choice(answer); ++at) {
        for (std::size_t i = 0; i < answer.choices.size(); ++i) {
            const std::string piece = (at == 0 ? "" : " ") + answer.choices[i][at];
            chunks.add(++output, chat_choice(i, {}, [&piece](JsonWriter& json) { json.field("content", piece); }));
        }
    }
    for (std::size_t i = 0; i < answer.choices.size(); ++i)
        chunks.add(answer.usage.output, chat_choice(i, finish_name(answer.finish), [](JsonWriter&) {}));
    return std::move(chunks).finished();
}

std::string completion_body(const Ask&, const Answer& answer) {
    JsonWriter json;
    write_head(json, answer, "cmpl-", "text_completion");
    json.key("choices").open_list();
    for (std::size_t i = 0; i < answer.choices.size(); ++i) {
        json.open().field("text", joined(answer.choices[i])).field("index", static_cast<std::int64_t>(i));
        json.key("logprobs").null().field("finish_reason", finish_name(answer.finish)).close();
    }
    json.close_list();
    if (answer.tell_usage) write_usage(json, answer);
    json.field("system_fingerprint", "fp_demo").close();
    return std::move(json).text();
}

std::vector<Event> completion_events(const Ask& ask, const Answer& answer) {
    Chunks chunks(ask, answer, "cmpl-", "text_completion");
    const auto choice = [](std::size_t index, const std::string& text, std::string_view finish) {
        return [index, &text, finish](JsonWriter& json) {
            json.open()
                .field("text", text)
                .field("index", static_cast<std::int64_t>(index))
                .key("logprobs")
                .null()
                .key("finish_reason");
            if (finish.empty())
                json.null();
            else
                json.value(finish);
            json.close();
        };
    };
    Tokens output = answer.usage.reasoning;
    for (std::size_t at = 0; at < longest_choice(answer); ++at) {
        for (std::size_t i = 0; i < answer.choices.size(); ++i) {
            const std::string piece = (at == 0 ? "" : " ") + answer.choices[i][at];
            chunks.add(++output, choice(i, piece, {}));
        }
    }
    const std::string nothing;
    for (std::size_t i = 0; i < answer.choices.size(); ++i)
        chunks.add(answer.usage.output, choice(i, nothing, finish_name(answer.finish)));
    return std::move(chunks).finished();
}

}  // namespace bursar::demo
