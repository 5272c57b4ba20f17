#include "service/providers/health.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

// Hunts: a channel that one hiccup takes out, one that never comes back, two calls that try at once, a key that drags
// its channel down, states that several threads tear apart.
namespace bursar::providers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HealthTest : public testing::Test {
  protected:
    ManualClock clock{*parse_timestamp("2026-11-25T12:00:00Z")};
    std::vector<Change> changes;
    Health health{clock, [this](const Change& change) { changes.push_back(change); }};
    std::shared_ptr<ChannelHealth> channel = health.channel("p/m", {});
    std::shared_ptr<KeyHealth> key = health.key("p", "a", {});

    Way way() const { return channel->way(clock.moment()); }
    Way key_way() const { return key->way(clock.moment()); }
    /// A call that finds the channel as it is; false if it is not let in.
    bool call(bool well, std::optional<milliseconds> retry_after = {}) {
        const Way by = way();
        if (by == Way::shut || by == Way::avoided || !channel->enter(by)) return false;
        if (well)
            channel->was_well(by == Way::due);
        else
            channel->has_failed(by == Way::due, "connect: refused", retry_after);
        channel->leave();
        return true;
    }
    void fail_until_out() {
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(call(false));
        EXPECT_EQ(way(), Way::avoided);
    }
};

TEST_F(HealthTest, one_error_takes_nothing_out) {
    for (int round = 0; round < 100; ++round) {
        EXPECT_TRUE(call(false));
        EXPECT_TRUE(call(true));
        EXPECT_TRUE(call(true));
        clock.advance(milliseconds(50));
    }
    EXPECT_EQ(way(), Way::open) << "a third of the calls failed, and half is what takes it out";
    EXPECT_TRUE(changes.empty());
}

TEST_F(HealthTest, five_in_a_row_take_it_out_and_one_call_brings_it_back) {
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(call(true));
    fail_until_out();
    clock.advance(milliseconds(999));
    EXPECT_EQ(way(), Way::avoided);
    clock.advance(milliseconds(1));
    EXPECT_EQ(way(), Way::due);
    EXPECT_TRUE(channel->enter(Way::due));
    EXPECT_FALSE(channel->enter(Way::due)) << "one call tries";
    EXPECT_EQ(way(), Way::avoided);
    channel->was_well(true);
    channel->leave();
    EXPECT_EQ(way(), Way::open);
    EXPECT_TRUE(call(false));
    EXPECT_EQ(way(), Way::open) << "the failures before it came back are forgotten";
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].state, "out");
    EXPECT_EQ(changes[0].why, "connect: refused");
    EXPECT_EQ(changes[1].state, "well");
}

TEST_F(HealthTest, half_of_the_window_takes_it_out_whatever_comes_between) {
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(call(true));
        EXPECT_TRUE(call(false));
    }
    EXPECT_EQ(way(), Way::open);
    EXPECT_TRUE(call(true));
    EXPECT_TRUE(call(false));
    EXPECT_EQ(way(), Way::avoided) << "five of ten";
}

TEST_F(HealthTest, what_is_older_than_the_window_does_not_count) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(call(false));
    EXPECT_TRUE(call(true));
    clock.advance(seconds(11));
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(call(false));
    EXPECT_EQ(way(), Way::open);
}

TEST_F(HealthTest, pauses_double_up_to_the_longest) {
    fail_until_out();
    for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
        clock.advance(seconds(pause) - milliseconds(1));
        EXPECT_EQ(way(), Way::avoided) << pause;
        clock.advance(milliseconds(1));
        EXPECT_EQ(way(), Way::due) << pause;
        EXPECT_TRUE(call(false));
    }
    clock.advance(seconds(30));
    EXPECT_TRUE(call(true));
    fail_until_out();
    clock.advance(seconds(1));
    EXPECT_EQ(way(), Way::due) << "it was well: pauses begin anew";
}

