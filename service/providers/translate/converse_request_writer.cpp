#include "service/base/json.h"
#include "service/providers/translate/converse_content.h"
#include "service/providers/translate/converse_model.h"
#include "service/providers/translate/dialects.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

// Bedrock's Converse request (Amazon Bedrock API reference, November 2026). The model, and whether it streams, stand in
// the path.
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

constexpr std::size_t cache_points_max = 4;

std::unexpected<Error> refused(std::string text) { return fail(Fault::invalid_request, std::move(text)); }

bool has(const std::vector<Part>& parts, auto... kinds) {
    return std::ranges::any_of(parts, [&](const Part& part) { return (... || (part.kind == kinds)); });
}

class ConverseWriter {
  public:
    ConverseWriter(const Ask& ask, const Target& to)
        : ask_(ask), to_(to), family_(family_of(to.model)), json_(ask.bytes + 1024), content_(json_, family_) {}
    Result<std::string> write();

  private:
    Result<void> check() const;
    Result<void> check_tools() const;
    Result<void> messages();
    Result<void> message(const std::vector<Part>& parts, Role role);
    void system_prompt();
    void tools();
    void tool_choice();
    void inference();
    void output();
    void mark(CacheMark mark);

    const Ask& ask_;
    const Target& to_;
    Family family_;
    JsonWriter json_;
    ConverseContent content_;
    std::size_t marks_ = 0;
};

Result<std::string> ConverseWriter::write() {
    TRY_VOID(check());
    json_.open();
    system_prompt();
    tools();
    TRY_VOID(messages());
    inference();
    output();
    const auto limit = to_.max_tokens ? to_.max_tokens : ask_.max_tokens;
    if (const ModelFields fields = model_fields(ask_, to_.model, limit); !fields.empty())
        write_model_fields(json_, family_, fields);
    // At which sequence it stopped Bedrock tells only of models that say so themselves.
    if (!ask_.stop.empty() && family_ == Family::anthropic)
        json_.key("additionalModelResponseFieldPaths").open_list().value("/stop_sequence").close_list();
    json_.close();
    return std::move(json_).text();
}

Result<void> ConverseWriter::check() const {
    const auto speaks = [&](const Turn& turn) {
        return turn.role != Role::system &&
               std::ranges::any_of(turn.parts, [&](const Part& part) { return content_.is_said(part); });
    };
    const auto first = std::ranges::find_if(ask_.turns, speaks);
    if (first == ask_.turns.end())
        return refused("The conversation has no user message with anything in it. This model needs one.");
    if (first->role == Role::assistant)
        return refused("The conversation begins with an answer of the model. This model wants a user message first.");
    if (ask_.top_k && (family_ == Family::other || family_ == Family::gpt_oss))
        return refused("`top_k` cannot be said to this model. Leave it out.");
    return check_tools();
}

Result<void> ConverseWriter::check_tools() const {
    const bool called = std::ranges::any_of(
        ask_.turns, [](const Turn& turn) { return has(turn.parts, Kind::tool_call, Kind::tool_result); });
    if (called && ask_.tools.empty())
        return refused(
            "The conversation has tool calls, but `tools` is empty, which this model's provider refuses. Send the "
            "tools "
            "that were called.");
    if (called && ask_.choice == Choice::none)
        return refused(
            "This model cannot be told to call no tool in a conversation that has tool calls. Leave `tool_choice` "
            "out.");
    const bool may_call = !ask_.tools.empty() && ask_.choice != Choice::none;
    if (ask_.parallel == false && may_call)
        return refused(
            "This model cannot be told to call one tool at a time. Leave `parallel_tool_calls` or "
            "`disable_parallel_tool_use` out.");
    return {};
}

void ConverseWriter::mark(CacheMark mark) {
    // More of them are refused; the earliest ones cover what stays the same.
    if (mark != CacheMark::none && ++marks_ <= cache_points_max) content_.mark(mark);
}

/// System messages from the middle of a conversation stand here too: there is no other place for them.
void ConverseWriter::system_prompt() {
    std::vector<const Part*> parts;
    const auto gather = [&](const std::vector<Part>& from) {
        for (const auto& part : from)
            if (part.kind == Kind::text && content_.is_said(part)) parts.push_back(&part);
    };
    gather(ask_.system);
    for (const auto& turn : ask_.turns)
        if (turn.role == Role::system) gather(turn.parts);
    const bool json_alone = ask_.format.kind == Format::Kind::json;
    if (parts.empty() && !json_alone) return;
    json_.key("system").open_list();
    for (const auto* one : parts) {
        json_.open().field("text", one->text).close();
        mark(one->cache_mark);
    }
    if (json_alone)
        json_.open().field("text", "Answer with a single JSON object: no other words, and no fence around it.").close();
    json_.close_list();
}

