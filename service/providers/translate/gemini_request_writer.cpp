#include "service/base/json.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/gemini_reflection.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

// Google's generateContent request (ai.google.dev/api/generate-content, v1beta, November 2026). The model stands in the
// path.
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

constexpr std::size_t stop_max = 5;
/// What Google documents for calls that no model of its own made (thought signatures guide, November 2026).
constexpr std::string_view no_signature = "skip_thought_signature_validator";

std::unexpected<Error> refused(std::string text) { return fail(Fault::invalid_request, std::move(text)); }

/// Google asks for the type of what it is to fetch, and a URL alone does not tell it.
std::string_view type_of_url(std::string_view url) {
    struct Ending {
        std::string_view ending, type;
    };
    static constexpr std::array endings = {Ending{".png", "image/png"}, Ending{".jpg", "image/jpeg"},
                                           Ending{".jpeg", "image/jpeg"}, Ending{".webp", "image/webp"}};
    url = url.substr(0, url.find_first_of("?#"));
    const auto* found = std::ranges::find_if(endings, [&](const Ending& one) { return url.ends_with(one.ending); });
    return found == endings.end() ? std::string_view{} : found->type;
}

bool is_shown(const Part& part) { return part.kind == Kind::image || part.kind == Kind::document; }

class GeminiWriter {
  public:
    GeminiWriter(const Ask& ask, const Target& to) : ask_(ask), to_(to), json_(ask.bytes + 1024) {}
    Result<std::string> write();

  private:
    Result<void> check() const;
    void system_instruction();
    Result<void> contents();
    Result<void> user(const Turn& turn);
    Result<void> result(const Part& part);
    void assistant(const Turn& turn);
    void call(const Part& part, bool first);
    Result<void> part(const Part& part);
    void text(std::string_view text);
    void content(std::string_view role);
    void end_content();
    void tools();
    void config();
    void thinking();

    const Ask& ask_;
    const Target& to_;
    JsonWriter json_;
    std::map<std::string_view, std::string_view> names_;  ///< of the calls so far, by their ids
    bool said_ = false;
    bool in_content_ = false;
};

Result<std::string> GeminiWriter::write() {
    TRY_VOID(check());
    json_.open();
    system_instruction();
    TRY_VOID(contents());
    tools();
    config();
    json_.close();
    return std::move(json_).text();
}

Result<void> GeminiWriter::check() const {
    if (ask_.stop.size() > stop_max)
        return refused(fmt::format("`stop` can have {} entries at this model. Send fewer.", stop_max));
    const bool may_call = !ask_.tools.empty() && ask_.choice != Choice::none;
    // The only tool that has to be called may come twice at worst: clients that ask so for an answer in a form take the
    // first.
    const bool one = ask_.choice == Choice::named || (ask_.choice == Choice::required && ask_.tools.size() == 1);
    if (ask_.parallel == false && may_call && !one)
        return refused(
            "This model cannot be told to call one tool at a time. Leave `parallel_tool_calls` or "
            "`disable_parallel_tool_use` out.");
    return {};
}

/// System messages from the middle of a conversation stand here too: there is no other place for them.
void GeminiWriter::system_instruction() {
    std::vector<std::string_view> texts;
    const auto gather = [&](const std::vector<Part>& parts) {
        for (const auto& part : parts)
            if (part.kind == Kind::text && !part.text.empty()) texts.push_back(part.text);
    };
    gather(ask_.system);
    for (const auto& turn : ask_.turns)
        if (turn.role == Role::system) gather(turn.parts);
    if (texts.empty()) return;
    json_.key("systemInstruction").open().key("parts").open_list();
    for (const auto one : texts) text(one);
    json_.close_list().close();
}

Result<void> GeminiWriter::contents() {
    json_.key("contents").open_list();
    for (const auto& turn : ask_.turns) {
        if (turn.role == Role::user) TRY_VOID(user(turn));
        if (turn.role == Role::assistant) assistant(turn);
    }
    json_.close_list();
    if (!said_) return refused("`messages` has no message with anything in it. This model needs one.");
    return {};
}

/// Begins with the first part: content without any is refused there.
void GeminiWriter::content(std::string_view role) {
    if (in_content_) return;
    in_content_ = said_ = true;
    json_.open().field("role", role).key("parts").open_list();
}

void GeminiWriter::end_content() {
    if (in_content_) json_.close_list().close();
    in_content_ = false;
}

/// Results of tools come first, as many as there were calls; pictures in them follow, as only the newest models take
/// them within.
Result<void> GeminiWriter::user(const Turn& turn) {
    for (const auto& one : turn.parts) {
        if (one.kind != Kind::tool_result) continue;
        content("user");
        TRY_VOID(result(one));
    }
    for (const auto& one : turn.parts) {
        if (one.kind != Kind::tool_result || std::ranges::none_of(one.parts, is_shown)) continue;
        text(fmt::format("Of the result of the tool call {}:", one.id));
        for (const auto& inner : one.parts)
            if (is_shown(inner)) TRY_VOID(part(inner));
    }
    for (const auto& one : turn.parts) {
        if (one.kind == Kind::tool_result || (one.kind == Kind::text && one.text.empty())) continue;
        content("user");
        TRY_VOID(part(one));
    }
    end_content();
    return {};
}