TEST_F(HealthTest, who_asks_for_a_pause_gets_it) {
    EXPECT_TRUE(call(false, seconds(7)));
    clock.advance(milliseconds(6'999));
    EXPECT_EQ(way(), Way::shut);
    clock.advance(milliseconds(1));
    EXPECT_EQ(way(), Way::due);
    EXPECT_TRUE(call(false, std::chrono::hours(3)));
    clock.advance(seconds(30));
    EXPECT_EQ(way(), Way::due) << "no answer takes it out for longer than the longest pause";
}

TEST_F(HealthTest, a_try_that_taught_nothing_leaves_it_to_the_next) {
    fail_until_out();
    clock.advance(seconds(1));
    EXPECT_TRUE(channel->enter(Way::due));
    channel->showed_nothing(true);
    channel->leave();
    EXPECT_EQ(way(), Way::due);
    EXPECT_EQ(channel->under_way(), 0);
}

TEST_F(HealthTest, calls_from_before_it_went_out_neither_close_nor_lengthen_it) {
    EXPECT_TRUE(channel->enter(Way::open));
    EXPECT_TRUE(channel->enter(Way::open));
    fail_until_out();
    channel->was_well(false);
    EXPECT_EQ(way(), Way::avoided);
    channel->has_failed(false, "late", {});
    clock.advance(seconds(1));
    EXPECT_EQ(way(), Way::due);
}

TEST_F(HealthTest, a_probe_makes_the_next_try_due_and_its_silence_counts) {
    fail_until_out();
    channel->probed(false, "mute");
    EXPECT_EQ(way(), Way::avoided);
    channel->probed(true, "");
    EXPECT_EQ(way(), Way::due);
    EXPECT_TRUE(call(true));
    for (int i = 0; i < 5; ++i) channel->probed(false, "mute");
    EXPECT_EQ(way(), Way::avoided);
}

TEST_F(HealthTest, a_refused_key_is_out_alone_and_comes_back) {
    EXPECT_TRUE(key->enter(Way::open));
    EXPECT_TRUE(key->enter(Way::open));
    key->was_bad(false, KeyState::refused, "401", {});
    key->was_bad(false, KeyState::refused, "401 again", {});
    EXPECT_EQ(way(), Way::open);
    EXPECT_EQ(key_way(), Way::avoided);
    clock.advance(seconds(60));
    EXPECT_EQ(key_way(), Way::due) << "the second refusal of the same moment lengthened nothing";
    EXPECT_TRUE(key->enter(Way::due));
    EXPECT_EQ(key_way(), Way::avoided);
    key->was_bad(true, KeyState::refused, "401", {});
    clock.advance(seconds(119));
    EXPECT_EQ(key_way(), Way::avoided);
    clock.advance(seconds(1));
    EXPECT_TRUE(key->enter(Way::due));
    key->was_well(true);
    EXPECT_EQ(key_way(), Way::open);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].name, "p#a");
    EXPECT_EQ(changes[0].why, "401");
}

TEST_F(HealthTest, a_limited_key_waits_as_long_as_was_asked) {
    EXPECT_TRUE(key->enter(Way::open));
    key->was_bad(false, KeyState::limited, "429", milliseconds(250));
    clock.advance(milliseconds(250));
    EXPECT_EQ(key_way(), Way::due);
    EXPECT_TRUE(key->enter(Way::due));
    key->was_bad(true, KeyState::limited, "429", {});
    clock.advance(milliseconds(499));
    EXPECT_EQ(key_way(), Way::shut);
    clock.advance(milliseconds(1));
    EXPECT_EQ(key_way(), Way::due);
}

TEST_F(HealthTest, a_passage_leaves_once_whatever_happens) {
    {
        Passage passage;
        EXPECT_TRUE(channel->enter(Way::open));
        EXPECT_TRUE(key->enter(Way::open));
        passage = Passage(channel, Way::open, key, Way::open);
        EXPECT_EQ(channel->under_way(), 1);
        Passage moved = std::move(passage);
        moved.well();
        moved.failed("cut in the middle", {});
    }
    EXPECT_EQ(channel->under_way(), 0);
    EXPECT_EQ(health.channels()[0].failures, 1);
    clock.advance(seconds(11));
    EXPECT_TRUE(call(true));
    fail_until_out();
    clock.advance(seconds(1));
    EXPECT_TRUE(channel->enter(Way::due));
    {
        const Passage untold(channel, Way::due, key, Way::open);
    }
    EXPECT_EQ(way(), Way::due) << "it said nothing, so the next may try";
    EXPECT_TRUE(channel->enter(Way::due));
    Passage refused(channel, Way::due, key, Way::open);
    refused.key_bad(KeyState::limited, "429", {});
    EXPECT_EQ(way(), Way::open) << "it has answered";
    EXPECT_EQ(key_way(), Way::shut);
}

TEST_F(HealthTest, a_channel_that_answers_says_nothing_of_the_key) {
    EXPECT_TRUE(key->enter(Way::open));
    key->was_bad(false, KeyState::refused, "401", {});
    const std::size_t changes = health.keys()[0].history.size();
    clock.advance(seconds(60));
    fail_until_out();
    clock.advance(seconds(1));
    EXPECT_TRUE(channel->enter(Way::due));
    EXPECT_TRUE(key->enter(Way::due));
    {
        Passage renewed(channel, Way::due, key, Way::due);
        renewed.answered();
    }
    EXPECT_EQ(way(), Way::open);
    EXPECT_EQ(health.keys()[0].state, KeyState::refused);
    EXPECT_EQ(health.keys()[0].history.size(), changes) << "nobody is told";
    EXPECT_EQ(key_way(), Way::due) << "the next may try";
    EXPECT_TRUE(key->enter(Way::due));
    key->was_bad(true, KeyState::refused, "401", {});
    clock.advance(seconds(119));
    EXPECT_EQ(key_way(), Way::avoided) << "the pause has doubled";
    clock.advance(seconds(1));
    EXPECT_EQ(key_way(), Way::due);
}

