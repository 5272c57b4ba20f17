#include "service/outbox/watching.h"

#include "integrations/json.h"
#include "service/base/zone.h"
#include "service/outbox/dispatcher.h"
#include "service/outbox/matching.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace bursar::outbox {
namespace {

/// The number of the request that an incident is about, by its name: "request:12".
std::optional<std::int64_t> request_of(const Incident& incident) {
    constexpr std::string_view prefix = "request:";
    if (!incident.name.starts_with(prefix) || !fits_kind("request", incident.latest.kind)) return std::nullopt;
    const std::string_view digits = std::string_view(incident.name).substr(prefix.size());
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || number <= 0) return std::nullopt;
    return number;
}

std::string part_of(const Thread& thread, std::string_view name) {
    const auto found = thread.ref.find(std::string(name));
    return found == thread.ref.end() ? std::string() : found->second;
}

}  // namespace

std::optional<TicketApprovals> approvals_of(const policies::AlertTarget& target) {
    constexpr std::size_t setting_bytes_max = std::size_t{1} << 20;
    const auto setting = [&](const char* name) {
        const auto found = target.settings.find(name);
        return found == target.settings.end() ? std::string() : found->second;
    };
    TicketApprovals out{.approve = setting("approve"), .decline = setting("decline"), .by = {}, .people = {}};
    if (target.kind != "jira" || out.approve.empty()) return std::nullopt;
    // The policy has written both, so that neither can be wrong.
    const auto by = integrations::Json::parse(setting("approve_by"), setting_bytes_max);
    const auto people = integrations::Json::parse(setting("approve_people"), setting_bytes_max);
    if (by)
        for (const integrations::Json& each : by->list()) out.by.emplace_back(each.text());
    if (people)
        for (const auto& [account, person] : people->object()) out.people.emplace(account, person.text());
    return out;
}

std::vector<Ticket> tickets_of(const State& state, const std::string& target) {
    std::vector<Ticket> out;
    for (const auto& [number, incident] : state.incidents) {
        if (!incident.lasts || incident.ended) continue;
        const auto request = request_of(incident);
        const auto thread = state.threads.find({number, target});
        if (!request || thread == state.threads.end()) continue;
        std::string key = part_of(thread->second, "key");
        if (key.empty()) continue;
        out.push_back({.incident = number,
                       .request = *request,
                       .target = target,
                       .key = std::move(key),
                       .label = label_of(incident),
                       .answered = part_of(thread->second, answered_name)});
    }
    return out;
}

integrations::Message objection_to(const Incident& incident, const Ticket& ticket, std::string sentence,
                                   const Context& context) {
    // News: a comment, and the issue stays where it was put.
    integrations::Message message = message_of(incident, {&incident.latest, 1}, integrations::State::news, context);
    message.at = context.now;
    message.when = for_people(context.now, context.rules.organisation.time_zone);
    message.title = fmt::format("Request {} is still open", ticket.request);
    message.text = std::move(sentence);
    message.facts.clear();
    return message;
}

void Dispatcher::answer(const Ticket& ticket, const std::string& change, std::string sentence, const Context& context) {
    const auto incident = state_.incidents.find(ticket.incident);
    const auto thread = state_.threads.find({ticket.incident, ticket.target});
    if (incident == state_.incidents.end() || thread == state_.threads.end()) return;
    thread->second.ref[std::string(answered_name)] = change;
    changed(thread->second);
    if (sentence.empty()) return;
    deliver(ticket.target, ticket.incident, objection_to(incident->second, ticket, std::move(sentence), context),
            context.now);
}

}  // namespace bursar::outbox
