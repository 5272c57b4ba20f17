#include "service/providers/translate/dom.h"

#include "service/base/json.h"
#include "service/providers/padded.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace bursar::providers::translate {
namespace {

static_assert(simdjson::SIMDJSON_PADDING <= padding_bytes);

constexpr std::size_t parser_kept_bytes_max = 1024 * 1024;

dom::parser& parser_at(Desk desk) {
    thread_local std::array<dom::parser, 2> parsers;
    return parsers[static_cast<std::size_t>(desk)];
}

void append_list(std::string& out, dom::array list) {
    out += '[';
    bool first = true;
    for (const auto item : list) {
        if (!first) out += ',';
        first = false;
        append_json(out, item);
    }
    out += ']';
}

void append_object(std::string& out, dom::object object) {
    out += '{';
    bool first = true;
    for (const auto field : object) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, field.key);
        out += ':';
        append_json(out, field.value);
    }
    out += '}';
}

}  // namespace

simdjson::simdjson_result<dom::element> parse(Desk desk, std::string_view json) {
    const auto padded = padded_copy(json);
    return parser_at(desk).parse(padded.data(), padded.size(), false);
}

void tidy(Desk desk) {
    if (parser_at(desk).capacity() > parser_kept_bytes_max) parser_at(desk) = dom::parser();
}

std::optional<dom::element> member(dom::object object, std::string_view key) {
    dom::element value;
    if (object.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
}

std::string_view text_member(dom::object object, std::string_view key) {
    const auto value = member(object, key);
    return value ? as_text(*value).value_or(std::string_view{}) : std::string_view{};
}

std::optional<dom::object> object_member(dom::object object, std::string_view key) {
    const auto value = member(object, key);
    return value ? as_object(*value) : std::nullopt;
}

std::optional<dom::array> list_member(dom::object object, std::string_view key) {
    const auto value = member(object, key);
    dom::array list;
    if (!value || value->get_array().get(list) != simdjson::SUCCESS) return std::nullopt;
    return list;
}

std::optional<std::int64_t> integer_member(dom::object object, std::string_view key) {
    const auto value = member(object, key);
    std::int64_t number = 0;
    if (!value || value->get_int64().get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

std::optional<bool> truth_member(dom::object object, std::string_view key) {
    const auto value = member(object, key);
    bool truth = false;
    if (!value || value->get_bool().get(truth) != simdjson::SUCCESS) return std::nullopt;
    return truth;
}

std::optional<dom::object> as_object(dom::element element) {
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
    return object;
}

std::optional<std::string_view> as_text(dom::element element) {
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
}

void append_json(std::string& out, dom::element element) {
    switch (element.type()) {
        case dom::element_type::OBJECT:
            return append_object(out, element.get_object().value_unsafe());
        case dom::element_type::ARRAY:
            return append_list(out, element.get_array().value_unsafe());
        case dom::element_type::STRING:
            return append_json_string(out, element.get_string().value_unsafe());
        case dom::element_type::BOOL:
            out += element.get_bool().value_unsafe() ? "true" : "false";
            return;
        case dom::element_type::NULL_VALUE:
            out += "null";
            return;
        case dom::element_type::INT64:
            fmt::format_to(std::back_inserter(out), "{}", element.get_int64().value_unsafe());
            return;
        case dom::element_type::UINT64:
            fmt::format_to(std::back_inserter(out), "{}", element.get_uint64().value_unsafe());
            return;
        case dom::element_type::DOUBLE:
            fmt::format_to(std::back_inserter(out), "{}", element.get_double().value_unsafe());
            return;
    }
}

std::string json_of(dom::element element) {
    std::string out;
    out.reserve(512);
    append_json(out, element);
    return out;
}

std::string Where::text() const {
    std::string path = above != nullptr ? above->text() : std::string();
    if (index != none) return path + fmt::format("[{}]", index);
    if (!path.empty()) path += '.';
    return path.append(name);
}

std::unexpected<Error> wrong(const Where& where, std::string_view wanted) {
    return fail(Fault::invalid_request, fmt::format("`{}` must be {}.", where.text(), wanted));
}

std::unexpected<Error> no_form(const Where& where, std::string_view reason) {
    return fail(Fault::invalid_request,
                fmt::format("`{}` {} This model is reached in another API's dialect than the one you speak.",
                            where.text(), reason));
}

}  // namespace bursar::providers::translate
