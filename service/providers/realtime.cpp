#include "service/providers/realtime.h"

#include "service/providers/answer.h"
#include "service/providers/json_walk.h"
#include "service/providers/padded.h"
#include "service/providers/usage_reader.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

/// A thread's parser keeps no more than this for the next event.
constexpr std::size_t parser_bytes_kept = std::size_t{1} << 20;
/// Of an object that is looked at; nobody needs so many.
constexpr std::size_t members_max = 256;

constexpr std::array<std::string_view, 11> of_clients = {"session.update",
                                                         "input_audio_buffer.append",
                                                         "input_audio_buffer.commit",
                                                         "input_audio_buffer.clear",
                                                         "output_audio_buffer.clear",
                                                         "conversation.item.create",
                                                         "conversation.item.retrieve",
                                                         "conversation.item.truncate",
                                                         "conversation.item.delete",
                                                         "response.create",
                                                         "response.cancel"};

ondemand::parser& parser_for(std::size_t bytes) {
    thread_local ondemand::parser parser;
    if (parser.capacity() > parser_bytes_kept && bytes <= parser_bytes_kept) parser = ondemand::parser();
    return parser;
}

std::unexpected<Error> wrong(std::string sentence) { return fail(Fault::invalid_request, std::move(sentence)); }
std::unexpected<Error> no_json() { return wrong("The message is not JSON. Send one event as an object with `type`."); }

/// Where a string, a number or a word stands.
Span scalar_at(std::string_view json, ondemand::value value) {
    const auto token = trimmed(value.raw_json_token());
    const auto begin = static_cast<std::size_t>(token.data() - json.data());
    return {begin, begin + token.size()};
}

/// Where a string stands, with its quotes; empty if it is none.
Span string_at(std::string_view json, ondemand::value value) {
    return trimmed(value.raw_json_token()).starts_with('"') ? scalar_at(json, value) : Span{};
}

/// Calls `visit(key, value)` for every member of an object, each of which may stand there once: two readers that differ
/// in which one counts would make one event two. A value that is no object has none.
template <typename Visit>
Result<void> each_once(ondemand::value value, Visit&& visit) {
    ondemand::object object;
    const auto error = value.get_object().get(object);
    if (error == simdjson::INCORRECT_TYPE) return {};
    if (error) return no_json();
    std::vector<std::string> seen;
    for (auto entry : object) {
        ondemand::field field;
        std::string_view key;
        if (std::move(entry).get(field) || field.unescaped_key().get(key)) return no_json();
        const std::string& name = seen.emplace_back(key);
        if (std::ranges::find(seen.begin(), seen.end() - 1, name) != seen.end() - 1)
            return wrong(fmt::format("`{}` stands twice in one object. Send it once.", name.substr(0, 100)));
        if (seen.size() > members_max) return wrong(fmt::format("An object has more than {} members.", members_max));
        TRY_VOID(visit(std::string_view(name), field.value()));
    }
    return {};
}

/// The same of what has to be an object: what else a provider makes of it nobody knows.
template <typename Visit>
Result<void> each_in(ondemand::value value, std::string_view name, Visit&& visit) {
    ondemand::json_type kind{};
    if (value.type().get(kind)) return no_json();
    if (kind != ondemand::json_type::object)
        return wrong(fmt::format("`{}` must be an object. Leave it out, or send one.", name));
    return each_once(value, std::forward<Visit>(visit));
}

template <typename Visit>
Result<void> each_of(ondemand::value value, Visit&& visit) {
    ondemand::array array;
    const auto error = value.get_array().get(array);
    if (error == simdjson::INCORRECT_TYPE) return {};
    if (error) return no_json();
    for (auto entry : array) {
        ondemand::value element;
        if (std::move(entry).get(element)) return no_json();
        TRY_VOID(visit(element));
    }
    return {};
}

/// Reads what a client says.
class MessageReader {
  public:
    MessageReader(std::string_view json, const RealtimeBounds& bounds) : json_(json), bounds_(bounds) {}
    Result<RealtimeMessage> read();

  private:
    Result<void> read_head(ondemand::document& document);
    Result<void> read_session(ondemand::value session);
    Result<void> read_response(ondemand::value response);
    Result<void> read_audio(ondemand::value audio);
    Result<void> read_detection(ondemand::value detection);
    Result<void> read_model(ondemand::value value);
    Result<void> read_limit(std::string_view key, ondemand::value value) const;
    static Result<void> read_tools(ondemand::value tools);
    static Result<void> read_item(ondemand::value item);
    static Result<void> no_prompt(ondemand::value value);
    static Result<void> no_transcription(ondemand::value value);

    std::string_view json_;
    const RealtimeBounds& bounds_;
    std::string type_;
    RealtimeMessage out_;
};

