#pragma once

#include "service/base/result.h"
#include "service/base/usage.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Calls whose caller and provider speak different dialects. Every dialect is read into, and written from, one canonical
// form (canonical.h; docs/decisions/0012-canonical-form.md says what is lost on the way). Pure: no I/O, no clock.
namespace bursar::providers::translate {

/// Where a request goes.
struct Target {
    Dialect dialect = Dialect::openai;
    std::string_view model;  ///< the provider's name for it
    /// The limit that the hold pays for; overrides the caller's. Anthropic is asked for 4096 tokens if neither says
    /// one.
    std::optional<Tokens> max_tokens;
    std::string_view max_tokens_name = "max_completion_tokens";  ///< OpenAI: or "max_tokens"
    std::string_view version{};                                  ///< Anthropic at Vertex: stands in the model's place
    bool stream = false;                                         ///< of a Gemini caller, whose body does not say it
    bool ask_usage = true;  ///< OpenAI, streamed: stream_options.include_usage, without which nothing can be metered
};

/// The body for the provider, from a body that read_prompt() took. invalid_request, with a sentence that names the
/// field, where the other dialect cannot say what would change the answer; hints that it cannot say are left out.
/// `from`: where requests can be translated from.
Result<std::string> request(Endpoint from, std::string_view body, const Target& to);

/// What the caller sees of an answer besides its content.
struct Shown {
    std::string_view model;    ///< the name that the caller asked for
    std::string_view id;       ///< the call's; the answer's own is made of it
    std::int64_t created = 0;  ///< seconds since 1970
    bool usage_chunk = false;  ///< a Chat caller asked for stream_options.include_usage
    // Of embeddings.
    std::size_t texts = 0;                   ///< as many vectors there must be
    std::optional<std::int64_t> dimensions;  ///< of so many numbers; unsaid: one as long as the other
    bool base64 = false;                     ///< is the form that they are wanted in
    Tokens input = 0;                        ///< what is booked: no provider has to tell it
};

/// Who speaks what: two endpoints of different dialects that requests can be translated between.
struct Way {
    Endpoint caller = Endpoint::chat_completions;
    Endpoint provider = Endpoint::messages;
};

/// A whole answer of the provider, in the caller's dialect. provider_unavailable if it is no answer of the provider's.
Result<std::string> answer(const Way& way, std::string_view body, const Shown& shown);

/// A provider's error body (status 4xx or 5xx) in the shape of the caller's dialect. Keeps the provider's words, but
/// for those by which a client of the caller's dialect recognises a prompt that is too long. Takes anything.
std::string refusal(Endpoint caller, int status, std::string_view body, std::string_view call_id);

/// A streamed answer while it passes.
class Stream {
  public:
    static std::unique_ptr<Stream> make(const Way& way, const Shown& shown);
    virtual ~Stream() = default;

    /// Takes bytes of the provider's stream, cut anywhere, and gives the caller's: what an event says leaves in the
    /// call that brings the event's end. (Arguments of a second tool call that come before those of the first are
    /// complete wait for them.) The view lives until the next call.
    virtual std::string_view pass(std::string_view bytes) = 0;
    /// The provider's connection ended in order. Gives the end where its answer is whole although it did not mark it:
    /// some servers leave out [DONE] after the reason and the usage. Otherwise nothing: the stream was cut.
    virtual std::string_view finish() = 0;
    /// The end of the caller's dialect is written ([DONE], message_stop); only after the provider's own.
    virtual bool ended() const = 0;
    /// An error is written: the provider's, or ours about a stream that cannot be understood. Nothing follows it.
    virtual bool failed() const = 0;
};

}  // namespace bursar::providers::translate
