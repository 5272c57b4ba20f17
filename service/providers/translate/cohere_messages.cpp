#include "service/providers/translate/cohere_messages.h"

#include "service/providers/translate/media.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }
bool is_text(const Part& part) { return part.kind == Kind::text || part.kind == Kind::refusal; }
bool is_shown(const Part& part) { return part.kind == Kind::image || part.kind == Kind::document; }

void join(std::string& all, const std::vector<Part>& parts, std::string_view between) {
    for (const auto& part : parts) {
        if (!is_text(part) || blank(part.text)) continue;
        if (!all.empty()) all += between;
        all += part.text;
    }
}

}  // namespace

Result<void> CohereMessages::write(const Ask& ask) {
    const auto speaks = [](const Turn& turn) {
        return turn.role == Role::user &&
               std::ranges::any_of(turn.parts, [](const Part& part) { return !is_text(part) || !blank(part.text); });
    };
    if (std::ranges::none_of(ask.turns, speaks))
        return fail(Fault::invalid_request,
                    "The conversation has no user message with anything in it. This model needs one.");
    json_.key("messages").open_list();
    system_message(ask);
    for (const auto& turn : ask.turns) {
        if (turn.role == Role::user) TRY_VOID(user(turn));
        if (turn.role == Role::assistant) assistant(turn);
    }
    json_.close_list();
    return {};
}

/// One, and the first: those from the middle of a conversation stand here too.
void CohereMessages::system_message(const Ask& ask) {
    std::string text;
    join(text, ask.system, "\n\n");
    for (const auto& turn : ask.turns)
        if (turn.role == Role::system) join(text, turn.parts, "\n\n");
    if (!text.empty()) json_.open().field("role", "system").field("content", text).close();
}

/// Results of tools are messages of their own and come first; what else the turn has is one message after them.
Result<void> CohereMessages::user(const Turn& turn) {
    std::vector<const Part*> rest;
    std::deque<Part> labels;
    std::deque<std::string> words;
    for (const auto& part : turn.parts) {
        if (part.kind != Kind::tool_result) continue;
        tool_message(part);
        if (std::ranges::none_of(part.parts, is_shown)) continue;
        // A tool's message holds no pictures.
        rest.push_back(&labels.emplace_back(
            Part{.text = words.emplace_back(fmt::format("Of the result of the tool call {}:", part.id))}));
        for (const auto& one : part.parts)
            if (is_shown(one)) rest.push_back(&one);
    }
    for (const auto& part : turn.parts)
        if (is_shown(part) || (is_text(part) && !blank(part.text))) rest.push_back(&part);
    if (rest.empty()) return {};
    json_.open().field("role", "user").key("content");
    TRY_VOID(content(rest));
    json_.close();
    return {};
}

void CohereMessages::tool_message(const Part& result) {
    std::string text;
    join(text, result.parts, "\n");
    if (text.empty()) text = "(no output)";
    if (result.failed && !text.starts_with("Error") && !text.starts_with("error")) text.insert(0, "Error: ");
    json_.open().field("role", "tool").field("tool_call_id", result.id).field("content", text).close();
}

Result<void> CohereMessages::content(const std::vector<const Part*>& parts) {
    if (parts.size() == 1 && is_text(*parts.front())) {
        json_.value(parts.front()->text);
        return {};
    }
    json_.open_list();
    for (const auto* one : parts) {
        if (one->kind == Kind::document)
            return fail(Fault::invalid_request,
                        "A document is a file, which this model's provider does not read. Send its text.");
        if (one->kind == Kind::image)
            json_.open().field("type", "image_url").key("image_url").open().field("url", as_url(*one)).close().close();
        else
            json_.open().field("type", "text").field("text", one->text).close();
    }
    json_.close_list();
    return {};
}

std::string CohereMessages::thinking_in(const Turn& turn) const {
    std::string thought;
    for (const auto& part : turn.parts) {
        const bool own = part.signature == unsigned_thinking || part.signature == unsigned_thinking_short;
        if (thoughts_ && part.kind == Kind::thinking && own) thought += part.text;
    }
    return thought;
}

void CohereMessages::assistant(const Turn& turn) {
    std::string text;
    join(text, turn.parts, "");
    const std::string thought = thinking_in(turn);
    if (std::ranges::any_of(turn.parts, [](const Part& part) { return part.kind == Kind::tool_call; }))
        return answer_with_calls(turn, text, thought);
    if (text.empty()) return;
    json_.open().field("role", "assistant").key("content");
    if (thought.empty()) {
        json_.value(text);
    } else {
        json_.open_list().open().field("type", "thinking").field("thinking", thought).close();
        json_.open().field("type", "text").field("text", text).close().close_list();
    }
    json_.close();
}

/// Beside calls there are no other words than a plan or a thought, and one of them only.
void CohereMessages::answer_with_calls(const Turn& turn, const std::string& text, const std::string& thought) {
    json_.open().field("role", "assistant");
    if (!text.empty())
        json_.field("tool_plan", thought + text);
    else if (!thought.empty())
        json_.key("content")
            .open_list()
            .open()
            .field("type", "thinking")
            .field("thinking", thought)
            .close()
            .close_list();
    json_.key("tool_calls").open_list();
    for (const auto& part : turn.parts) {
        if (part.kind != Kind::tool_call) continue;
        json_.open().field("id", part.id).field("type", "function").key("function").open();
        json_.field("name", part.name).field("arguments", part.arguments).close().close();
    }
    json_.close_list().close();
}

}  // namespace bursar::providers::translate
