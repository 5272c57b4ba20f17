#include "service/standby/fence.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::standby {

std::chrono::milliseconds patience_for(std::chrono::milliseconds mandate) {
    return std::max(mandate * 3 / 2, mandate + calls_outlive_mandate_max + std::chrono::seconds(1));
}

Result<void> check(const Times& times) {
    if (times.mandate < mandate_min || times.patience > patience_max)
        return fail(Fault::wrong_configuration,
                    fmt::format("standby.mandate must be at least {} ms and standby.patience at most {} ms.",
                                mandate_min.count(), patience_max.count()));
    // Twice, for one clock that is fast and one that is slow.
    if (times.patience * (100 - clocks_apart_percent_max) <=
        (times.mandate + calls_outlive_mandate_max) * (100 + clocks_apart_percent_max))
        return fail(
            Fault::wrong_configuration,
            fmt::format("standby.patience ({} ms) must be longer than standby.mandate ({} ms) and the {} ms within "
                        "which calls are ended, or both machines could spend at once. Write at least {} ms, the same "
                        "on both machines.",
                        times.patience.count(), times.mandate.count(), calls_outlive_mandate_max.count(),
                        patience_for(times.mandate).count()));
    return {};
}

Moment Serving::may_spend_until() const {
    if (over_) return Moment::min();
    switch (standing_.post) {
        case Post::alone:
            return Moment::max();
        case Post::primary:
            if (mode_ == Mode::synchronous) return mandate_end_;
            // Who comes back asks first: while it was away somebody may have taken over.
            return heard_ ? Moment::max() : Moment::min();
        case Post::follower:
        case Post::standby:
        case Post::retired:
            return Moment::min();
    }
    return Moment::min();
}

bool Serving::may_spend(Moment now) const { return now < may_spend_until(); }

bool Serving::is_news(const Pull& pull) const {
    return pull.epoch == standing_.epoch && pull.run == run_ && pull.beat > named_beat_ &&
           std::ranges::find(sent_, pull.beat, &Sent::beat) != sent_.end();
}

std::optional<Standing> Serving::hear(const Pull& pull, std::uint64_t newest) {
    if (pull.epoch > standing_.epoch) {
        over_ = true;
        return Standing{.post = Post::retired, .epoch = pull.epoch};
    }
    // One from an older epoch learns from the answer that it is; one of an older run, which groups there are now.
    if (pull.epoch < standing_.epoch || pull.run != run_) return std::nullopt;
    const auto sent = std::ranges::find(sent_, pull.beat, &Sent::beat);
    if (sent == sent_.end()) return std::nullopt;
    // Never more than was written: nothing that a broken standby says makes room for an acknowledgement.
    has_ = std::max(has_, std::min(pull.has, newest));
    heard_ = true;
    named_beat_ = std::max(named_beat_, pull.beat);
    // A standby that cannot take over must not let anybody acknowledge what nobody else has whole.
    if (pull.whole) mandate_end_ = std::max(mandate_end_, sent->at + times_.mandate);
    sent_.erase(sent_.begin(), sent);
    if (standing_.post == Post::alone && pull.whole && !over_)
        return Standing{.post = Post::primary, .epoch = standing_.epoch};
    return std::nullopt;
}

void Serving::begin_run(std::uint64_t run) {
    run_ = run;
    has_ = 0;
    sent_.clear();
}

std::optional<Standing> Serving::hear(const Answer& answer) {
    if (answer.epoch <= standing_.epoch) return std::nullopt;
    over_ = true;
    // Who handed over expects a higher epoch, and keeps what his successor may still ask for.
    if (standing_.post == Post::retired) return std::nullopt;
    return Standing{.post = Post::retired, .epoch = answer.epoch};
}

Answer Serving::answer(const Pull& pull, std::uint64_t newest, Moment now) {
    sent_.push_back({.beat = ++beats_, .at = now});
    if (sent_.size() > beats_kept_max) sent_.pop_front();
    const bool handed_over = standing_.post == Post::retired && standing_.run != 0;
    return {.epoch = standing_.epoch,
            .to = pull.ask,
            .post = standing_.post,
            .run = handed_over ? standing_.run : run_,
            .beat = beats_,
            .newest = handed_over ? standing_.last_group : newest,
            .handed_over = handed_over,
            .mode = mode_,
            .mandate = times_.mandate};
}

Result<Standing> Serving::hand_over(std::uint64_t newest) const {
    if (standing_.post != Post::primary || over_)
        return fail(Fault::conflict,
                    "This node cannot hand over: no standby has a whole copy of it. "
                    "See: bursarctl standby status");
    if (has_ < newest)
        return fail(Fault::conflict, "The standby has not everything yet. Try again in a moment.",
                    fmt::format("the standby has group {} of {}", has_, newest));
    return Standing{.post = Post::retired, .epoch = standing_.epoch, .run = run_, .last_group = newest};
}

Result<Standing> Serving::go_on_alone() const {
    if (over_ || standing_.post == Post::retired)
        return fail(Fault::conflict, "Another machine has taken over; this one may not spend any more.");
    if (standing_.post != Post::primary)
        return fail(Fault::conflict, "This node has no standby that it depends on. See: bursarctl standby status");
    return Standing{.post = Post::alone, .epoch = standing_.epoch + alone_adds};
}

