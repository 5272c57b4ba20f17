#include "service/providers/translate/gemini_parts.h"

#include "service/providers/translate/carried.h"
#include "service/providers/translate/stops.h"

#include <fmt/format.h>

namespace bursar::providers::translate {
namespace {

/// Parts of other kinds come from tools of Google's own, which no translated request asks for.
void read_part(dom::object part, GeminiAnswer& said) {
    if (const auto call = object_member(part, "functionCall")) {
        said.parts.push_back({.kind = Part::Kind::tool_call,
                              .text = {},
                              .id = text_member(*call, "id"),
                              .name = text_member(*call, "name"),
                              .signature = text_member(part, "thoughtSignature"),
                              .args = member(*call, "args")});
        return;
    }
    const auto text = text_member(part, "text");
    if (text.empty()) return;
    const bool thought = truth_member(part, "thought").value_or(false);
    said.parts.push_back({.kind = thought ? Part::Kind::thinking : Part::Kind::text,
                          .text = text,
                          .id = {},
                          .name = {},
                          .signature = {},
                          .args = {}});
}

void read_candidate(dom::object candidate, GeminiAnswer& said) {
    if (integer_member(candidate, "index").value_or(0) != 0) return;
    said.stop = stop_from_gemini(text_member(candidate, "finishReason"));
    const auto content = object_member(candidate, "content");
    const auto parts = content ? list_member(*content, "parts") : std::nullopt;
    if (!parts) return;
    for (const auto item : *parts)
        if (const auto part = as_object(item)) read_part(*part, said);
}

}  // namespace

bool read_gemini(dom::object body, GeminiAnswer& said) {
    said.id = text_member(body, "responseId");
    said.usage = object_member(body, "usageMetadata");
    const auto candidates = list_member(body, "candidates");
    if (candidates)
        for (const auto item : *candidates)
            if (const auto candidate = as_object(item)) read_candidate(*candidate, said);
    const auto feedback = object_member(body, "promptFeedback");
    if (feedback) said.blocked = text_member(*feedback, "blockReason");
    if (!said.blocked.empty() && said.stop == Stop::unsaid) said.stop = Stop::filtered;
    return candidates || said.usage || feedback;
}

std::string gemini_call_id(const GeminiPart& call, std::string_view answer_id, std::size_t index) {
    std::string id(call.id);
    if (id.empty()) id = fmt::format("{}_{}", answer_id.empty() ? std::string_view("call") : answer_id, index);
    return call.signature.empty() ? id : carrying_id(id, call.signature);
}

std::string blocked_words(std::string_view reason) {
    return fmt::format("The model's provider refused this prompt ({}).", reason.substr(0, 60));
}

}  // namespace bursar::providers::translate
