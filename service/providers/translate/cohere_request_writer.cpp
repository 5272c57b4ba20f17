#include "service/base/json.h"
#include "service/providers/translate/cohere_messages.h"
#include "service/providers/translate/cohere_model.h"
#include "service/providers/translate/dialects.h"

#include <algorithm>

#include <fmt/format.h>

// The request of Cohere's chat (docs.cohere.com/reference/chat and structured-outputs, November 2026).
namespace bursar::providers::translate {
namespace {

constexpr std::size_t stop_max = 5;
constexpr std::int64_t top_k_max = 500;
/// Where the scales of Cohere's end; others go on.
constexpr double temperature_max = 1, top_p_min = 0.01, top_p_max = 0.99, penalty_max = 1;

std::unexpected<Error> refused(std::string text) { return fail(Fault::invalid_request, std::move(text)); }

/// Strict tools without a member that must be there are refused.
bool requires_something(std::string_view schema) {
    dom::object object;
    if (schema.empty() || parse(Desk::inner, schema).get_object().get(object) != simdjson::SUCCESS) return false;
    const auto required = list_member(object, "required");
    return required && required->size() > 0;
}

class CohereWriter {
  public:
    CohereWriter(const Ask& ask, const Target& to)
        : ask_(ask), to_(to), limit_(to.max_tokens ? to.max_tokens : ask.max_tokens), json_(ask.bytes + 1024) {}
    Result<std::string> write();

  private:
    bool tells_tools() const;
    Result<void> check() const;
    Result<void> check_tools() const;
    void settings();
    void penalty(std::string_view name, std::optional<double> value);
    void tools();
    void tool(const Tool& tool);
    void format();

    const Ask& ask_;
    const Target& to_;
    std::optional<Tokens> limit_;
    JsonWriter json_;
};

Result<std::string> CohereWriter::write() {
    TRY_VOID(check());
    json_.open().field("model", to_.model);
    settings();
    format();
    tools();
    TRY_VOID(CohereMessages(json_, takes_thinking(ask_, to_.model)).write(ask_));
    json_.close();
    return std::move(json_).text();
}

/// A format and tools exclude each other, but tools that must not be called need not be told.
bool CohereWriter::tells_tools() const {
    return !ask_.tools.empty() && !(ask_.choice == Choice::none && ask_.format.kind != Format::Kind::free);
}

Result<void> CohereWriter::check() const {
    if (ask_.stop.size() > stop_max)
        return refused(fmt::format("`stop` can have {} entries at this model. Send fewer.", stop_max));
    const auto outside = [](std::optional<double> value) { return value && (*value < 0 || *value > penalty_max); };
    if (outside(ask_.frequency_penalty)) return refused("`frequency_penalty` goes from 0 to 1 at this model.");
    if (outside(ask_.presence_penalty)) return refused("`presence_penalty` goes from 0 to 1 at this model.");
    return tells_tools() ? check_tools() : Result<void>();
}

Result<void> CohereWriter::check_tools() const {
    if (ask_.format.kind != Format::Kind::free)
        return refused(
            "This model cannot be given `tools` together with a format for its answer (`response_format`, "
            "`output_config`, `text.format` or `responseSchema`). Leave one of them out.");
    if (ask_.parallel == false && ask_.choice != Choice::none)
        return refused(
            "This model cannot be told to call one tool at a time. Leave `parallel_tool_calls` or "
            "`disable_parallel_tool_use` out.");
    if (ask_.choice == Choice::named &&
        std::ranges::find(ask_.tools, ask_.choice_name, &Tool::name) == ask_.tools.end())
        return refused("`tool_choice` names a tool that is not among `tools`. Name one of them.");
    return {};
}

void CohereWriter::settings() {
    if (ask_.stream) json_.field("stream", true);
    if (limit_) json_.field("max_tokens", *limit_);
    if (ask_.temperature)
        json_.key("temperature").raw(fmt::format("{}", std::clamp(*ask_.temperature, 0.0, temperature_max)));
    if (ask_.top_p) json_.key("p").raw(fmt::format("{}", std::clamp(*ask_.top_p, top_p_min, top_p_max)));
    if (ask_.top_k) json_.field("k", std::min(*ask_.top_k, top_k_max));
    if (ask_.seed) json_.field("seed", *ask_.seed);
    penalty("frequency_penalty", ask_.frequency_penalty);
    penalty("presence_penalty", ask_.presence_penalty);
    if (!ask_.stop.empty()) {
        json_.key("stop_sequences").open_list();
        for (const auto text : ask_.stop) json_.value(text);
        json_.close_list();
    }
    write_cohere_thinking(json_, ask_, to_.model, limit_);
}

void CohereWriter::penalty(std::string_view name, std::optional<double> value) {
    if (value) json_.key(name).raw(fmt::format("{}", *value));
}

/// One tool cannot be named, but one that stands alone is the only one that a model can be made to call.
void CohereWriter::tools() {
    if (!tells_tools()) return;
    const bool named = ask_.choice == Choice::named;
    json_.key("tools").open_list();
    for (const auto& one : ask_.tools)
        if (!named || one.name == ask_.choice_name) tool(one);
    json_.close_list();
    const auto strict = [](const Tool& one) { return one.strict == true && requires_something(one.schema); };
    // It is said of all of them, or of none.
    if (std::ranges::all_of(ask_.tools, strict)) json_.field("strict_tools", true);
    if (named || ask_.choice == Choice::required) json_.field("tool_choice", "REQUIRED");
    if (ask_.choice == Choice::none) json_.field("tool_choice", "NONE");
}

void CohereWriter::tool(const Tool& tool) {
    json_.open().field("type", "function").key("function").open().field("name", tool.name);
    if (!tool.description.empty()) json_.field("description", tool.description);
    json_.key("parameters").raw(tool.schema.empty() ? R"({"type":"object","properties":{}})" : tool.schema);
    json_.close().close();
}

void CohereWriter::format() {
    if (ask_.format.kind == Format::Kind::free) return;
    json_.key("response_format").open().field("type", "json_object");
    if (ask_.format.kind == Format::Kind::schema) json_.key("json_schema").raw(ask_.format.schema);
    json_.close();
}

}  // namespace

Result<std::string> write_cohere_request(const Ask& ask, const Target& to) { return CohereWriter(ask, to).write(); }

}  // namespace bursar::providers::translate
