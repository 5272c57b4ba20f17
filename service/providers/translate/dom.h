#pragma once

#include "service/base/result.h"
#include "service/providers/json_walk.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// JSON as a tree: translation looks at members in the order of its own questions, often more than once.
namespace bursar::providers::translate {

namespace dom = simdjson::dom;

/// What a thread parses with: a body, and JSON text inside a body while that one is still in use.
enum class Desk : std::uint8_t { body, inner };

/// Parses `json`. The tree lives until the thread parses at the same desk again.
simdjson::simdjson_result<dom::element> parse(Desk desk, std::string_view json);
/// Gives memory back after a large body.
void tidy(Desk desk);

/// The member, unless it is absent or null.
std::optional<dom::element> member(dom::object object, std::string_view key);
/// Its text; empty if it is absent or no string.
std::string_view text_member(dom::object object, std::string_view key);
std::optional<dom::object> object_member(dom::object object, std::string_view key);
std::optional<dom::array> list_member(dom::object object, std::string_view key);
std::optional<std::int64_t> integer_member(dom::object object, std::string_view key);
std::optional<bool> truth_member(dom::object object, std::string_view key);
std::optional<dom::object> as_object(dom::element element);
std::optional<std::string_view> as_text(dom::element element);

/// Appends the JSON text of `element`. What is a number stays the same number, though perhaps not the same digits.
void append_json(std::string& out, dom::element element);
std::string json_of(dom::element element);

/// Where in a body something stands: messages[3].content[1]. A chain on the stack; text only when somebody reads it.
struct Where {
    const Where* above = nullptr;
    std::string_view name;
    std::size_t index = none;
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    Where at(std::string_view member_name) const { return {this, member_name, none}; }
    Where at(std::size_t element) const { return {this, {}, element}; }
    std::string text() const;
};

/// `field` must be `wanted`.
std::unexpected<Error> wrong(const Where& where, std::string_view wanted);
/// The dialect of the provider has no words for it. `reason` is a clause that follows the field's name.
std::unexpected<Error> no_form(const Where& where, std::string_view reason);

}  // namespace bursar::providers::translate
