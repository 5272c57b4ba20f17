#include "service/base/ensure.h"
#include "service/base/json.h"
#include "service/providers/body.h"
#include "service/providers/carried_mark.h"
#include "service/providers/foreign_reasoning.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace bursar::providers {
namespace {

struct Edit {
    Span at;  ///< begin == end: an insertion
    std::string text;
};

std::string in_quotes(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// A new member in an object of the body, or in the place of a null.
void put_into(std::string_view body, Span object, const std::string& member, std::vector<Edit>& edits) {
    if (body[object.begin] != '{') {
        edits.push_back({object, "{" + member + "}"});
        return;
    }
    std::size_t next = object.begin + 1;
    while (is_space(body[next])) ++next;
    edits.push_back({{object.begin + 1, object.begin + 1}, body[next] == '}' ? member : member + ","});
}

/// The option as one edit: in its place, in the object that is there, or (with `members`) as a new member of the body.
void ask_usage(std::string_view body, const Prompt& prompt, std::vector<Edit>& edits, std::string& members) {
    if (!prompt.include_usage_at.empty()) {
        edits.push_back({prompt.include_usage_at, "true"});
        return;
    }
    if (prompt.stream_options_at.empty()) {
        members += R"("stream_options":{"include_usage":true},)";
        return;
    }
    put_into(body, prompt.stream_options_at, R"("include_usage":true)", edits);
}

/// Into Gemini's generationConfig, or with one of its own.
void put_limit(std::string_view body, const Prompt& prompt, Tokens limit, std::vector<Edit>& edits,
               std::string& members) {
    const std::string member = "\"maxOutputTokens\":" + std::to_string(limit);
    if (prompt.settings_at.empty())
        members += "\"generationConfig\":{" + member + "},";
    else
        put_into(body, prompt.settings_at, member, edits);
}

/// A conversation that was led by a provider of another dialect goes on here, where long ids are refused.
void cut_carried(std::string_view body, std::vector<Edit>& edits) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (std::size_t at = body.find(carried_mark); at != std::string_view::npos;) {
        const std::size_t end = std::min(body.find_first_not_of(letters, at), body.size());
        // An id ends with its string; in a sentence it stays.
        if (end < body.size() && body[end] == '"') edits.push_back({{at, end}, {}});
        at = body.find(carried_mark, end);
    }
}

/// The member from its name on, whose value stands at `value`: `"model": "x"`. No name that is read here has a quote.
Span member_of(std::string_view body, Span value) {
    const std::size_t end_quote = body.rfind('"', body.rfind(':', value.begin));
    return {body.rfind('"', end_quote - 1), value.end};
}

/// Vertex wants a version in the body, and no model but where tokens are counted.
void say_version(std::string_view body, const Prompt& prompt, const Rewrite& rewrite, std::vector<Edit>& edits,
                 std::string& members) {
    const std::string member = "\"anthropic_version\":" + in_quotes(rewrite.version);
    if (rewrite.without_model && !prompt.model_at.empty())
        edits.push_back({member_of(body, prompt.model_at), member});
    else
        members += member + ',';
}

/// The same of reasoning: whatever would be changed within it goes with it.
void cut_reasoning(std::string_view body, std::vector<Edit>& edits) {
    for (const Span& span : foreign_reasoning(body)) {
        std::erase_if(edits, [&](const Edit& edit) { return edit.at.begin >= span.begin && edit.at.end <= span.end; });
        edits.push_back({span, {}});
    }
}

}  // namespace

Pieces splice(std::string_view body, const Prompt& prompt, const Rewrite& rewrite) {
    std::vector<Edit> edits;
    std::string members;  // new ones, each with its comma: they go in front of the first
    if (!rewrite.version.empty()) say_version(body, prompt, rewrite, edits, members);
    const bool has_model = !prompt.model_at.empty() && !rewrite.without_model;
    if (!rewrite.model.empty() && rewrite.model != prompt.model && has_model)
        edits.push_back({prompt.model_at, prompt.form ? std::string(rewrite.model) : in_quotes(rewrite.model)});
    const bool same_limit = rewrite.max_tokens == prompt.max_tokens && !prompt.max_tokens_at.empty();
    if (rewrite.max_tokens && !same_limit && !prompt.max_tokens_field.empty()) {
        const std::string_view name =
            rewrite.max_tokens_name.empty() ? std::string_view(prompt.max_tokens_field) : rewrite.max_tokens_name;
        if (prompt.max_tokens_at.empty() && prompt.max_tokens_field == "maxOutputTokens")
            put_limit(body, prompt, *rewrite.max_tokens, edits, members);
        else if (prompt.max_tokens_at.empty())
            members += in_quotes(name) + ':' + std::to_string(*rewrite.max_tokens) + ',';
        else
            edits.push_back({prompt.max_tokens_at, std::to_string(*rewrite.max_tokens)});
    }
    if (rewrite.max_tool_calls) {
        if (prompt.max_tool_calls_at.empty())
            members += R"("max_tool_calls":)" + std::to_string(*rewrite.max_tool_calls) + ',';
        else
            edits.push_back({prompt.max_tool_calls_at, std::to_string(*rewrite.max_tool_calls)});
    }
    if (rewrite.ask_usage && !prompt.usage_asked) ask_usage(body, prompt, edits, members);
    if (!members.empty()) {
        if (prompt.object_empty) members.pop_back();
        edits.push_back({{prompt.insert_at, prompt.insert_at}, std::move(members)});
    }
    if (prompt.tools) cut_carried(body, edits);
    if (!prompt.tags_at.empty()) edits.push_back({prompt.tags_at, {}});
    if (prompt.max_tokens_field == "max_output_tokens") cut_reasoning(body, edits);
    // An insertion may stand where the cut begins.
    std::ranges::sort(edits, {}, [](const Edit& edit) { return std::pair(edit.at.begin, edit.at.end); });

    Pieces pieces;
    const auto add = [&](std::string_view piece) {
        if (piece.empty()) return;
        pieces.views_.push_back(piece);
        pieces.bytes_ += piece.size();
    };
    std::size_t from = 0;
    for (auto& edit : edits) {
        ENSURE(from <= edit.at.begin && edit.at.end <= body.size());
        add(body.substr(from, edit.at.begin - from));
        add(*pieces.made_.emplace_back(std::make_unique<std::string>(std::move(edit.text))));
        from = edit.at.end;
    }
    add(body.substr(from));
    return pieces;
}

}  // namespace bursar::providers
