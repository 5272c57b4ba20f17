#include "service/base/json.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/stops.h"
#include "service/providers/translate/thoughts.h"

#include <algorithm>

#include <fmt/format.h>

// OpenAI's chat.completion (API reference, October 2026).
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

/// The words of an answer; some servers give a list of parts.
void read_content(dom::object message, Reply& reply) {
    const auto content = member(message, "content");
    if (!content) return;
    if (const auto text = as_text(*content)) {
        if (!text->empty()) reply.parts.push_back({.text = *text});
        return;
    }
    dom::array list;
    if (content->get_array().get(list) != simdjson::SUCCESS) return;
    for (const auto item : list) {
        const auto object = as_object(item);
        const auto text = object ? text_member(*object, "text") : std::string_view{};
        if (!text.empty()) reply.parts.push_back({.text = text});
    }
}

bool read_tool_calls(dom::object message, Reply& reply) {
    const auto calls = list_member(message, "tool_calls");
    if (!calls) return true;
    for (const auto item : *calls) {
        const auto call = as_object(item);
        const auto function = call ? object_member(*call, "function") : std::nullopt;
        if (!function) return false;
        Part part{.kind = Kind::tool_call, .name = text_member(*function, "name"), .id = text_member(*call, "id")};
        part.arguments = text_member(*function, "arguments");
        reply.parts.push_back(std::move(part));
    }
    return true;
}

void write_tool_calls(JsonWriter& json, const Reply& reply) {
    json.key("tool_calls").open_list();
    for (const auto& part : reply.parts) {
        if (part.kind != Kind::tool_call) continue;
        json.open().field("id", part.id).field("type", "function").key("function").open();
        json.field("name", part.name).field("arguments", part.arguments).close().close();
    }
    json.close_list();
}

void write_message(JsonWriter& json, const Reply& reply) {
    std::string text, refusal(reply.refusal), thoughts;
    bool calls = false;
    Thoughts carried;
    for (std::size_t i = 0; i < reply.parts.size(); ++i) {
        const Part& part = reply.parts[i];
        if (part.kind == Kind::text) text += part.text;
        if (part.kind == Kind::refusal) refusal += part.text;
        if (part.kind == Kind::thinking) thoughts += part.text;
        calls = calls || part.kind == Kind::tool_call;
        carried.add(part, i);
    }
    json.open().field("role", "assistant").key("content");
    if (text.empty() && (calls || !refusal.empty()))
        json.null();
    else
        json.value(text);
    json.key("refusal");
    if (refusal.empty())
        json.null();
    else
        json.value(refusal);
    if (!thoughts.empty()) json.field("reasoning_content", thoughts);
    if (!carried.empty()) json.key("thinking_blocks").raw(carried.json());
    if (calls) write_tool_calls(json, reply);
    json.close();
}

}  // namespace

bool read_chat_answer(dom::object body, Reply& reply) {
    const auto choices = list_member(body, "choices");
    dom::element first;
    if (!choices || choices->at(0).get(first) != simdjson::SUCCESS) return false;
    const auto choice = as_object(first);
    const auto message = choice ? object_member(*choice, "message") : std::nullopt;
    if (!message) return false;
    for (const auto signature : {unsigned_thinking, unsigned_thinking_short}) {
        const auto thoughts = text_member(*message, signature.substr(signature.find(':') + 1));
        if (thoughts.empty()) continue;
        reply.parts.push_back({.kind = Kind::thinking, .text = thoughts, .signature = signature});
        break;  // those that send both say the same in both
    }
    read_content(*message, reply);
    const auto refusal = text_member(*message, "refusal");
    if (!refusal.empty()) reply.parts.push_back({.kind = Kind::refusal, .text = refusal});
    if (!read_tool_calls(*message, reply)) return false;
    reply.stop = stop_from_chat(text_member(*choice, "finish_reason"));
    // vLLM tells which sequence it stopped at.
    reply.stop_sequence = text_member(*choice, "stop_reason");
    if (reply.stop == Stop::end && !reply.stop_sequence.empty()) reply.stop = Stop::sequence;
    if (!refusal.empty()) reply.stop = Stop::filtered;
    const bool calls = std::ranges::any_of(reply.parts, [](const Part& part) { return part.kind == Kind::tool_call; });
    // "stop" is also what is said of a call that was forced.
    if (calls && reply.stop == Stop::end) reply.stop = Stop::tool_calls;
    Counts counts;
    if (const auto usage = object_member(body, "usage")) read_counts(*usage, counts);
    reply.spent = spent_of(Endpoint::chat_completions, counts);
    reply.priority = text_member(body, "service_tier") == "priority";
    return reply.stop != Stop::unsaid;
}

std::string write_chat_answer(const Reply& reply, const Shown& shown) {
    JsonWriter json(reply.bytes + 1024);
    json.open().field("id", answer_id("chatcmpl-", shown.id)).field("object", "chat.completion");
    json.field("created", shown.created).field("model", shown.model);
    json.key("choices").open_list().open().field("index", 0).key("message");
    write_message(json, reply);
    json.key("logprobs").null().field("finish_reason", chat_word(reply.stop)).close().close_list();
    json.field("service_tier", reply.priority ? "priority" : "default");
    if (reply.spent.said) {
        json.key("usage");
        write_chat_usage(json, reply.spent);
    }
    json.close();
    return std::move(json).text();
}

}  // namespace bursar::providers::translate
