#include "service/providers/translate/cohere_words.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"

#include <algorithm>

// An answer of Cohere's chat (docs.cohere.com/reference/chat, November 2026). Citations are left out: nobody asked for
// documents to be cited.
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

void read_blocks(dom::array content, bool thoughts, Reply& reply) {
    for (const auto item : content) {
        const auto block = as_object(item);
        if (!block || (text_member(*block, "type") == "thinking") != thoughts) continue;
        const auto words = text_member(*block, thoughts ? "thinking" : "text");
        if (words.empty()) continue;
        reply.parts.push_back({.kind = thoughts ? Kind::thinking : Kind::text,
                               .text = words,
                               .signature = thoughts ? unsigned_thinking : std::string_view{}});
    }
}

/// Thoughts come first, then the plan for the calls, which is all the words that an answer with calls has.
void read_words(dom::object message, Reply& reply) {
    const auto blocks = list_member(message, "content");
    if (blocks) read_blocks(*blocks, true, reply);
    for (const auto text : {text_member(message, "tool_plan"), text_member(message, "content")})
        if (!text.empty()) reply.parts.push_back({.text = text});
    if (blocks) read_blocks(*blocks, false, reply);
}

bool read_calls(dom::object message, Reply& reply) {
    const auto calls = list_member(message, "tool_calls");
    if (!calls) return true;
    for (const auto item : *calls) {
        const auto call = as_object(item);
        const auto function = call ? object_member(*call, "function") : std::nullopt;
        if (!function) return false;
        reply.parts.push_back({.kind = Kind::tool_call,
                               .name = text_member(*function, "name"),
                               .id = text_member(*call, "id"),
                               .arguments = text_member(*function, "arguments")});
    }
    return true;
}

}  // namespace

bool read_cohere_answer(dom::object body, Reply& reply) {
    const auto message = object_member(body, "message");
    if (!message) return false;
    read_words(*message, reply);
    if (!read_calls(*message, reply)) return false;
    reply.stop = stop_from_cohere(text_member(body, "finish_reason"));
    const auto is_call = [](const Part& part) { return part.kind == Kind::tool_call; };
    if (reply.stop == Stop::end && std::ranges::any_of(reply.parts, is_call)) reply.stop = Stop::tool_calls;
    Counts counts;
    if (const auto usage = object_member(body, "usage")) read_cohere_counts(*usage, counts);
    reply.spent = spent_of(Endpoint::cohere_chat, counts);
    return reply.stop != Stop::unsaid;
}

}  // namespace bursar::providers::translate
