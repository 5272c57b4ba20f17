#pragma once

#include "service/base/usage.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// What an answer says about itself: usage, what was served, whether it came to its end.
namespace bursar::providers {

/// What is known about an answer so far.
struct Reading {
    Usage usage;
    UsageSource source = UsageSource::none;
    Served served;
    bool complete = false;    ///< the dialect's end was seen ([DONE] or a reason to finish and usage, message_stop,
                              ///< response.completed/incomplete)
    bool failed = false;      ///< an error event or an error body
    bool understood = false;  ///< at least one statement was of the endpoint's dialect
    bool content = false;     ///< at least one content token, tool call or reasoning delta was seen
    std::int64_t content_bytes =
        0;                    ///< of text, reasoning and tool arguments delivered: one token per byte bounds the output
    bool units_only = false;  ///< it tells pictures, seconds or searches, and no tokens
    std::string id;           ///< the provider's id of the answer
};

/// Reads one answer while it passes. Streamed: SSE in any cut (LF, CRLF, CR, comments, `data:` without a space, no
/// limit on a line). Bedrock's frames come out as SSE (event_frames.h).
class Meter {
  public:
    struct Options {
        Endpoint endpoint = Endpoint::chat_completions;
        bool streamed = false;
        bool hide_usage_chunk = false;  ///< the caller did not ask for it; taken out of the stream
        std::string_view shown_model =
            {};  ///< what the caller asked for, where the provider's name differs; empty: leave. Only answers'
                 ///< top-level `model` (message.model, response.model) is changed, plain and streamed
        std::size_t event_held_max = 256 * 1024;  ///< a longer event is passed on in parts
    };
    static std::unique_ptr<Meter> make(const Options& options);
    virtual ~Meter() = default;

    /// Streamed: takes what came and gives what may go to the caller now: whole events, in order, unchanged but for the
    /// options. The view lives until the next call; it points into `bytes` where nothing had to be changed.
    virtual std::string_view pass(std::string_view bytes) = 0;
    /// Plain: the whole answer's body; returns what to send to the caller.
    virtual std::string_view pass_whole(std::string_view body) = 0;
    /// Nothing more will come. Where the provider gave no usage although something was delivered, counts what was
    /// delivered and marks it estimated: never silently zero. `input_at_most` serves for the input then.
    virtual Reading finish(Tokens input_at_most) = 0;
    virtual const Reading& reading() const = 0;
    /// Whether bytes of an unfinished event have gone to the caller (only after event_held_max): then nothing honest
    /// can follow in-band.
    virtual bool mid_event() const = 0;
};

/// An in-band error for a stream that cannot go on: an SSE event in the shape of the endpoint's dialect.
std::string error_event(Endpoint endpoint, std::string_view type, std::string_view code, std::string_view message,
                        std::string_view call_id);

}  // namespace bursar::providers
