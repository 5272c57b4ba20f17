// From messages to targets: what may go when, and what comes of it.
#include "service/base/ensure.h"
#include "service/base/json.h"
#include "service/outbox/dispatcher.h"
#include "service/outbox/order.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace bursar::outbox {
namespace {

void cut(std::string& text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
}

Event event_of_target(std::string_view kind, const std::string& target, std::string text, std::string detail,
                      Timestamp now) {
    return {.at = now,
            .name = fmt::format("{}:{}|{}", kind, target, to_text(now)),
            .kind = std::string(kind),
            .subject = "target:" + target,
            .text = std::move(text),
            .detail = std::move(detail),
            .incident = "target:" + target};
}

std::string detail_of(std::string_view reason) {
    JsonWriter detail;
    detail.open().field("reason", reason).close();
    return std::move(detail).text();
}

}  // namespace

bool is_tickets(const policies::Snapshot& rules, const std::string& target) {
    const auto found = rules.alerts.targets.find(target);
    return found != rules.alerts.targets.end() && found->second.kind == "jira";
}

Standing& Dispatcher::standing(const std::string& target) {
    const auto [found, fresh] = state_.standings.try_emplace(target, Standing{.name = target, .tokens = burst});
    changed(found->second);
    return found->second;
}

Delivery& Dispatcher::deliver(const std::string& target, std::int64_t incident, integrations::Message message,
                              Timestamp now) {
    const std::int64_t number = state_.next_delivery++;
    Delivery delivery{.number = number,
                      .id = chance_.make_id(now),
                      .target = target,
                      .incident = incident,
                      .made = now,
                      .due = now,
                      .ended = {},
                      .reason = {},
                      .answer = {},
                      .message = std::move(message)};
    changes_.deliveries.insert(number);
    return state_.deliveries.insert_or_assign(number, std::move(delivery)).first->second;
}

bool Dispatcher::has_waiting(std::int64_t incident, const std::string& target) const {
    return std::ranges::any_of(state_.deliveries, [&](const auto& entry) {
        const Delivery& each = entry.second;
        return each.incident == incident && each.target == target && each.state != Delivery::State::sent &&
               each.state != Delivery::State::dead;
    });
}

/// A bucket of `most` that fills so slowly that no minute sees more than the policy allows.
void Dispatcher::refill(Standing& standing, const policies::AlertTarget& target, Timestamp now) const {
    const double per_minute = std::max(1, target.per_minute);
    const double most = std::min(burst, per_minute);
    const double per_second = (per_minute - most + 1) / 60;
    const double passed = std::max(0.0, std::chrono::duration<double>(now - standing.tokens_at).count());
    standing.tokens = std::min(most, standing.tokens + passed * per_second);
    standing.tokens_at = now;
}

std::vector<std::int64_t> Dispatcher::ready(std::size_t count_max, const Context& context) {
    std::vector<std::int64_t> numbers;
    for (const auto& [name, target] : context.rules.alerts.targets) ready_of(name, count_max, context, numbers);
    return numbers;
}

void Dispatcher::ready_of(const std::string& target, std::size_t count_max, const Context& context,
                          std::vector<std::int64_t>& out) {
    std::vector<std::int64_t> waiting = waiting_of(target);
    if (waiting.empty() || out.size() >= count_max) return;
    const auto known = state_.standings.find(target);
    Standing now = known == state_.standings.end() ? Standing{.name = target, .tokens = burst} : known->second;
    if (context.now < now.not_before) return;
    if (is_late(waiting, context.now)) {
        if (is_tickets(context.rules, target))
            drop_covered(waiting, context.now);
        else
            fold(target, waiting, false, context);
        waiting = waiting_of(target);
    }
    refill(now, context.rules.alerts.targets.at(target), context.now);
    Order order(state_, target);
    // Of those that are due the one that waits longest: one that the target never takes must not hold up the others.
    std::ranges::sort(waiting, {},
                      [&](std::int64_t number) { return std::pair(state_.deliveries.at(number).due, number); });
    const bool tries = now.failures > 0 || now.parked_at.has_value();
    for (const std::int64_t number : waiting) {
        const Delivery& each = state_.deliveries.at(number);
        if (out.size() >= count_max || now.tokens < 1 || (tries && order.is_busy())) return;
        if (each.due > context.now || !order.may_go(each)) continue;
        order.goes(each);
        now.tokens -= 1;
        out.push_back(number);
    }
}

