#pragma once

#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dom.h"

#include <vector>

// What the readers of requests share.
namespace bursar::providers::translate {

/// The parts of the last turn if it is of that role, else of a new one: neighbours in one role are one turn.
std::vector<Part>& turn_of(Ask& ask, Role role);
/// `text` without the blanks round it if it is JSON of an object; "{}" if there is nothing in it.
std::optional<std::string_view> object_text(std::string_view text);
/// Whether every object that the schema describes requires all its members and forbids others.
bool is_closed(dom::element schema);
/// What says the same as leaving the field out.
bool says_nothing(dom::element value);
/// JSON text of a schema that describes a tool's arguments, and says that they are an object.
std::string schema_of_arguments(dom::element schema);

Result<void> read_count(dom::element value, const Where& where, std::optional<std::int64_t>& count);
Result<void> read_number(dom::element value, const Where& where, std::optional<double>& number);
Result<void> read_texts(dom::element value, const Where& where, std::vector<std::string_view>& texts);
Result<void> read_effort(dom::element value, const Where& where, std::string_view& effort);
/// Anthropic's `thinking`, which servers of the Chat dialect take as well.
Result<void> read_thinking(dom::element value, const Where& where, Ask& ask);

}  // namespace bursar::providers::translate
