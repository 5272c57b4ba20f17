#pragma once

#include "service/base/usage.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::demo {

/// What a prompt asks of the demo provider besides an answer: "[[demo tokens=50 delay_ms=10]]". README.md lists them
/// all.
struct Directives {
    std::optional<Tokens> tokens;        ///< the answer has exactly so many words, unless the caller's maximum is lower
    std::chrono::milliseconds delay{0};  ///< before each event of a stream
    std::chrono::milliseconds first{0};  ///< before the head of the answer
    int status = 0;                      ///< answer with this HTTP status and the dialect's error
    std::optional<std::int64_t> cut;     ///< close the connection after so many events
    std::optional<std::int64_t> error_after;  ///< an error event after so many events
    std::optional<std::int64_t> hang_after;   ///< say nothing more after so many events
    bool hang = false;                        ///< never answer
    bool no_usage = false;
    bool garbage = false;       ///< broken JSON under a status of 200
    bool wrong_type = false;    ///< text/html under a status of 200
    bool lying_length = false;  ///< a Content-Length that is longer than the body
    std::int64_t tool_calls = 0;
    Tokens reasoning = 0;
    Tokens cached = 0;
    Tokens cache_write_5m = 0;
    Tokens cache_write_1h = 0;
    std::int64_t big_event_mib = 0;  ///< the first word of the answer is so long
    std::optional<Usage> usage;      ///< exactly these classes, whatever was said
    Served served;
    std::vector<std::string> wrong;  ///< one sentence per directive that could not be read
};

/// Reads every directive of `text`. Numbers are bounded: 1,000,000 words, 64 MiB, 10 minutes.
Directives read_directives(std::string_view text);

/// `text` without its directives, trimmed.
std::string without_directives(std::string_view text);

}  // namespace bursar::demo
