#include "service/providers/translate/converse_model.h"

#include "service/providers/translate/effort.h"

namespace bursar::providers::translate {
namespace {

/// Without a limit Bedrock takes the model's own.
constexpr Tokens max_tokens_unsaid = 32'768;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

ModelFields of_anthropic(const Ask& ask, std::string_view model, std::optional<Tokens> max_tokens) {
    const Reflection reflection = reflection_of(ask, model, max_tokens.value_or(max_tokens_unsaid));
    ModelFields fields{.effort = reflection.effort};
    const bool budget = reflection.thinking == Thinking::budget;
    if (reflection.thinking == Thinking::disabled) fields.thinking = "disabled";
    if (reflection.thinking == Thinking::adaptive) fields.thinking = "adaptive";
    if (budget) fields.thinking = "enabled";
    if (budget) fields.budget = reflection.budget;
    if (!fields.thinking.empty()) fields.display = ask.thinking_display;
    if (!budget) fields.top_k = ask.top_k;
    if (!fields.effort.empty() && ask.format.kind == Format::Kind::schema) fields.schema = ask.format.schema;
    return fields;
}

void write_anthropic(JsonWriter& json, const ModelFields& fields) {
    if (!fields.thinking.empty()) {
        json.key("thinking").open().field("type", fields.thinking);
        if (fields.budget > 0) json.field("budget_tokens", fields.budget);
        if (!fields.display.empty()) json.field("display", fields.display);
        json.close();
    }
    if (fields.top_k) json.field("top_k", *fields.top_k);
    if (fields.effort.empty()) return;
    json.key("output_config").open().field("effort", fields.effort);
    if (!fields.schema.empty())
        json.key("format").open().field("type", "json_schema").key("schema").raw(fields.schema).close();
    json.close();
}

/// Three words, and nothing for no thinking (Amazon Nova user guide, "Extended thinking", November 2026).
std::string_view three_words(std::string_view effort) {
    if (effort == "none") return {};
    if (effort == "minimal") return "low";
    return effort == "xhigh" || effort == "max" ? std::string_view("high") : effort;
}

}  // namespace

Family family_of(std::string_view model) {
    if (has(model, "anthropic.")) return Family::anthropic;
    if (has(model, "amazon.nova")) return Family::nova;
    return has(model, "openai.gpt-oss") ? Family::gpt_oss : Family::other;
}

bool caches(Family family) { return family == Family::anthropic || family == Family::nova; }

ModelFields model_fields(const Ask& ask, std::string_view model, std::optional<Tokens> max_tokens) {
    switch (family_of(model)) {
        case Family::anthropic:
            return of_anthropic(ask, model, max_tokens);
        case Family::nova:
            // The first Nova models do not think.
            return {.effort = has(model, "nova-2") ? three_words(effort_of(ask, model)) : std::string_view{},
                    .top_k = ask.top_k};
        case Family::gpt_oss:
            return {.effort = three_words(effort_of(ask, model))};
        case Family::other:
            break;
    }
    return {};
}

void write_model_fields(JsonWriter& json, Family family, const ModelFields& fields) {
    json.key("additionalModelRequestFields").open();
    switch (family) {
        case Family::anthropic:
            write_anthropic(json, fields);
            break;
        case Family::nova:
            if (!fields.effort.empty())
                json.key("reasoningConfig")
                    .open()
                    .field("type", "enabled")
                    .field("maxReasoningEffort", fields.effort)
                    .close();
            if (fields.top_k) json.key("inferenceConfig").open().field("topK", *fields.top_k).close();
            break;
        case Family::gpt_oss:
            json.field("reasoning_effort", fields.effort);
            break;
        case Family::other:
            break;
    }
    json.close();
}

}  // namespace bursar::providers::translate
