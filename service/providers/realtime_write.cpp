// What Bursar changes in the events of a realtime session, and those that it writes itself.
#include "service/base/json.h"
#include "service/providers/realtime.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

/// What stands in the place of a part of an event.
struct Edit {
    Span at;
    std::string text;
};

/// From the end, so that what was read of the beginning still stands where it was.
void apply(std::string& event, std::vector<Edit> edits) {
    std::ranges::sort(edits, std::ranges::greater(), [](const Edit& each) { return each.at.begin; });
    for (const Edit& each : edits) event.replace(each.at.begin, each.at.end - each.at.begin, each.text);
}

std::string json_text(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

}  // namespace

void rewrite_for_provider(std::string& text, const RealtimeMessage& message, std::string_view model,
                          std::string_view event) {
    std::vector<Edit> edits;
    if (!message.model_at.empty()) edits.push_back({message.model_at, json_text(model)});
    if (!event.empty() && !message.event_at.empty()) edits.push_back({message.event_at, json_text(event)});
    if (!event.empty() && message.event_at.empty())
        edits.push_back({{message.insert_at, message.insert_at}, fmt::format(R"("event_id":{},)", json_text(event))});
    if (!message.creates_at.empty())
        edits.push_back({message.creates_at, "false"});
    else if (message.detection_at > 0)
        edits.push_back({{message.detection_at, message.detection_at},
                         message.detection_empty ? R"("create_response":false)" : R"("create_response":false,)"});
    apply(text, std::move(edits));
}

void rewrite_for_client(std::string& text, const RealtimeEvent& event, std::string_view model,
                        const std::optional<std::string>& refused, bool automatic) {
    std::vector<Edit> edits;
    if (!model.empty() && !event.model_at.empty()) edits.push_back({event.model_at, json_text(model)});
    if (refused && !event.refused_at.empty())
        edits.push_back({event.refused_at, refused->empty() ? "null" : json_text(*refused)});
    if (automatic && !event.creates_at.empty()) edits.push_back({event.creates_at, "true"});
    apply(text, std::move(edits));
}

std::string realtime_opening(std::string_view event, Tokens output_max) {
    JsonWriter json;
    json.open().field("type", "session.update").field("event_id", event).key("session").open();
    json.field("type", "realtime");
    if (output_max <= realtime_output_max) json.field("max_output_tokens", output_max);
    json.key("audio").open().key("input").open().key("turn_detection").open();
    json.field("type", "server_vad").field("create_response", false);
    json.close().close().close().close().close();
    return std::move(json).text();
}

std::string realtime_ask(std::string_view event) {
    JsonWriter json;
    json.open().field("type", "response.create").field("event_id", event).close();
    return std::move(json).text();
}

std::string realtime_cancel(std::string_view response) {
    JsonWriter json;
    json.open().field("type", "response.cancel").field("response_id", response).close();
    return std::move(json).text();
}

std::string realtime_silence() { return R"({"type":"input_audio_buffer.clear"})"; }

std::string realtime_no_turns() {
    return R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}})";
}

std::string realtime_error(std::string_view type, std::string_view code, std::string_view message,
                           std::string_view call_id, std::string_view about) {
    JsonWriter json;
    json.open().field("type", "error").field("event_id", "event_" + std::string(call_id)).key("error").open();
    json.field("type", type).field("code", code).field("message", message).key("param").null().key("event_id");
    if (about.empty())
        json.null();
    else
        json.value(about);
    json.field("call_id", call_id).close().close();
    return std::move(json).text();
}

}  // namespace bursar::providers
