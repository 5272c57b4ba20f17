// What a target missed, in one message; and what is given up or forgotten.
#include "service/outbox/dispatcher.h"

#include <algorithm>
#include <utility>

namespace bursar::outbox {

bool is_report(const Delivery& delivery) { return delivery.message.kind == "report.due"; }

std::vector<std::int64_t> Dispatcher::waiting_of(const std::string& target) const {
    std::vector<std::int64_t> numbers;
    for (const auto& [number, each] : state_.deliveries)
        if (each.target == target && each.state == Delivery::State::waiting) numbers.push_back(number);
    return numbers;
}

bool Dispatcher::is_late(const std::vector<std::int64_t>& waiting, Timestamp now) const {
    bool is_old = false, joins = false;
    std::size_t count = 0;
    for (const std::int64_t number : waiting) {
        const Delivery& each = state_.deliveries.at(number);
        if (is_report(each)) continue;
        ++count;
        is_old = is_old || now - each.made > digest_after;
        // What came after a digest joins it, however little it is: else each try would leave one more.
        joins = joins || each.is_digest();
    }
    return is_old && count > (joins ? 1 : digest_above);
}

bool Dispatcher::was_told(const Delivery& delivery) const {
    const auto thread = state_.threads.find({delivery.incident, delivery.target});
    return thread != state_.threads.end() && thread->second.firing_delivered;
}

/// Whether the target may know of the incident by something whose receipt is still to come, or got lost: then its end
/// has to be told.
bool Dispatcher::is_perhaps_told(const Delivery& delivery) const {
    const auto uncertain = [](const Delivery& each) {
        return each.state == Delivery::State::under_way || each.perhaps_sent;
    };
    return was_told(delivery) || std::ranges::any_of(state_.deliveries, [&](const auto& entry) {
               const Delivery& each = entry.second;
               if (each.incident != delivery.incident || each.target != delivery.target) return false;
               const auto digest = state_.deliveries.find(each.into);
               const bool folded = each.state == Delivery::State::folded && digest != state_.deliveries.end();
               return uncertain(each) || (folded && uncertain(digest->second));
           });
}

/// Of each incident only the last message counts; of one that is over and that nobody heard of, none. Where something
/// may have arrived all is kept, so that its issue is looked for, and closed.
void Dispatcher::drop_covered(const std::vector<std::int64_t>& numbers, Timestamp now) {
    std::map<std::int64_t, std::int64_t> last;
    std::set<std::int64_t> uncertain;
    for (const std::int64_t number : numbers) {
        const Delivery& each = state_.deliveries.at(number);
        last[each.incident] = number;
        if (each.perhaps_sent || each.message.state == integrations::State::news) uncertain.insert(each.incident);
    }
    for (const auto& [number, each] : state_.deliveries)
        if (each.state == Delivery::State::under_way && last.contains(each.incident)) uncertain.insert(each.incident);
    for (const std::int64_t number : numbers) {
        Delivery& each = state_.deliveries.at(number);
        if (each.is_digest() || uncertain.contains(each.incident)) continue;
        const Delivery& latest = state_.deliveries.at(last.at(each.incident));
        const bool unheard = latest.message.state == integrations::State::resolved && !was_told(latest);
        if (number == latest.number && !unheard) continue;
        each.state = Delivery::State::sent;
        each.ended = now;
        each.reason = unheard ? "began and ended before it could be told" : "covered by a later message";
        changed(each);
    }
}

void Dispatcher::fold(const std::string& target, const std::vector<std::int64_t>& numbers, bool quiet,
                      const Context& context) {
    Delivery* digest = nullptr;
    for (auto& [number, each] : state_.deliveries)
        if (each.target == target && each.is_digest() && each.state == Delivery::State::waiting) digest = &each;
    if (digest == nullptr) {
        digest = &deliver(target, 0, {}, context.now);
    } else {
        // With other words it is another message, for those who know messages by their ids.
        if (digest->tries > 0) digest->id = chance_.make_id(context.now);
        changed(*digest);
    }
    for (const std::int64_t number : numbers) {
        Delivery& each = state_.deliveries.at(number);
        if (each.number == digest->number || is_report(each)) continue;
        if (each.is_digest()) {
            join(each, *digest, context.now);
            continue;
        }
        each.state = Delivery::State::folded;
        each.into = digest->number;
        changed(each);
    }
    write_digest(*digest, quiet, context);
}

/// One that was under way when the other was made: what it sums up is told by the other.
void Dispatcher::join(Delivery& from, Delivery& digest, Timestamp now) {
    for (auto& [number, each] : state_.deliveries) {
        if (each.state != Delivery::State::folded || each.into != from.number) continue;
        each.into = digest.number;
        each.perhaps_sent = each.perhaps_sent || from.perhaps_sent;
        changed(each);
    }
    from.state = Delivery::State::sent;
    from.ended = now;
    from.reason = "joined by another digest";
    changed(from);
}

void Dispatcher::write_digest(Delivery& digest, bool quiet, const Context& context) {
    std::map<std::int64_t, std::int64_t> last;
    for (const auto& [number, each] : state_.deliveries)
        if (each.state == Delivery::State::folded && each.into == digest.number) last[each.incident] = number;
    Digest words{.target = digest.target, .number = digest.number, .quiet = quiet, .missed = {}};
    for (auto& [number, each] : state_.deliveries) {
        if (each.state != Delivery::State::folded || each.into != digest.number) continue;
        const auto incident = state_.incidents.find(each.incident);
        const bool ended = each.message.state == integrations::State::resolved ||
                           (incident != state_.incidents.end() && incident->second.lasts && incident->second.ended);
        if (each.message.state == integrations::State::news) {
            words.missed.push_back({.message = &each.message, .perhaps_told = each.perhaps_sent});
        } else if (last[each.incident] != number) {
            each.state = Delivery::State::sent;
            each.ended = context.now;
            each.reason = "covered by a later message of a digest";
            changed(each);
            // What may have been told of the incident may have been told, whichever message it was.
            Delivery& latest = state_.deliveries.at(last[each.incident]);
            latest.perhaps_sent = latest.perhaps_sent || each.perhaps_sent;
            changed(latest);
        } else if (!ended) {
            words.missed.push_back(
                {.message = &each.message, .now = Missed::Now::lasts, .perhaps_told = each.perhaps_sent});
        } else if (is_perhaps_told(each)) {
            words.missed.push_back({.message = &each.message, .now = Missed::Now::over});
        } else {
            ++words.ended_meanwhile;
        }
    }
    digest.message = digest_of(words, context);
}

/// Keeps what waits for a target within its limit.
void Dispatcher::thin_out(const std::string& target, const Context& context) {
    std::vector<std::int64_t> waiting = waiting_of(target);
    if (waiting.size() > waiting_max) {
        if (is_tickets(context.rules, target))
            drop_covered(waiting, context.now);
        else
            fold(target, waiting, false, context);
    }
    std::vector<std::int64_t> all;
    for (const auto& [number, each] : state_.deliveries) {
        const bool keeps = each.state == Delivery::State::waiting || each.state == Delivery::State::folded;
        if (each.target == target && keeps && !each.is_digest()) all.push_back(number);
    }
    for (std::size_t i = 0; i + waiting_max < all.size(); ++i)
        give_up(state_.deliveries.at(all[i]), "more waited for this target than is kept", context);
}

void Dispatcher::give_up_old(const Context& context) {
    std::vector<std::int64_t> emptied;
    for (auto& [number, each] : state_.deliveries) {
        const bool waits = each.state == Delivery::State::waiting || each.state == Delivery::State::folded;
        if (!waits) continue;
        const bool stray = !context.rules.alerts.targets.contains(each.target);
        if (each.is_digest()) {
            const bool full = std::ranges::any_of(state_.deliveries, [&](const auto& entry) {
                return entry.second.state == Delivery::State::folded && entry.second.into == each.number;
            });
            if (!full || stray) emptied.push_back(number);
        } else if (stray) {
            give_up(each, "the policy has no such target any more", context);
        } else if (context.now - each.made > given_up_after) {
            give_up(each, "it could not be delivered within three days", context);
        }
    }
    for (const std::int64_t number : emptied) {
        changes_.deliveries.insert(number);
        state_.deliveries.erase(number);
    }
}

void Dispatcher::follow(const Context& context) {
    if (revision_ == context.rules.revision) return;
    revision_ = context.rules.revision;
    for (auto& [name, standing] : state_.standings) {
        if (!standing.parked_at) continue;
        standing.not_before = {};
        changed(standing);
    }
    std::erase_if(state_.standings, [&](const auto& entry) {
        const bool stray = !context.rules.alerts.targets.contains(entry.first);
        if (stray) changes_.standings.insert(entry.first);
        return stray;
    });
    std::vector<ThreadKey> gone;
    for (const auto& [key, thread] : state_.threads)
        if (!context.rules.alerts.targets.contains(key.second)) gone.push_back(key);
    for (const ThreadKey& key : gone) erase(state_.threads.at(key));
}

void Dispatcher::stored(Timestamp now) {
    changes_ = {};
    std::erase_if(state_.deliveries, [](const auto& entry) {
        return entry.second.state == Delivery::State::sent || entry.second.state == Delivery::State::dead;
    });
    std::set<std::int64_t> needed;
    for (const auto& [number, each] : state_.deliveries) needed.insert(each.incident);
    for (const auto& [key, thread] : state_.threads)
        if (thread.due) needed.insert(key.first);
    const auto is_old = [&](std::int64_t number) {
        const auto found = state_.incidents.find(number);
        return found == state_.incidents.end() ||
               (found->second.ended && now - *found->second.ended > reopened_within && !needed.contains(number));
    };
    std::erase_if(state_.threads, [&](const auto& entry) { return is_old(entry.first.first); });
    std::erase_if(state_.incidents, [&](const auto& entry) {
        if (!is_old(entry.first)) return false;
        if (const auto name = newest_.find(entry.second.name); name != newest_.end() && name->second == entry.first)
            newest_.erase(name);
        return true;
    });
    std::erase_if(state_.silences, [&](const auto& entry) { return entry.second.until <= now; });
}

Silence Dispatcher::silence(Silence silence) {
    silence.number = state_.next_silence++;
    changes_.silences.insert(silence.number);
    return state_.silences.insert_or_assign(silence.number, std::move(silence)).first->second;
}

Result<Silence> Dispatcher::end_silence(std::int64_t number, Timestamp now) {
    const auto found = state_.silences.find(number);
    if (found == state_.silences.end() || found->second.until <= now)
        return fail(Fault::not_found, "There is no silence of that number that lasts. See: bursarctl alerts silences");
    found->second.until = now;
    changes_.silences.insert(number);
    return found->second;
}

}  // namespace bursar::outbox
