#include "service/base/json.h"
#include "service/providers/translate/counts.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/gemini_parts.h"
#include "service/providers/translate/gemini_proof.h"
#include "service/providers/translate/reading.h"
#include "service/providers/translate/stops.h"

#include <algorithm>

// Google's GenerateContentResponse (ai.google.dev/api/generate-content, v1beta, November 2026).
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

void write_call(JsonWriter& json, const Part& part, const Shown& shown, std::size_t index) {
    json.key("functionCall").open().field("id", tool_call_id(part.id, shown.id, index)).field("name", part.name);
    json.key("args");
    if (const auto object = object_text(part.arguments))
        json.raw(*object);
    else
        json.open().field("arguments", part.arguments).close();
    json.close();
}

void write_part(JsonWriter& json, const Part& part, const Shown& shown, std::size_t index) {
    json.open();
    if (part.kind == Kind::tool_call) {
        write_call(json, part, shown, index);
    } else if (part.kind == Kind::thinking || part.kind == Kind::redacted_thinking) {
        const std::string proof = proof_of(part);
        json.field("text", part.kind == Kind::thinking ? part.text : std::string_view{}).field("thought", true);
        if (!proof.empty()) json.field("thoughtSignature", proof);
    } else {
        json.field("text", part.text);
    }
    json.close();
}

}  // namespace

bool read_gemini_answer(dom::object body, Reply& reply) {
    GeminiAnswer said;
    if (!read_gemini(body, said)) return false;
    std::size_t calls = 0;
    for (const auto& part : said.parts) {
        Part one{.kind = part.kind, .text = part.text};
        if (part.kind == Part::Kind::tool_call) {
            one.name = part.name;
            one.id = reply.keep(gemini_call_id(part, said.id, calls++));
            one.arguments = part.args ? reply.keep(json_of(*part.args)) : std::string_view("{}");
        }
        // Pieces of one text are one text.
        const bool more = !reply.parts.empty() && reply.parts.back().kind == part.kind;
        if (more && part.kind != Part::Kind::tool_call)
            reply.parts.back().text = reply.keep(std::string(reply.parts.back().text).append(part.text));
        else
            reply.parts.push_back(std::move(one));
    }
    reply.stop = said.stop;
    if (calls > 0 && reply.stop == Stop::end) reply.stop = Stop::tool_calls;
    if (!said.blocked.empty()) reply.refusal = reply.keep(blocked_words(said.blocked));
    Counts counts;
    if (said.usage) read_counts(*said.usage, counts);
    reply.spent = spent_of(Endpoint::generate_content, counts);
    return reply.stop != Stop::unsaid;
}

std::string write_gemini_answer(const Reply& reply, const Shown& shown) {
    JsonWriter json(reply.bytes + 1024);
    json.open().key("candidates").open_list().open().key("content").open().key("parts").open_list();
    for (std::size_t i = 0; i < reply.parts.size(); ++i) write_part(json, reply.parts[i], shown, i);
    // Clients keep no content without parts in their history.
    if (reply.parts.empty()) json.open().field("text", "").close();
    json.close_list().field("role", "model").close().field("finishReason", gemini_word(reply.stop));
    if (!reply.refusal.empty()) json.field("finishMessage", reply.refusal);
    json.field("index", 0).close().close_list().key("usageMetadata");
    write_gemini_usage(json, reply.spent);
    json.field("modelVersion", shown.model).field("responseId", shown.id).close();
    return std::move(json).text();
}

}  // namespace bursar::providers::translate