void Dispatcher::hand_out(std::int64_t number, const Context& context) {
    Delivery& delivery = state_.deliveries.at(number);
    ENSURE(delivery.state == Delivery::State::waiting);
    delivery.state = Delivery::State::under_way;
    ++delivery.tries;
    changed(delivery);
    Standing& at = standing(delivery.target);
    refill(at, context.rules.alerts.targets.at(delivery.target), context.now);
    at.tokens = std::max(0.0, at.tokens - 1);
}

void Dispatcher::put_back(std::int64_t number, bool perhaps_sent) {
    const auto found = state_.deliveries.find(number);
    if (found == state_.deliveries.end() || found->second.state != Delivery::State::under_way) return;
    found->second.state = Delivery::State::waiting;
    found->second.perhaps_sent = found->second.perhaps_sent || perhaps_sent;
    changed(found->second);
}

void Dispatcher::receive(const integrations::Receipt& receipt, const Context& context) {
    const auto found = std::ranges::find_if(state_.deliveries, [&](const auto& entry) {
        return entry.second.id == receipt.id && entry.second.state == Delivery::State::under_way;
    });
    if (found == state_.deliveries.end()) return;  // told before, or of another time
    Delivery& delivery = found->second;
    delivery.reason = receipt.reason;
    delivery.answer = receipt.answer;
    cut(delivery.reason, answer_bytes_max);
    cut(delivery.answer, answer_bytes_max);
    changed(delivery);
    keep_ref(delivery, receipt);
    Standing& at = standing(delivery.target);
    at.answered_at = context.now;
    switch (receipt.outcome) {
        case integrations::Outcome::sent:
            arrived(delivery, context);
            return;
        case integrations::Outcome::later:
            came_late(delivery, receipt, context.now);
            return;
        case integrations::Outcome::refused:
            at.failures = 0;
            at.reason = delivery.reason;
            at.answer = delivery.answer;
            give_up(delivery, delivery.reason, context);
            return;
        case integrations::Outcome::closed:
            delivery.state = Delivery::State::waiting;
            park(delivery.target, delivery.reason, delivery.answer, false, context);
            return;
    }
}

void Dispatcher::keep_ref(const Delivery& delivery, const integrations::Receipt& receipt) {
    constexpr std::size_t parts_max = 8, bytes_max = 300;
    const auto found = state_.threads.find({delivery.incident, delivery.target});
    if (found == state_.threads.end()) return;
    Thread& thread = found->second;
    for (const auto& [name, value] : receipt.thread) {
        const bool fits = name.size() <= bytes_max && value.size() <= bytes_max;
        if (fits && (thread.ref.size() < parts_max || thread.ref.contains(name))) thread.ref[name] = value;
    }
    changed(thread);
}

void Dispatcher::arrived(Delivery& delivery, const Context& context) {
    const auto settle = [&](Delivery& each) {
        each.state = Delivery::State::sent;
        each.ended = context.now;
        changed(each);
        const auto thread = state_.threads.find({each.incident, each.target});
        if (thread == state_.threads.end()) return;
        if (each.message.state != integrations::State::news)
            thread->second.firing_delivered = each.message.state == integrations::State::firing;
        changed(thread->second);
    };
    settle(delivery);
    if (delivery.is_digest()) {
        for (auto& [number, each] : state_.deliveries)
            if (each.state == Delivery::State::folded && each.into == delivery.number) settle(each);
    }
    works(delivery.target, context);
}