Result<RealtimeMessage> MessageReader::read() {
    ondemand::document document;
    if (parser_for(json_.size()).iterate(json_.data(), json_.size(), json_.size() + padding_bytes).get(document))
        return no_json();
    TRY_VOID(read_head(document));
    if (std::ranges::find(of_clients, type_) == of_clients.end())
        return wrong(fmt::format("`type` is \"{}\", which is no event that is understood here.", type_.substr(0, 100)));
    out_.asks = type_ == "response.create";
    out_.configures = type_ == "session.update";
    out_.commits = type_ == "input_audio_buffer.commit";
    document.rewind();
    ondemand::value whole;
    if (document.get_value().get(whole)) return no_json();
    TRY_VOID(each_once(whole, [&](std::string_view key, ondemand::value value) -> Result<void> {
        if (key == "session" && out_.configures) return read_session(value);
        if (key == "response" && out_.asks) return read_response(value);
        if (key == "item") return read_item(value);
        return {};
    }));
    // Of what stands behind it nobody knows how the provider reads it.
    const char* end = nullptr;
    if (!document.current_location().get(end)) {
        const std::string_view rest = json_.substr(static_cast<std::size_t>(end - json_.data()));
        if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos) return no_json();
    }
    return std::move(out_);
}

/// `type` may stand behind what it says the meaning of.
Result<void> MessageReader::read_head(ondemand::document& document) {
    ondemand::value whole;
    ondemand::json_type kind{};
    if (document.get_value().get(whole) || whole.type().get(kind) || kind != ondemand::json_type::object)
        return no_json();
    out_.insert_at = json_.find('{') + 1;
    return each_once(whole, [&](std::string_view key, ondemand::value value) -> Result<void> {
        if (key == "type") type_ = text_of(value);
        if (key != "event_id") return {};
        out_.event_at = string_at(json_, value);
        out_.event_id = text_of(value);
        if (out_.event_at.empty()) return wrong("`event_id` must be a string. Leave it out, or send one.");
        return {};
    });
}

Result<void> MessageReader::read_session(ondemand::value session) {
    return each_once(session, [&](std::string_view key, ondemand::value value) -> Result<void> {
        if (key == "type" && text_of(value) != "realtime")
            return wrong("`session.type` must be \"realtime\": no other sessions are understood here.");
        if (key == "model") return read_model(value);
        if (key == "tools") return read_tools(value);
        if (key == "prompt") return no_prompt(value);
        if (key == "audio") return read_audio(value);
        if (key == "input_audio_transcription") return no_transcription(value);
        if (key == "turn_detection")
            return wrong("`session.turn_detection` is of the beta. Send `session.audio.input.turn_detection`.");
        if (key == "max_output_tokens" || key == "max_response_output_tokens") return read_limit(key, value);
        return {};
    });
}

Result<void> MessageReader::read_response(ondemand::value response) {
    return each_once(response, [&](std::string_view key, ondemand::value value) -> Result<void> {
        if (key == "model") return wrong("`response.model` is not understood here: a session has one model.");
        if (key == "tools") return read_tools(value);
        if (key == "prompt") return no_prompt(value);
        if (key == "input") return each_of(value, read_item);
        if (key == "max_output_tokens" || key == "max_response_output_tokens") return read_limit(key, value);
        return {};
    });
}

Result<void> MessageReader::read_audio(ondemand::value audio) {
    return each_in(audio, "session.audio", [&](std::string_view side, ondemand::value input) -> Result<void> {
        if (side != "input") return {};
        return each_in(input, "session.audio.input", [&](std::string_view key, ondemand::value value) -> Result<void> {
            if (key == "transcription") return no_transcription(value);
            return key == "turn_detection" ? read_detection(value) : Result<void>{};
        });
    });
}

/// Who is told nothing else begins a response at the end of each turn (OpenAI API description, Realtime, November
/// 2026).
Result<void> MessageReader::read_detection(ondemand::value detection) {
    if (is_null(detection)) {
        out_.automatic = false;
        return {};
    }
    out_.automatic = true;
    out_.detection_empty = true;
    out_.detection_at = scalar_at(json_, detection).begin + 1;
    return each_in(detection, "turn_detection", [&](std::string_view key, ondemand::value value) -> Result<void> {
        out_.detection_empty = false;
        if (key == "idle_timeout_ms" && !is_null(value))
            return wrong(
                "`idle_timeout_ms` lets responses follow silence, for which nothing can be set aside. Leave it out, "
                "and send `response.create` when the time has come.");
        if (key != "create_response") return {};
        bool creates = true;
        out_.creates_at = scalar_at(json_, value);
        if (value.get_bool().get(creates)) return wrong("`create_response` must be true or false. Or leave it out.");
        out_.automatic = creates;
        return {};
    });
}

Result<void> MessageReader::read_model(ondemand::value value) {
    out_.model_at = string_at(json_, value);
    if (text_of(value) != bounds_.model)
        return wrong("`session.model` cannot be changed. Open another session for another model.");
    return {};
}

