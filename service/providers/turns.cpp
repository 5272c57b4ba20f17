#include "service/providers/turns.h"

#include "service/base/json.h"
#include "service/providers/json_walk.h"
#include "service/providers/padded.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

constexpr std::string_view blanks = " \t\r\n";
/// A thread's parser keeps no more than this for the next message.
constexpr std::size_t parser_bytes_kept = 1024 * 1024;

ondemand::parser& parser_for(std::size_t bytes) {
    thread_local ondemand::parser parser;
    if (parser.capacity() > parser_bytes_kept && bytes <= parser_bytes_kept) parser = ondemand::parser();
    return parser;
}

std::string_view without_blanks(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return trimmed(text);
}

std::unexpected<Error> wrong(std::string_view sentence) { return fail(Fault::invalid_request, std::string(sentence)); }

std::unexpected<Error> no_json() {
    return wrong("The message is not JSON. Send one object with \"type\": \"response.create\".");
}

/// Fields that a message has beside those of a request, or that mean something else there.
enum class Field : std::uint8_t { type, stream, background, stream_id, generate, previous, input, store, model, other };
constexpr std::array names = {"type",  "stream", "background", "stream_id", "generate", "previous_response_id",
                              "input", "store",  "model"};

Field field_of(std::string_view name) { return static_cast<Field>(std::ranges::find(names, name) - names.begin()); }

class TurnReader {
  public:
    Result<Turn> read(std::string_view message);

  private:
    Result<void> note(Field field, std::string_view member, std::string_view value, std::string_view text);

    Turn turn_;
    std::array<bool, names.size()> seen_{};
    bool creates_ = false;
};

Result<Turn> TurnReader::read(std::string_view message) {
    const std::string_view json = padded_copy(message);
    ondemand::document document;
    ondemand::object object;
    if (parser_for(json.size()).iterate(json.data(), json.size(), json.size() + padding_bytes).get(document) ||
        document.get_object().get(object))
        return no_json();
    for (auto entry : object) {
        ondemand::field field;
        if (std::move(entry).get(field)) return no_json();
        const auto begin = static_cast<std::size_t>(field.key().raw() - 1 - json.data());
        std::string_view name, value, text;
        if (field.unescaped_key().get(name)) return no_json();
        const Field which = field_of(name);
        const std::string known(which == Field::other ? std::string_view{} : name);
        ondemand::json_type type{};
        if (field.value().type().get(type)) return no_json();
        std::string_view raw;
        if (type == ondemand::json_type::string) {
            raw = trimmed(field.value().raw_json_token());
            if (field.value().get_string().get(text)) return no_json();
        } else if (simdjson::to_json_string(field.value()).get(raw)) {
            return no_json();
        }
        const auto value_begin = static_cast<std::size_t>(raw.data() - json.data());
        value = message.substr(value_begin, trimmed(raw).size());
        const std::string_view member = message.substr(begin, value_begin + value.size() - begin);
        TRY_VOID(note(which, member, value, text));
    }
    const char* end = nullptr;
    const bool more = !document.current_location().get(end);
    if (more &&
        json.substr(static_cast<std::size_t>(end - json.data())).find_first_not_of(blanks) != std::string_view::npos)
        return no_json();
    if (!creates_) return wrong("`type` must be \"response.create\": no other message is understood here.");
    return std::move(turn_);
}

Result<void> TurnReader::note(Field field, std::string_view member, std::string_view value, std::string_view text) {
    if (field != Field::other) {
        // Two readers that differ in which one counts would make one message two.
        if (std::exchange(seen_[static_cast<std::size_t>(field)], true))
            return wrong(
                fmt::format("`{}` stands twice in the message. Send it once.", names[static_cast<std::size_t>(field)]));
    }
    const bool is_null = value == "null";
    switch (field) {
        case Field::type:
            creates_ = text == "response.create";
            return {};
        case Field::stream:
            return {};
        case Field::background:
            if (!is_null && value != "false") return wrong("`background` does not exist on a WebSocket. Leave it out.");
            return {};
        case Field::stream_id:
            if (!is_null)
                return wrong(
                    "`stream_id` is not understood here: a WebSocket runs one response after the other. Open "
                    "another one for what is to run beside it.");
            return {};
        case Field::generate:
            if (!is_null && value != "false" && value != "true") return wrong("`generate` must be true or false.");
            turn_.generate = value != "false";
            return {};
        case Field::previous:
            if (is_null) return {};
            if (text.empty()) return wrong("`previous_response_id` must be the id of a response.");
            turn_.previous = text;
            turn_.previous_member = member;
            return {};
        case Field::input:
            if (!is_null) turn_.input = value;
            return {};
        case Field::store:
            turn_.stored = value != "false";
            break;
        case Field::model:
            turn_.model = text;
            break;
        case Field::other:
            break;
    }
    turn_.members.push_back(member);
    return {};
}

