#include "service/base/json.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/effort.h"
#include "service/providers/translate/media.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

// OpenAI's Chat Completions request, in the form that its many servers take: content that is text alone is a string,
// system messages are of the role "system".
namespace bursar::providers::translate {
namespace {

constexpr std::size_t user_bytes_max = 64;
constexpr std::size_t stop_max = 4;

using Kind = Part::Kind;

std::string joined(const std::vector<Part>& parts, std::string_view between) {
    std::string all;
    for (const auto& part : parts) {
        if ((part.kind != Kind::text && part.kind != Kind::refusal) || part.text.empty()) continue;
        if (!all.empty()) all += between;
        all += part.text;
    }
    return all;
}

class ChatWriter {
  public:
    ChatWriter(const Ask& ask, const Target& to) : ask_(ask), to_(to), json_(ask.bytes + 1024) {}
    Result<std::string> write();

  private:
    void settings();
    void messages();
    void system_message(const std::vector<Part>& parts);
    void user(const Turn& turn);
    void assistant(const Turn& turn);
    void tool_message(const Part& result);
    void content(const std::vector<const Part*>& parts);
    void part(const Part& part);
    void tools();
    void format();

    const Ask& ask_;
    const Target& to_;
    JsonWriter json_;
};

Result<std::string> ChatWriter::write() {
    if (ask_.top_k)
        return fail(Fault::invalid_request,
                    "`top_k` is unknown to this model's API. Leave it out; `top_p` is near to it.");
    if (ask_.stop.size() > stop_max)
        return fail(Fault::invalid_request,
                    fmt::format("`stop_sequences` can have {} entries at this model. Send fewer.", stop_max));
    json_.open().field("model", to_.model);
    settings();
    format();
    tools();
    messages();
    json_.close();
    return std::move(json_).text();
}

void ChatWriter::settings() {
    if (const auto limit = to_.max_tokens ? to_.max_tokens : ask_.max_tokens)
        json_.field(to_.max_tokens_name.empty() ? "max_completion_tokens" : to_.max_tokens_name, *limit);
    if (ask_.stream) {
        json_.field("stream", true);
        if (to_.ask_usage) json_.key("stream_options").open().field("include_usage", true).close();
    }
    // 1 is the default on both sides; models that reason take no other and some not even that.
    if (ask_.temperature && *ask_.temperature != 1) json_.key("temperature").raw(fmt::format("{}", *ask_.temperature));
    if (ask_.top_p && *ask_.top_p != 1) json_.key("top_p").raw(fmt::format("{}", *ask_.top_p));
    if (!ask_.stop.empty()) {
        json_.key("stop").open_list();
        for (const auto text : ask_.stop) json_.value(text);
        json_.close_list();
    }
    if (!ask_.user.empty() && ask_.user.size() <= user_bytes_max) json_.field("user", ask_.user);
    const auto effort = effort_of(ask_, to_.model);
    if (!effort.empty()) json_.field("reasoning_effort", effort);
    if (ask_.standard_tier) json_.field("service_tier", "default");
}

void ChatWriter::messages() {
    json_.key("messages").open_list();
    if (!ask_.system.empty()) system_message(ask_.system);
    for (const auto& turn : ask_.turns) {
        switch (turn.role) {
            case Role::system:
                system_message(turn.parts);
                break;
            case Role::user:
                user(turn);
                break;
            case Role::assistant:
                assistant(turn);
                break;
        }
    }
    json_.close_list();
}

void ChatWriter::system_message(const std::vector<Part>& parts) {
    json_.open().field("role", "system").field("content", joined(parts, "\n\n")).close();
}

/// Results of tools are messages of their own and come first; what else the turn has is one message after them.
void ChatWriter::user(const Turn& turn) {
    std::vector<const Part*> rest;
    std::deque<Part> labels;
    std::deque<std::string> words;
    for (const auto& part : turn.parts) {
        if (part.kind != Kind::tool_result) continue;
        tool_message(part);
        const auto shown = [](const Part& one) { return one.kind == Kind::image || one.kind == Kind::document; };
        if (std::ranges::none_of(part.parts, shown)) continue;
        // A tool message holds text alone.
        rest.push_back(&labels.emplace_back(
            Part{.text = words.emplace_back(fmt::format("Of the result of the tool call {}:", part.id))}));
        for (const auto& one : part.parts)
            if (shown(one)) rest.push_back(&one);
    }
    const bool only_results =
        std::ranges::all_of(turn.parts, [](const Part& part) { return part.kind == Kind::tool_result; });
    for (const auto& part : turn.parts)
        if (part.kind != Kind::tool_result && (part.kind != Kind::text || !part.text.empty())) rest.push_back(&part);
    if (rest.empty() && only_results && !turn.parts.empty()) return;
    json_.open().field("role", "user").key("content");
    content(rest);
    json_.close();
}

void ChatWriter::tool_message(const Part& result) {
    std::string text = joined(result.parts, "\n");
    // Chat has no mark for it.
    if (result.failed && !text.starts_with("Error") && !text.starts_with("error")) text.insert(0, "Error: ");
    json_.open().field("role", "tool").field("tool_call_id", result.id).field("content", text).close();
}

void ChatWriter::content(const std::vector<const Part*>& parts) {
    if (parts.empty()) {
        json_.value("");
        return;
    }
    if (parts.size() == 1 && parts.front()->kind == Kind::text) {
        json_.value(parts.front()->text);
        return;
    }
    json_.open_list();
    for (const auto* one : parts) part(*one);
    json_.close_list();
}

void ChatWriter::part(const Part& part) {
    if (part.kind == Kind::image) {
        json_.open().field("type", "image_url").key("image_url").open().field("url", as_url(part)).close().close();
    } else if (part.kind == Kind::document) {
        json_.open().field("type", "file").key("file").open();
        json_.field("filename", part.name.empty() ? std::string_view("document.pdf") : part.name);
        json_.field("file_data", as_url(part)).close().close();
    } else {
        json_.open().field("type", "text").field("text", part.text).close();
    }
}

void ChatWriter::assistant(const Turn& turn) {
    json_.open().field("role", "assistant").key("content");
    const std::string text = joined(turn.parts, "");
    const auto is_call = [](const Part& part) { return part.kind == Kind::tool_call; };
    const bool calls = std::ranges::any_of(turn.parts, is_call);
    if (text.empty() && calls)
        json_.null();
    else
        json_.value(text);
    // Only a provider that thinks in this member gets it back: to others it is unknown.
    for (const auto signature : {unsigned_thinking, unsigned_thinking_short}) {
        std::string thoughts;
        for (const auto& part : turn.parts)
            if (part.kind == Kind::thinking && part.signature == signature) thoughts += part.text;
        if (!thoughts.empty()) json_.field(signature.substr(signature.find(':') + 1), thoughts);
    }
    if (calls) {
        json_.key("tool_calls").open_list();
        for (const auto& part : turn.parts) {
            if (!is_call(part)) continue;
            json_.open().field("id", part.id).field("type", "function").key("function").open();
            json_.field("name", part.name).field("arguments", part.arguments).close().close();
        }
        json_.close_list();
    }
    json_.close();
}

void ChatWriter::tools() {
    if (ask_.tools.empty()) return;
    json_.key("tools").open_list();
    for (const auto& tool : ask_.tools) {
        json_.open().field("type", "function").key("function").open().field("name", tool.name);
        if (!tool.description.empty()) json_.field("description", tool.description);
        json_.key("parameters").raw(tool.schema.empty() ? R"({"type":"object","properties":{}})" : tool.schema);
        if (tool.strict) json_.field("strict", *tool.strict);
        json_.close().close();
    }
    json_.close_list();
    switch (ask_.choice) {
        case Choice::unsaid:
            break;
        case Choice::automatic:
            json_.field("tool_choice", "auto");
            break;
        case Choice::none:
            json_.field("tool_choice", "none");
            break;
        case Choice::required:
            json_.field("tool_choice", "required");
            break;
        case Choice::named:
            json_.key("tool_choice").open().field("type", "function").key("function").open();
            json_.field("name", ask_.choice_name).close().close();
            break;
    }
    if (ask_.parallel) json_.field("parallel_tool_calls", *ask_.parallel);
}

void ChatWriter::format() {
    const Format& format = ask_.format;
    if (format.kind == Format::Kind::free) return;
    json_.key("response_format").open();
    if (format.kind == Format::Kind::json) {
        json_.field("type", "json_object").close();
        return;
    }
    json_.field("type", "json_schema").key("json_schema").open();
    json_.field("name", format.name.empty() ? std::string_view("answer") : format.name);
    if (!format.description.empty()) json_.field("description", format.description);
    json_.key("schema").raw(format.schema);
    // The strict mode refuses a schema with members that may be missing.
    json_.field("strict", format.strict.value_or(format.closed)).close().close();
}

}  // namespace

Result<std::string> write_chat_request(const Ask& ask, const Target& to) { return ChatWriter(ask, to).write(); }

}  // namespace bursar::providers::translate
