#include "tests/unit/standby/two_nodes.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::standby {
namespace {

constexpr std::int64_t step_ms = 100;

}  // namespace

TwoNodes::TwoNodes(std::uint64_t seed, Mode mode) : random_(seed), mode_(mode) {
    nodes_[1].stored.post = Post::follower;
    for (Node& node : nodes_) start(node);
}

Moment TwoNodes::clock_of(const Node& node) const {
    const double since = static_cast<double>(now_ - node.booted) * node.rate;
    return Moment{} + std::chrono::hours(1) + std::chrono::microseconds(static_cast<std::int64_t>(since * 1000));
}

/// A machine's clock knows nothing of the time before, and runs as far off as clocks may.
void TwoNodes::start(Node& node) {
    node.up = true;
    node.booted = now_;
    node.rate = chance(0.5) ? 1.01 : 0.99;
    node.run = random_() | 1;
    node.wants = false;
    node.copying = 0;
    node.serving.reset();
    node.following.reset();
    node.acknowledged = 0;
    const Post post = node.stored.post;
    const bool handed_over = post == Post::retired && node.stored.run != 0;
    if (post == Post::alone || post == Post::primary || handed_over)
        node.serving.emplace(node.stored, mode_, times_, node.run);
    if (post == Post::follower || post == Post::standby || handed_over)
        node.following.emplace(node.stored, mode_, times_, random_());
}