/// A system message between them leaves neighbours of one role, which are one message.
Result<void> ConverseWriter::messages() {
    json_.key("messages").open_list();
    std::vector<Part> parts;
    std::optional<Role> role;
    for (const auto& turn : ask_.turns) {
        if (turn.role == Role::system) continue;
        if (role && *role != turn.role) {
            TRY_VOID(message(parts, *role));
            parts.clear();
        }
        role = turn.role;
        parts.insert(parts.end(), turn.parts.begin(), turn.parts.end());
    }
    if (role) TRY_VOID(message(parts, *role));
    json_.close_list();
    return {};
}

/// Results of tools come first, right after the calls.
Result<void> ConverseWriter::message(const std::vector<Part>& parts, Role role) {
    if (std::ranges::none_of(parts, [&](const Part& part) { return content_.is_said(part); })) return {};
    const auto says = [&](const Part& part) { return part.kind == Kind::text && content_.is_said(part); };
    if (has(parts, Kind::document) && std::ranges::none_of(parts, says))
        return refused(
            "A message has a document and no text. This model wants both: say in it what to do with the document.");
    json_.open().field("role", role == Role::user ? "user" : "assistant").key("content").open_list();
    for (const bool results : {true, false}) {
        for (const auto& part : parts) {
            if ((part.kind == Kind::tool_result) != results || !content_.is_said(part)) continue;
            TRY_VOID(content_.write(part));
            mark(part.cache_mark);
        }
    }
    json_.close_list().close();
    return {};
}

void ConverseWriter::tools() {
    // "None" is not known there, but no tools are none.
    if (ask_.tools.empty() || ask_.choice == Choice::none) return;
    json_.key("toolConfig").open().key("tools").open_list();
    for (const auto& tool : ask_.tools) {
        json_.open().key("toolSpec").open().field("name", tool.name);
        if (!tool.description.empty()) json_.field("description", tool.description);
        json_.key("inputSchema").open().key("json");
        json_.raw(tool.schema.empty() ? R"({"type":"object","properties":{}})" : tool.schema).close();
        if (tool.strict == true && family_ == Family::anthropic) json_.field("strict", true);
        json_.close().close();
        mark(tool.cache_mark);
    }
    json_.close_list();
    tool_choice();
    json_.close();
}

void ConverseWriter::tool_choice() {
    switch (ask_.choice) {
        case Choice::unsaid:
        case Choice::none:
            return;
        case Choice::automatic:
            json_.key("toolChoice").open().key("auto").open().close().close();
            return;
        case Choice::required:
            json_.key("toolChoice").open().key("any").open().close().close();
            return;
        case Choice::named:
            json_.key("toolChoice").open().key("tool").open().field("name", ask_.choice_name).close().close();
            return;
    }
}

void ConverseWriter::inference() {
    json_.key("inferenceConfig").open();
    if (const auto limit = to_.max_tokens ? to_.max_tokens : ask_.max_tokens) json_.field("maxTokens", *limit);
    // 1 is what Anthropic's models do when nothing is said, and the newest take the field in no other case. The scale
    // ends there; OpenAI's goes on.
    const bool usual = family_ == Family::anthropic;
    if (ask_.temperature && !(usual && *ask_.temperature >= 1))
        json_.key("temperature").raw(fmt::format("{}", std::clamp(*ask_.temperature, 0.0, 1.0)));
    if (ask_.top_p && !(usual && *ask_.top_p == 1)) json_.key("topP").raw(fmt::format("{}", *ask_.top_p));
    if (!ask_.stop.empty()) {
        json_.key("stopSequences").open_list();
        for (const auto one : ask_.stop) json_.value(one);
        json_.close_list();
    }
    json_.close();
}

/// The schema is a string there.
void ConverseWriter::output() {
    const auto limit = to_.max_tokens ? to_.max_tokens : ask_.max_tokens;
    const bool elsewhere = !model_fields(ask_, to_.model, limit).schema.empty();
    if (ask_.format.kind != Format::Kind::schema || elsewhere) return;
    json_.key("outputConfig").open().key("textFormat").open().field("type", "json_schema");
    json_.key("structure").open().key("jsonSchema").open().field("schema", ask_.format.schema);
    if (!ask_.format.name.empty()) json_.field("name", ask_.format.name);
    if (!ask_.format.description.empty()) json_.field("description", ask_.format.description);
    json_.close().close().close().close();
}

}  // namespace

Result<std::string> write_converse_request(const Ask& ask, const Target& to) { return ConverseWriter(ask, to).write(); }

}  // namespace bursar::providers::translate
