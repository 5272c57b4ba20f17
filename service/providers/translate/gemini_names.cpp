#include "service/providers/translate/gemini_names.h"

#include "service/base/json.h"

#include <algorithm>
#include <array>

namespace bursar::providers::translate {
namespace {

char capital(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string small(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

class SchemaWriter {
  public:
    explicit SchemaWriter(Objects objects) : objects_(objects) {}
    std::string text() && { return std::move(json_).text(); }
    void schema(dom::element element);

  private:
    void member(std::string_view key, dom::element value, bool nullable);
    void type(dom::element value, bool nullable);
    void members(std::string_view key, dom::object schemas);
    void list(std::string_view key, dom::array schemas);

    Objects objects_;
    JsonWriter json_;
};

void SchemaWriter::schema(dom::element element) {
    const auto object = as_object(element);
    if (!object) {
        json_.raw(json_of(element));
        return;
    }
    const auto null = google_member(*object, "nullable");
    bool nullable = false;
    if (null && null->get_bool().get(nullable) != simdjson::SUCCESS) nullable = false;
    json_.open();
    for (const auto field : *object) member(field.key, field.value, nullable);
    const bool open = object_member(*object, "properties") && !google_member(*object, "additionalProperties");
    if (open && objects_ == Objects::closed) json_.field("additionalProperties", false);
    json_.close();
}

void SchemaWriter::members(std::string_view key, dom::object schemas) {
    json_.key(key).open();
    for (const auto field : schemas) {
        json_.key(field.key);
        schema(field.value);
    }
    json_.close();
}

void SchemaWriter::list(std::string_view key, dom::array schemas) {
    json_.key(key).open_list();
    for (const auto one : schemas) schema(one);
    json_.close_list();
}

void SchemaWriter::member(std::string_view key, dom::element value, bool nullable) {
    static constexpr std::array<std::string_view, 6> counts = {"minItems",  "maxItems",      "minLength",
                                                               "maxLength", "minProperties", "maxProperties"};
    if (is_named(key, "nullable") || is_named(key, "propertyOrdering")) return;
    if (key == "type") return type(value, nullable);
    if (key == "items") {
        json_.key(key);
        return schema(value);
    }
    const auto object = as_object(value);
    dom::array entries;
    if (object && (key == "properties" || key == "$defs")) return members(key, *object);
    const bool alternatives = is_named(key, "anyOf") || key == "oneOf" || key == "prefixItems";
    if (alternatives && value.get_array().get(entries) == simdjson::SUCCESS)
        return list(key == "any_of" ? "anyOf" : key, entries);
    // Numbers of 64 bits are strings there.
    const auto* count = std::ranges::find_if(counts, [&](std::string_view name) { return is_named(key, name); });
    const auto digits = as_text(value);
    const bool number = digits && !digits->empty() && digits->find_first_not_of("0123456789") == std::string_view::npos;
    if (count == counts.end())
        json_.key(key).raw(json_of(value));
    else
        json_.key(*count).raw(number && digits->size() < 10 ? std::string(*digits) : json_of(value));
}

void SchemaWriter::type(dom::element value, bool nullable) {
    const auto word = as_text(value);
    json_.key("type");
    if (!word)
        json_.raw(json_of(value));
    else if (nullable)
        json_.open_list().value(small(*word)).value("null").close_list();
    else
        json_.value(small(*word));
}

}  // namespace

bool is_named(std::string_view key, std::string_view name) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < key.size(); ++i) {
        const bool joint = key[i] == '_' && i + 1 < key.size();
        const char c = joint ? capital(key[++i]) : key[i];
        if (at == name.size() || name[at++] != c) return false;
    }
    return at == name.size();
}

std::optional<dom::element> google_member(dom::object object, std::string_view name) {
    for (const auto field : object)
        if (is_named(field.key, name) && !field.value.is_null()) return field.value;
    return std::nullopt;
}

std::optional<dom::object> google_object(dom::object object, std::string_view name) {
    const auto value = google_member(object, name);
    return value ? as_object(*value) : std::nullopt;
}

std::optional<dom::array> google_list(dom::object object, std::string_view name) {
    const auto value = google_member(object, name);
    dom::array list;
    if (!value || value->get_array().get(list) != simdjson::SUCCESS) return std::nullopt;
    return list;
}

std::string_view google_text(dom::object object, std::string_view name) {
    const auto value = google_member(object, name);
    return value ? as_text(*value).value_or(std::string_view{}) : std::string_view{};
}

std::string json_schema_of(dom::element schema, Objects objects) {
    SchemaWriter writer(objects);
    writer.schema(schema);
    return std::move(writer).text();
}

}  // namespace bursar::providers::translate
