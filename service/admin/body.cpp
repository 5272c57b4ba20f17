#include "service/admin/body.h"

#include "service/base/secret.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

namespace bursar::admin {

struct JsonValue {
    enum class Kind : unsigned char { null, truth, integer, number, text, list, object };
    Kind kind = Kind::null;
    bool truth = false;
    std::int64_t integer = 0;
    std::string text;
    std::vector<JsonValue> items;
    std::vector<std::string> names;  ///< of the items, if it is an object

    JsonValue() = default;
    JsonValue(JsonValue&&) noexcept = default;
    JsonValue& operator=(JsonValue&&) noexcept = default;
    JsonValue(const JsonValue&) = delete;
    JsonValue& operator=(const JsonValue&) = delete;
    // The capacity, not the size: a moved short string leaves its bytes behind.
    ~JsonValue() { wipe(text.data(), text.capacity()); }
};

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

/// Copies simdjson's tree into ours and counts what it makes.
class Tree {
  public:
    Result<void> copy(const element& from, JsonValue& to) {
        if (++values_ > json_values_max)
            return fail(Fault::too_large, fmt::format("The body has more than {} JSON values.", json_values_max));
        switch (from.type()) {
            case element_type::NULL_VALUE:
                to.kind = JsonValue::Kind::null;
                return {};
            case element_type::BOOL:
                to.kind = JsonValue::Kind::truth;
                return taken(from.get_bool().get(to.truth));
            case element_type::INT64:
                to.kind = JsonValue::Kind::integer;
                return taken(from.get_int64().get(to.integer));
            case element_type::UINT64:
            case element_type::DOUBLE:
                to.kind = JsonValue::Kind::number;
                return {};
            case element_type::STRING: {
                std::string_view text;
                to.kind = JsonValue::Kind::text;
                TRY_VOID(taken(from.get_string().get(text)));
                to.text = text;
                return {};
            }
            case element_type::ARRAY:
                return list(from, to);
            case element_type::OBJECT:
                return object(from, to);
        }
        return taken(simdjson::INCORRECT_TYPE);
    }

  private:
    static Result<void> taken(simdjson::error_code error) {
        if (error == simdjson::SUCCESS) return {};
        return fail(Fault::invalid_request, fmt::format("The body is not JSON: {}", simdjson::error_message(error)));
    }

    Result<void> list(const element& from, JsonValue& to) {
        simdjson::dom::array items;
        to.kind = JsonValue::Kind::list;
        TRY_VOID(taken(from.get_array().get(items)));
        for (const element item : items) TRY_VOID(copy(item, to.items.emplace_back()));
        return {};
    }

    Result<void> object(const element& from, JsonValue& to) {
        simdjson::dom::object fields;
        to.kind = JsonValue::Kind::object;
        TRY_VOID(taken(from.get_object().get(fields)));
        std::set<std::string_view> seen;
        for (const auto& [name, content] : fields) {
            if (!seen.insert(name).second)
                return fail(Fault::invalid_request,
                            fmt::format("The field \"{}\" is given twice. Give it once.", name));
            to.names.emplace_back(name);
            TRY_VOID(copy(content, to.items.emplace_back()));
        }
        return {};
    }

