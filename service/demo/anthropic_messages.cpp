#include "service/base/json.h"
#include "service/demo/dialects.h"

#include <fmt/format.h>

// Anthropic's messages (API reference, November 2026; version 2023-06-01 and later differ in the request only).
namespace bursar::demo {
namespace {

std::string_view stop_reason(Finish finish) {
    switch (finish) {
        case Finish::stop:
            return "end_turn";
        case Finish::length:
            return "max_tokens";
        case Finish::tool_calls:
            return "tool_use";
    }
    return "end_turn";
}

void write_usage(JsonWriter& json, const Answer& answer, Tokens output) {
    const Usage& usage = answer.usage;
    json.key("usage").open().field("input_tokens", usage.input);
    json.field("cache_creation_input_tokens", usage.cache_write_5m + usage.cache_write_1h)
        .field("cache_read_input_tokens", usage.cache_read);
    json.key("cache_creation").open().field("ephemeral_5m_input_tokens", usage.cache_write_5m);
    json.field("ephemeral_1h_input_tokens", usage.cache_write_1h).close();
    json.field("output_tokens", output);
    if (usage.reasoning > 0) json.key("output_tokens_details").open().field("thinking_tokens", usage.reasoning).close();
    if (usage.web_searches > 0)
        json.key("server_tool_use").open().field("web_search_requests", usage.web_searches).close();
    json.field("service_tier", answer.served.service_tier.empty() ? "standard" : answer.served.service_tier);
    if (!answer.served.speed.empty()) json.field("speed", answer.served.speed);
    if (!answer.served.region.empty()) json.field("inference_geo", answer.served.region);
    json.close();
}

void write_message_head(JsonWriter& json, const Answer& answer) {
    json.open()
        .field("id", answer.id("msg_"))
        .field("type", "message")
        .field("role", "assistant")
        .field("model", answer.model);
}

/// Content blocks one after another, with the events round each.
class Stream {
  public:
    explicit Stream(const Answer& answer) : answer_(answer) {}

    std::vector<Event> whole() && {
        add("message_start", [&](JsonWriter& json) {
            json.key("message");
            write_message_head(json, answer_);
            json.key("content").open_list().close_list().key("stop_reason").null().key("stop_sequence").null();
            if (answer_.tell_usage) write_usage(json, answer_, 1);
            json.close();
        });
        add("ping", [](JsonWriter&) {});
        if (!answer_.reasoning.empty()) add_thinking();
        for (const ToolCall& call : answer_.tool_calls) add_tool(call);
        if (answer_.tool_calls.empty()) add_text();
        output_ = answer_.usage.output;
        add("message_delta", [&](JsonWriter& json) {
            json.key("delta")
                .open()
                .field("stop_reason", stop_reason(answer_.finish))
                .key("stop_sequence")
                .null()
                .close();
            if (answer_.tell_usage) write_usage(json, answer_, answer_.usage.output);
        });
        add("message_stop", [](JsonWriter&) {});
        return std::move(events_);
    }

  private:
    template <typename Write>
    void add(std::string_view type, Write write) {
        JsonWriter json;
        json.open().field("type", type);
        write(json);
        json.close();
        events_.push_back({fmt::format("event: {}\ndata: {}\n\n", type, std::move(json).text()), output_});
    }

    template <typename Write>
    void start_block(Write write) {
        add("content_block_start", [&](JsonWriter& json) {
            json.field("index", index_).key("content_block").open();
            write(json);
            json.close();
        });
    }
    void add_delta(std::string_view type, std::string_view name, std::string_view piece) {
        add("content_block_delta", [&](JsonWriter& json) {
            json.field("index", index_).key("delta").open().field("type", type).field(name, piece).close();
        });
    }
    void add_deltas(std::string_view type, std::string_view name, const std::vector<std::string>& words) {
        for (std::size_t i = 0; i < words.size(); ++i) {
            ++output_;
            add_delta(type, name, (i == 0 ? "" : " ") + words[i]);
        }
    }
    void stop_block() {
        add("content_block_stop", [&](JsonWriter& json) { json.field("index", index_); });
        ++index_;
    }

    void add_thinking() {
        start_block(
            [](JsonWriter& json) { json.field("type", "thinking").field("thinking", "").field("signature", ""); });
        add_deltas("thinking_delta", "thinking", answer_.reasoning);
        add_delta("signature_delta", "signature", answer_.id("sealed_thought_"));
        stop_block();
    }
    void add_text() {
        start_block([](JsonWriter& json) { json.field("type", "text").field("text", ""); });
        add_deltas("text_delta", "text", answer_.choices.front());
        stop_block();
    }
    void add_tool(const ToolCall& call) {
        start_block([&](JsonWriter& json) {
            json.field("type", "tool_use").field("id", call.id).field("name", call.name).key("input").open().close();
        });
        add_delta("input_json_delta", "partial_json", "");
        add_deltas("input_json_delta", "partial_json", split(call.arguments));
        stop_block();
    }

    const Answer& answer_;
    std::vector<Event> events_;
    Tokens output_ = 0;
    std::int64_t index_ = 0;
};

}  // namespace

std::string message_body(const Answer& answer) {
    JsonWriter json;
    write_message_head(json, answer);
    json.key("content").open_list();
    if (!answer.reasoning.empty()) {
        json.open().field("type", "thinking").field("thinking", joined(answer.reasoning));
        json.field("signature", answer.id("sealed_thought_")).close();
    }
    for (const ToolCall& call : answer.tool_calls)
        json.open()
            .field("type", "tool_use")
            .field("id", call.id)
            .field("name", call.name)
            .key("input")
            .raw(call.arguments)
            .close();
    if (answer.tool_calls.empty())
        json.open().field("type", "text").field("text", joined(answer.choices.front())).close();
    json.close_list().field("stop_reason", stop_reason(answer.finish)).key("stop_sequence").null();
    if (answer.tell_usage) write_usage(json, answer, answer.usage.output);
    json.close();
    return std::move(json).text();
}

std::vector<Event> message_events(const Answer& answer) { return Stream(answer).whole(); }

std::string count_tokens_body(const Answer& answer) {
    JsonWriter json;
    json.open().field("input_tokens", answer.prompt_tokens()).close();
    return std::move(json).text();
}

}  // namespace bursar::demo
