// Hunts: a node that may spend when another one could, and one that may not although nobody else can.
#include "service/standby/fence.h"

#include <gtest/gtest.h>

namespace bursar::standby {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t run = 77;
constexpr Times times{.mandate = 10s, .patience = 15s};

Moment at(std::chrono::nanoseconds since_start) { return Moment{} + since_start + 1h; }

Serving serving(Post post, Mode mode = Mode::synchronous, std::uint64_t epoch = 4) {
    return Serving({.post = post, .epoch = epoch}, mode, times, run);
}

Following following(Post post, Mode mode = Mode::synchronous, std::uint64_t epoch = 4) {
    return Following({.post = post, .epoch = epoch}, mode, times, 100);
}

Pull echo(const Answer& answer, std::uint64_t has = 0, bool whole = true) {
    return {.epoch = answer.epoch, .run = answer.run, .beat = answer.beat, .has = has, .whole = whole};
}

/// One round: the follower asks and hears the answer. What it has to store, if anything.
std::optional<Standing> ask(Following& other, Serving& node, const Held& held, std::uint64_t newest, Moment now) {
    const Pull pull = other.pull(held, false);
    return other.hear(node.answer(pull, newest, now), held, now);
}

TEST(Fence, a_mandate_counts_from_when_the_confirmed_answer_was_sent) {
    Serving node = serving(Post::primary);
    EXPECT_FALSE(node.may_spend(at(0s)));
    const Answer first = node.answer({}, 0, at(0s));
    // It was under way for nine seconds; the standby may have begun to wait right after the answer was sent.
    EXPECT_FALSE(node.hear(echo(first), 0));
    EXPECT_TRUE(node.may_spend(at(9s)));
    EXPECT_TRUE(node.may_spend(at(10s - 1ns)));
    EXPECT_FALSE(node.may_spend(at(10s)));
}

TEST(Fence, an_old_confirmation_shortens_no_mandate_and_gives_none_twice) {
    Serving node = serving(Post::primary);
    const Answer first = node.answer({}, 0, at(0s));
    const Answer second = node.answer({}, 0, at(5s));
    node.hear(echo(second), 0);
    node.hear(echo(first), 0);
    EXPECT_EQ(node.may_spend_until(), at(15s));
    node.hear(echo(first), 0);
    EXPECT_EQ(node.may_spend_until(), at(15s));
}

struct NoMandate {
    std::string_view name;
    Pull pull;
};

TEST(Fence, what_gives_no_mandate) {
    const std::vector<NoMandate> cases = {
        {"a beat that was never sent", {.epoch = 4, .run = run, .beat = 9, .whole = true}},
        {"a beat of another run", {.epoch = 4, .run = run + 1, .beat = 1, .whole = true}},
        {"a standby of an older epoch", {.epoch = 3, .run = run, .beat = 1, .whole = true}},
        {"a standby that has no whole copy", {.epoch = 4, .run = run, .beat = 1, .whole = false}},
        {"nothing heard yet", {.epoch = 4}},
    };
    for (const NoMandate& each : cases) {
        SCOPED_TRACE(each.name);
        Serving node = serving(Post::primary);
        (void)node.answer({}, 0, at(0s));
        EXPECT_FALSE(node.hear(each.pull, 0));
        EXPECT_FALSE(node.may_spend(at(0s)));
    }
}

TEST(Fence, who_hears_of_a_higher_epoch_stops_before_that_is_stored) {
    Serving node = serving(Post::alone);
    EXPECT_TRUE(node.may_spend(at(0s)));
    const auto next = node.hear({.epoch = 6}, 0);
    ASSERT_TRUE(next);
    EXPECT_EQ(*next, (Standing{.post = Post::retired, .epoch = 6}));
    EXPECT_FALSE(node.may_spend(at(0s)));
    EXPECT_FALSE(node.go_on_alone());
}

TEST(Fence, a_primary_that_comes_back_hears_it_from_the_one_who_took_over) {
    Serving node = serving(Post::primary, Mode::asynchronous);
    EXPECT_FALSE(node.may_spend(at(0s)));
    EXPECT_FALSE(node.hear(Answer{.epoch = 4, .post = Post::alone}));
    const auto next = node.hear(Answer{.epoch = 6, .post = Post::alone});
    ASSERT_TRUE(next);
    EXPECT_EQ(next->post, Post::retired);
}

TEST(Fence, an_asynchronous_primary_asks_first_and_then_goes_on_without) {
    Serving node = serving(Post::primary, Mode::asynchronous);
    const Answer first = node.answer({}, 0, at(0s));
    EXPECT_FALSE(node.may_spend(at(0s)));
    node.hear(echo(first, 0, false), 0);
    EXPECT_TRUE(node.may_spend(at(24h)));
}

TEST(Fence, nothing_a_standby_says_confirms_what_was_not_written) {
    Serving node = serving(Post::primary);
    node.hear(echo(node.answer({}, 3, at(0s)), 2), 3);
    EXPECT_EQ(node.confirmed(), 2U);
    node.hear(echo(node.answer({}, 3, at(0s)), 900), 3);
    EXPECT_EQ(node.confirmed(), 3U);
    node.hear(echo(node.answer({}, 3, at(0s)), 1), 3);
    EXPECT_EQ(node.confirmed(), 3U);
}

TEST(Fence, the_first_whole_copy_makes_a_primary_and_only_then_a_standby) {
    Serving node = serving(Post::alone);
    Following other = following(Post::follower);
    const Held held{.run = run, .group = 5, .whole = true};
    EXPECT_FALSE(ask(other, node, held, 5, at(0s)));
    const auto primary = node.hear(other.pull(held, false), 5);
    ASSERT_TRUE(primary);
    // Stored, but the answer was lost: the primary needs the standby already, which does not know.
    node.adopt(*primary);
    EXPECT_TRUE(node.may_spend(at(0s)));
    EXPECT_FALSE(other.take_over(held, Following::Word::primary_is_off, at(1h)));
    // Six groups exist, five are here: an acknowledged one could be missing.
    EXPECT_FALSE(ask(other, node, held, 6, at(1s)));
    const auto standby = ask(other, node, held, 5, at(1s));
    ASSERT_TRUE(standby);
    EXPECT_EQ(*standby, (Standing{.post = Post::standby, .epoch = 4}));
}

TEST(Fence, a_standby_waits_longer_than_the_primary_spends) {
    Serving node = serving(Post::primary);
    Following other = following(Post::standby);
    const Held held{.run = run, .group = 0, .whole = true};
    EXPECT_FALSE(other.primary_is_over(at(24h))) << "it has not heard of the primary since it started";
    ask(other, node, held, 0, at(0s));
    node.hear(other.pull(held, false), 0);
    EXPECT_EQ(node.may_spend_until(), at(10s));
    EXPECT_EQ(other.primary_is_over_at(), at(15s));
    EXPECT_FALSE(other.take_over(held, Following::Word::none, at(15s - 1ns)));
    const auto taken = other.take_over(held, Following::Word::none, at(15s));
    ASSERT_TRUE(taken);
    EXPECT_EQ(*taken, (Standing{.post = Post::alone, .epoch = 6}));
}

TEST(Fence, an_asynchronous_standby_takes_over_on_an_operators_word_only) {
    Following other = following(Post::standby, Mode::asynchronous);
    const Held held{.run = run, .group = 0, .whole = true};
    Serving node = serving(Post::primary, Mode::asynchronous);
    ask(other, node, held, 0, at(0s));
    EXPECT_FALSE(other.primary_is_over_at());
    EXPECT_FALSE(other.take_over(held, Following::Word::none, at(24h)));
    EXPECT_TRUE(other.take_over(held, Following::Word::primary_is_off, at(15s)));
}

TEST(Fence, a_hand_over_is_at_once_and_exact) {
    Serving node = serving(Post::primary);
    Following other = following(Post::standby);
    Held held{.run = run, .group = 8, .whole = true};
    ask(other, node, held, 9, at(0s));
    node.hear(other.pull(held, true), 9);
    EXPECT_FALSE(node.hand_over(9)) << "the standby lacks the last group";
    held.group = 9;
    node.hear(other.pull(held, true), 9);
    const auto over = node.hand_over(9);
    ASSERT_TRUE(over);
    node.adopt(*over);
    EXPECT_FALSE(node.may_spend(at(0s)));

    held.group = 8;
    ask(other, node, held, 9, at(1s));
    EXPECT_FALSE(other.take_over(held, Following::Word::none, at(1s))) << "less than was handed over";
    held.group = 9;
    const auto taken = other.take_over(held, Following::Word::none, at(1s));
    ASSERT_TRUE(taken);

    // The former primary follows by itself, also after a restart.
    Serving again({.post = Post::retired, .epoch = 4, .run = run, .last_group = 9}, Mode::synchronous, times, 1234);
    EXPECT_EQ(again.answer({}, 0, at(2s)), (Answer{.epoch = 4,
                                                   .post = Post::retired,
                                                   .run = run,
                                                   .beat = 1,
                                                   .newest = 9,
                                                   .handed_over = true,
                                                   .mode = Mode::synchronous,
                                                   .mandate = 10s}));
    Following back(again.standing(), Mode::synchronous, times, 300);
    Serving successor = serving(Post::alone, Mode::synchronous, 6);
    const auto follower = ask(back, successor, {}, 0, at(3s));
    ASSERT_TRUE(follower);
    EXPECT_EQ(*follower, (Standing{.post = Post::follower, .epoch = 6}));
}

TEST(Fence, going_on_alone_makes_the_old_standby_useless) {
    Serving node = serving(Post::primary);
    const auto alone = node.go_on_alone();
    ASSERT_TRUE(alone);
    node.adopt(*alone);
    EXPECT_TRUE(node.may_spend(at(24h)));
    Following other = following(Post::standby);
    const Held held{.run = run, .group = 3, .whole = true};
    const auto next = ask(other, node, held, 4, at(0s));
    ASSERT_TRUE(next);
    other.adopt(*next);
    EXPECT_EQ(other.standing().post, Post::retired);
    EXPECT_FALSE(other.take_over(held, Following::Word::primary_is_off, at(1h)));
}

TEST(Fence, an_answer_to_an_earlier_pull_is_not_heard) {
    Serving node = serving(Post::primary);
    Following other = following(Post::standby);
    const Held held{.run = run, .group = 0, .whole = true};
    const Answer late = node.answer(other.pull(held, false), 0, at(0s));
    const Answer right = node.answer(other.pull(held, false), 0, at(1s));
    EXPECT_FALSE(other.expects(late));
    other.hear(late, held, at(1s));
    EXPECT_FALSE(other.heard());
    EXPECT_TRUE(other.expects(right));
    other.hear(right, held, at(1s));
    EXPECT_EQ(other.primary_is_over_at(), at(16s));
    EXPECT_FALSE(other.expects(right)) << "the same one twice";
    other.hear(right, held, at(9s));
    EXPECT_EQ(other.primary_is_over_at(), at(16s));
}

TEST(Fence, times_that_would_let_both_spend_are_refused) {
    EXPECT_TRUE(check(Times{}));
    EXPECT_TRUE(check({.mandate = 10s, .patience = 12'250ms}));
    EXPECT_FALSE(check({.mandate = 10s, .patience = 12'240ms})) << "calls are ended some time after the mandate";
    EXPECT_FALSE(check({.mandate = 10s, .patience = 10s}));
    EXPECT_FALSE(check({.mandate = 999ms, .patience = 10s}));
    EXPECT_FALSE(check({.mandate = 10s, .patience = 11min}));
    for (auto mandate = mandate_min; mandate <= 6min; mandate += 1s)
        EXPECT_TRUE(check({.mandate = mandate, .patience = patience_for(mandate)})) << mandate.count();
}

struct Unlike {
    std::string_view name;
    Mode primary;
    Mode standby;
    Times primarys;
    bool fits;
};

TEST(Fence, whoever_is_configured_otherwise_than_the_primary_never_takes_over_by_itself) {
    const Times long_mandate{.mandate = 13s, .patience = 20s};
    const std::vector<Unlike> cases = {
        {"alike", Mode::synchronous, Mode::synchronous, times, true},
        {"the primary goes on without", Mode::asynchronous, Mode::synchronous, times, false},
        {"the primary needs mandates", Mode::synchronous, Mode::asynchronous, times, false},
        {"a longer mandate than this patience", Mode::synchronous, Mode::synchronous, long_mandate, false},
        {"times do not matter without mandates", Mode::asynchronous, Mode::asynchronous, long_mandate, true},
    };
    const Held held{.run = run, .group = 5, .whole = true};
    for (const Unlike& each : cases) {
        SCOPED_TRACE(each.name);
        Serving node({.post = Post::primary, .epoch = 4}, each.primary, each.primarys, run);
        Following other({.post = Post::follower, .epoch = 4}, each.standby, times, 100);
        EXPECT_EQ(ask(other, node, held, 5, at(0s)).has_value(), each.fits);
        EXPECT_EQ(other.unfit().empty(), each.fits);
        EXPECT_EQ(other.pull(held, false).whole, each.fits) << "somebody would count on it";

        // One that is the standby already, and is started with another configuration.
        Following counted({.post = Post::standby, .epoch = 4}, each.standby, times, 100);
        ask(counted, node, held, 5, at(0s));
        EXPECT_EQ(counted.primary_is_over(at(24h)), each.fits && each.standby == Mode::synchronous);
        EXPECT_EQ(counted.pull(held, false).whole, true);
        EXPECT_TRUE(counted.take_over(held, Following::Word::primary_is_off, at(24h))) << "an operator answers for it";
    }
}

TEST(Fence, whoever_cannot_open_what_he_has_is_not_counted_on_and_takes_over_on_an_operators_word_only) {
    Serving node = serving(Post::primary);
    const Held held{.run = run, .group = 5, .whole = true};
    Following fresh = following(Post::follower);
    fresh.set_unopened("Another key.");
    EXPECT_FALSE(ask(fresh, node, held, 5, at(0s))) << "it became a standby";
    EXPECT_EQ(fresh.unfit(), "Another key.");
    EXPECT_FALSE(fresh.pull(held, false).whole);
    EXPECT_TRUE(fresh.pull(held, false).cannot_open);

    Following counted = following(Post::standby);
    ask(counted, node, held, 5, at(0s));
    counted.set_unopened("Another key.");
    EXPECT_TRUE(counted.pull(held, false).whole) << "the primary would stop serving for a key that may come yet";
    EXPECT_FALSE(counted.primary_is_over(at(24h)));
    const auto taken = counted.take_over(held, Following::Word::none, at(24h));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().for_caller, "Another key.");
    EXPECT_TRUE(counted.take_over(held, Following::Word::primary_is_off, at(24h)));
    counted.set_unopened("");
    EXPECT_TRUE(counted.primary_is_over(at(24h)));
    EXPECT_FALSE(counted.pull(held, false).cannot_open);
}

TEST(Fence, the_word_that_a_primary_is_off_is_not_believed_while_it_answers) {
    Serving node = serving(Post::primary);
    Following other = following(Post::standby);
    const Held held{.run = run, .group = 0, .whole = true};
    EXPECT_TRUE(other.take_over(held, Following::Word::primary_is_off, at(0s))) << "it was not heard since the start";
    ask(other, node, held, 0, at(0s));
    EXPECT_FALSE(other.take_over(held, Following::Word::primary_is_off, at(15s - 1ns)));
    EXPECT_TRUE(other.take_over(held, Following::Word::primary_is_off, at(15s)));
}

TEST(Fence, a_copy_of_an_earlier_run_takes_over_on_an_operators_word_only) {
    Serving node = serving(Post::primary);
    Following other = following(Post::standby);
    const Held held{.run = run - 1, .group = 9, .whole = true};
    ask(other, node, held, 2, at(0s));
    EXPECT_TRUE(other.primary_is_over(at(15s)));
    EXPECT_FALSE(other.take_over(held, Following::Word::none, at(24h))) << "it lacks what was written since";
    EXPECT_TRUE(other.take_over(held, Following::Word::primary_is_off, at(24h)));
    EXPECT_TRUE(other.take_over({.run = run, .group = 2, .whole = true}, Following::Word::none, at(24h)));
}

TEST(Fence, one_that_opens_its_books_keeps_nobody_from_taking_over) {
    Serving node = serving(Post::primary);
    Following other = following(Post::standby);
    const Held held{.run = run, .group = 0, .whole = true};
    ask(other, node, held, 0, at(0s));
    const Pull pull = other.pull(held, false);
    EXPECT_FALSE(other.hear({.epoch = 4, .to = pull.ask, .post = Post::primary}, held, at(14s)));
    EXPECT_EQ(other.primary_is_over_at(), at(15s));
    EXPECT_TRUE(other.take_over(held, Following::Word::none, at(15s)));
}

TEST(Fence, only_a_pull_that_names_a_newer_answer_is_news) {
    Serving node = serving(Post::primary);
    const Answer first = node.answer({}, 3, at(0s));
    const Answer second = node.answer({}, 3, at(1s));
    const Pull late = echo(first, 1);
    const Pull right = echo(second, 3);
    EXPECT_TRUE(node.is_news(right));
    node.hear(right, 3);
    EXPECT_FALSE(node.is_news(late)) << "it only had less when it asked";
    EXPECT_FALSE(node.is_news(right)) << "the same one twice";
    EXPECT_FALSE(node.is_news({.epoch = 4, .run = run, .beat = 9})) << "an answer that was never sent";
    EXPECT_TRUE(node.is_news(echo(node.answer({}, 3, at(2s)), 0)));
}

}  // namespace
}  // namespace bursar::standby
