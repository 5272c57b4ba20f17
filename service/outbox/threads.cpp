// From events to incidents, from incidents to threads, and from threads to messages.
#include "policies/event_kinds.h"
#include "service/base/ensure.h"
#include "service/outbox/detail.h"
#include "service/outbox/dispatcher.h"
#include "service/outbox/matching.h"

#include <algorithm>
#include <utility>

namespace bursar::outbox {
namespace {

using Course = policies::EventKind::Course;

Course course_of(std::string_view kind) {
    const policies::EventKind* known = policies::event_kind(kind);
    return known == nullptr ? Course::news : known->course;
}

std::int64_t highest(const std::vector<Event>& events) {
    std::int64_t rank = -1;
    for (const Event& event : events) rank = std::max(rank, rank_of(event));
    return rank;
}

Severity worst(const std::vector<Event>& events) {
    Severity severity = Severity::info;
    for (const Event& event : events) severity = std::max(severity, severity_of(event));
    return severity;
}

bool ends_silently(const Event& event) {
    const auto fields = fields_of(event.detail);
    const DetailField* silent = find_field(fields, "silent");
    return silent != nullptr && silent->value == "true";
}

}  // namespace

Dispatcher::Dispatcher(State state, Chance chance) : state_(std::move(state)), chance_(std::move(chance)) {
    for (const auto& [number, incident] : state_.incidents) newest_[incident.name] = number;
}

Incident* Dispatcher::newest(const std::string& name) {
    const auto found = newest_.find(name);
    if (found == newest_.end()) return nullptr;
    const auto incident = state_.incidents.find(found->second);
    return incident == state_.incidents.end() ? nullptr : &incident->second;
}

void Dispatcher::erase(const Thread& thread) {
    const ThreadKey key{thread.incident, thread.target};
    changes_.threads.insert(key);
    state_.threads.erase(key);
}

void Dispatcher::take(const Event& given, const Context& context) {
    state_.cursor = given.number;
    changes_.cursor = true;
    Event event = given;
    event.severity = severity_of(given);
    if (event.incident.empty()) event.incident = event.name;
    switch (course_of(event.kind)) {
        case Course::begins:
            begin(event, context);
            return;
        case Course::news: {
            Incident& incident = incident_for(event, false, context);
            if (!incident.lasts) incident.latest = event;
            changed(incident);
            offer(incident, event, Mark::news, context);
            return;
        }
        case Course::ends:
            if (Incident* open = newest(event.incident); open != nullptr && open->lasts && !open->ended)
                end(*open, event, context);
            return;
    }
}

void Dispatcher::take_report(const Event& given, const std::vector<std::string>& targets,
                             const integrations::Message& message, const Context& context) {
    state_.cursor = given.number;
    changes_.cursor = true;
    if (targets.empty()) return;
    Event event = given;
    event.severity = severity_of(given);
    if (event.incident.empty()) event.incident = event.name;
    Incident& incident = incident_for(event, false, context);
    incident.latest = event;
    changed(incident);
    integrations::Message named = message;
    named.incident = label_of(incident);
    for (const std::string& target : targets) {
        // Where what the target gives for it is kept: the next try goes on there.
        Thread& thread = state_.threads[{incident.number, target}];
        thread.incident = incident.number;
        thread.target = target;
        thread.made = context.now;
        changed(thread);
        deliver(target, incident.number, named, context.now);
    }
}

/// The one that goes on with this event; else a new one.
Incident& Dispatcher::incident_for(const Event& event, bool lasts, const Context& context) {
    if (Incident* known = newest(event.incident)) {
        const bool lately = !known->ended || context.now - *known->ended < reopened_within;
        // News of what lasts belongs to it while it is open; what begins goes on only with its like.
        if (lately && (known->lasts == lasts || (!lasts && !known->ended))) return *known;
    }
    Incident incident{.number = event.number,
                      .name = event.incident,
                      .latest = event,
                      .begun = event.at,
                      .ended = lasts ? std::nullopt : std::optional(context.now),
                      .lasts = lasts};
    newest_[incident.name] = incident.number;
    return state_.incidents.insert_or_assign(incident.number, std::move(incident)).first->second;
}

void Dispatcher::begin(const Event& event, const Context& context) {
    Incident& incident = incident_for(event, true, context);
    if (incident.ended) {
        incident.ended.reset();
        incident.latest = event;
        for (auto& [key, thread] : state_.threads) {
            if (key.first != incident.number) continue;
            // An end that was not told yet need not be told, nor that it goes on.
            const bool unsaid = std::exchange(thread.end_due, false);
            thread.pending.clear();
            thread.due.reset();
            if (!unsaid) {
                thread.firing_told = false;
                thread.told_rank = -1;
            }
            changed(thread);
        }
    }
    if (rank_of(event) >= rank_of(incident.latest)) incident.latest = event;
    changed(incident);
    offer(incident, event, Mark::begins, context);
}

void Dispatcher::offer(Incident& incident, const Event& event, Mark mark, const Context& context) {
    for (const Way& way : ways_of(event, context.rules)) {
        Thread& thread = state_.threads
                             .try_emplace({incident.number, way.target}, Thread{.incident = incident.number,
                                                                                .target = way.target,
                                                                                .route = way.route,
                                                                                .pending = {},
                                                                                .due = {},
                                                                                .made = {},
                                                                                .told_rank = -1,
                                                                                .ref = {}})
                             .first->second;
        // The times of the route that fits what happened last.
        thread.route = way.route;
        add(thread, incident, event, mark, context);
    }
}

void Dispatcher::add(Thread& thread, const Incident& incident, const Event& event, Mark mark, const Context& context) {
    const Timestamp at = std::min(event.at, context.now);
    // What was due is told before what came after it.
    if (thread.due && *thread.due <= at) make(thread, context);
    const policies::AlertRoute& route = route_named(context.rules, thread.route);
    const bool has_news = thread.due && !thread.pending.empty();  // else what is due is a reminder
    const bool higher = mark == Mark::begins && rank_of(event) > std::max(thread.told_rank, highest(thread.pending));
    // A higher mark says all that a lower one which nobody has heard of yet would say.
    if (higher) std::erase_if(thread.pending, [](const Event& each) { return course_of(each.kind) == Course::begins; });
    thread.pending.push_back(event);
    if (thread.pending.size() > items_max) thread.pending.erase(thread.pending.begin());
    Timestamp due = at + route.group_wait;
    if (!higher && thread.made && incident.lasts) due = std::max<Timestamp>(due, *thread.made + route.group_interval);
    thread.due = has_news ? std::min(*thread.due, due) : due;
    changed(thread);
}

void Dispatcher::end(Incident& incident, const Event& event, const Context& context) {
    std::vector<ThreadKey> keys;
    for (auto& [key, thread] : state_.threads) {
        if (key.first != incident.number) continue;
        keys.push_back(key);
        if (thread.due && *thread.due <= event.at && !thread.pending.empty()) make(thread, context);
    }
    incident.ended = context.now;
    changed(incident);
    for (const ThreadKey& key : keys) {
        Thread& thread = state_.threads.at(key);
        const policies::AlertRoute& route = route_named(context.rules, thread.route);
        const bool silent = ends_silently(event) && !is_tickets(context.rules, thread.target);
        if (!thread.firing_told && thread.ref.empty()) {
            erase(thread);
            continue;
        }
        changed(thread);
        if (!thread.firing_told || silent || !route.resolved) {
            thread.pending.clear();
            thread.due.reset();
            thread.firing_told = false;
            continue;
        }
        thread.pending.push_back(event);
        thread.end_due = true;
        thread.due = context.now;
    }
}

bool Dispatcher::keep_for_morning(Thread& thread, Severity severity, const policies::AlertRoute& route,
                                  const Context& context) {
    if (!route.quiet || severity == Severity::critical) return false;
    const auto until = quiet_until(*route.quiet, context.rules.organisation.time_zone, context.now);
    if (!until) return false;
    thread.due = *until;
    thread.held = true;
    changed(thread);
    return true;
}

/// Whether it was made, or need not be.
bool Dispatcher::make_reminder(Thread& thread, const Incident& incident, const policies::AlertRoute& route,
                               const Context& context) {
    if (!incident.lasts || incident.ended || !thread.firing_told || route.repeat_interval.count() == 0) {
        thread.due.reset();
    } else if (has_waiting(incident.number, thread.target)) {
        thread.due = context.now + route.repeat_interval;
    } else if (keep_for_morning(thread, severity_of(incident.latest), route, context)) {
        return false;
    } else {
        deliver(thread.target, incident.number, reminder_of(incident, context), context.now);
        thread.made = context.now;
        thread.due = context.now + route.repeat_interval;
    }
    thread.held = false;
    changed(thread);
    return true;
}

/// The message that is due, unless there is a reason to wait with it.
void Dispatcher::make(Thread& thread, const Context& context) {
    const auto found = state_.incidents.find(thread.incident);
    ENSURE(found != state_.incidents.end());
    const Incident& incident = found->second;
    const policies::AlertRoute& route = route_named(context.rules, thread.route);
    // That something is over is told to whoever heard that it began, whatever was silenced since.
    if (!thread.end_due) {
        const bool silenced = is_silenced(state_, incident, context.rules, context.now);
        if (silenced && !incident.lasts) {
            thread.pending.clear();
            thread.due.reset();
            changed(thread);
        }
        if (silenced || is_muted(state_, incident)) return;
    }
    if (thread.pending.empty()) {
        make_reminder(thread, incident, route, context);
        return;
    }
    const Severity severity = thread.end_due ? severity_of(incident.latest) : worst(thread.pending);
    if (keep_for_morning(thread, severity, route, context)) return;
    const auto state = thread.end_due    ? integrations::State::resolved
                       : !incident.lasts ? integrations::State::news
                                         : integrations::State::firing;
    deliver(thread.target, incident.number, message_of(incident, thread.pending, state, context), context.now);
    thread.told_rank = std::max(thread.told_rank, highest(thread.pending));
    thread.pending.clear();
    thread.made = context.now;
    thread.firing_told = state == integrations::State::firing;
    thread.end_due = thread.held = false;
    thread.due.reset();
    if (thread.firing_told && route.repeat_interval.count() > 0 && is_repeated(incident.latest))
        thread.due = context.now + route.repeat_interval;
    changed(thread);
}

void Dispatcher::make_due(const Context& context) {
    std::vector<ThreadKey> due;
    for (const auto& [key, thread] : state_.threads)
        if (thread.due && *thread.due <= context.now) due.push_back(key);
    // In the order in which they came due, so that what happened first is told first.
    std::ranges::sort(due, {}, [&](const ThreadKey& key) { return std::pair(*state_.threads.at(key).due, key); });
    std::map<std::string, std::vector<std::int64_t>> in_the_morning;
    for (const ThreadKey& key : due) {
        Thread& thread = state_.threads.at(key);
        const bool held = thread.held;
        const std::int64_t next = state_.next_delivery;
        make(thread, context);
        if (held && state_.next_delivery > next) in_the_morning[key.second].push_back(next);
    }
    for (const auto& [target, numbers] : in_the_morning)
        if (numbers.size() > 1 && !is_tickets(context.rules, target)) fold(target, numbers, true, context);
}

void Dispatcher::tick(const Context& context) {
    make_due(context);
    give_up_old(context);
    for (const auto& [name, target] : context.rules.alerts.targets) thin_out(name, context);
}

}  // namespace bursar::outbox
