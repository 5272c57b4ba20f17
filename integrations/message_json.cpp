#include "integrations/message_json.h"

#include "integrations/base64.h"
#include "integrations/fields.h"
#include "integrations/wire.h"
#include "service/base/crypto.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::integrations {
namespace {

constexpr std::size_t incident_bytes_max = 200, kind_bytes_max = 100, line_bytes_max = 4000, text_bytes_max = 64 << 10,
                      url_bytes_max = 4000, facts_max = 200, bars_max = 100, items_max = 2000, links_max = 20,
                      attachments_max = 20;
constexpr std::int64_t percent_max = 1'000'000, left_out_max = 1'000'000'000;

std::string_view name_of_state(State state) {
    switch (state) {
        case State::firing:
            return "firing";
        case State::resolved:
            return "resolved";
        case State::news:
            return "news";
    }
    return "";
}

Result<State> read_state(const Json& from) {
    for (const State each : {State::firing, State::resolved, State::news})
        if (from.at("state").text() == name_of_state(each)) return each;
    return wrong_field("state", "must be firing, resolved or news");
}

Result<Timestamp> read_time(const Json& from, std::string_view name) {
    const auto read = parse_timestamp(from.at(name).text());
    if (!read) return wrong_field(name, "must be a time as of RFC 3339");
    return *read;
}

/// A list of objects, each read by `read`.
template <typename T, typename Read>
Result<std::vector<T>> read_all(const Json& from, std::string_view name, std::size_t count_max, const Read& read) {
    TRY(const Json::List* list, read_list(from, name, count_max));
    std::vector<T> out;
    out.reserve(list->size());
    for (const Json& each : *list) {
        TRY(T item, read(each));
        out.push_back(std::move(item));
    }
    return out;
}

Result<Fact> read_fact(const Json& from) {
    Fact out;
    TRY(out.name, read_text(from, "name", {.bytes_max = line_bytes_max}));
    TRY(out.value, read_text(from, "value", {.bytes_max = line_bytes_max}));
    return out;
}

Result<Bar> read_bar(const Json& from) {
    Bar out;
    TRY(out.label, read_text(from, "label", {.bytes_max = line_bytes_max}));
    TRY(const std::int64_t percent, read_whole(from, "percent", 0, percent_max));
    out.percent = static_cast<int>(percent);
    return out;
}

Result<Item> read_item(const Json& from) {
    Item out;
    TRY(out.at, read_time(from, "at"));
    TRY(out.text, read_text(from, "text", {.bytes_max = line_bytes_max}));
    return out;
}

Result<Link> read_link(const Json& from) {
    Link out;
    TRY(out.text, read_text(from, "text", {.bytes_max = line_bytes_max}));
    TRY(out.url, read_text(from, "url", {.bytes_max = url_bytes_max}));
    return out;
}

Result<Attachment> read_attachment(const Json& from) {
    Attachment out;
    TRY(out.name, read_text(from, "name", {.bytes_max = line_bytes_max, .may_be_empty = false}));
    TRY(out.type, read_text(from, "type", {.bytes_max = line_bytes_max}));
    auto bytes = from_base64(from.at("bytes").text());
    if (!bytes) return wrong_field("bytes", "must be base64");
    out.bytes = *std::move(bytes);
    return out;
}

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

Result<void> read_lists(Message& out, const Json& from) {
    TRY(out.facts, read_all<Fact>(from, "facts", facts_max, read_fact));
    TRY(out.bars, read_all<Bar>(from, "bars", bars_max, read_bar));
    TRY(out.items, read_all<Item>(from, "items", items_max, read_item));
    TRY(out.links, read_all<Link>(from, "links", links_max, read_link));
    TRY(out.attachments, read_all<Attachment>(from, "attachments", attachments_max, read_attachment));
    std::size_t bytes = 0;
    for (const Attachment& each : out.attachments) bytes += each.bytes.size();
    if (bytes > attachment_bytes_max)
        return wrong_field("attachments", fmt::format("have more than {} bytes", attachment_bytes_max));
    return {};
}

void write_lists(JsonWriter& json, const Message& message) {
    json.key("facts").open_list();
    for (const Fact& each : message.facts) json.open().field("name", each.name).field("value", each.value).close();
    json.close_list().key("bars").open_list();
    for (const Bar& each : message.bars) json.open().field("label", each.label).field("percent", each.percent).close();
    json.close_list().key("items").open_list();
    for (const Item& each : message.items) json.open().field("at", to_text(each.at)).field("text", each.text).close();
    json.close_list().field("items_left_out", message.items_left_out).key("links").open_list();
    for (const Link& each : message.links) json.open().field("text", each.text).field("url", each.url).close();
    json.close_list().key("attachments").open_list();
    for (const Attachment& each : message.attachments)
        json.open().field("name", each.name).field("type", each.type).field("bytes", to_base64(each.bytes)).close();
    json.close_list();
}

}  // namespace

void write(JsonWriter& json, const Message& message) {
    json.open()
        .field("incident", message.incident)
        .field("kind", message.kind)
        .field("severity", name_of(message.severity))
        .field("state", name_of_state(message.state))
        .field("at", to_text(message.at))
        .field("when", message.when)
        .field("title", message.title)
        .field("text", message.text);
    write_lists(json, message);
    json.field("whom", message.whom).field("footer", message.footer).field("test", message.test).close();
}

Result<Message> read_message(const Json& from) {
    if (!from.is_object()) return wrong_field("message", "must be an object");
    Message out;
    TRY(out.incident, read_text(from, "incident", {.bytes_max = incident_bytes_max, .may_be_empty = false}));
    if (!is_printable_ascii(out.incident)) return wrong_field("incident", "must be printable ASCII");
    TRY(out.kind, read_text(from, "kind", {.bytes_max = kind_bytes_max}));
    const auto severity = severity_of(from.at("severity").text());
    if (!severity) return wrong_field("severity", "must be info, warning or critical");
    out.severity = *severity;
    TRY(out.state, read_state(from));
    TRY(out.at, read_time(from, "at"));
    TRY(out.when, read_text(from, "when", {.bytes_max = line_bytes_max}));
    TRY(out.title, read_text(from, "title", {.bytes_max = line_bytes_max, .may_be_empty = false}));
    TRY(out.text, read_text(from, "text", {.bytes_max = text_bytes_max}));
    TRY_VOID(read_lists(out, from));
    if (!from.at("items_left_out").is_null()) {
        TRY(const std::int64_t left_out, read_whole(from, "items_left_out", 0, left_out_max));
        out.items_left_out = static_cast<int>(left_out);
    }
    TRY(out.whom, read_text(from, "whom", {.bytes_max = line_bytes_max}));
    TRY(out.footer, read_text(from, "footer", {.bytes_max = line_bytes_max}));
    TRY(out.test, read_truth(from, "test"));
    return out;
}

}  // namespace bursar::integrations
