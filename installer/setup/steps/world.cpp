// The steps about services elsewhere: the first provider, and who hears of trouble.
#include "installer/setup/steps/step.h"

#include <fmt/format.h>

namespace bursar::setup {
namespace {

constexpr std::size_t models_max = 100;

/// Whatever is sent in plain can be read on the way; on the way to this machine itself nobody is.
bool is_safe(std::string_view url) {
    if (is_https(url)) return true;
    for (const std::string_view own : {"http://127.0.0.1", "http://localhost", "http://[::1]"})
        if (url.starts_with(own) && (url.size() == own.size() || url[own.size()] == ':' || url[own.size()] == '/'))
            return true;
    return false;
}

void want_secret(Findings& out, const Answers& answers, std::string_view key) {
    const auto read = read_secret_file(answers.get(key));
    if (!read) out.wrong(answers.has(key) ? read.error().for_caller : fmt::format("{} is missing; name a file.", key));
}

}  // namespace

Findings check_provider(const Answers& answers, const Surroundings&) {
    Findings out("provider");
    const std::string name = answers.get("provider.name"), url = answers.get("provider.base_url");
    if (name.empty()) {
        out.note("There is no provider yet, so no call can be answered; add one to the policy.");
        return out;
    }
    if (!is_name(name)) out.wrong("provider.name is no name; write small letters, digits and dashes.");
    if (!is_safe(url))
        out.wrong(
            fmt::format("provider.base_url is \"{}\"; write an https address such as https://api.openai.com/v1 "
                        "(http only to this machine).",
                        url));
    if (answers.has("provider.key_file")) want_secret(out, answers, "provider.key_file");
    const auto models = list_of(answers.get("provider.models"));
    if (models.empty() || models.size() > models_max)
        out.wrong(fmt::format("provider.models names {} models; name 1 to {}, with commas between.", models.size(),
                              models_max));
    if (!out.is_wrong()) out.good(fmt::format("{} at {}, {} models.", name, url, models.size()));
    return out;
}

Findings check_alerts(const Answers& answers, const Surroundings&) {
    Findings out("alerts");
    const bool slack = answers.has("alerts.slack_webhook_file"), jira = answers.has("alerts.jira_url");
    if (!slack && !jira) out.note("Nobody hears of trouble; add a target to the policy.");
    if (slack) want_secret(out, answers, "alerts.slack_webhook_file");
    if (jira) {
        if (!is_https(answers.get("alerts.jira_url")))
            out.wrong(
                fmt::format("alerts.jira_url is \"{}\"; write an https address such as "
                            "https://example.atlassian.net.",
                            answers.get("alerts.jira_url")));
        for (const std::string_view key : {"alerts.jira_user", "alerts.jira_project"})
            if (!answers.has(key)) out.wrong(fmt::format("{} is missing.", key));
        want_secret(out, answers, "alerts.jira_token_file");
    }
    if (!out.is_wrong() && (slack || jira))
        out.good(fmt::format("Trouble is told to {}.", slack && jira ? "Slack and Jira" : slack ? "Slack" : "Jira"));
    return out;
}

}  // namespace bursar::setup