void Dispatcher::came_late(Delivery& delivery, const integrations::Receipt& receipt, Timestamp now) {
    Standing& at = standing(delivery.target);
    at.failures = std::min(at.failures + 1, 1'000);
    at.reason = delivery.reason;
    at.answer = delivery.answer;
    std::chrono::nanoseconds wait{};
    if (receipt.wait) {
        wait = std::clamp<std::chrono::nanoseconds>(*receipt.wait, std::chrono::milliseconds(100), wait_max);
    } else {
        const double seconds = std::ldexp(std::chrono::duration<double>(back_off_first).count(), at.failures - 1);
        const double most = std::chrono::duration<double>(back_off_last).count();
        // Half of it by chance: those who wait for the same thing do not come back all at once.
        const double jittered = std::min(seconds, most) * (0.5 + 0.5 * chance_.random());
        wait = std::chrono::duration_cast<std::chrono::nanoseconds>(
            std::chrono::duration<double>(std::max(jittered, std::chrono::duration<double>(back_off_first).count())));
    }
    at.not_before = now + wait;
    delivery.state = Delivery::State::waiting;
    delivery.due = at.not_before;
    delivery.perhaps_sent = delivery.perhaps_sent || receipt.perhaps_sent;
}

void Dispatcher::give_up(Delivery& delivery, std::string reason, const Context& context) {
    delivery.state = Delivery::State::dead;
    delivery.ended = context.now;
    delivery.reason = std::move(reason);
    changed(delivery);
    // Of messages about lost messages none is raised: two targets could keep each other busy for ever.
    const std::string_view kind = delivery.message.kind;
    if (kind.starts_with("delivery.") || kind.starts_with("target.")) return;
    Event event = event_of_target(
        "delivery.lost", delivery.target,
        fmt::format("A message for the target \"{}\" is given up: {}. See: bursarctl alerts deliveries --state dead",
                    delivery.target, delivery.message.title),
        detail_of(delivery.reason), context.now);
    // One an hour says enough.
    event.name = fmt::format("delivery.lost:{}|{}", delivery.target,
                             to_text(std::chrono::floor<std::chrono::hours>(context.now)));
    event.incident = event.name;
    changes_.raised.push_back(std::move(event));
}

void Dispatcher::park(const std::string& target, std::string reason, std::string answer, bool lacks_secret,
                      const Context& context) {
    Standing& at = standing(target);
    at.reason = std::move(reason);
    at.answer = std::move(answer);
    at.lacks_secret = lacks_secret;
    at.not_before = context.now + (lacks_secret ? std::chrono::seconds(secret_retry) : parked_retry);
    if (at.parked_at) return;
    at.parked_at = context.now;
    changes_.raised.push_back(event_of_target(
        "target.closed", target,
        fmt::format("The target \"{}\" takes no messages any more; {}{} What is for it waits. Try it again with: "
                    "bursarctl alerts test {}",
                    target, at.reason, at.reason.ends_with('.') ? "" : ".", target),
        detail_of(at.reason), context.now));
}

void Dispatcher::works(const std::string& target, const Context& context) {
    Standing& at = standing(target);
    at.failures = 0;
    at.not_before = {};
    at.reason.clear();
    at.answer.clear();
    at.lacks_secret = false;
    at.answered_at = context.now;
    if (!std::exchange(at.parked_at, std::nullopt)) return;
    changes_.raised.push_back(event_of_target(
        "target.back", target, fmt::format("The target \"{}\" takes messages again.", target), "{}", context.now));
}

void Dispatcher::revive(Delivery delivery, Timestamp now) {
    delivery.state = Delivery::State::waiting;
    delivery.made = delivery.due = now;
    delivery.into = 0;
    delivery.tries = 0;
    delivery.ended.reset();
    changed(delivery);
    state_.deliveries.insert_or_assign(delivery.number, std::move(delivery));
}

}  // namespace bursar::outbox
