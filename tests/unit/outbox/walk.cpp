#include "tests/unit/outbox/walk.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::outbox::test {
namespace {

using namespace std::chrono_literals;
using integrations::Outcome;
using integrations::Receipt;

constexpr int lasting_count = 3;
const std::vector<std::string> targets{"ops", "tickets"};

/// "lasting-1" of "lasting-1 is down (7)".
std::string name_of(std::string_view title) { return std::string(title.substr(0, title.find(' '))); }

}  // namespace

Walk::Walk(std::uint64_t seed) : random_(seed), now_(*parse_timestamp("2026-11-18T12:00:00Z")) {
    rules_.revision = 1;
    rules_.organisation.time_zone = "Europe/Berlin";
    rules_.alerts.targets["ops"] = {.name = "ops", .kind = "slack", .settings = {}, .secrets = {}, .per_minute = 600};
    rules_.alerts.targets["tickets"] = {
        .name = "tickets", .kind = "jira", .settings = {}, .secrets = {}, .per_minute = 600};
    rules_.alerts.routes = {{.name = "all",
                             .kinds = {"credit", "channel"},
                             .teams = {},
                             .targets = targets,
                             .group_wait = 0s,
                             .group_interval = 0s,
                             .repeat_interval = 0s,
                             .quiet = {}}};
    dispatcher_.emplace(dispatcher_of({}));
    for (int i = 0; i < lasting_count; ++i) lasts_[fmt::format("lasting-{}", i)] = false;
}

Dispatcher Walk::dispatcher_of(State state) {
    return Dispatcher(std::move(state), {.make_id = [this](Timestamp) { return fmt::format("dlv_{}", ++ids_); },
                                         .random = [this] { return std::uniform_real_distribution<>(0, 1)(random_); }});
}

void Walk::run(int steps) {
    for (int i = 0; i < steps && wrong.empty(); ++i) step();
    settle();
    if (wrong.empty()) check_end();
}

void Walk::step() {
    const int dice = below(24);
    if (dice < 4)
        news();
    else if (dice < 7)
        lasting();
    else if (dice < 10)
        now_ += std::chrono::seconds(1 + below(20));
    else if (dice < 11)
        now_ += std::chrono::minutes(1 + below(20));
    else if (dice < 16)
        hand_out();
    else if (dice < 22)
        answer();
    else if (dice < 23)
        crash();
    else
        bad_[targets[static_cast<std::size_t>(below(2))]] = chance(50);
    look();
}

void Walk::happens(std::string kind, std::string incident, std::string text) {
    // Each of a provider of its own: else the first that is down would speak for the others.
    std::string subject = incident.empty() ? "org" : incident + "/m";
    unread_.push_back({.number = ++events_,
                       .at = now_,
                       .name = fmt::format("event-{}", events_),
                       .kind = std::move(kind),
                       .subject = std::move(subject),
                       .text = std::move(text),
                       .detail = "{}",
                       .incident = std::move(incident),
                       .severity = Severity::warning});
}

void Walk::news() {
    const std::string title = fmt::format("news-{}", events_ + 1);
    news_.insert(title);
    happens("credit.entered", {}, title);
}

void Walk::lasting() {
    const std::string name = fmt::format("lasting-{}", below(lasting_count));
    bool& lasts = lasts_[name];
    lasts = !lasts;
    happens(lasts ? "channel.down" : "channel.back", name,
            fmt::format("{} is {} ({})", name, lasts ? "down" : "back", events_ + 1));
}

/// As the clerk does: takes what came, decides, stores.
void Walk::look() {
    dispatcher_->follow(context());
    for (const Event& event : std::exchange(unread_, {})) dispatcher_->take(event, context());
    dispatcher_->tick(context());
    keep();
}

void Walk::keep() {
    const Changes& changes = dispatcher_->changes();
    for (const std::int64_t number : changes.deliveries) {
        const auto found = dispatcher_->state().deliveries.find(number);
        if (found != dispatcher_->state().deliveries.end()) known_[number] = found->second;
    }
    for (Event event : changes.raised) {
        event.number = ++events_;
        unread_.push_back(std::move(event));
    }
    dispatcher_->stored(now_);
}

void Walk::hand_out() {
    const State& state = dispatcher_->state();
    for (const std::int64_t number : dispatcher_->ready(8, context())) {
        const Delivery& delivery = state.deliveries.at(number);
        const auto busy = [&](const auto& entry) {
            const Delivery& other = entry.second.delivery;
            return other.target == delivery.target && other.incident == delivery.incident;
        };
        if (std::ranges::any_of(flying_, busy)) fail(fmt::format("two of one incident at once: {}", number));
        const auto standing = state.standings.find(delivery.target);
        if (standing != state.standings.end() && standing->second.parked_at) {
            if (now_ < standing->second.not_before) fail(fmt::format("{} goes to a parked target", number));
            const auto same = [&](const auto& entry) { return entry.second.delivery.target == delivery.target; };
            if (std::ranges::any_of(flying_, same)) fail(fmt::format("a parked target is tried twice: {}", number));
        }
        Flying flying{.delivery = delivery, .children = {}};
        for (const auto& [child, each] : state.deliveries)
            if (delivery.is_digest() && each.state == Delivery::State::folded && each.into == number)
                flying.children.push_back(child);
        dispatcher_->hand_out(number, context());
        flying_.emplace(number, std::move(flying));
    }
    keep();
}

