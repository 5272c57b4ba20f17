// Hunts: any order of losses, delays, partings, stops and commands after which both nodes may spend, an acknowledged
// call is missing from the books that go on, or more is spent than there is.
#include "tests/unit/standby/two_nodes.h"

#include <gtest/gtest.h>

namespace bursar::standby {
namespace {

constexpr std::uint64_t worlds = 25;
constexpr int steps = 12'000;  // twenty minutes each

void live_through(Mode mode, TwoNodes::Seen& all) {
    for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
        TwoNodes world(seed, mode);
        for (int i = 0; i < steps; ++i) {
            const std::string wrong = world.step();
            ASSERT_EQ(wrong, "") << "seed " << seed << ", step " << i;
        }
        all.take_overs += world.seen().take_overs;
        all.hand_overs += world.seen().hand_overs;
        all.gone_on_alone += world.seen().gone_on_alone;
        all.acknowledged += world.seen().acknowledged;
        all.refused_by_budget += world.seen().refused_by_budget;
        all.served_steps += world.seen().served_steps;
    }
}

/// A simulation in which nothing happens proves nothing.
void expect_much(const TwoNodes::Seen& all) {
    EXPECT_GT(all.take_overs, 50);
    EXPECT_GT(all.hand_overs, 10);
    EXPECT_GT(all.gone_on_alone, 10);
    EXPECT_GT(all.acknowledged, 40'000);
    EXPECT_GT(all.refused_by_budget, 20);
    EXPECT_GT(all.served_steps, static_cast<int>(worlds) * steps / 4);
    testing::Test::RecordProperty("take_overs", all.take_overs);
    testing::Test::RecordProperty("hand_overs", all.hand_overs);
    testing::Test::RecordProperty("acknowledged", all.acknowledged);
}

TEST(TwoNodes, synchronous_ones_never_both_spend_and_lose_nothing_that_was_acknowledged) {
    TwoNodes::Seen all;
    live_through(Mode::synchronous, all);
    expect_much(all);
}

TEST(TwoNodes, asynchronous_ones_never_both_spend_as_long_as_operators_tell_the_truth) {
    TwoNodes::Seen all;
    live_through(Mode::asynchronous, all);
    expect_much(all);
}

}  // namespace
}  // namespace bursar::standby
