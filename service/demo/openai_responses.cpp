#include "service/base/json.h"
#include "service/demo/dialects.h"

#include <fmt/format.h>

// OpenAI's responses (API reference, November 2026): one response object, and a stream of numbered events round it.
namespace bursar::demo {
namespace {

enum class Stage : std::uint8_t { in_progress, done };

void write_usage(JsonWriter& json, const Answer& answer) {
    const Usage& usage = answer.usage;
    const Tokens input = answer.prompt_tokens();
    json.key("usage").open().field("input_tokens", input);
    json.key("input_tokens_details").open().field("cached_tokens", usage.cache_read);
    json.field("cache_write_tokens", usage.cache_write_5m + usage.cache_write_1h).close();
    json.field("output_tokens", usage.output);
    json.key("output_tokens_details").open().field("reasoning_tokens", usage.reasoning).close();
    json.field("total_tokens", input + usage.output).close();
}

void write_reasoning(JsonWriter& json, const Answer& answer, Stage stage) {
    json.open().field("id", answer.id("rs_")).field("type", "reasoning").key("summary").open_list();
    if (stage == Stage::done) json.open().field("type", "summary_text").field("text", joined(answer.reasoning)).close();
    json.close_list();
    if (stage == Stage::done) json.field("encrypted_content", answer.id("sealed_thought_"));
    json.close();
}

void write_text_part(JsonWriter& json, std::string_view text) {
    json.open().field("type", "output_text").field("text", text);
    json.key("annotations").open_list().close_list().key("logprobs").open_list().close_list().close();
}

void write_message(JsonWriter& json, const Answer& answer, Stage stage) {
    json.open().field("id", answer.id("msg_")).field("type", "message");
    const std::string_view done = answer.finish == Finish::length ? "incomplete" : "completed";
    json.field("status", stage == Stage::done ? done : "in_progress")
        .field("role", "assistant")
        .key("content")
        .open_list();
    if (stage == Stage::done) write_text_part(json, joined(answer.choices.front()));
    json.close_list().close();
}

void write_call(JsonWriter& json, const ToolCall& call, Stage stage) {
    json.open()
        .field("id", "fc_" + call.id)
        .field("type", "function_call")
        .field("status", stage == Stage::done ? "completed" : "in_progress");
    json.field("call_id", call.id)
        .field("name", call.name)
        .field("arguments", stage == Stage::done ? call.arguments : "")
        .close();
}

void write_response(JsonWriter& json, const Ask& ask, const Answer& answer, Stage stage) {
    const bool done = stage == Stage::done;
    const bool short_of_room = answer.finish == Finish::length;
    json.open().field("id", answer.id("resp_")).field("object", "response").field("created_at", answer.created);
    json.field("status", !done ? "in_progress" : short_of_room ? "incomplete" : "completed").field("background", false);
    json.key("completed_at");
    if (done)
        json.value(answer.created);
    else
        json.null();
    json.key("error").null().key("incomplete_details");
    if (done && short_of_room)
        json.open().field("reason", "max_output_tokens").close();
    else
        json.null();
    json.key("instructions").null().key("max_output_tokens");
    if (ask.output_max)
        json.value(*ask.output_max);
    else
        json.null();
    json.field("model", answer.model).key("output").open_list();
    if (done) {
        if (!answer.reasoning.empty()) write_reasoning(json, answer, stage);
        for (const ToolCall& call : answer.tool_calls) write_call(json, call, stage);
        if (answer.tool_calls.empty()) write_message(json, answer, stage);
    }
    json.close_list().field("parallel_tool_calls", true).key("previous_response_id").null();
    json.key("reasoning").open().key("effort").null().key("summary").null().close();
    json.field("service_tier", answer.served.service_tier.empty() ? "default" : answer.served.service_tier)
        .field("store", false);
    json.key("temperature").raw("1.0").key("text").open().key("format").open().field("type", "text").close().close();
    json.field("tool_choice", "auto")
        .key("tools")
        .open_list()
        .close_list()
        .key("top_p")
        .raw("1.0")
        .field("truncation", "disabled");
    if (done && answer.tell_usage)
        write_usage(json, answer);
    else
        json.key("usage").null();
    json.key("user").null().key("metadata").open().close().close();
}

/// Events with their running numbers.
class Stream {
  public:
    Stream(const Ask& ask, const Answer& answer) : ask_(ask), answer_(answer) {}

    std::vector<Event> whole() && {
        add_response("response.created", Stage::in_progress);
        add_response("response.in_progress", Stage::in_progress);
        if (!answer_.reasoning.empty()) add_reasoning();
        for (const ToolCall& call : answer_.tool_calls) add_call(call);
        if (answer_.tool_calls.empty()) add_message();
        output_ = answer_.usage.output;
        add_response(answer_.finish == Finish::length ? "response.incomplete" : "response.completed", Stage::done);
        return std::move(events_);
    }

