#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

// Without exceptions a result that was not looked at does not compile.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

// How answers are gone through. The one header that shows the JSON reader's types: for the files that read with it.
namespace bursar::providers {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

inline std::string_view trimmed(std::string_view token) {
    const auto end = token.find_last_not_of(" \t\r\n");
    return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

/// Calls `visit(key, value)` for every member; the error of either ends it.
template <typename Visit>
error_code each_member(ondemand::object object, Visit&& visit) {
    for (auto entry : object) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return error;
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) return error;
        if (const auto error = visit(key, field.value())) return error;
    }
    return simdjson::SUCCESS;
}

/// The same for a value that need not be an object: then nothing is visited.
template <typename Visit>
error_code each_member(ondemand::value value, Visit&& visit) {
    ondemand::object object;
    const auto error = value.get_object().get(object);
    if (error == simdjson::INCORRECT_TYPE) return simdjson::SUCCESS;
    return error ? error : each_member(object, std::forward<Visit>(visit));
}

template <typename Visit>
error_code each_element(ondemand::value value, Visit&& visit) {
    ondemand::array array;
    const auto error = value.get_array().get(array);
    if (error) return error == simdjson::INCORRECT_TYPE ? simdjson::SUCCESS : error;
    for (auto entry : array) {
        ondemand::value element;
        if (const auto broken = std::move(entry).get(element)) return broken;
        if (const auto broken = visit(element)) return broken;
    }
    return simdjson::SUCCESS;
}

inline bool is_null(ondemand::value value) {
    bool truth = false;
    return value.is_null().get(truth) == simdjson::SUCCESS && truth;
}

inline std::string_view text_of(ondemand::value value) {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

}  // namespace bursar::providers