Result<void> MessageReader::read_limit(std::string_view key, ondemand::value value) const {
    // Beyond what can be written, the model has its own limit, which is what is held.
    if (bounds_.output_max > realtime_output_max) return {};
    std::int64_t tokens = 0;
    if (value.get_int64().get(tokens) == simdjson::SUCCESS && tokens <= bounds_.output_max) return {};
    return wrong(fmt::format("`{}` can be at most {} for this model here. Leave it out, or send a number up to that.",
                             key, bounds_.output_max));
}

Result<void> MessageReader::read_tools(ondemand::value tools) {
    return each_of(tools, [](ondemand::value tool) -> Result<void> {
        std::string type = "none";
        TRY_VOID(each_once(tool, [&](std::string_view key, ondemand::value value) -> Result<void> {
            if (key == "type") type = text_of(value);
            return {};
        }));
        if (type == "function") return {};
        return wrong(
            fmt::format("`tools` has one of the type \"{}\", which the provider would run. Only \"function\" is "
                        "understood here.",
                        type.substr(0, 100)));
    });
}

Result<void> MessageReader::read_item(ondemand::value item) {
    return each_once(item, [](std::string_view key, ondemand::value value) -> Result<void> {
        if (key == "type" && text_of(value).starts_with("mcp"))
            return wrong("Items of MCP are not understood here: the provider would call another server.");
        return {};
    });
}

Result<void> MessageReader::no_prompt(ondemand::value value) {
    if (is_null(value)) return {};
    return wrong("`prompt` names what is kept at the provider and not known here. Send `instructions` instead.");
}

Result<void> MessageReader::no_transcription(ondemand::value value) {
    if (is_null(value)) return {};
    return wrong(
        "`transcription` of the input is billed by another model, and its cost cannot be held here. Leave it out, or "
        "transcribe with /v1/audio/transcriptions.");
}

/// Reads what a provider says; an error of the JSON ends it, and what was read before stays.
class EventReader {
  public:
    explicit EventReader(std::string_view json) : json_(json) {}
    RealtimeEvent read();

  private:
    error_code read_member(std::string_view key, ondemand::value value);
    error_code read_response(ondemand::value response);
    error_code read_session(ondemand::value session);
    error_code read_turn_detection(ondemand::value value);

    std::string_view json_;
    RealtimeEvent out_;
};

RealtimeEvent EventReader::read() {
    ondemand::document document;
    ondemand::object object;
    if (parser_for(json_.size()).iterate(json_.data(), json_.size(), json_.size() + padding_bytes).get(document) ||
        document.get_object().get(object))
        return {};
    const auto error =
        each_member(object, [&](std::string_view key, ondemand::value value) { return read_member(key, value); });
    if (error) return {};
    out_.content = out_.type.starts_with("response.") && out_.type.ends_with(".delta");
    return std::move(out_);
}

error_code EventReader::read_member(std::string_view key, ondemand::value value) {
    if (key == "type") out_.type = text_of(value);
    if (key == "response_id") out_.response = text_of(value);
    if (key == "response") return read_response(value);
    if (key == "session") return read_session(value);
    if (key == "error")
        return each_member(value, [&](std::string_view name, ondemand::value said) {
            if (name != "event_id") return simdjson::SUCCESS;
            out_.refused_at = string_at(json_, said);
            out_.refused = text_of(said);
            return simdjson::SUCCESS;
        });
    return simdjson::SUCCESS;
}

error_code EventReader::read_response(ondemand::value response) {
    return each_member(response, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "id") out_.response = text_of(value);
        if (key == "status") out_.status = text_of(value);
        if (key != "usage") return simdjson::SUCCESS;
        Statement said;
        const auto error = read_usage(value, said);
        if (said.counts.any()) out_.usage = to_usage(Endpoint::realtime, said.counts);
        return error;
    });
}

error_code EventReader::read_session(ondemand::value session) {
    return each_member(session, [&](std::string_view key, ondemand::value value) -> error_code {
        if (key == "model") out_.model_at = string_at(json_, value);
        if (key != "audio") return simdjson::SUCCESS;
        return each_member(value, [&](std::string_view side, ondemand::value input) -> error_code {
            if (side != "input") return simdjson::SUCCESS;
            return each_member(input, [&](std::string_view name, ondemand::value detection) {
                return name == "turn_detection" ? read_turn_detection(detection) : simdjson::SUCCESS;
            });
        });
    });
}

error_code EventReader::read_turn_detection(ondemand::value value) {
    if (is_null(value)) out_.by_itself = false;
    return each_member(value, [&](std::string_view key, ondemand::value said) {
        if (key != "create_response") return simdjson::SUCCESS;
        const Span at = scalar_at(json_, said);
        bool creates = true;
        if (said.get_bool().get(creates)) return simdjson::SUCCESS;
        out_.creates_at = at;
        out_.by_itself = creates;
        return simdjson::SUCCESS;
    });
}

}  // namespace

Result<RealtimeMessage> read_realtime_message(std::string_view message, const RealtimeBounds& bounds) {
    return MessageReader(padded_copy(message), bounds).read();
}

RealtimeEvent read_realtime_event(std::string_view event) { return EventReader(padded_copy(event)).read(); }

}  // namespace bursar::providers
