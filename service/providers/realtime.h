#pragma once

#include "service/base/result.h"
#include "service/base/usage.h"
#include "service/providers/body.h"

#include <optional>
#include <string>
#include <string_view>

// The events of a realtime session, as far as money depends on them (OpenAI API description, Realtime, November 2026).
namespace bursar::providers {

/// A larger limit of output cannot be written into a session: it has that of its model then.
inline constexpr Tokens realtime_output_max = 4'096;

/// What a client's event may ask for.
struct RealtimeBounds {
    std::string_view model;  ///< that the session was opened for
    Tokens output_max = 0;   ///< of each response
};

/// An event of the client's.
struct RealtimeMessage {
    Span event_at;              ///< its id
    std::string event_id;       ///< empty: it has none
    bool asks = false;          ///< for a response
    bool configures = false;    ///< the session
    bool commits = false;       ///< what was heard, as a turn to which nothing follows by itself
    Span model_at;              ///< the session's model, if it stands there
    std::size_t insert_at = 0;  ///< just after the opening brace
    /// Whether it wants a response to follow each turn; nothing: it does not say so.
    std::optional<bool> automatic;
    Span creates_at;               ///< where it says so
    std::size_t detection_at = 0;  ///< where it could, just after a brace; 0: nowhere
    bool detection_empty = false;  ///< nothing else stands behind that brace
};
/// Reads an event of any size, and only what could cost money in other ways than the session was opened for is looked
/// at. invalid_request with a sentence that names the field: not JSON, an event of no client's, another model, a larger
/// limit of output, a prompt of the provider's, tools that it runs, transcription of the input, a response that follows
/// silence, a field twice of an object that is looked at.
Result<RealtimeMessage> read_realtime_message(std::string_view message, const RealtimeBounds& bounds);
/// What goes to the provider in its place: with its own name of the model and, unless `event` is empty, that id, and
/// set to begin no response by itself.
void rewrite_for_provider(std::string& text, const RealtimeMessage& message, std::string_view model,
                          std::string_view event);

/// An event of the provider's.
struct RealtimeEvent {
    std::string type;            ///< empty: it could not be read
    std::string response;        ///< the id of the response that it is about
    std::string status;          ///< of a response
    std::optional<Usage> usage;  ///< as far as it was told
    bool content = false;        ///< of an answer
    std::string refused;         ///< the id of the client's event that an error is about
    Span refused_at;
    std::optional<bool> by_itself;  ///< of a session: whether responses begin without being asked for, if it says so
    Span creates_at;                ///< where it says so, if it says it in a word
    Span model_at;                  ///< of a session
};
RealtimeEvent read_realtime_event(std::string_view event);
/// What goes to the client in its place. `model`: empty: it stays; `refused`: the client's own id, empty: it had none,
/// nothing: it stays; `automatic`: what the client wants of its turns.
void rewrite_for_client(std::string& text, const RealtimeEvent& event, std::string_view model,
                        const std::optional<std::string>& refused, bool automatic);

/// Events to the provider. The first one of a session: no response begins by itself, and none is longer than that.
std::string realtime_opening(std::string_view event, Tokens output_max);
std::string realtime_ask(std::string_view event);
std::string realtime_cancel(std::string_view response);
std::string realtime_silence();
/// Turns are not looked for any more.
std::string realtime_no_turns();
/// An error to the client. `about`: the id of its event; empty: none.
std::string realtime_error(std::string_view type, std::string_view code, std::string_view message,
                           std::string_view call_id, std::string_view about);

}  // namespace bursar::providers
