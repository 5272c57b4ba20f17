// The model list, in the caller's own dialect.
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

/// ai.google.dev/api/models, November 2026.
void write_gemini_model(JsonWriter& json, const policies::Model& model) {
    json.open().field("name", "models/" + model.name).field("version", "").field("displayName", model.name);
    if (model.input_tokens_max) json.field("inputTokenLimit", *model.input_tokens_max);
    json.field("outputTokenLimit", model.output_tokens_max).key("supportedGenerationMethods").open_list();
    json.value("generateContent").value("countTokens").close_list().close();
}

void write_model(JsonWriter& json, const policies::Model& model, Dialect dialect) {
    if (dialect == Dialect::gemini) return write_gemini_model(json, model);
    json.open().field("id", model.name);
    if (dialect == Dialect::anthropic) {
        json.field("type", "model").field("display_name", model.name).field("created_at", "1970-01-01T00:00:00Z");
    } else {
        json.field("object", "model").field("created", 0).field("owned_by", "bursar");
    }
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
        write_model(json, **found, call.dialect);
        return std::move(json).text();
    }
    json.open();
    if (call.dialect == Dialect::openai) json.field("object", "list");
    json.key(call.dialect == Dialect::gemini ? "models" : "data").open_list();
    for (const auto& model : models) write_model(json, *model, call.dialect);
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
