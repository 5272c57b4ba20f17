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

void write_model(JsonWriter& json, const policies::Model& model, Dialect dialect) {
    json.open().field("id", model.name);
    if (dialect == Dialect::anthropic) {
        json.field("type", "model").field("display_name", model.name).field("created_at", "1970-01-01T00:00:00Z");
    } else {
        json.field("object", "model").field("created", 0).field("owned_by", "bursar");
    }
    json.close();
}

}  // namespace

Result<std::string> model_list(const Call& call) {
    constexpr std::string_view one_of = "/v1/models/";
    const auto models = policies::models_of(*call.rules, *call.caller);
    const std::string_view path = call.exchange.head().path();
    JsonWriter json;
    if (path.starts_with(one_of)) {
        const std::string name = decoded(path.substr(one_of.size()));
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
    json.key("data").open_list();
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
