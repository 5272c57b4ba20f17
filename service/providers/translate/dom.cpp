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

void append_number(std::string& out, dom::element element) {
    std::int64_t whole = 0;
    std::uint64_t large = 0;
    double real = 0;
    if (element.get_int64().get(whole) == simdjson::SUCCESS)
        fmt::format_to(std::back_inserter(out), "{}", whole);
    else if (element.get_uint64().get(large) == simdjson::SUCCESS)
        fmt::format_to(std::back_inserter(out), "{}", large);
    else if (element.get_double().get(real) == simdjson::SUCCESS)
        fmt::format_to(std::back_inserter(out), "{}", real);
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
    dom::object object;
    dom::array list;
    std::string_view text;
    bool truth = false;
    if (element.get_object().get(object) == simdjson::SUCCESS) {
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
    } else if (element.get_array().get(list) == simdjson::SUCCESS) {
        out += '[';
        bool first = true;
        for (const auto item : list) {
            if (!first) out += ',';
            first = false;
            append_json(out, item);
        }
        out += ']';
    } else if (element.get_string().get(text) == simdjson::SUCCESS) {
        append_json_string(out, text);
    } else if (element.get_bool().get(truth) == simdjson::SUCCESS) {
        out += truth ? "true" : "false";
    } else if (element.is_null()) {
        out += "null";
    } else {
        append_number(out, element);
    }
}

std::string json_of(dom::element element) {
    std::string out;
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
