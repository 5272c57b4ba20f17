#include "integrations/slack/answers.h"

#include "integrations/text.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace bursar::integrations::slack {
namespace {

using Words = std::span<const std::string_view>;

bool is_in(Words words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

constexpr std::array<std::string_view, 10> webhook_closed = {
    "no_service",     "no_service_id",     "no_team",           "no_active_hooks",
    "invalid_token",  "action_prohibited", "channel_not_found", "channel_is_archived",
    "user_not_found", "team_disabled"};
constexpr std::array<std::string_view, 2> webhook_later = {"rate_limited", "rollup_error"};

constexpr std::array<std::string_view, 21> api_closed = {"not_authed",
                                                         "invalid_auth",
                                                         "account_inactive",
                                                         "token_revoked",
                                                         "token_expired",
                                                         "no_permission",
                                                         "missing_scope",
                                                         "not_allowed_token_type",
                                                         "access_denied",
                                                         "ekm_access_denied",
                                                         "org_login_required",
                                                         "team_access_not_granted",
                                                         "enterprise_is_restricted",
                                                         "channel_not_found",
                                                         "not_in_channel",
                                                         "is_archived",
                                                         "restricted_action",
                                                         "restricted_action_read_only_channel",
                                                         "restricted_action_thread_only_channel",
                                                         "messages_tab_disabled",
                                                         "user_is_bot"};
constexpr std::array<std::string_view, 8> api_later = {"ratelimited",       "rate_limited",    "internal_error",
                                                       "fatal_error",       "request_timeout", "service_unavailable",
                                                       "team_added_to_org", "accesslimited"};
constexpr std::array<std::string_view, 4> gone = {"message_not_found", "cant_update_message", "edit_window_closed",
                                                  "thread_not_found"};

/// The word of an answer; empty if it is something else, as a page of a proxy.
std::string word_of(std::string_view body) {
    constexpr std::size_t word_bytes_max = 60;
    while (!body.empty() && static_cast<unsigned char>(body.back()) <= 0x20) body.remove_suffix(1);
    const bool is_word = body.size() <= word_bytes_max && std::ranges::all_of(body, [](char c) {
                             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                         });
    return is_word ? std::string(body) : std::string();
}

/// 200 from somebody who is not Slack: a proxy's page, a portal. It may become Slack again.
Verdict not_slack() {
    return {.outcome = Outcome::later,
            .reason = "What answered is not Slack: look at the proxy and at the address of the webhook."};
}

}  // namespace

Verdict judge_webhook(const Answer& answer, Timestamp now) {
    const std::string word = word_of(answer.body);
    if (answer.status >= 200 && answer.status < 300)
        return word == "ok" ? Verdict{.outcome = Outcome::sent, .reason = "Slack took it."} : not_slack();
    Verdict out = judge_status(answer, "Slack", now);
    if (answer.status < 400 || word.empty()) return out;
    if (is_in(webhook_closed, word)) out.outcome = Outcome::closed;
    if (is_in(webhook_later, word)) out.outcome = Outcome::later;
    out.reason = fmt::format("Slack says {} (HTTP {}).", word, answer.status);
    // It was Slack itself who spoke, and it did not take it.
    out.perhaps_sent = false;
    return out;
}

ApiAnswer read_api(const Answer& answer, Timestamp now) {
    if (answer.status != 200) return {.verdict = judge_status(answer, "Slack", now)};
    auto body = Json::parse(answer.body, answer_bytes_max);
    if (!body || !body->at("ok").is_truth()) return {.verdict = not_slack()};
    if (body->at("ok").is_true())
        return {.verdict = {.outcome = Outcome::sent, .reason = "Slack took it."}, .body = *std::move(body)};
    ApiAnswer out{.error = one_line(cut(body->at("error").text(), 100))};
    out.verdict.reason = fmt::format("Slack says {}.", out.error);
    if (is_in(api_closed, out.error))
        out.verdict.outcome = Outcome::closed;
    else if (is_in(api_later, out.error))
        out.verdict.wait = retry_after(answer, now);
    else
        out.verdict.outcome = Outcome::refused;
    if (const auto needed = body->at("needed").text(); !needed.empty())
        out.verdict.reason = fmt::format("Slack says {}: the token needs the scope {}.", out.error, one_line(needed));
    return out;
}

bool message_is_gone(std::string_view error) { return is_in(gone, error); }

}  // namespace bursar::integrations::slack
