#include "service/providers/translate/converse_stops.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"

// Bedrock's ConverseResponse (Amazon Bedrock API reference, November 2026).
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

void read_reasoning(dom::object reasoning, Reply& reply) {
    if (const auto sealed = text_member(reasoning, "redactedContent"); !sealed.empty())
        reply.parts.push_back({.kind = Kind::redacted_thinking, .text = sealed});
    const auto said = object_member(reasoning, "reasoningText");
    if (!said) return;
    reply.parts.push_back(
        {.kind = Kind::thinking, .text = text_member(*said, "text"), .signature = text_member(*said, "signature")});
}

/// Blocks of other kinds come from tools of the provider's own, which no translated request asks for.
void read_block(dom::object block, Reply& reply) {
    if (const auto text = member(block, "text")) reply.parts.push_back({.text = as_text(*text).value_or("")});
    if (const auto reasoning = object_member(block, "reasoningContent")) read_reasoning(*reasoning, reply);
    if (const auto cited = object_member(block, "citationsContent"))
        if (const auto content = list_member(*cited, "content"))
            for (const auto item : *content)
                if (const auto one = as_object(item)) reply.parts.push_back({.text = text_member(*one, "text")});
    const auto call = object_member(block, "toolUse");
    if (!call) return;
    Part part{.kind = Kind::tool_call, .name = text_member(*call, "name"), .id = text_member(*call, "toolUseId")};
    const auto input = member(*call, "input");
    part.arguments = input ? reply.keep(json_of(*input)) : std::string_view("{}");
    reply.parts.push_back(std::move(part));
}

}  // namespace

bool read_converse_answer(dom::object body, Reply& reply) {
    const auto output = object_member(body, "output");
    const auto message = output ? object_member(*output, "message") : std::nullopt;
    const auto content = message ? list_member(*message, "content") : std::nullopt;
    if (!content) return false;
    for (const auto item : *content)
        if (const auto block = as_object(item)) read_block(*block, reply);
    reply.stop = stop_from_converse(text_member(body, "stopReason"));
    if (const auto more = object_member(body, "additionalModelResponseFields"))
        reply.stop_sequence = text_member(*more, "stop_sequence");
    Counts counts;
    if (const auto usage = object_member(body, "usage")) read_counts(*usage, counts);
    if (const auto tier = object_member(body, "serviceTier")) reply.priority = text_member(*tier, "type") == "priority";
    reply.spent = spent_of(Endpoint::converse, counts);
    return reply.stop != Stop::unsaid;
}

}  // namespace bursar::providers::translate
