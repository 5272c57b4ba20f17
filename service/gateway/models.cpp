// The model list, in the caller's own dialect.
#include "policies/charge.h"
#include "service/base/json.h"
#include "service/gateway/rooms.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// A rate per million tokens as dollars for one, exactly: "0.0000025".
std::string per_token(NanoUsd rate) {
    constexpr std::size_t places = 15;
    std::string digits = fmt::format("{:0{}}", rate.nanos(), places + 1);
    digits.insert(digits.size() - places, ".");
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return digits;
}

bool can(const policies::Model& model, Ability ability) { return model.abilities && model.abilities->has(ability); }

/// What this caller is charged at the model's first channel, in its lowest tier.
void write_prices(JsonWriter& json, const Call& call, const policies::Model& model) {
    if (model.channels.empty() || !model.channels.front().prices) return;
    const policies::Price* price = model.channels.front().prices->at(call.at);
    if (price == nullptr) return;
    const policies::Factor factor = policies::charge_for(*call.rules, call.caller->team, model).factor;
    const auto rate = [&](std::string_view name, const std::optional<NanoUsd>& value) {
        if (value) json.field(name, per_token(policies::charged({factor, {}}, *value)));
    };
    json.key("pricing").open().field("currency", "USD");
    rate("prompt", price->rates.input);
    rate("completion", price->rates.output);
    rate("input_cache_read", price->rates.cache_read);
    rate("input_cache_write", price->rates.cache_write_5m);
    json.close();
}

/// In the names that editors and chats look for beside OpenAI's own (openrouter.ai/docs/api-reference/models, November
/// 2026).
void write_openai_model(JsonWriter& json, const Call& call, const policies::Model& model) {
    json.field("object", "model").field("created", 0).field("owned_by", "bursar");
    if (model.channels.empty()) return;  // a virtual one is as able as the model that it picks
    if (model.input_tokens_max) json.field("context_length", *model.input_tokens_max);
    json.field("max_output_tokens", model.output_tokens_max);
    if (!model.tier.empty()) json.field("tier", model.tier);
    write_prices(json, call, model);
    if (!model.abilities) return;
    json.key("abilities").open_list();
    for (const AbilityName& each : ability_names)
        if (can(model, each.ability)) json.value(each.name);
    json.close_list();
    json.key("architecture").open().key("input_modalities").open_list().value("text");
    if (can(model, Ability::images)) json.value("image");
    if (can(model, Ability::documents)) json.value("file");
    if (can(model, Ability::audio)) json.value("audio");
    json.close_list().close();
    json.key("supported_parameters").open_list().value("max_tokens");
    if (can(model, Ability::tools)) json.value("tools").value("tool_choice");
    if (can(model, Ability::structured_output)) json.value("response_format").value("structured_outputs");
    if (can(model, Ability::reasoning)) json.value("reasoning");
    json.close_list();
}

/// As the types of @anthropic-ai/sdk have it (resources/models, November 2026); what a policy does not speak of is no.
void write_capabilities(JsonWriter& json, const policies::Model& model) {
    const auto say = [&](std::string_view name, bool supported) {
        json.key(name).open().field("supported", supported).close();
    };
    const bool thinks = can(model, Ability::reasoning);
    json.key("capabilities").open();
    for (const std::string_view name : {"batch", "citations", "code_execution"}) say(name, false);
    json.key("context_management").open().field("supported", false);
    for (const std::string_view name : {"clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112"})
        json.key(name).null();
    json.close().key("effort").open().field("supported", false);
    for (const std::string_view name : {"low", "medium", "high", "max"}) say(name, false);
    json.key("xhigh").null().close();
    say("image_input", can(model, Ability::images));
    say("pdf_input", can(model, Ability::documents));
    json.key("server_tools").open().field("supported", false);
    for (const std::string_view name : {"code_execution", "web_search"}) say(name, false);
    json.close();
    say("structured_outputs", can(model, Ability::structured_output));
    json.key("thinking").open().field("supported", thinks).key("types").open();
    for (const std::string_view name : {"adaptive", "between_tools"}) say(name, false);
    for (const std::string_view name : {"disabled", "enabled"}) say(name, thinks);
    json.close().close().close();
}

void write_anthropic_model(JsonWriter& json, const policies::Model& model) {
    json.field("type", "model").field("display_name", model.name).field("created_at", "1970-01-01T00:00:00Z");
    json.field("lifecycle", "active");
    for (const std::string_view name : {"deprecated_at", "retires_at", "line"}) json.key(name).null();
    json.key("max_input_tokens");
    model.input_tokens_max ? json.value(*model.input_tokens_max) : json.null();
    json.key("max_tokens");
    model.channels.empty() ? json.null() : json.value(model.output_tokens_max);
    if (model.abilities)
        write_capabilities(json, model);
    else
        json.key("capabilities").null();
}

/// ai.google.dev/api/models, November 2026.
void write_gemini_model(JsonWriter& json, const policies::Model& model) {
    json.open().field("name", "models/" + model.name).field("version", "").field("displayName", model.name);
    if (model.input_tokens_max) json.field("inputTokenLimit", *model.input_tokens_max);
    json.field("outputTokenLimit", model.output_tokens_max).key("supportedGenerationMethods").open_list();
    json.value("generateContent").value("countTokens").close_list();
    if (model.abilities) json.field("thinking", can(model, Ability::reasoning));
    json.close();
}

void write_model(JsonWriter& json, const Call& call, const policies::Model& model) {
    if (call.dialect == Dialect::gemini) return write_gemini_model(json, model);
    json.open().field("id", model.name);
    if (call.dialect == Dialect::anthropic)
        write_anthropic_model(json, model);
    else
        write_openai_model(json, call, model);
    json.close();
}

}  // namespace

/// The edge has seen to it that escapes are well-formed and hide no path (RFC 3986 §2.1).
std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 && digit_of(text[i + 2]) >= 0) {
            out += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

Result<std::string> model_list(const Call& call) {
    const auto models = policies::models_of(*call.rules, *call.caller);
    const std::string_view rest = behind_models(call.exchange.head().path()).value_or("");
    JsonWriter json;
    if (rest.size() > 1) {
        const std::string name = decoded(rest.substr(1));
        const auto known = call.rules->models.find(name);  // by an alias as well
        const auto found = known == call.rules->models.end() ? models.end() : std::ranges::find(models, known->second);
        if (found == models.end())
            return fail(
                Fault::model_unknown,
                fmt::format("There is no model \"{}\" for this key. See GET /v1/models for those it may use.", name));
        write_model(json, call, **found);
        return std::move(json).text();
    }
    json.open();
    if (call.dialect == Dialect::openai) json.field("object", "list");
    json.key(call.dialect == Dialect::gemini ? "models" : "data").open_list();
    for (const auto& model : models) write_model(json, call, *model);
    json.close_list();
    if (call.dialect == Dialect::anthropic) {
        json.field("has_more", false).key("first_id");
        models.empty() ? json.null() : json.value(models.front()->name);
        json.key("last_id");
        models.empty() ? json.null() : json.value(models.back()->name);
    }
    json.close();
    return std::move(json).text();
}

}  // namespace bursar::gateway
