#include "integrations/json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

namespace bursar::integrations {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

/// Makes a tree of our own from simdjson's, whose depth is bounded by its parser.
class Reading {
  public:
    std::optional<Json> value(const element& from) {
        if (++values_ > json_values_max) return std::nullopt;
        switch (from.type()) {
            case element_type::NULL_VALUE:
                return Json();
            case element_type::BOOL:
                return Json(bool(from.get_bool().value_unsafe()));
            case element_type::INT64:
                return Json(std::int64_t{from.get_int64().value_unsafe()});
            case element_type::UINT64:
                return Json(static_cast<double>(from.get_uint64().value_unsafe()));
            case element_type::DOUBLE:
                return Json(double{from.get_double().value_unsafe()});
            case element_type::STRING:
                return Json(std::string(from.get_string().value_unsafe()));
            case element_type::ARRAY:
                return list(from.get_array().value_unsafe());
            case element_type::OBJECT:
                return object(from.get_object().value_unsafe());
        }
        return std::nullopt;
    }

  private:
    std::optional<Json> list(const simdjson::dom::array& from) {
        Json::List out;
        for (const element item : from) {
            auto read = value(item);
            if (!read) return std::nullopt;
            out.push_back(*std::move(read));
        }
        return Json(std::move(out));
    }

    std::optional<Json> object(const simdjson::dom::object& from) {
        Json::Object out;
        for (const auto& [name, content] : from) {
            auto read = value(content);
            if (!read || !out.emplace(std::string(name), *std::move(read)).second) return std::nullopt;
        }
        return Json(std::move(out));
    }

    std::size_t values_ = 0;
};

}  // namespace

std::optional<Json> Json::parse(std::string_view text, std::size_t bytes_max) {
    if (text.empty() || text.size() > bytes_max) return std::nullopt;
    constexpr std::size_t parser_bytes_least = 64;
    simdjson::dom::parser parser;
    if (parser.allocate(std::max(text.size(), parser_bytes_least), json_depth_max) != simdjson::SUCCESS)
        return std::nullopt;
    element root;
    if (parser.parse(simdjson::padded_string(text)).get(root) != simdjson::SUCCESS) return std::nullopt;
    return Reading().value(root);
}

const Json& Json::at(std::string_view name) const {
    static const Json nothing;
    const Object& members = object();
    const auto found = members.find(name);
    return found == members.end() ? nothing : found->second;
}

std::string_view Json::text() const {
    const auto* text = std::get_if<std::string>(&value_);
    return text == nullptr ? std::string_view() : std::string_view(*text);
}

const Json::List& Json::list() const {
    static const List none;
    const auto* list = std::get_if<List>(&value_);
    return list == nullptr ? none : *list;
}

const Json::Object& Json::object() const {
    static const Object none;
    const auto* object = std::get_if<Object>(&value_);
    return object == nullptr ? none : *object;
}

bool Json::is_true() const {
    const bool* truth = std::get_if<bool>(&value_);
    return truth != nullptr && *truth;
}

std::optional<std::int64_t> Json::whole() const {
    const auto* number = std::get_if<std::int64_t>(&value_);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

void Json::write(JsonWriter& json) const {
    if (is_text()) {
        json.value(text());
    } else if (is_list()) {
        json.open_list();
        for (const Json& item : list()) item.write(json);
        json.close_list();
    } else if (is_object()) {
        json.open();
        for (const auto& [name, content] : object()) {
            json.key(name);
            content.write(json);
        }
        json.close();
    } else if (is_truth()) {
        json.value(is_true());
    } else if (const auto number = whole()) {
        json.value(*number);
    } else if (const double* fraction = std::get_if<double>(&value_)) {
        json.raw(fmt::format("{}", *fraction));
    } else {
        json.null();
    }
}

}  // namespace bursar::integrations