std::string compose(const Turn& turn, std::string_view previous, std::string_view before, std::string_view input,
                    std::string_view after) {
    std::size_t bytes = previous.size() + input.size() + padding_bytes + 64;
    for (const std::string_view member : turn.members) bytes += member.size() + 1;
    std::string out;
    out.reserve(bytes);
    out.append("{\"stream\":true");
    for (const std::string_view member : turn.members) out.append(",").append(member);
    if (!previous.empty()) out.append(",").append(previous);
    out.append(before).append(input).append(after).append("}");
    return out;
}

/// An item of an output: whether whoever gets it back can make something of it.
error_code read_item(ondemand::value value, std::string& items) {
    ondemand::object item;
    std::string_view raw, type;
    if (const auto error = value.get_object().get(item)) return error;
    if (const auto error = item.raw_json().get(raw)) return error;
    const std::string_view text = trimmed(raw);
    bool encrypted = false;
    if (const auto error = item.reset().error()) return error;
    const auto error = each_member(item, [&](std::string_view key, ondemand::value member) -> error_code {
        if (key == "type") type = text_of(member);
        if (key == "encrypted_content") encrypted = !text_of(member).empty();
        return simdjson::SUCCESS;
    });
    if (error) return error;
    if (type == "reasoning" && !encrypted) return simdjson::SUCCESS;
    if (!items.empty()) items.append(",");
    items.append(text);
    return simdjson::SUCCESS;
}

JsonWriter& begin_warm_up(JsonWriter& json, std::string_view type, int number) {
    return json.open().field("type", type).field("sequence_number", number).key("response").open();
}

std::string warm_up(std::string_view type, int number, std::string_view status, std::string_view id,
                    std::string_view model, std::int64_t created) {
    JsonWriter json;
    begin_warm_up(json, type, number)
        .field("id", id)
        .field("object", "response")
        .field("created_at", created)
        .field("status", status)
        .field("model", model);
    for (const std::string_view name : {"error", "incomplete_details", "instructions", "temperature", "top_p"})
        json.key(name).null();
    json.key("metadata").open().close().key("output").open_list().close_list().key("tools").open_list().close_list();
    json.field("parallel_tool_calls", true).field("tool_choice", "auto").field("store", false);
    if (status == "completed") {
        json.key("usage").open().field("input_tokens", 0).key("input_tokens_details").open().field("cached_tokens", 0);
        json.close().field("output_tokens", 0).key("output_tokens_details").open().field("reasoning_tokens", 0).close();
        json.field("total_tokens", 0).close();
    } else {
        json.key("usage").null();
    }
    json.close().close();
    return std::move(json).text();
}

}  // namespace

Result<Turn> read_turn(std::string_view message) { return TurnReader().read(message); }

std::string items_of(std::string_view input) {
    input = without_blanks(input);
    if (input.starts_with('['))
        return std::string(without_blanks(input.substr(1, std::max<std::size_t>(input.size(), 2) - 2)));
    if (input.empty()) return {};
    // A text is one message of the user.
    constexpr std::string_view before = "{\"type\":\"message\",\"role\":\"user\",\"content\":";
    std::string out;
    // It may be kept for long: no more than it needs.
    out.reserve(before.size() + input.size() + 1);
    return out.append(before).append(input).append("}");
}

std::string join_items(std::string_view before, std::string_view after) {
    std::string out;
    out.reserve(before.size() + after.size() + 1);
    out.append(before);
    if (!before.empty() && !after.empty()) out.append(",");
    return out.append(after);
}

std::string body_of(const Turn& turn) {
    return compose(turn, turn.previous_member, turn.input.empty() ? "" : ",\"input\":", turn.input, "");
}