void Serving::adopt(const Standing& standing) { standing_ = standing; }

std::string Following::unfit() const {
    if (!unopened_.empty()) return unopened_;
    if (!heard_at_ || last_.run == 0) return {};
    if (last_.mode != mode_)
        return "The primary has another standby.mode than this machine, which therefore does not take over by itself. "
               "Write the same into both configurations.";
    if (mode_ != Mode::synchronous || check({.mandate = last_.mandate, .patience = times_.patience})) return {};
    return fmt::format(
        "The primary's standby.mandate ({} ms) does not fit the standby.patience of this machine ({} ms), which "
        "therefore does not take over by itself. Write the same into both configurations.",
        last_.mandate.count(), times_.patience.count());
}

Pull Following::pull(const Held& held, bool wants_to_take_over) {
    waits_ = true;
    // Groups of another run are nothing to the one that runs now.
    const bool fits = held.run == last_.run;
    // Who would not take over lets nobody begin to count on him. Who is counted on already stays so: an operator's word
    // may need him.
    const bool counts = standing_.post != Post::follower || unfit().empty();
    return {.epoch = standing_.epoch,
            .ask = ++asked_,
            .run = last_.run,
            .beat = last_.beat,
            .has = fits ? held.group : 0,
            .whole = fits && held.whole && counts,
            .wants_to_take_over = wants_to_take_over,
            .cannot_open = !unopened_.empty()};
}

std::optional<Standing> Following::hear(const Answer& answer, const Held& held, Moment now) {
    if (!expects(answer)) return std::nullopt;
    waits_ = false;
    if (answer.epoch < standing_.epoch) return std::nullopt;
    // Of one that does not serve, or not yet: nothing here waits for it, and nothing that it said before is undone.
    if (answer.epoch == standing_.epoch && answer.run == 0) return std::nullopt;
    const bool handed_over = standing_.post == Post::retired && standing_.run != 0;
    if (answer.epoch > standing_.epoch) {
        // Who handed over has written nothing that his successor does not have: he follows him by himself.
        const bool goes_on = standing_.post == Post::follower || handed_over;
        if (!goes_on) return Standing{.post = Post::retired, .epoch = answer.epoch};
        last_ = answer;
        heard_at_ = now;
        return Standing{.post = Post::follower, .epoch = answer.epoch};
    }
    last_ = answer;
    heard_at_ = now;
    const bool has_all = held.whole && held.run == answer.run && held.group >= answer.newest;
    if (standing_.post == Post::follower && answer.post == Post::primary && has_all && unfit().empty())
        return Standing{.post = Post::standby, .epoch = standing_.epoch};
    return std::nullopt;
}

std::optional<Moment> Following::primary_is_over_at() const {
    if (standing_.post != Post::standby || !heard_at_) return std::nullopt;
    if (last_.handed_over) return heard_at_;
    if (mode_ != Mode::synchronous || !unfit().empty()) return std::nullopt;
    return *heard_at_ + times_.patience;
}

bool Following::primary_is_over(Moment now) const {
    const auto at = primary_is_over_at();
    return at && now >= *at;
}

Result<Standing> Following::take_over(const Held& held, Word word, Moment now) const {
    if (standing_.post == Post::retired)
        return fail(Fault::conflict,
                    "The primary went on without this node, so its copy is old. It has to be paired "
                    "anew: bursarctl standby pair");
    if (standing_.post != Post::standby || !held.whole)
        return fail(Fault::conflict,
                    "This node has no whole copy that the primary counts on. See: bursarctl standby "
                    "status");
    const Standing taken{.post = Post::alone, .epoch = standing_.epoch + take_over_adds};
    if (word == Word::primary_is_off) {
        if (!last_.handed_over && heard_at_ && now < *heard_at_ + times_.patience)
            return fail(Fault::conflict,
                        fmt::format("The primary answered {} s ago, so it is not off. Make sure that it is, and say so "
                                    "again once it has been silent for {} s.",
                                    std::chrono::floor<std::chrono::seconds>(now - *heard_at_).count(),
                                    std::chrono::ceil<std::chrono::seconds>(times_.patience).count()));
        return taken;
    }
    // Whoever cannot open the books would serve nobody, and the primary could never come back.
    if (!unopened_.empty()) return fail(Fault::conflict, unopened_);
    if (!primary_is_over(now))
        return fail(Fault::conflict,
                    "The primary may still be spending. Let it hand over, or make sure that it is off "
                    "and say so: bursarctl standby take-over --primary-is-off");
    if (last_.handed_over && (held.run != last_.run || held.group < last_.newest))
        return fail(Fault::conflict, "The primary has handed over more than this node has. Wait until it has the rest.",
                    fmt::format("has group {} of run {}, handed over was {} of {}", held.group, held.run, last_.newest,
                                last_.run));
    // What the primary acknowledged before the new one is whole, it may have acknowledged without this node.
    if (!last_.handed_over && held.run != last_.run)
        return fail(Fault::conflict,
                    "The primary has started again, and a new copy of it is under way: this one may lack what it wrote "
                    "since. If the primary is off and stays off, say so: bursarctl standby take-over --here "
                    "--primary-is-off",
                    fmt::format("has run {}, the primary's is {}", held.run, last_.run));
    return taken;
}

}  // namespace bursar::standby