TEST_F(HealthTest, whoever_tries_a_limited_key_for_long_keeps_nobody_out) {
    EXPECT_TRUE(key->enter(Way::open));
    key->was_bad(false, KeyState::limited, "429", milliseconds(250));
    EXPECT_EQ(key_way(), Way::shut);
    clock.advance(milliseconds(250));
    EXPECT_TRUE(key->enter(Way::due)) << "an answer of minutes";
    EXPECT_EQ(key_way(), Way::avoided) << "better than none";
    Passage other(channel, Way::open, key, Way::avoided);
    other.well();
    EXPECT_EQ(key_way(), Way::open);
    key->was_bad(true, KeyState::limited, "429", milliseconds(250));
    EXPECT_EQ(key_way(), Way::shut);
}

TEST_F(HealthTest, a_try_that_shows_nothing_does_not_put_out_what_is_back) {
    fail_until_out();
    clock.advance(seconds(1));
    EXPECT_TRUE(channel->enter(Way::due));
    {
        Passage other(channel, Way::avoided, nullptr, Way::open);
        other.well();
    }
    EXPECT_EQ(way(), Way::open);
    channel->showed_nothing(true);
    EXPECT_EQ(way(), Way::open);
}

TEST_F(HealthTest, measures_follow_the_last_calls_and_are_forgotten) {
    EXPECT_EQ(channel->pace(clock.moment()).tokens_per_second, 0);
    channel->measure_stream(milliseconds(100), seconds(1), 50);
    EXPECT_DOUBLE_EQ(channel->pace(clock.moment()).tokens_per_second, 50);
    EXPECT_EQ(channel->pace(clock.moment()).first_token, milliseconds(100));
    channel->measure_stream(milliseconds(200), seconds(1), 100);
    EXPECT_DOUBLE_EQ(channel->pace(clock.moment()).tokens_per_second, 60);
    EXPECT_EQ(channel->pace(clock.moment()).first_token, milliseconds(120));
    channel->measure_plain(seconds(2), 30);
    EXPECT_DOUBLE_EQ(channel->pace(clock.moment()).plain_tokens_per_second, 15);
    clock.advance(std::chrono::minutes(11));
    EXPECT_EQ(channel->pace(clock.moment()).tokens_per_second, 0);
    EXPECT_EQ(channel->pace(clock.moment()).plain_tokens_per_second, 0);
}

TEST_F(HealthTest, retries_are_a_fifth_of_the_calls_besides_a_reserve) {
    const auto budget = health.retries("m");
    int retries = 0;
    while (budget->retry()) ++retries;
    EXPECT_EQ(retries, 500);
    for (int i = 0; i < 100; ++i) budget->call();
    retries = 0;
    while (budget->retry()) ++retries;
    EXPECT_EQ(retries, 20);
}

TEST_F(HealthTest, one_name_is_one_channel_and_facts_say_how_it_is) {
    EXPECT_EQ(health.channel("p/m", {}), channel);
    fail_until_out();
    const auto facts = health.channels();
    ASSERT_EQ(facts.size(), 1U);
    EXPECT_EQ(facts[0].state, ChannelState::out);
    EXPECT_EQ(facts[0].failures, 5);
    EXPECT_EQ(facts[0].calls, 5);
    EXPECT_EQ(facts[0].retry_at, clock.now() + seconds(1));
    ASSERT_EQ(facts[0].history.size(), 1U);
}

TEST(HealthThreads, many_threads_agree_on_one_try) {
    const SystemClock clock;
    Health health(clock, {});
    const Patience patience{.first_retry = milliseconds(1), .last_retry = milliseconds(2)};
    const auto channel = health.channel("p/m", patience);
    std::atomic<int> trying = 0;
    std::atomic<bool> twice = false;
    const auto work = [&](unsigned seed) {
        for (unsigned i = 0; i < 20'000; ++i) {
            const Way by = channel->way(clock.moment());
            if (by == Way::avoided || !channel->enter(by)) continue;
            if (by == Way::due && trying.fetch_add(1) != 0) twice = true;
            if (by == Way::due) trying.fetch_sub(1);
            if ((seed + i) % 3 == 0)
                channel->was_well(by == Way::due);
            else
                channel->has_failed(by == Way::due, "x", {});
            channel->leave();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (std::thread& each : threads) each.join();
    EXPECT_FALSE(twice);
    EXPECT_EQ(channel->under_way(), 0);
}

}  // namespace
}  // namespace bursar::providers