std::string body_of(const Turn& turn, std::string_view items) { return compose(turn, "", ",\"input\":[", items, "]"); }

std::optional<EndedTurn> read_end(std::string_view event, bool stored) {
    // Of thousands of events one is the end.
    if (!event.contains("\"response.completed\"") && !event.contains("\"response.incomplete\"")) return std::nullopt;
    const std::string_view json = padded_copy(event);
    ondemand::document document;
    ondemand::object object;
    if (parser_for(json.size()).iterate(json.data(), json.size(), json.size() + padding_bytes).get(document) ||
        document.get_object().get(object))
        return std::nullopt;
    EndedTurn ended{.id = {}, .items = {}, .stored = stored};
    bool ends = false;
    const auto error = each_member(object, [&](std::string_view name, ondemand::value value) -> error_code {
        if (name == "type") {
            const std::string_view type = text_of(value);
            ends = type == "response.completed" || type == "response.incomplete";
        }
        if (name != "response") return simdjson::SUCCESS;
        return each_member(value, [&](std::string_view key, ondemand::value member) -> error_code {
            if (key == "id") ended.id = text_of(member);
            // Translated answers say so of themselves.
            bool kept = false;
            if (key == "store" && member.get_bool().get(kept) == simdjson::SUCCESS) ended.stored = stored && kept;
            if (key != "output") return simdjson::SUCCESS;
            ended.items.clear();
            return each_element(member, [&](ondemand::value item) { return read_item(item, ended.items); });
        });
    });
    if (error || !ends || ended.id.empty()) return std::nullopt;
    return ended;
}

std::pair<std::string, std::string> warm_up_events(std::string_view id, std::string_view model, std::int64_t created) {
    return {warm_up("response.created", 0, "in_progress", id, model, created),
            warm_up("response.completed", 1, "completed", id, model, created)};
}

std::string end_event(std::string_view response) {
    std::string_view status = "completed";
    const std::string_view json = padded_copy(response);
    ondemand::document document;
    ondemand::object object;
    if (!parser_for(json.size()).iterate(json.data(), json.size(), json.size() + padding_bytes).get(document) &&
        !document.get_object().get(object)) {
        const auto error = each_member(object, [&](std::string_view name, ondemand::value value) -> error_code {
            if (name != "status") return simdjson::SUCCESS;
            const std::string_view said = text_of(value);
            if (said == "incomplete") status = "incomplete";
            if (said == "failed" || said == "cancelled") status = "failed";
            return simdjson::SUCCESS;
        });
        // Whoever reads the event sees that it is none.
        static_cast<void>(error);
    }
    JsonWriter out(response.size() + 100);
    out.open().field("type", std::string("response.").append(status)).field("sequence_number", 0);
    out.key("response").raw(response).close();
    return std::move(out).text();
}

std::string refusal_event(int status, std::string_view body, std::string_view headers) {
    std::string_view said;
    const std::string_view json = padded_copy(body);
    ondemand::document document;
    ondemand::object object;
    if (!parser_for(json.size()).iterate(json.data(), json.size(), json.size() + padding_bytes).get(document) &&
        !document.get_object().get(object)) {
        const auto error = each_member(object, [&](std::string_view name, ondemand::value value) -> error_code {
            return name == "error" ? simdjson::to_json_string(value).get(said) : simdjson::SUCCESS;
        });
        if (error) said = {};
    }
    JsonWriter json_out;
    json_out.open().field("type", "error").field("status", status).key("error");
    // Whatever else a provider may have said.
    if (said.starts_with('{'))
        json_out.raw(trimmed(said));
    else
        json_out.open().field("type", "server_error").field("message", body).close();
    json_out.key("headers").raw(headers.empty() ? "{}" : headers).close();
    return std::move(json_out).text();
}

std::string refusal_event(int status, std::string_view type, std::string_view code, std::string_view message,
                          std::string_view param) {
    JsonWriter json;
    json.open().field("type", "error").field("status", status).key("error").open();
    json.field("type", type).field("code", code).field("message", message).key("param");
    if (param.empty())
        json.null();
    else
        json.value(param);
    json.close().close();
    return std::move(json).text();
}

}  // namespace bursar::providers
