#include "auth/oidc/json.h"

#include <algorithm>

#include <simdjson.h>

namespace bursar::oidc {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

/// Copies simdjson's tree, whose depth the parser has bounded, and counts what it makes.
class Copy {
  public:
    std::optional<Json> of(const element& from) {
        if (++values_ > json_values_max) return std::nullopt;
        switch (from.type()) {
            case element_type::NULL_VALUE:
                return Json();
            case element_type::BOOL:
                return Json(from.get_bool().value_unsafe());
            case element_type::INT64:
                return Json(from.get_int64().value_unsafe());
            case element_type::UINT64:
                return Json(static_cast<double>(from.get_uint64().value_unsafe()));
            case element_type::DOUBLE:
                return Json(from.get_double().value_unsafe());
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
    std::optional<Json> list(const simdjson::dom::array& items) {
        Json::List out;
        for (const element item : items) {
            auto copied = of(item);
            if (!copied) return std::nullopt;
            out.push_back(*std::move(copied));
        }
        return Json(std::move(out));
    }

    std::optional<Json> object(const simdjson::dom::object& fields) {
        Json::Object out;
        for (const auto& [name, content] : fields) {
            auto copied = of(content);
            if (!copied || !out.emplace(std::string(name), *std::move(copied)).second) return std::nullopt;
        }
        return Json(std::move(out));
    }

    std::size_t values_ = 0;
};

}  // namespace

std::optional<Json> Json::parse(std::string_view text, std::size_t bytes_max) {
    if (text.empty() || text.size() > bytes_max) return std::nullopt;
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(text);
    element root;
    if (parser.allocate(std::max<std::size_t>(text.size(), 64), json_depth_max) != simdjson::SUCCESS)
        return std::nullopt;
    if (parser.parse(padded).get(root) != simdjson::SUCCESS) return std::nullopt;
    return Copy().of(root);
}

const Json* Json::member(std::string_view name) const {
    const Object* fields = object();
    if (fields == nullptr) return nullptr;
    const auto found = fields->find(name);
    return found == fields->end() ? nullptr : &found->second;
}

std::string_view Json::text_at(std::string_view name) const {
    const Json* found = member(name);
    return found == nullptr || found->text() == nullptr ? std::string_view{} : std::string_view(*found->text());
}

std::optional<double> Json::number() const {
    if (const auto* exact = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*exact);
    if (const auto* broken = std::get_if<double>(&value_)) return *broken;
    return std::nullopt;
}

}  // namespace bursar::oidc
