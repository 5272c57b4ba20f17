#include "service/base/json.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/reading.h"
#include "service/providers/translate/stops.h"

#include <fmt/format.h>

// Anthropic's message (API reference, versions 2023-06-01 and 2026-10-21).
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

/// Blocks of other kinds come from tools of the provider's own, which no translated request asks for.
void read_block(dom::object block, Reply& reply) {
    const auto type = text_member(block, "type");
    if (type == "text") reply.parts.push_back({.text = text_member(block, "text")});
    if (type == "thinking")
        reply.parts.push_back({.kind = Kind::thinking,
                               .text = text_member(block, "thinking"),
                               .signature = text_member(block, "signature")});
    if (type == "redacted_thinking")
        reply.parts.push_back({.kind = Kind::redacted_thinking, .text = text_member(block, "data")});
    if (type != "tool_use") return;
    Part part{.kind = Kind::tool_call, .name = text_member(block, "name"), .id = text_member(block, "id")};
    const auto input = member(block, "input");
    part.arguments = input ? reply.keep(json_of(*input)) : std::string_view("{}");
    reply.parts.push_back(std::move(part));
}

void write_block(JsonWriter& json, const Part& part, std::string_view call_id, std::size_t index) {
    json.open();
    if (part.kind == Kind::thinking) {
        json.field("type", "thinking").field("thinking", part.text).field("signature", part.signature);
    } else if (part.kind == Kind::redacted_thinking) {
        json.field("type", "redacted_thinking").field("data", part.text);
    } else if (part.kind == Kind::tool_call) {
        json.field("type", "tool_use").field("id", tool_call_id(part.id, call_id, index)).field("name", part.name);
        json.key("caller").raw(direct_caller);
        // What is no object cannot stand here; a caller that looks finds the words that the model said.
        json.key("input");
        if (const auto object = object_text(part.arguments))
            json.raw(*object);
        else
            json.open().field("arguments", part.arguments).close();
    } else {
        json.field("type", "text").field("text", part.text).key("citations").null();
    }
    json.close();
}

}  // namespace

std::string tool_call_id(std::string_view id, std::string_view call_id, std::size_t index) {
    return id.empty() ? answer_id("toolu_", call_id) + fmt::format("_{}", index) : std::string(id);
}

bool read_messages_answer(dom::object body, Reply& reply) {
    const auto content = list_member(body, "content");
    if (!content || text_member(body, "type") != "message") return false;
    for (const auto item : *content)
        if (const auto block = as_object(item)) read_block(*block, reply);
    reply.stop = stop_from_messages(text_member(body, "stop_reason"));
    reply.stop_sequence = text_member(body, "stop_sequence");
    if (const auto details = object_member(body, "stop_details")) reply.refusal = text_member(*details, "explanation");
    Counts counts;
    if (const auto usage = object_member(body, "usage")) {
        read_counts(*usage, counts);
        reply.priority = text_member(*usage, "service_tier") == "priority";
    }
    reply.spent = spent_of(Endpoint::messages, counts);
    return reply.stop != Stop::unsaid;
}

std::string write_messages_answer(const Reply& reply, const Shown& shown) {
    JsonWriter json(reply.bytes + 1024);
    json.open().field("id", answer_id("msg_", shown.id)).field("type", "message").field("role", "assistant");
    json.field("model", shown.model).key("container").null().key("diagnostics").null().key("content").open_list();
    for (std::size_t i = 0; i < reply.parts.size(); ++i) write_block(json, reply.parts[i], shown.id, i);
    json.close_list().field("stop_reason", messages_word(reply.stop)).key("stop_sequence");
    if (reply.stop == Stop::sequence)
        json.value(reply.stop_sequence);
    else
        json.null();
    json.key("stop_details").null().key("usage");
    write_messages_usage(json, reply.spent, UsageOf::message);
    json.close();
    return std::move(json).text();
}

}  // namespace bursar::providers::translate
