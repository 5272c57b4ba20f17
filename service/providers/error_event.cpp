#include "service/base/json.h"
#include "service/providers/meter.h"

namespace bursar::providers {

std::string error_event(Endpoint endpoint, std::string_view type, std::string_view code, std::string_view message,
                        std::string_view call_id) {
    JsonWriter json;
    json.open();
    switch (endpoint) {
        case Endpoint::responses:
            // Clients of the Responses API show the words of a failed response; a bare `error` event some of them pass
            // over. Its number in the sequence is not known here and not looked at there.
            json.field("type", "response.failed").field("sequence_number", 0).key("response").open();
            json.field("id", call_id).field("object", "response").field("created_at", 0).field("status", "failed");
            json.key("error").open().field("code", code).field("message", message).close();
            json.key("incomplete_details")
                .null()
                .key("output")
                .open_list()
                .close_list()
                .key("usage")
                .null()
                .close()
                .close();
            return "event: response.failed\ndata: " + std::move(json).text() + "\n\n";
        case Endpoint::messages:
        case Endpoint::count_tokens:
            json.field("type", "error").key("error").open().field("type", type).field("message", message).close();
            json.field("request_id", call_id).close();
            return "event: error\ndata: " + std::move(json).text() + "\n\n";
        case Endpoint::chat_completions:
        case Endpoint::completions:
        case Endpoint::embeddings:
        case Endpoint::models:
            break;
    }
    json.key("error").open().field("message", message).field("type", type).key("param").null();
    json.field("code", code).field("request_id", call_id).close().close();
    return "data: " + std::move(json).text() + "\n\n";
}

}  // namespace bursar::providers
