#include "integrations/jira/answers.h"

#include "integrations/text.h"

#include <fmt/format.h>

namespace bursar::integrations::jira {
namespace {

constexpr std::size_t words_units_max = 400, words_count_max = 5;

Json errors_of(const Answer& answer) { return Json::parse(answer.body, answer_bytes_max).value_or(Json()); }

}  // namespace

std::string error_words(const Answer& answer) {
    const Json body = errors_of(answer);
    std::string out;
    std::size_t count = 0;
    const auto add = [&](const std::string& text) {
        if (count++ < words_count_max) out += (out.empty() ? "" : " ") + sentence(cut(one_line(text), words_units_max));
    };
    for (const Json& each : body.at("errorMessages").list()) add(std::string(each.text()));
    for (const auto& [field, text] : body.at("errors").object()) add(fmt::format("{}: {}", field, text.text()));
    return out;
}

Verdict judge(const Answer& answer, Timestamp now) {
    Verdict out = judge_status(answer, "Jira", now);
    if (answer.status < 400) return out;
    if (const std::string words = error_words(answer); !words.empty())
        out.reason = fmt::format("Jira says (HTTP {}): {}", answer.status, words);
    if (const auto why = answer.header("ratelimit-reason"); answer.status == 429 && !why.empty())
        out.reason += fmt::format(" The limit is {}.", one_line(cut(why, 100)));
    if (answer.header("x-seraph-loginreason").contains("AUTHENTICATION_DENIED"))
        out.reason += " Jira wants a captcha for this user: somebody has to sign in once in a browser.";
    const Json errors = errors_of(answer).at("errors");
    // No message can be told while these are wrong.
    if (answer.status == 400 && (!errors.at("project").is_null() || !errors.at("issuetype").is_null()))
        out.outcome = Outcome::closed;
    return out;
}

Good read_good(const Answer& answer, std::size_t bytes_max, Timestamp now) {
    Good out{.verdict = judge(answer, now)};
    if (!out.is_good()) return out;
    auto body = Json::parse(answer.body, bytes_max);
    if (body && (body->is_object() || body->is_list())) {
        out.body = *std::move(body);
        return out;
    }
    out.verdict = {.outcome = Outcome::later,
                   .reason = "What answered is not Jira: look at the proxy and at the setting \"url\".",
                   .perhaps_sent = true};
    return out;
}

}  // namespace bursar::integrations::jira
