// Hunts: a response of a realtime session for which nothing is held, one that is booked twice or never, and a hold that
// stays behind.
#include "service/gateway/realtime_turns.h"

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

using Turns = RealtimeTurns<int>;

/// As the session does it: every hold that is lacking is taken.
int fill(Turns& turns, int next) {
    while (turns.lacking() > 0) turns.add(next++);
    return next;
}

TEST(RealtimeTurns, TwoResponsesAtOnceHaveTwoHolds) {
    Turns turns;
    turns.add(1);
    turns.asked("a");
    EXPECT_EQ(turns.lacking(), 0U);
    turns.asked("b");
    EXPECT_EQ(turns.lacking(), 1U);
    turns.add(2);
    ASSERT_NE(turns.began("r1"), nullptr);
    ASSERT_NE(turns.began("r2"), nullptr);
    EXPECT_EQ(*turns.find("r1"), 1);
    EXPECT_EQ(*turns.find("r2"), 2);
    EXPECT_EQ(turns.began("r3"), nullptr) << "nobody asked for a third";
    EXPECT_EQ(turns.ended("r2").held, 2);
    EXPECT_EQ(turns.ended("r1").held, 1);
    EXPECT_TRUE(turns.is_settled());
}

TEST(RealtimeTurns, AResponseThatNobodyAskedForNeedsSoundAndItsHold) {
    Turns turns;
    EXPECT_EQ(turns.began("r1"), nullptr);
    turns.hears();
    EXPECT_EQ(turns.lacking(), 1U);
    turns.add(1);
    ASSERT_NE(turns.began("r1"), nullptr);
    EXPECT_EQ(turns.lacking(), 1U) << "the next one may begin while this one runs";
    turns.told(false);
    EXPECT_EQ(turns.lacking(), 0U);
    turns.configured();
    EXPECT_EQ(turns.lacking(), 1U) << "it may be switched on just now";
    turns.told_changed();
    EXPECT_EQ(turns.lacking(), 0U);
    turns.asked("a");
    EXPECT_EQ(turns.lacking(), 1U);
}

TEST(RealtimeTurns, OneThatBeganByItselfTakesNoHoldFromOneThatWasAskedFor) {
    Turns turns;
    turns.hears();
    turns.asked("a");
    EXPECT_EQ(fill(turns, 1), 3);
    ASSERT_NE(turns.began("by itself"), nullptr);
    ASSERT_NE(turns.began("asked for"), nullptr);
    EXPECT_EQ(turns.lacking(), 1U);
}

TEST(RealtimeTurns, AResponseEndsOnce) {
    Turns turns;
    turns.add(1);
    turns.asked("a");
    ASSERT_NE(turns.began("r1"), nullptr);
    turns.add(2);
    EXPECT_EQ(turns.ended("r1").held, 1);
    const Turns::Ended again = turns.ended("r1");
    EXPECT_FALSE(again.held);
    EXPECT_TRUE(again.known);
    EXPECT_EQ(turns.began("r1"), nullptr) << "what has ended does not begin again";
    EXPECT_EQ(turns.take_rest().unused, std::vector<int>{2});
}

TEST(RealtimeTurns, AnEndWithoutABeginningIsPaidOrKnownToBeUnpaid) {
    Turns turns;
    EXPECT_FALSE(turns.ended("r1").known);
    turns.add(1);
    EXPECT_EQ(turns.ended("r2").held, 1);
}

TEST(RealtimeTurns, ARefusedRequestGivesItsHoldToTheNext) {
    Turns turns;
    for (int i = 0; i < 20; ++i) {
        turns.asked(std::to_string(i));
        fill(turns, i);
        turns.refused("of another");
        turns.refused(std::to_string(i));
    }
    EXPECT_TRUE(turns.is_settled());
    EXPECT_EQ(turns.take_rest().unused, std::vector<int>{0});
}

TEST(RealtimeTurns, WhatMayHaveBegunIsNotUnused) {
    Turns turns;
    turns.hears();
    turns.asked("a");
    turns.asked("b");
    fill(turns, 1);
    ASSERT_NE(turns.began("r1"), nullptr);
    turns.turn_over();
    fill(turns, 4);
    EXPECT_FALSE(turns.is_settled());
    const Turns::Rest rest = turns.take_rest();
    EXPECT_EQ(rest.under_way, std::vector<int>{1});
    EXPECT_EQ(rest.doubtful, (std::vector<int>{2, 3})) << "one was asked for, one may follow the sound";
    EXPECT_TRUE(rest.unused.empty());
    EXPECT_TRUE(turns.is_settled());
}

TEST(RealtimeTurns, SoundThatWasThrownAwayLeavesNoDoubt) {
    Turns turns;
    turns.hears();
    fill(turns, 1);
    turns.turn_over();
    EXPECT_FALSE(turns.is_settled());
    turns.silenced();
    EXPECT_TRUE(turns.is_settled());
    EXPECT_EQ(turns.take_rest().unused, std::vector<int>{1});
}

TEST(RealtimeTurns, ASessionHoldsNoMoreThanItsBound) {
    Turns turns;
    for (std::size_t i = 0; i < Turns::open_max; ++i) {
        EXPECT_FALSE(turns.is_full());
        turns.add(0);
    }
    EXPECT_TRUE(turns.is_full());
}

}  // namespace
}  // namespace bursar::gateway