void TwoNodes::send(Message message) {
    if (now_ < parted_until_ || chance(0.05)) return;
    message.arrives = now_ + (chance(0.03) ? between(0, 60'000) : between(1, 300));
    if (chance(0.03)) {
        Message twice = message;
        twice.arrives += between(0, 20'000);
        network_.push_back(std::move(twice));
    }
    network_.push_back(std::move(message));
}

void TwoNodes::deliver(Message& message) {
    Node& node = nodes_.at(message.to);
    if (!node.up) return;
    if (message.pull && node.serving) take_pull(node, 1 - message.to, *message.pull);
    if (message.answer) take_answer(node, message);
}

void TwoNodes::take_pull(Node& node, std::size_t other, const Pull& pull) {
    Serving& serving = *node.serving;
    if (const auto next = serving.hear(pull, node.books.size())) {
        // The machine may stop between the decision and the disk.
        if (chance(0.02)) {
            node.up = false;
            return;
        }
        node.stored = *next;
        serving.adopt(*next);
    }
    acknowledge(node);
    if (pull.wants_to_take_over && pull.epoch == node.stored.epoch && node.acknowledged == node.books.size()) {
        if (const auto over = serving.hand_over(node.books.size())) {
            ++seen_.hand_overs;
            node.stored = *over;
            return start(node);
        }
    }
    send({.to = other,
          .pull = {},
          .answer = serving.answer(pull, node.books.size(), clock_of(node)),
          .books = node.books});
}

void TwoNodes::take_answer(Node& node, const Message& message) {
    const Answer& answer = *message.answer;
    if (!node.following) {
        if (!node.serving) return;
        if (const auto next = node.serving->hear(answer)) node.stored = *next;
        if (node.stored.post == Post::retired) start(node);
        return;
    }
    if (node.following->expects(answer) && answer.epoch == node.stored.epoch) receive_groups(node, message);
    const auto next = node.following->hear(answer, node.held, clock_of(node));
    if (!next) return;
    node.stored = *next;
    const bool stays = next->post == Post::standby;
    stays ? node.following->adopt(*next) : start(node);
}

/// A whole copy takes some rounds, and what there was stays until it is done; groups follow one upon the other.
void TwoNodes::receive_groups(Node& node, const Message& message) {
    const Answer& answer = *message.answer;
    if (node.stored.post == Post::retired || answer.handed_over) return;
    if (node.held.whole && node.held.run == answer.run) {
        if (answer.newest <= node.held.group) return;
        node.books = message.books;
        node.held.group = answer.newest;
        return;
    }
    if (node.copying != answer.run) {
        node.copying = answer.run;
        node.copy_rounds = static_cast<int>(between(0, 15));
    }
    if (--node.copy_rounds >= 0) return;
    node.books = message.books;
    node.held = {.run = answer.run, .group = answer.newest, .whole = true};
}

void TwoNodes::take_calls(Node& node) {
    if (!node.serving || !node.serving->may_spend(clock_of(node))) return;
    ++seen_.served_steps;
    // One writer: while a group waits for the standby no other one is begun.
    const bool waits = mode_ == Mode::synchronous && node.stored.post == Post::primary &&
                       node.serving->confirmed() < node.books.size();
    if (waits || !chance(0.5)) return;
    if (node.books.size() >= budget) {
        ++seen_.refused_by_budget;
        return;
    }
    node.books.push_back(++calls_);
    acknowledge(node);
}

/// What waits for a standby that has become somebody else's fails.
void TwoNodes::acknowledge(Node& node) {
    if (node.stored.post == Post::retired) return;
    const bool needs_standby = mode_ == Mode::synchronous && node.stored.post == Post::primary;
    if (!needs_standby && !node.serving->may_spend(clock_of(node))) return;
    const std::size_t until =
        needs_standby ? std::min<std::size_t>(node.serving->confirmed(), node.books.size()) : node.books.size();
    for (; node.acknowledged < until; ++node.acknowledged) {
        const Call call = node.books[node.acknowledged];
        if (std::ranges::find(acknowledged_.rbegin(), acknowledged_.rend(), call) != acknowledged_.rend()) continue;
        acknowledged_.push_back(call);
        ++seen_.acknowledged;
    }
}

void TwoNodes::ask(std::size_t index) {
    Node& node = nodes_.at(index);
    if (!node.up || !chance(0.2)) return;
    if (node.following) send({.to = 1 - index, .pull = node.following->pull(node.held, node.wants), .answer = {}});
    // One who serves and hears nothing asks whether somebody else does.
    else if (node.serving && chance(0.1))
        send({.to = 1 - index, .pull = Pull{.epoch = node.stored.epoch}, .answer = {}});
}

void TwoNodes::try_to_take_over(Node& node, const Node& other, bool by_word) {
    if (!node.up || !node.following) return;
    const auto word = by_word ? Following::Word::primary_is_off : Following::Word::none;
    const auto taken = node.following->take_over(node.held, word, clock_of(node));
    if (!taken) return;
    ++seen_.take_overs;
    // Acknowledged calls are what must be there; what came after them may be more.
    if (mode_ == Mode::synchronous || node.following->last_answer().handed_over) {
        const std::set<Call> has(node.books.begin(), node.books.end());
        for (const Call call : acknowledged_)
            if (!has.contains(call) && wrong_.empty())
                wrong_ = fmt::format("acknowledged call {} of {} is lost; the other node is {}", call,
                                     acknowledged_.size(), other.up ? "up" : "down");
    } else {
        // Seconds may be lost; from here on what is there counts.
        acknowledged_ = node.books;
    }
    node.stored = *taken;
    start(node);
}

void TwoNodes::trouble() {
    if (now_ >= parted_until_ && chance(0.002)) parted_until_ = now_ + between(500, 60'000);
    for (Node& node : nodes_) {
        if (node.up && chance(0.001)) node.up = false;
        if (!node.up && chance(0.01)) start(node);
    }
}

/// Operators act seldom, and only upon what is so.
void TwoNodes::operate() {
    for (std::size_t i = 0; i < 2; ++i) {
        Node& node = nodes_.at(i);
        const Node& other = nodes_.at(1 - i);
        if (!node.up) continue;
        if (node.following && chance(0.002)) node.wants = true;
        const bool other_is_off = !other.up && other.stored.epoch == node.stored.epoch;
        if (other_is_off && other.stored.post != Post::retired && chance(0.02)) try_to_take_over(node, other, true);
        if (!node.serving || !other_is_off || other.stored.post == Post::alone || !chance(0.02)) continue;
        if (const auto alone = node.serving->go_on_alone()) {
            ++seen_.gone_on_alone;
            node.stored = *alone;
            node.serving->adopt(*alone);
            acknowledge(node);
        }
    }
    pair_anew();
}

/// A new secret: nothing that is still under way is believed.
void TwoNodes::pair_anew() {
    for (std::size_t i = 0; i < 2; ++i) {
        Node& left = nodes_.at(i);
        const Node& serving = nodes_.at(1 - i);
        const bool useless = left.stored.post == Post::retired && left.stored.run == 0;
        if (!useless || !left.up || !serves(serving) || serving.stored.post != Post::alone || !chance(0.02)) continue;
        network_.clear();
        left.stored = {.post = Post::follower, .epoch = serving.stored.epoch};
        left.held = {};
        left.books.clear();
        start(left);
    }
}

std::string TwoNodes::check_both() const {
    int spenders = 0;
    for (const Node& node : nodes_)
        if (serves(node) && node.serving->may_spend(clock_of(node))) ++spenders;
    if (spenders > 1) return "both may spend";
    if (acknowledged_.size() > budget) return "more was acknowledged than the budget has";
    return wrong_;
}

std::string TwoNodes::step() {
    now_ += step_ms;
    trouble();
    std::vector<Message> arrived;
    std::erase_if(network_, [&](Message& message) {
        if (message.arrives > now_) return false;
        arrived.push_back(std::move(message));
        return true;
    });
    std::ranges::sort(arrived, {}, &Message::arrives);
    for (Message& message : arrived) deliver(message);
    for (std::size_t i = 0; i < 2; ++i) {
        if (!nodes_.at(i).up) continue;
        take_calls(nodes_.at(i));
        ask(i);
        // With or without the wish: whoever may, does.
        try_to_take_over(nodes_.at(i), nodes_.at(1 - i), false);
    }
    operate();
    return check_both();
}

}  // namespace bursar::standby
