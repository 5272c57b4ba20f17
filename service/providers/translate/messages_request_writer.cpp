#include "service/base/json.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/effort.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

// Anthropic's Messages request, in the form that version 2023-06-01 and later ones take.
namespace bursar::providers::translate {
namespace {

constexpr Tokens max_tokens_unsaid = 4096;
constexpr std::size_t user_bytes_max = 256;
constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view json_alone =
    "Answer with one JSON object and with nothing else, not even a fence around it.";

bool blank(std::string_view text) { return text.find_first_not_of(blanks) == std::string_view::npos; }

/// Text without a letter in it is refused there.
bool is_empty(const Part& part) {
    switch (part.kind) {
        case Part::Kind::text:
        case Part::Kind::refusal:
            return blank(part.text);
        case Part::Kind::thinking:
            return part.signature.empty() || part.signature == unsigned_thinking ||
                   part.signature == unsigned_thinking_short;
        case Part::Kind::image:
        case Part::Kind::document:
        case Part::Kind::redacted_thinking:
        case Part::Kind::tool_call:
        case Part::Kind::tool_result:
            return false;
    }
    return false;
}

/// Ids there are letters, digits, _ and -; the same id becomes the same id at the call and at its result.
std::string tool_id(std::string_view id) {
    std::string out(id);
    std::ranges::replace_if(
        out,
        [](char c) {
            return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                     c == '-');
        },
        '_');
    return out;
}

class MessagesWriter {
  public:
    MessagesWriter(const Ask& ask, const Target& to) : ask_(ask), to_(to), json_(ask.bytes + 1024) {}
    Result<std::string> write();

  private:
    Result<void> check() const;
    void system_prompt();
    void messages();
    void turn(const Turn& turn, bool last);
    void part(const Part& part);
    void source(const Part& part);
    void tools();
    void tool_choice();
    Result<void> settings();
    void output_config(std::string_view effort);

