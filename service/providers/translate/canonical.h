#pragma once

#include "service/base/usage.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The canonical form: what a request or an answer says, whatever the dialect. Every dialect is read into it and written
// from it, so a new one needs two functions for each of request, answer and stream, not two for every other dialect.
// Views point into the body that was read (its parser lives for the call) or into `kept`.
namespace bursar::providers::translate {

enum class Role : std::uint8_t { system, user, assistant };

/// The prompt up to here will come again, and shall be kept so long for a lower price. A hint: not every provider knows
/// it.
enum class CacheMark : std::uint8_t { none, usual, hour };

struct Part {
    enum class Kind : std::uint8_t {
        text,
        refusal,  ///< words of the model that say no
        image,
        document,
        thinking,
        redacted_thinking,
        tool_call,
        tool_result
    };
    Kind kind = Kind::text;
    std::string_view text;       ///< text, refusal, thinking; of redacted thinking its cipher text
    std::string_view signature;  ///< of thinking: proves to its provider who thought it; of a tool call: the same of
                                 ///< the thinking before it
    bool by_url = false;         ///< image, document: `data` is a URL, not base64
    std::string_view media_type;
    std::string_view data;
    std::string_view name;       ///< of a tool, or a file
    std::string_view id;         ///< of a tool call, or of the one that this is the result of
    std::string_view arguments;  ///< of a tool call: JSON text of an object
    bool failed = false;         ///< the tool's result is an error
    std::size_t index = 0;       ///< of thinking that a Chat message carried: where it stood in the answer
    std::vector<Part> parts;     ///< of a tool's result: text, images, documents
    CacheMark cache_mark = CacheMark::none;
};

struct Turn {
    Role role = Role::user;
    std::vector<Part> parts;
};

struct Tool {
    std::string_view name;
    std::string_view description;
    std::string_view schema;  ///< JSON text of an object; empty: it takes no arguments
    std::optional<bool> strict;
    CacheMark cache_mark = CacheMark::none;
};

enum class Choice : std::uint8_t { unsaid, automatic, none, required, named };

/// How the answer must be built.
struct Format {
    enum class Kind : std::uint8_t { free, json, schema };
    Kind kind = Kind::free;
    std::string_view name;
    std::string_view description;
    std::string_view schema;  ///< JSON text of an object
    std::optional<bool> strict;
    bool closed =
        false;  ///< every object in it requires all it has and forbids the rest, as OpenAI's strict mode wants
};

enum class Thinking : std::uint8_t { unsaid, disabled, adaptive, budget };

/// A request.
struct Ask {
    std::vector<Part> system;
    std::vector<Turn> turns;  ///< neighbours differ in their role
    std::vector<Tool> tools;
    Choice choice = Choice::unsaid;
    std::string_view choice_name;
    std::optional<bool> parallel;  ///< several tool calls in one answer
    std::optional<Tokens> max_tokens;
    std::optional<double> temperature;
    std::optional<double> top_p;
    std::optional<std::int64_t> top_k;
    std::optional<std::int64_t> seed;
    std::optional<double> frequency_penalty;  ///< of Chat callers; only Cohere's dialect has them besides
    std::optional<double> presence_penalty;
    std::vector<std::string_view> stop;
    std::string_view user;
    std::string_view effort;  ///< none, minimal, low, medium, high, xhigh, max; empty: unsaid
    Thinking thinking = Thinking::unsaid;
    Tokens thinking_budget = 0;
    std::string_view thinking_display;
    Format format;
    bool standard_tier = false;  ///< not to be served by a dearer tier
    bool stream = false;
    std::size_t bytes = 0;  ///< of the body that was read: about as many will be written

    std::deque<std::string> kept;  ///< text that was made while reading
    std::string_view keep(std::string text) { return kept.emplace_back(std::move(text)); }
};

enum class Stop : std::uint8_t { unsaid, end, length, tool_calls, filtered, sequence };

struct Spent {
    bool said = false;
    Usage usage;
    Tokens thinking = 0;  ///< the part of the output that was not shown
};

/// An answer.
struct Reply {
    std::vector<Part> parts;
    Stop stop = Stop::unsaid;
    std::string_view stop_sequence;
    std::string_view refusal;  ///< why the answer was filtered
    Spent spent;
    bool priority = false;  ///< served by the tier of that name
    std::size_t bytes = 0;

    std::deque<std::string> kept;
    std::string_view keep(std::string text) { return kept.emplace_back(std::move(text)); }
};

/// One step of a streamed answer.
struct Step {
    enum class Kind : std::uint8_t {
        begin,
        open,   ///< a block: `part` says which, with id and name of a tool call
        text,   ///< of the open block: text, thinking or a tool's arguments
        sign,   ///< the signature of the open thinking
        close,  ///< the open block
        stop,   ///< why it ended; nothing but usage and the end follows
        end,    ///< the provider's own end
        ping,
        error
    };
    Kind kind = Kind::begin;
    Part::Kind part = Part::Kind::text;
    std::string_view text;
    std::string_view id;
    std::string_view name;
    Stop stop = Stop::unsaid;
    std::string_view type;  ///< of an error, in the provider's words
    Spent spent;            ///< begin, stop, end: what is known by then
};

/// The signature of thinking that came from a provider without signatures, as which member of its message: the
/// provider gets it back there, and nobody else gets it at all.
inline constexpr std::string_view unsigned_thinking = "bursar:reasoning_content";
inline constexpr std::string_view unsigned_thinking_short = "bursar:reasoning";

// Limits on what strangers send. A body of requests is bounded before it comes here.
inline constexpr std::size_t parts_max = 200'000;
inline constexpr std::size_t event_bytes_max = 32 * 1024 * 1024;
inline constexpr std::size_t waiting_bytes_max = 32 * 1024 * 1024;
inline constexpr std::size_t blocks_max = 4096;

}  // namespace bursar::providers::translate