Result<void> GeminiWriter::result(const Part& part) {
    const auto name = names_.find(part.id);
    if (name == names_.end())
        return refused(fmt::format("`messages` has a result of the tool call \"{}\", but not the call. Send both.",
                                   part.id.substr(0, 100)));
    std::string said;
    for (const auto& one : part.parts) {
        if (one.kind != Kind::text || one.text.empty()) continue;
        if (!said.empty()) said += '\n';
        said += one.text;
    }
    json_.open().key("functionResponse").open().field("id", part.id).field("name", name->second);
    json_.key("response").open().field(part.failed ? "error" : "output", said).close().close().close();
    return {};
}

/// Thinking stays away: summaries of it are nothing that a model goes by, and the proof is with the calls.
void GeminiWriter::assistant(const Turn& turn) {
    bool first = true;
    for (const auto& one : turn.parts) {
        if (one.kind == Kind::tool_call) {
            content("model");
            call(one, std::exchange(first, false));
        } else if ((one.kind == Kind::text || one.kind == Kind::refusal) && !one.text.empty()) {
            content("model");
            text(one.text);
        }
    }
    end_content();
}

/// Of parallel calls the first has the signature.
void GeminiWriter::call(const Part& part, bool first) {
    names_[part.id] = part.name;
    json_.open().key("functionCall").open().field("id", part.id).field("name", part.name);
    json_.key("args").raw(part.arguments).close();
    if (!part.signature.empty())
        json_.field("thoughtSignature", part.signature);
    else if (first && wants_signed_calls(to_.model))
        json_.field("thoughtSignature", no_signature);
    json_.close();
}

void GeminiWriter::text(std::string_view text) { json_.open().field("text", text).close(); }

Result<void> GeminiWriter::part(const Part& part) {
    if (!is_shown(part)) {
        text(part.text);
        return {};
    }
    if (part.by_url) {
        const auto type = type_of_url(part.data);
        if (type.empty())
            return refused(
                "An image is a URL that does not end in .png, .jpg or .webp, so this model cannot be told its type. "
                "Send the image itself as base64.");
        json_.open().key("fileData").open().field("mimeType", type).field("fileUri", part.data).close().close();
        return {};
    }
    if (part.media_type == "image/gif")
        return refused("An image is a GIF, which this model does not take. Send a PNG, JPEG or WebP.");
    json_.open().key("inlineData").open().field("mimeType", part.media_type).field("data", part.data).close().close();
    return {};
}

void GeminiWriter::tools() {
    if (ask_.tools.empty()) return;
    json_.key("tools").open_list().open().key("functionDeclarations").open_list();
    for (const auto& tool : ask_.tools) {
        json_.open().field("name", tool.name);
        if (!tool.description.empty()) json_.field("description", tool.description);
        if (!tool.schema.empty()) json_.key("parametersJsonSchema").raw(tool.schema);
        json_.close();
    }
    json_.close_list().close().close_list();
    if (ask_.choice == Choice::unsaid) return;
    const bool forced = ask_.choice == Choice::required || ask_.choice == Choice::named;
    json_.key("toolConfig").open().key("functionCallingConfig").open();
    json_.field("mode", forced ? "ANY" : ask_.choice == Choice::none ? "NONE" : "AUTO");
    if (ask_.choice == Choice::named)
        json_.key("allowedFunctionNames").open_list().value(ask_.choice_name).close_list();
    json_.close().close();
}

void GeminiWriter::config() {
    json_.key("generationConfig").open();
    if (const auto limit = to_.max_tokens ? to_.max_tokens : ask_.max_tokens) json_.field("maxOutputTokens", *limit);
    if (ask_.temperature) json_.key("temperature").raw(fmt::format("{}", *ask_.temperature));
    if (ask_.top_p) json_.key("topP").raw(fmt::format("{}", *ask_.top_p));
    if (ask_.top_k) json_.field("topK", *ask_.top_k);
    if (!ask_.stop.empty()) {
        json_.key("stopSequences").open_list();
        for (const auto one : ask_.stop) json_.value(one);
        json_.close_list();
    }
    if (ask_.format.kind != Format::Kind::free) json_.field("responseMimeType", "application/json");
    if (ask_.format.kind == Format::Kind::schema) json_.key("responseJsonSchema").raw(ask_.format.schema);
    thinking();
    json_.close();
}

void GeminiWriter::thinking() {
    const GeminiReflection reflection = gemini_reflection_of(ask_, to_.model);
    if (!reflection.budget && reflection.level.empty() && !reflection.shown) return;
    json_.key("thinkingConfig").open();
    if (reflection.budget) json_.field("thinkingBudget", *reflection.budget);
    if (!reflection.level.empty()) json_.field("thinkingLevel", reflection.level);
    if (reflection.shown) json_.field("includeThoughts", true);
    json_.close();
}

}  // namespace

Result<std::string> write_gemini_request(const Ask& ask, const Target& to) { return GeminiWriter(ask, to).write(); }

}  // namespace bursar::providers::translate
