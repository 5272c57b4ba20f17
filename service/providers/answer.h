#pragma once

#include "service/base/usage.h"
#include "service/providers/body.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// What one event of a stream, or one whole answer, says. No state: the meter adds up.
namespace bursar::providers {

/// No count above this is believed.
inline constexpr std::int64_t count_max = 1'000'000'000'000;

/// What base64 in an answer stands for among bytes of content, of which one is a token at most: pictures have some
/// hundred bytes of it per token, speech in the leanest codec that providers send more than a hundred.
constexpr std::int64_t payload_content(std::size_t bytes) { return static_cast<std::int64_t>(bytes / 64) + 1; }

/// The provider's own numbers as they stand in a `usage` object; -1: not said, or not believable (negative, above
/// 10^12, no integer).
struct Counts {
    Tokens input = -1;
    Tokens cached = -1;   ///< OpenAI, Gemini: inside input. Anthropic: besides it
    Tokens written = -1;  ///< to the cache, any lifetime; inside or besides input like `cached`
    Tokens written_5m = -1;
    Tokens written_1h = -1;
    Tokens audio_input = -1;
    Tokens image_input = -1;
    Tokens cached_audio = -1;  ///< of what was cached
    Tokens cached_image = -1;
    Tokens tool_input = -1;  ///< Gemini: of its own tools, besides input
    Tokens output = -1;
    Tokens reasoning = -1;  ///< OpenAI, Anthropic: inside output. Gemini: besides it
    Tokens audio_output = -1;
    Tokens image_output = -1;
    Tokens total = -1;
    std::int64_t web_searches = -1;

    bool some_besides = false;
    Usage besides;  ///< of samplings that the counts above leave out

    bool any() const { return input >= 0 || output >= 0; }
    /// Anthropic's counts of a sampling of its own.
    void add_besides(const Counts& sampling);
    /// Takes over what `later` says; what it leaves out stays.
    void update(const Counts& later);
};

/// The disjoint classes that `counts` stand for in the dialect of the endpoint; what was not said is 0.
Usage to_usage(Endpoint endpoint, const Counts& counts);

struct Statement {
    bool json = false;      ///< it could be read to its end
    bool started = false;   ///< the provider took the request and answers it
    bool content = false;   ///< carries text, reasoning, a tool call
    bool finished = false;  ///< a finish or stop reason
    bool end = false;       ///< the dialect's last event, or a whole answer
    bool failed = false;
    bool repeats = false;       ///< its strings were (or should have been) delivered by deltas before
    bool usage_alone = false;   ///< an OpenAI chunk that exists for its usage only
    std::uint64_t choices = 0;  ///< completions: one bit for each index that stands in it; the last for all above
    std::uint64_t choices_finished = 0;  ///< those of them with a reason to end
    std::int64_t content_bytes = 0;      ///< of text; what is not text as payload_content() has it
    std::int64_t web_searches = 0;       ///< items that are searches
    Counts counts;
    std::string_view service_tier, speed, region, id;  ///< valid until the thread reads the next statement
    Span model_at;                                     ///< the answer's own `model`, where it is a string
};

/// Reads what an event's data or a plain answer's body says. Anything may come in; what is not understood is left out.
Statement read_statement(Endpoint endpoint, bool streamed, std::string_view json);

/// Whether an answer to a deletion has `"deleted": true` in its outermost object.
bool says_deleted(std::string_view json);

/// The value of the first member `key` in text that may be cut off or too long to parse; empty if there is none or it
/// is no string. Correct for any JSON: within a string, the quotes round the key would have backslashes before them.
Span find_string_member(std::string_view text, std::string_view key);

}  // namespace bursar::providers
