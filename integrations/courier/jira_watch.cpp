// How issues of Jira stand that people answer by moving them. Nothing is changed.
#include "integrations/courier/jira_api.h"
#include "integrations/courier/lookout.h"
#include "integrations/jira/moves.h"

#include <fmt/format.h>

namespace bursar::courier {
namespace {

using integrations::jira::Good;
using integrations::jira::Project;

Sighting sighting_of(const Watch& watch, const Verdict& verdict, const Answer& last) {
    integrations::Shown shown = integrations::shown_of(watch.target, verdict, last);
    return {.id = watch.id,
            .outcome = verdict.outcome,
            .moves = {},
            .wait = verdict.wait,
            .reason = std::move(shown.reason),
            .answer = std::move(shown.answer)};
}

}  // namespace

Task<Sighting> look_at_jira(Means& means, const Watch& watch) {
    const auto wrong = [&](std::string reason) {
        return sighting_of(watch, {.outcome = Outcome::closed, .reason = std::move(reason)},
                           {.trouble = "nothing was asked"});
    };
    auto project = Project::read(watch.target);
    if (!project) co_return wrong(project.error().for_caller);
    const auto token = watch.target.secrets.find("token");
    if (token == watch.target.secrets.end() || token->second.empty())
        co_return wrong("The secret \"token\" is missing.");
    JiraApi api(means, watch.target, *std::move(project));
    const Answer answer = co_await api.send("POST", integrations::jira::search_path(api.project()),
                                            integrations::jira::watch_body(api.project(), watch), metadata_bytes_max);
    const Good found = integrations::jira::read_good(answer, metadata_bytes_max, means.clock.now());
    if (!found.is_good()) co_return sighting_of(watch, found.verdict, api.last());
    std::vector<integrations::Move> moves;
    for (const auto& seen : integrations::jira::seen_in(found.body, watch)) {
        const std::string path = fmt::format("{}{}", api.project().api(), integrations::jira::history_path(seen.key));
        const Good issue = co_await api.get(path, metadata_bytes_max);
        // Deleted since: there is nothing to be answered.
        if (api.last().status == 404) continue;
        if (!issue.is_good()) co_return sighting_of(watch, issue.verdict, api.last());
        if (auto move = integrations::jira::last_move(issue.body, seen)) moves.push_back(*std::move(move));
    }
    Sighting out = sighting_of(watch, {.outcome = Outcome::sent, .reason = "Jira told."}, {.trouble = "all was told"});
    out.moves = std::move(moves);
    co_return out;
}

}  // namespace bursar::courier