void Walk::answer() {
    if (flying_.empty()) return;
    const auto at = std::next(flying_.begin(), below(static_cast<int>(flying_.size())));
    const Flying flying = at->second;
    flying_.erase(at);
    const Delivery& delivery = flying.delivery;
    Receipt receipt{
        .id = delivery.id, .outcome = Outcome::sent, .thread = {{"key", fmt::format("K-{}", delivery.incident)}}};
    if (bad_[delivery.target]) {
        receipt.outcome = chance(20) ? Outcome::closed : Outcome::later;
        if (chance(30)) receipt.wait = std::chrono::seconds(below(100));
        receipt.perhaps_sent = chance(10);
    } else if (chance(5)) {
        receipt.outcome = Outcome::later;
        receipt.perhaps_sent = chance(50);
        if (receipt.perhaps_sent) arrive(flying);
    } else if (chance(3) && news_.contains(delivery.message.title)) {
        receipt.outcome = Outcome::refused;
        refused_.insert(delivery.number);
    } else {
        arrive(flying);
    }
    if (receipt.outcome == Outcome::closed) ++parked;
    dispatcher_->receive(receipt, context());
}

void Walk::arrive(const Flying& flying) {
    const Delivery& delivery = flying.delivery;
    ++arrivals;
    std::vector<std::int64_t> all = flying.children;
    all.push_back(delivery.number);
    for (const std::int64_t number : all) {
        if (arrived_.insert(number).second) continue;
        ++copies;
        if (!delivery.perhaps_sent && !known_[number].perhaps_sent)
            fail(fmt::format("{} arrives twice, and nothing says that it may", number));
    }
    if (delivery.is_digest()) return note_digest(delivery);
    std::int64_t& newest = newest_[{delivery.target, delivery.incident}];
    if (delivery.number < newest) fail(fmt::format("{} arrives after {}", delivery.number, newest));
    newest = delivery.number;
    const std::string name = name_of(delivery.message.title);
    if (lasts_.contains(name))
        told_fires_[{delivery.target, name}] = delivery.message.state == integrations::State::firing;
}

void Walk::note_digest(const Delivery& digest) {
    ++digests;
    constexpr std::string_view over = "Over: ";
    for (const integrations::Item& item : digest.message.items) {
        const bool is_over = item.text.starts_with(over);
        const std::string name = name_of(std::string_view(item.text).substr(is_over ? over.size() : 0));
        if (lasts_.contains(name)) told_fires_[{digest.target, name}] = !is_over;
    }
    if (digest.message.items_left_out > 0)
        for (const auto& [name, lasts] : lasts_) unsure_.insert({digest.target, name});
}

/// Of the courier alone, or of the service as well. What was handed out may have arrived or not.
void Walk::crash() {
    ++crashes;
    if (chance(50)) dispatcher_.emplace(dispatcher_of(State(dispatcher_->state())));
    for (const auto& [number, flying] : std::exchange(flying_, {})) {
        if (chance(50)) arrive(flying);
        dispatcher_->put_back(number, true);
    }
}

/// All is well again, and time goes by until nothing is left to be told.
void Walk::settle() {
    constexpr int looks_max = 3'000;
    bad_.clear();
    for (int i = 0; i < looks_max && wrong.empty(); ++i) {
        hand_out();
        while (!flying_.empty()) answer();
        now_ += i % 10 == 9 ? std::chrono::nanoseconds(10min) : std::chrono::nanoseconds(2s);
        look();
        if (dispatcher_->state().deliveries.empty() && flying_.empty() && unread_.empty()) return;
    }
    if (wrong.empty()) fail(fmt::format("{} deliveries are never done", dispatcher_->state().deliveries.size()));
}

void Walk::check_end() {
    for (const std::string& target : targets) {
        for (const std::string& title : news_) check_news(target, title);
        for (const auto& [name, lasts] : lasts_) check_lasting(target, name);
    }
}

void Walk::check_news(const std::string& target, const std::string& title) {
    int count = 0;
    for (const auto& [number, each] : known_) {
        if (each.target != target || each.message.title != title) continue;
        ++count;
        const bool too_old = each.ended && *each.ended - each.made > given_up_after;
        if (!arrived_.contains(number) && !refused_.contains(number) && !too_old)
            fail(fmt::format("{} is lost for {}", title, target));
    }
    if (count != 1) fail(fmt::format("{} is {} messages for {}", title, count, target));
}

/// The target knows that it is so, or was never told that it began.
void Walk::check_lasting(const std::string& target, const std::string& name) {
    if (unsure_.contains({target, name})) return;
    const auto told = told_fires_.find({target, name});
    const bool told_fires = told != told_fires_.end() && told->second;
    if (told_fires != lasts_[name])
        fail(fmt::format("{} was told that {} {}", target, name,
                         told_fires ? "lasts, and it is over" : "is over, and it lasts"));
}

}  // namespace bursar::outbox::test
