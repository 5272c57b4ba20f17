#include "service/providers/translate/responses_items.h"

#include "service/providers/translate/counts.h"
#include "service/providers/translate/responses_names.h"

#include <fmt/format.h>

// OpenAI's response object and its items (the types of its npm client 7.57, November 2026).
namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

std::string_view prefix_of(Kind kind) {
    switch (kind) {
        case Kind::thinking:
        case Kind::redacted_thinking:
            return "rs_";
        case Kind::tool_call:
            return "fc_";
        case Kind::text:
        case Kind::refusal:
        case Kind::image:
        case Kind::document:
        case Kind::tool_result:
            break;
    }
    return "msg_";
}

void write_call(JsonWriter& json, const Item& item, std::string_view status, bool begun) {
    const ToolName name = split_name(item.name);
    json.field("type", name.takes_text ? "custom_tool_call" : "function_call").field("status", status);
    json.field("call_id", item.call_id).field("name", name.name);
    if (!name.space.empty()) json.field("namespace", name.space);
    json.field(name.takes_text ? "input" : "arguments", begun ? std::string_view{} : std::string_view(item.text));
}

void write_reasoning(JsonWriter& json, const Item& item, bool begun) {
    json.field("type", "reasoning").key("summary").open_list();
    if (!begun && !item.text.empty()) write_item_part(json, item, item.text);
    json.close_list();
    if (!begun && !item.sealed.empty()) json.field("encrypted_content", item.sealed);
}

}  // namespace

Item make_item(Kind kind, std::string_view call_id, std::size_t index) {
    Item item;
    item.kind = kind;
    item.id = fmt::format("{}_{}", answer_id(prefix_of(kind), call_id), index);
    return item;
}

void name_call(Item& item, std::string_view id, std::string_view name, std::string_view call_id, std::size_t index) {
    item.call_id = tool_call_id(id, call_id, index);
    item.name = name;
    if (takes_text(item)) item.id.replace(0, 2, "ctc");
}

bool takes_text(const Item& item) { return split_name(item.name).takes_text; }

void write_item(JsonWriter& json, const Item& item, Progress progress) {
    const bool begun = progress == Progress::begun;
    const std::string_view status = begun ? "in_progress" : "completed";
    json.open().field("id", item.id);
    switch (item.kind) {
        case Kind::thinking:
        case Kind::redacted_thinking:
            write_reasoning(json, item, begun);
            break;
        case Kind::tool_call:
            write_call(json, item, status, begun);
            break;
        case Kind::text:
        case Kind::refusal:
        case Kind::image:
        case Kind::document:
        case Kind::tool_result:
            json.field("type", "message").field("status", status).field("role", "assistant");
            json.key("content").open_list();
            if (!begun) write_item_part(json, item, item.text);
            json.close_list();
            break;
    }
    json.close();
}

void write_item_part(JsonWriter& json, const Item& item, std::string_view text) {
    json.open();
    if (item.kind == Kind::refusal)
        json.field("type", "refusal").field("refusal", text);
    else if (item.kind == Kind::thinking)
        json.field("type", "summary_text").field("text", text);
    else
        json.field("type", "output_text").field("text", text).key("annotations").raw("[]").key("logprobs").raw("[]");
    json.close();
}

/// What the request said is not said again: nobody here keeps it, and no client was seen to look.
void write_response(JsonWriter& json, const ResponseHead& head, const ResponseEnd& end, std::string_view output) {
    json.open().field("id", head.id).field("object", "response").field("created_at", head.created);
    json.field("status", end.status).field("background", false).key("error").null().key("incomplete_details");
    if (end.incomplete.empty())
        json.null();
    else
        json.open().field("reason", end.incomplete).close();
    json.key("access_programs")
        .null()
        .key("instructions")
        .null()
        .key("max_output_tokens")
        .null()
        .key("metadata")
        .open()
        .close();
    json.field("model", head.model).key("output").open_list();
    if (!output.empty()) json.raw(output);
    json.close_list().field("parallel_tool_calls", true).key("previous_response_id").null();
    json.key("reasoning").raw(R"({"effort":null,"summary":null})");
    json.field("service_tier", end.priority ? "priority" : "default").field("store", false);
    json.key("temperature").null().key("text").raw(R"({"format":{"type":"text"}})");
    json.field("tool_choice", "auto").key("tools").open_list().close_list().key("top_p").null();
    json.field("truncation", "disabled").key("usage");
    if (end.spent.said)
        write_responses_usage(json, end.spent);
    else
        json.null();
    json.key("user").null().close();
}

ResponseEnd end_of_response(Stop stop, const Spent& spent) {
    ResponseEnd end{.status = "completed", .incomplete = {}, .spent = spent};
    if (stop == Stop::length) end.incomplete = "max_output_tokens";
    if (stop == Stop::filtered) end.incomplete = "content_filter";
    if (!end.incomplete.empty()) end.status = "incomplete";
    return end;
}

}  // namespace bursar::providers::translate
