#include "service/outbox/detail.h"

#include <algorithm>

#include <fmt/format.h>
#include <simdjson.h>

namespace bursar::outbox {
namespace {

using simdjson::dom::element_type;

std::optional<DetailField> field_of(std::string_view name, const simdjson::dom::element& value) {
    DetailField field{.name = std::string(name), .kind = DetailField::Kind::text, .value = {}};
    switch (value.type()) {
        case element_type::STRING:
            field.value = std::string_view(value.get_string().value_unsafe());
            return field;
        case element_type::INT64:
        case element_type::UINT64:
        case element_type::DOUBLE:
            field.kind = DetailField::Kind::number;
            field.value = simdjson::minify(value);
            return field;
        case element_type::BOOL:
            field.kind = DetailField::Kind::truth;
            field.value = value.get_bool().value_unsafe() ? "true" : "false";
            return field;
        case element_type::ARRAY:
        case element_type::OBJECT:
        case element_type::NULL_VALUE:
            break;
    }
    return std::nullopt;
}

}  // namespace

std::vector<DetailField> fields_of(std::string_view json) {
    constexpr std::size_t depth_max = 16;
    std::vector<DetailField> fields;
    if (json.empty() || json.size() > detail_bytes_max) return fields;
    const simdjson::padded_string padded(json);
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.allocate(std::max<std::size_t>(json.size(), 64), depth_max) != simdjson::SUCCESS ||
        parser.parse(padded).get(object) != simdjson::SUCCESS)
        return fields;
    for (const auto& [name, value] : object) {
        if (fields.size() == detail_fields_max) break;
        if (auto field = field_of(name, value)) fields.push_back(std::move(*field));
    }
    return fields;
}

const DetailField* find_field(const std::vector<DetailField>& fields, std::string_view name) {
    const auto found = std::ranges::find(fields, name, &DetailField::name);
    return found == fields.end() ? nullptr : &*found;
}

}  // namespace bursar::outbox
