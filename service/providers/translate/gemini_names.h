#pragma once

#include "service/providers/translate/dom.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Google takes every field by two names, in camelCase and in snake_case (protobuf's JSON mapping).
namespace bursar::providers::translate {

/// Whether `key` is `name`, which is in camelCase, in either spelling.
bool is_named(std::string_view key, std::string_view name);
std::optional<dom::element> google_member(dom::object object, std::string_view name);
std::optional<dom::object> google_object(dom::object object, std::string_view name);
std::optional<dom::array> google_list(dom::object object, std::string_view name);
std::string_view google_text(dom::object object, std::string_view name);

/// Whether objects may have more than what is described where nothing is said of it. Google's models never give more;
/// others want to read it.
enum class Objects : std::uint8_t { open, closed };

/// Google's schema (a part of OpenAPI's, with types in capitals and `nullable`), or one that is JSON schema already, as
/// JSON schema.
std::string json_schema_of(dom::element schema, Objects objects);

}  // namespace bursar::providers::translate
