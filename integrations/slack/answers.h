#pragma once

#include "integrations/answer.h"
#include "integrations/json.h"

#include <string>
#include <string_view>

namespace bursar::integrations::slack {

/// Of an incoming webhook, which answers "ok" or one word of why not (changelog of 2016-05-17, and what was seen
/// since).
Verdict judge_webhook(const Answer& answer, Timestamp now);

/// Of a method of the Web API: {"ok": true, …} or {"ok": false, "error": "word"}.
struct ApiAnswer {
    Verdict verdict;
    Json body{};  ///< if it is sent
    std::string error{};
};
ApiAnswer read_api(const Answer& answer, Timestamp now);
/// Whether the message that was to be changed or answered is no more: a new one has to be written.
bool message_is_gone(std::string_view error);

}  // namespace bursar::integrations::slack
