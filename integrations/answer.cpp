#include "integrations/answer.h"

#include "integrations/redact.h"
#include "integrations/text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace bursar::integrations {
namespace {

constexpr std::chrono::milliseconds retry_after_max = std::chrono::hours(24);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7, the form that is to be sent).
std::optional<Timestamp> http_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    constexpr std::size_t length = 29;
    if (text.size() != length) return std::nullopt;
    const auto month = std::ranges::find(months, text.substr(8, 3));
    if (month == months.end()) return std::nullopt;
    const auto parsed = parse_timestamp(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month - months.begin() + 1,
                                                    text.substr(5, 2), text.substr(17, 8)));
    return parsed ? std::optional(*parsed) : std::nullopt;
}

Outcome outcome_of(int status) {
    if (status >= 200 && status < 300) return Outcome::sent;
    switch (status) {
        case 408:
        case 425:
        case 429:
        case 407:  // of a proxy on the way: nothing that the target said
        case 302:
        case 303:
        case 307:
            return Outcome::later;
        case 301:
        case 308:
        case 401:
        case 403:
        case 404:
        case 410:
            return Outcome::closed;
        default:
            return status >= 500 || status < 200 ? Outcome::later : Outcome::refused;
    }
}

std::string_view meaning_of(int status) {
    switch (status) {
        case 401:
            return "does not accept the credentials";
        case 403:
            return "does not permit this";
        case 404:
            return "has nothing at this address";
        case 407:
            return "is behind a proxy that wants credentials";
        case 410:
            return "says that this address is gone";
        case 413:
            return "finds the message too large";
        case 429:
            return "has had too many messages";
        default:
            break;
    }
    if (status >= 200 && status < 300) return "took it";
    if (status >= 300 && status < 400) return "redirects to another address, which is not followed";
    return status >= 500 || status < 200 ? "has trouble" : "refuses the message";
}

}  // namespace

std::string_view Answer::header(std::string_view name) const {
    const auto found = headers.find(std::string(name));
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string sentence(std::string text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
    if (!text.empty() && text.back() != '!' && text.back() != '?' && text.back() != ':') text.push_back('.');
    return text;
}

std::optional<std::chrono::milliseconds> retry_after(const Answer& answer, Timestamp now) {
    const std::string_view value = answer.header("retry-after");
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc() && end == value.data() + value.size() && seconds >= 0)
        return seconds > retry_after_max / std::chrono::seconds(1) ? retry_after_max : std::chrono::seconds(seconds);
    const auto date = http_date(value);
    if (!date) return std::nullopt;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*date - now);
    return std::clamp(wait, std::chrono::milliseconds(0), retry_after_max);
}

Verdict judge_status(const Answer& answer, std::string_view whose, Timestamp now) {
    if (answer.unsendable)
        return {.outcome = Outcome::closed,
                .reason = sentence(fmt::format("Nothing is sent to {}: {}", whose, answer.trouble))};
    if (answer.status == 0)
        return {.outcome = Outcome::later,
                .reason = sentence(fmt::format("{} gave no answer ({})", whose, answer.trouble)),
                .perhaps_sent = answer.perhaps_arrived};
    Verdict out{.outcome = outcome_of(answer.status),
                .reason = fmt::format("{} {} (HTTP {}).", whose, meaning_of(answer.status), answer.status)};
    if (out.outcome == Outcome::later) out.wait = retry_after(answer, now);
    // A server that failed, or a gateway that gave up waiting for it, may have taken the message before.
    out.perhaps_sent = answer.status >= 500 && answer.status != 503;
    return out;
}

std::string answer_words(const Answer& answer) {
    if (answer.status == 0) return answer.trouble;
    const std::string words = one_line(cut_bytes(answer.body, receipt_text_bytes_max / 2));
    return words.empty() ? fmt::format("HTTP {}", answer.status) : fmt::format("HTTP {}: {}", answer.status, words);
}

Shown shown_of(const Target& target, const Verdict& verdict, Answer last) {
    // Taken out before it is cut: half a secret would not be found.
    last.body = without_secrets(std::move(last.body), target);
    return {.reason = cut_bytes(without_secrets(one_line(verdict.reason), target), receipt_text_bytes_max),
            .answer = cut_bytes(without_secrets(answer_words(last), target), receipt_text_bytes_max)};
}

Receipt receipt_of(const Delivery& delivery, const Verdict& verdict, const Answer& last) {
    Shown shown = shown_of(delivery.target, verdict, last);
    Receipt out{.id = delivery.id, .outcome = verdict.outcome, .wait = verdict.wait};
    out.reason = std::move(shown.reason);
    out.answer = std::move(shown.answer);
    out.perhaps_sent = verdict.perhaps_sent && verdict.outcome == Outcome::later;
    return out;
}

}  // namespace bursar::integrations