    const Ask& ask_;
    const Target& to_;
    JsonWriter json_;
};

Result<std::string> MessagesWriter::write() {
    TRY_VOID(check());
    json_.open();
    if (to_.version.empty())
        json_.field("model", to_.model);
    else
        json_.field("anthropic_version", to_.version);
    TRY_VOID(settings());
    system_prompt();
    tools();
    messages();
    json_.close();
    return std::move(json_).text();
}

Result<void> MessagesWriter::check() const {
    const auto speaks = [](const Turn& turn) {
        return turn.role != Role::system &&
               std::ranges::any_of(turn.parts, [](const Part& part) { return !is_empty(part); });
    };
    const auto first = std::ranges::find_if(ask_.turns, speaks);
    if (first == ask_.turns.end())
        return fail(Fault::invalid_request, "`messages` has no user message with text in it. This model needs one.");
    if (first->role == Role::assistant)
        return fail(Fault::invalid_request,
                    "`messages` begins with an assistant message. This model wants a user message first.");
    if (std::ranges::any_of(ask_.stop, blank))
        return fail(Fault::invalid_request,
                    "`stop` has an entry of white space alone, at which this model cannot stop. Leave it out.");
    return {};
}

Result<void> MessagesWriter::settings() {
    const Tokens max_tokens = to_.max_tokens.value_or(ask_.max_tokens.value_or(max_tokens_unsaid));
    json_.field("max_tokens", max_tokens);
    if (ask_.stream) json_.field("stream", true);
    const Reflection reflection = reflection_of(ask_, to_.model, max_tokens);
    const bool budget = reflection.thinking == Thinking::budget;
    if (budget && ask_.temperature && *ask_.temperature != 1)
        return fail(Fault::invalid_request,
                    "`temperature` cannot be combined with `reasoning_effort` at this model. Leave one of them out.");
    if (reflection.thinking != Thinking::unsaid) {
        json_.key("thinking")
            .open()
            .field("type", budget                                      ? "enabled"
                           : reflection.thinking == Thinking::adaptive ? "adaptive"
                                                                       : "disabled");
        if (budget) json_.field("budget_tokens", reflection.budget);
        if (!ask_.thinking_display.empty()) json_.field("display", ask_.thinking_display);
        json_.close();
    }
    output_config(reflection.effort);
    // 1 is what both APIs do when nothing is said, and the newest models take the field in no other case. The scales
    // agree up to there; above it Anthropic's has ended.
    if (ask_.temperature && *ask_.temperature < 1)
        json_.key("temperature").raw(fmt::format("{}", std::max(0.0, *ask_.temperature)));
    if (ask_.top_p && *ask_.top_p != 1) json_.key("top_p").raw(fmt::format("{}", *ask_.top_p));
    if (ask_.top_k && !budget) json_.field("top_k", *ask_.top_k);
    if (!ask_.stop.empty()) {
        json_.key("stop_sequences").open_list();
        for (const auto text : ask_.stop) json_.value(text);
        json_.close_list();
    }
    if (!ask_.user.empty() && ask_.user.size() <= user_bytes_max)
        json_.key("metadata").open().field("user_id", ask_.user).close();
    if (ask_.standard_tier) json_.field("service_tier", "standard_only");
    return {};
}

void MessagesWriter::output_config(std::string_view effort) {
    const bool schema = ask_.format.kind == Format::Kind::schema;
    if (effort.empty() && !schema) return;
    json_.key("output_config").open();
    if (!effort.empty()) json_.field("effort", effort);
    if (schema) json_.key("format").open().field("type", "json_schema").key("schema").raw(ask_.format.schema).close();
    json_.close();
}

/// System messages from the middle of a conversation stand here too: only some models take them where they were.
void MessagesWriter::system_prompt() {
    std::vector<std::string_view> texts;
    const auto gather = [&](const std::vector<Part>& parts) {
        for (const auto& part : parts)
            if (part.kind == Part::Kind::text && !is_empty(part)) texts.push_back(part.text);
    };
    gather(ask_.system);
    for (const auto& turn : ask_.turns)
        if (turn.role == Role::system) gather(turn.parts);
    if (ask_.format.kind == Format::Kind::json) texts.push_back(json_alone);
    if (texts.empty()) return;
    json_.key("system");
    if (texts.size() == 1) {
        json_.value(texts.front());
        return;
    }
    json_.open_list();
    for (const auto text : texts) json_.open().field("type", "text").field("text", text).close();
    json_.close_list();
}

void MessagesWriter::messages() {
    // Without the system turns between them, neighbours may be of one role again.
    std::vector<const Turn*> turns;
    for (const auto& turn : ask_.turns)
        if (turn.role != Role::system && !std::ranges::all_of(turn.parts, is_empty)) turns.push_back(&turn);
    json_.key("messages").open_list();
    for (std::size_t i = 0; i < turns.size();) {
        const Role role = turns[i]->role;
        std::size_t end = i + 1;
        while (end < turns.size() && turns[end]->role == role) ++end;
        if (end == i + 1) {
            turn(*turns[i], end == turns.size());
        } else {
            Turn merged{.role = role, .parts = {}};
            for (std::size_t k = i; k < end; ++k)
                merged.parts.insert(merged.parts.end(), turns[k]->parts.begin(), turns[k]->parts.end());
            turn(merged, end == turns.size());
        }
        i = end;
    }
    json_.close_list();
}

void MessagesWriter::turn(const Turn& turn, bool last) {
    const bool user = turn.role == Role::user;
    json_.open().field("role", user ? "user" : "assistant").key("content");
    std::vector<const Part*> parts;
    // Results of tools come first, right after the calls.
    for (const bool results : {true, false})
        for (const auto& part : turn.parts)
            if (!is_empty(part) && (part.kind == Part::Kind::tool_result) == results) parts.push_back(&part);
    Part cut;
    if (last && !user && parts.back()->kind == Part::Kind::text) {
        // An answer to be continued may not end in white space.
        cut = *parts.back();
        cut.text = cut.text.substr(0, cut.text.find_last_not_of(blanks) + 1);
        parts.back() = &cut;
    }
    if (parts.size() == 1 && parts.front()->kind == Part::Kind::text) {
        json_.value(parts.front()->text).close();
        return;
    }
    json_.open_list();
    for (const auto* one : parts) part(*one);
    json_.close_list().close();
}

void MessagesWriter::part(const Part& part) {
    json_.open();
    switch (part.kind) {
        case Part::Kind::text:
        case Part::Kind::refusal:
            json_.field("type", "text").field("text", part.text);
            break;
        case Part::Kind::thinking:
            json_.field("type", "thinking").field("thinking", part.text).field("signature", part.signature);
            break;
        case Part::Kind::redacted_thinking:
            json_.field("type", "redacted_thinking").field("data", part.text);
            break;
        case Part::Kind::image:
            json_.field("type", "image");
            source(part);
            break;
        case Part::Kind::document:
            json_.field("type", "document");
            source(part);
            if (!part.name.empty()) json_.field("title", part.name);
            break;
        case Part::Kind::tool_call:
            json_.field("type", "tool_use").field("id", tool_id(part.id)).field("name", part.name);
            json_.key("input").raw(part.arguments);
            break;
        case Part::Kind::tool_result: {
            json_.field("type", "tool_result").field("tool_use_id", tool_id(part.id));
            const auto said = std::ranges::count_if(part.parts, [](const Part& one) { return !is_empty(one); });
            if (said == 1 && part.parts.front().kind == Part::Kind::text && !is_empty(part.parts.front())) {
                json_.field("content", part.parts.front().text);
            } else if (said > 0) {
                json_.key("content").open_list();
                for (const auto& one : part.parts)
                    if (!is_empty(one)) this->part(one);
                json_.close_list();
            }
            if (part.failed) json_.field("is_error", true);
            break;
        }
    }
    json_.close();
}

void MessagesWriter::source(const Part& part) {
    json_.key("source").open();
    if (part.by_url)
        json_.field("type", "url").field("url", part.data);
    else
        json_.field("type", "base64").field("media_type", part.media_type).field("data", part.data);
    json_.close();
}

void MessagesWriter::tools() {
    if (ask_.tools.empty()) return;
    json_.key("tools").open_list();
    for (const auto& tool : ask_.tools) {
        json_.open().field("name", tool.name);
        if (!tool.description.empty()) json_.field("description", tool.description);
        json_.key("input_schema").raw(tool.schema.empty() ? R"({"type":"object","properties":{}})" : tool.schema);
        if (tool.strict) json_.field("strict", *tool.strict);
        json_.close();
    }
    json_.close_list();
    tool_choice();
}

void MessagesWriter::tool_choice() {
    const bool alone = ask_.parallel == false;
    if (ask_.choice == Choice::unsaid && !alone) return;
    json_.key("tool_choice").open();
    switch (ask_.choice) {
        case Choice::unsaid:
        case Choice::automatic:
            json_.field("type", "auto");
            break;
        case Choice::none:
            json_.field("type", "none");
            break;
        case Choice::required:
            json_.field("type", "any");
            break;
        case Choice::named:
            json_.field("type", "tool").field("name", ask_.choice_name);
            break;
    }
    if (alone && ask_.choice != Choice::none) json_.field("disable_parallel_tool_use", true);
    json_.close();
}

}  // namespace

Result<std::string> write_messages_request(const Ask& ask, const Target& to) { return MessagesWriter(ask, to).write(); }

}  // namespace bursar::providers::translate
