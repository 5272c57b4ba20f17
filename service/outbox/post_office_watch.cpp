// Issues that people answer by moving them: asking how they stand, and what comes of what is told.
#include "service/base/log.h"
#include "service/outbox/post_office.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::outbox {
namespace {

constexpr std::chrono::minutes look_again_last{15};

/// From where the last look ended, and round.
std::vector<Ticket> portion_of(std::vector<Ticket> all, std::int64_t after) {
    if (all.size() <= integrations::watched_issues_max) return all;
    const auto next = std::ranges::find_if(all, [&](const Ticket& each) { return each.incident > after; });
    std::ranges::rotate(all, next);
    all.resize(integrations::watched_issues_max);
    return all;
}

}  // namespace

void PostOffice::watch() {
    if (!courier_ || gone_ || !parts_.decide) return;
    const auto rules = parts_.rules.get();
    std::erase_if(watching_, [&](const auto& entry) {
        const auto target = rules->alerts.targets.find(entry.first);
        return target == rules->alerts.targets.end() || !approvals_of(target->second);
    });
    for (const auto& [name, target] : rules->alerts.targets) {
        const auto approvals = approvals_of(target);
        if (!approvals) continue;
        Watching& watching = watching_[name];
        if (watching.id.empty() && parts_.clock.moment() >= watching.due)
            ask_about_issues(target, *approvals, watching);
    }
}

void PostOffice::ask_about_issues(const policies::AlertTarget& target, const TicketApprovals& approvals,
                                  Watching& watching) {
    auto tickets = clerk_.tickets(target.name, parts_.clock.now());
    if (!tickets) return report(std::unexpected(std::move(tickets).error()));
    if (tickets->empty()) return;
    auto prepared = prepare(target);
    if (!prepared) {
        if (prepared.error().fault != Fault::sealed) watching.trouble = prepared.error().for_caller;
        watching.due = parts_.clock.moment() + options_.watched_every;
        return;
    }
    integrations::Watch watch{.id = fmt::format("wch_{}", ++watches_), .target = *std::move(prepared)};
    for (Ticket& each : portion_of(*std::move(tickets), watching.after)) {
        watching.after = each.incident;
        watch.issues.push_back({.key = std::move(each.key), .incident = std::move(each.label)});
    }
    watch.statuses.push_back(approvals.approve);
    if (!approvals.decline.empty()) watch.statuses.push_back(approvals.decline);
    watching.id = watch.id;
    courier_->send(watch, parts_.clock.moment());
    if (!courier_->write(parts_.clock.moment())) lose_courier(courier_->why_over());
}

bool PostOffice::is_watching() const {
    return std::ranges::any_of(watching_, [](const auto& entry) { return !entry.second.id.empty(); });
}

void PostOffice::receive_sightings() {
    for (const integrations::Sighting& sighting : std::exchange(heard_.sightings, {})) {
        const auto found =
            std::ranges::find_if(watching_, [&](const auto& entry) { return entry.second.id == sighting.id; });
        if (found == watching_.end()) continue;
        Watching& watching = found->second;
        watching.id.clear();
        if (sighting.outcome == integrations::Outcome::sent) {
            watching.failures = 0;
            watching.trouble.clear();
            watching.due = parts_.clock.moment() + options_.watched_every;
            for (const integrations::Move& move : sighting.moves) judge(found->first, move);
            continue;
        }
        if (watching.failures == 0)
            log::warning("issues_not_watched",
                         {{"target", found->first}, {"reason", sighting.reason}, {"answer", sighting.answer}});
        watching.trouble = sighting.reason;
        const std::chrono::milliseconds longer = options_.watched_every * (1 << std::min(watching.failures, 5));
        watching.failures = std::min(watching.failures + 1, 1'000);
        watching.due = parts_.clock.moment() + std::max(std::min<std::chrono::milliseconds>(longer, look_again_last),
                                                        sighting.wait.value_or(std::chrono::milliseconds(0)));
    }
}

/// What was moved while nobody looked is answered all the same: the issue's history says who and when.
void PostOffice::judge(const std::string& name, const integrations::Move& move) {
    const Timestamp now = parts_.clock.now();
    const auto rules = parts_.rules.get();
    const auto target = rules->alerts.targets.find(name);
    if (target == rules->alerts.targets.end()) return;
    const auto approvals = approvals_of(target->second);
    if (!approvals) return;
    const auto tickets = clerk_.tickets(name, now);
    if (!tickets) return report(std::unexpected(tickets.error()));
    // Of none any more: it was answered, or withdrawn, or its time is over.
    const auto ticket = std::ranges::find(*tickets, move.key, &Ticket::key);
    if (ticket == tickets->end() || ticket->answered == move.change) return;
    auto sentence = parts_.decide({.request = ticket->request, .target = name, .approvals = *approvals, .move = move});
    if (!sentence) {
        log::warning("issue_not_answered", {{"issue", move.key}, {"reason", sentence.error().operator_text()}});
        return;
    }
    log::info("issue_moved", {{"issue", move.key}, {"request", ticket->request}, {"status", move.status}});
    report(clerk_.answer(*ticket, move.change, *std::move(sentence), now));
}

}  // namespace bursar::outbox
