#pragma once

#include "service/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The Responses API over a WebSocket: what a client's message asks for, and what of an answer the next one continues
// (developers.openai.com/api/docs/guides/websocket-mode, November 2026).
namespace bursar::providers {

/// A message `response.create`. The views are into the message.
struct Turn {
    std::vector<std::string_view> members;  ///< `"name": value` of what goes on as it came
    std::string_view input;                 ///< its value as JSON; empty: absent or null
    std::string_view previous_member;       ///< `"previous_response_id": value`; empty: absent or null
    std::string previous;                   ///< the id there
    std::string model;
    bool generate = true;  ///< false: nothing is to be answered yet
    bool stored = true;    ///< the provider may keep the answer
};

/// Reads a message, which may be of any size. invalid_request with a sentence that names the field: not JSON, another
/// type, `stream_id`, `background`, a field twice of those that are read here.
Result<Turn> read_turn(std::string_view message);

/// A value of `input` as items with commas between them, without the list's brackets.
std::string items_of(std::string_view input);
/// `before` and `after`, each as items_of() writes them.
std::string join_items(std::string_view before, std::string_view after);
/// The request that a turn is by HTTP, streamed, with room behind it for JSON parsers.
std::string body_of(const Turn& turn);
/// The same with these items for its input and nothing before them.
std::string body_of(const Turn& turn, std::string_view items);

/// The response that an event ends so that another turn may continue it.
struct EndedTurn {
    std::string id;
    std::string items;    ///< its output as input
    bool stored = false;  ///< the provider has kept it, as far as request and answer say
};
/// Nothing: the event ends none, or ends one that failed. Reasoning without its encrypted content is left out, since
/// nobody could look it up; what the provider keeps is continued there. `stored`: the request lets it.
std::optional<EndedTurn> read_end(std::string_view event, bool stored);

/// The two events that answer a turn which generates nothing.
std::pair<std::string, std::string> warm_up_events(std::string_view id, std::string_view model, std::int64_t created);

/// The event that ends a stream with this response, which came whole.
std::string end_event(std::string_view response);

/// The event that tells a refusal of HTTP: `headers` are an object, `body` is what HTTP would say.
std::string refusal_event(int status, std::string_view body, std::string_view headers);
/// The same of our own words.
std::string refusal_event(int status, std::string_view type, std::string_view code, std::string_view message,
                          std::string_view param = {});

}  // namespace bursar::providers