  private:
    template <typename Write>
    void add(std::string_view type, Write write) {
        JsonWriter json;
        json.open().field("type", type).field("sequence_number", static_cast<std::int64_t>(events_.size()));
        write(json);
        json.close();
        events_.push_back({fmt::format("event: {}\ndata: {}\n\n", type, std::move(json).text()), output_});
    }

    void add_response(std::string_view type, Stage stage) {
        add(type, [&](JsonWriter& json) {
            json.key("response");
            write_response(json, ask_, answer_, stage);
        });
    }

    template <typename WriteItem>
    void add_item(std::string_view type, WriteItem write_item) {
        add(type, [&](JsonWriter& json) {
            json.field("output_index", index_).key("item");
            write_item(json);
        });
    }

    void add_reasoning() {
        const std::string id = answer_.id("rs_");
        const auto place = [&](JsonWriter& json) {
            json.field("item_id", id).field("output_index", index_).field("summary_index", 0);
        };
        add_item("response.output_item.added",
                 [&](JsonWriter& json) { write_reasoning(json, answer_, Stage::in_progress); });
        add("response.reasoning_summary_part.added", [&](JsonWriter& json) {
            place(json);
            json.key("part").open().field("type", "summary_text").field("text", "").close();
        });
        for (std::size_t i = 0; i < answer_.reasoning.size(); ++i) {
            ++output_;
            add("response.reasoning_summary_text.delta", [&](JsonWriter& json) {
                place(json);
                json.field("delta", (i == 0 ? "" : " ") + answer_.reasoning[i]);
            });
        }
        const std::string text = joined(answer_.reasoning);
        add("response.reasoning_summary_text.done", [&](JsonWriter& json) {
            place(json);
            json.field("text", text);
        });
        add("response.reasoning_summary_part.done", [&](JsonWriter& json) {
            place(json);
            json.key("part").open().field("type", "summary_text").field("text", text).close();
        });
        add_item("response.output_item.done", [&](JsonWriter& json) { write_reasoning(json, answer_, Stage::done); });
        ++index_;
    }

    void add_call(const ToolCall& call) {
        const auto place = [&](JsonWriter& json) {
            json.field("item_id", "fc_" + call.id).field("output_index", index_);
        };
        add_item("response.output_item.added", [&](JsonWriter& json) { write_call(json, call, Stage::in_progress); });
        const std::vector<std::string> words = split(call.arguments);
        for (std::size_t i = 0; i < words.size(); ++i) {
            ++output_;
            add("response.function_call_arguments.delta", [&](JsonWriter& json) {
                place(json);
                json.field("delta", (i == 0 ? "" : " ") + words[i]);
            });
        }
        add("response.function_call_arguments.done", [&](JsonWriter& json) {
            place(json);
            json.field("name", call.name).field("arguments", call.arguments);
        });
        add_item("response.output_item.done", [&](JsonWriter& json) { write_call(json, call, Stage::done); });
        ++index_;
    }

    void add_message() {
        const std::string id = answer_.id("msg_");
        const std::vector<std::string>& words = answer_.choices.front();
        const std::string text = joined(words);
        const auto place = [&](JsonWriter& json) {
            json.field("item_id", id).field("output_index", index_).field("content_index", 0);
        };
        add_item("response.output_item.added",
                 [&](JsonWriter& json) { write_message(json, answer_, Stage::in_progress); });
        add("response.content_part.added", [&](JsonWriter& json) {
            place(json);
            json.key("part");
            write_text_part(json, "");
        });
        for (std::size_t i = 0; i < words.size(); ++i) {
            ++output_;
            add("response.output_text.delta", [&](JsonWriter& json) {
                place(json);
                json.field("delta", (i == 0 ? "" : " ") + words[i]).key("logprobs").open_list().close_list();
            });
        }
        add("response.output_text.done", [&](JsonWriter& json) {
            place(json);
            json.field("text", text).key("logprobs").open_list().close_list();
        });
        add("response.content_part.done", [&](JsonWriter& json) {
            place(json);
            json.key("part");
            write_text_part(json, text);
        });
        add_item("response.output_item.done", [&](JsonWriter& json) { write_message(json, answer_, Stage::done); });
        ++index_;
    }

    const Ask& ask_;
    const Answer& answer_;
    std::vector<Event> events_;
    Tokens output_ = 0;
    std::int64_t index_ = 0;
};

}  // namespace

std::string response_body(const Ask& ask, const Answer& answer) {
    JsonWriter json;
    write_response(json, ask, answer, Stage::done);
    return std::move(json).text();
}

std::vector<Event> response_events(const Ask& ask, const Answer& answer) { return Stream(ask, answer).whole(); }

}  // namespace bursar::demo
