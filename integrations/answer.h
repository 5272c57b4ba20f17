#pragma once

#include "integrations/wire.h"
#include "service/base/clock.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

// What another side's answer to a request means. Pure.
namespace bursar::integrations {

/// Of an answer as a whole, unless a request says otherwise.
inline constexpr std::size_t answer_bytes_max = std::size_t{64} << 10;

struct Answer {
    int status = 0;                                ///< of HTTP; 0: there was none, and `trouble` says why
    std::map<std::string, std::string> headers{};  ///< names in lower case
    std::string body{};
    std::string trouble{};         ///< "connect: …", without addresses
    bool perhaps_arrived = false;  ///< without an answer: the request may have reached the other side
    bool unsendable = false;       ///< nothing was asked, nor ever will be: the target is written wrongly

    std::string_view header(std::string_view name) const;
};

/// How a delivery stands, before it is a receipt.
struct Verdict {
    Outcome outcome = Outcome::later;
    std::string reason{};
    std::optional<std::chrono::milliseconds> wait{};
    bool perhaps_sent = false;
};

/// By what any HTTP server means with its status; `whose` begins the reason: "Slack". 2xx is sent, 408, 425, 429 and
/// 5xx are later, 401, 403, 404, 410 and a permanent redirect are closed, the rest is refused.
Verdict judge_status(const Answer& answer, std::string_view whose, Timestamp now);
/// Seconds or a date (RFC 9110 §10.2.3), at most a day.
std::optional<std::chrono::milliseconds> retry_after(const Answer& answer, Timestamp now);
/// "HTTP 404: no_service": the beginning of an answer on one line.
std::string answer_words(const Answer& answer);
/// A sentence that ends: with a full stop behind it unless there is one.
std::string sentence(std::string text);

/// What operators may read of a verdict and of what the other side said last: the target's secrets are taken out, also
/// where the other side repeats them.
struct Shown {
    std::string reason;
    std::string answer;
};
Shown shown_of(const Target& target, const Verdict& verdict, Answer last);

/// The receipt of a verdict, with what is shown of it.
Receipt receipt_of(const Delivery& delivery, const Verdict& verdict, const Answer& last);

}  // namespace bursar::integrations
