#pragma once

#include "service/base/json.h"
#include "service/providers/translate/dialects.h"

#include <string>
#include <string_view>

// The pieces of a Responses answer, which its whole form and its stream share.
namespace bursar::providers::translate {

/// An item of `output`: a message of one part, a function's or a custom tool's call, or reasoning.
struct Item {
    Part::Kind kind = Part::Kind::text;
    std::string id;
    std::string text;    ///< of a message, a refusal, a summary; of a call its arguments
    std::string sealed;  ///< reasoning: encrypted_content
    std::string call_id, name;
};

/// `index`: its place in `output`.
Item make_item(Part::Kind kind, std::string_view call_id, std::size_t index);
/// Gives a call its ids and its name. What the name says of the tool is said by the item's members again.
void name_call(Item& item, std::string_view id, std::string_view name, std::string_view call_id, std::size_t index);
bool takes_text(const Item& item);

enum class Progress : std::uint8_t { begun, done };
/// The item; one that has begun has nothing in it yet.
void write_item(JsonWriter& json, const Item& item, Progress progress);
/// The one part of a message or of a summary.
void write_item_part(JsonWriter& json, const Item& item, std::string_view text);

/// The response itself.
struct ResponseHead {
    std::string id, model;
    std::int64_t created = 0;

    explicit ResponseHead(const Shown& shown)
        : id(answer_id("resp_", shown.id)), model(shown.model), created(shown.created) {}
};
struct ResponseEnd {
    std::string_view status = "in_progress";
    std::string_view incomplete;  ///< why it is not whole; empty: it is
    bool priority = false;
    Spent spent;
};
/// `output` is JSON: items with commas between them.
void write_response(JsonWriter& json, const ResponseHead& head, const ResponseEnd& end, std::string_view output);
ResponseEnd end_of_response(Stop stop, const Spent& spent);

}  // namespace bursar::providers::translate