    std::size_t values_ = 0;
};

Result<std::unique_ptr<JsonValue>> parse_tree(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::padded_string padded(json);
    element root;
    auto error = parser.allocate(std::max<std::size_t>(json.size(), 64), json_depth_max);
    if (error == simdjson::SUCCESS) error = parser.parse(padded).get(root);

    Result<std::unique_ptr<JsonValue>> tree;
    if (error == simdjson::DEPTH_ERROR)
        tree = fail(Fault::invalid_request, fmt::format("The body is nested more than {} deep.", json_depth_max));
    else if (error != simdjson::SUCCESS)
        tree = fail(Fault::invalid_request, fmt::format("The body is not JSON: {}", simdjson::error_message(error)));
    else if (!root.is_object())
        tree = fail(Fault::invalid_request, "The body must be a JSON object: {…}.");
    else {
        tree = std::make_unique<JsonValue>();
        if (auto copied = Tree().copy(root, **tree); !copied) tree = std::unexpected(std::move(copied).error());
    }
    // simdjson keeps every string of the document in its own buffers.
    wipe(padded.data(), padded.size());
    if (parser.doc.string_buf) wipe(parser.doc.string_buf.get(), json.size() * 5 / 3);
    return tree;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

Body::Body(std::unique_ptr<JsonValue> root) : root_(std::move(root)) {}
Body::Body(Body&&) noexcept = default;
Body& Body::operator=(Body&&) noexcept = default;
Body::~Body() = default;
Fields Body::fields() const { return {*root_, ""}; }

Result<Body> Body::parse(std::string json) {
    if (json.size() > body_bytes_max)
        return fail(Fault::too_large,
                    fmt::format("The body has {} bytes; at most {} are taken.", json.size(), body_bytes_max));
    if (json.empty()) return fail(Fault::invalid_request, "The body is empty; it must be a JSON object.");
    auto tree = parse_tree(json);
    wipe(json.data(), json.size());
    if (!tree) return std::unexpected(std::move(tree).error());
    return Body(std::move(*tree));
}

const JsonValue* Fields::find(std::string_view name) const {
    for (std::size_t i = 0; i < object_->names.size(); ++i)
        if (object_->names[i] == name && object_->items[i].kind != JsonValue::Kind::null) return &object_->items[i];
    return nullptr;
}

std::string Fields::place_of(std::string_view name) const {
    return place_.empty() ? std::string(name) : fmt::format("{}.{}", place_, name);
}

std::unexpected<Error> Fields::wrong(std::string_view name, std::string_view wanted) const {
    return fail(Fault::invalid_request, fmt::format("\"{}\" must be {}.", place_of(name), wanted));
}

Result<void> Fields::only(std::initializer_list<std::string_view> known) const {
    std::vector<std::string> unknown;
    for (const std::string& name : object_->names)
        if (std::ranges::find(known, name) == known.end()) unknown.push_back(place_of(name));
    if (unknown.empty()) return {};
    if (unknown.size() > 8) unknown.resize(8);
    const std::vector<std::string_view> names(known);
    return fail(Fault::invalid_request,
                fmt::format("Unknown fields: {}. Known here: {}.", fmt::join(unknown, ", "), fmt::join(names, ", ")));
}

bool Fields::has(std::string_view name) const { return find(name) != nullptr; }

Result<std::string_view> Fields::text(std::string_view name, std::size_t bytes_max) const {
    const JsonValue* value = find(name);
    if (value == nullptr) return fail(Fault::invalid_request, fmt::format("\"{}\" is missing.", place_of(name)));
    if (value->kind != JsonValue::Kind::text) return wrong(name, "a text");
    if (value->text.size() > bytes_max) return wrong(name, fmt::format("at most {} bytes long", bytes_max));
    return value->text;
}

Result<std::string_view> Fields::text_or_empty(std::string_view name, std::size_t bytes_max) const {
    if (!has(name)) return std::string_view();
    return text(name, bytes_max);
}

Result<std::string_view> Fields::label(std::string_view name, std::size_t bytes_max) const {
    TRY(const std::string_view value, text(name, bytes_max));
    if (value.empty()) return wrong(name, "at least one character long");
    if (std::ranges::any_of(value, is_control)) return wrong(name, "free of control characters");
    return value;
}

Result<std::int64_t> Fields::integer(std::string_view name, std::int64_t min, std::int64_t max) const {
    const JsonValue* value = find(name);
    if (value == nullptr) return fail(Fault::invalid_request, fmt::format("\"{}\" is missing.", place_of(name)));
    if (value->kind != JsonValue::Kind::integer || value->integer < min || value->integer > max)
        return wrong(name, fmt::format("a whole number from {} to {}", min, max));
    return value->integer;
}

Result<bool> Fields::truth_or(std::string_view name, bool fallback) const {
    const JsonValue* value = find(name);
    if (value == nullptr) return fallback;
    if (value->kind != JsonValue::Kind::truth) return wrong(name, "true or false");
    return value->truth;
}

Result<Timestamp> Fields::instant(std::string_view name) const {
    TRY(const std::string_view value, text(name, 64));
    auto at = parse_timestamp(value);
    if (!at) return wrong(name, "a time such as 2026-12-31T23:59:59Z");
    return *at;
}

Result<std::vector<std::string>> Fields::texts(std::string_view name, std::size_t count_max,
                                               std::size_t bytes_max) const {
    const JsonValue* value = find(name);
    std::vector<std::string> found;
    if (value == nullptr) return found;
    if (value->kind != JsonValue::Kind::list) return wrong(name, "a list of texts");
    if (value->items.size() > count_max) return wrong(name, fmt::format("a list of at most {} texts", count_max));
    for (const JsonValue& item : value->items) {
        const bool fits = item.kind == JsonValue::Kind::text && !item.text.empty() && item.text.size() <= bytes_max;
        if (!fits || std::ranges::any_of(item.text, is_control))
            return wrong(name, fmt::format("a list of texts of 1 to {} bytes without control characters", bytes_max));
        found.push_back(item.text);
    }
    return found;
}

Result<std::vector<Fields>> Fields::objects(std::string_view name, std::size_t count_max) const {
    const JsonValue* value = find(name);
    std::vector<Fields> found;
    if (value == nullptr) return found;
    if (value->kind != JsonValue::Kind::list) return wrong(name, "a list of objects");
    if (value->items.size() > count_max) return wrong(name, fmt::format("a list of at most {} objects", count_max));
    for (const JsonValue& item : value->items) {
        if (item.kind != JsonValue::Kind::object) return wrong(name, "a list of objects");
        found.emplace_back(item, fmt::format("{}[{}]", place_of(name), found.size()));
    }
    return found;
}

Result<Fields> Fields::object(std::string_view name) const {
    const JsonValue* value = find(name);
    if (value == nullptr) return fail(Fault::invalid_request, fmt::format("\"{}\" is missing.", place_of(name)));
    if (value->kind != JsonValue::Kind::object) return wrong(name, "an object");
    return Fields(*value, place_of(name));
}

}  // namespace bursar::admin
