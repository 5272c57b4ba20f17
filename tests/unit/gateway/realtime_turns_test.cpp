// Hunts: a response of a realtime session for which nothing is held, one that is booked twice or never, a hold that
// stays behind or is given back too early, and a response that nobody wanted, or that is missing where it was wanted.
#include "service/gateway/realtime_turns.h"

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

using Turns = RealtimeTurns<int>;

TEST(RealtimeTurns, TwoResponsesAtOnceHaveTwoHolds) {
    Turns turns;
    turns.asked("a", 1);
    turns.asked("b", 2);
    ASSERT_NE(turns.began("r1"), nullptr);
    ASSERT_NE(turns.began("r2"), nullptr);
    EXPECT_EQ(*turns.find("r1"), 1);
    EXPECT_EQ(*turns.find("r2"), 2);
    EXPECT_EQ(turns.began("r3"), nullptr) << "nobody asked for a third";
    EXPECT_EQ(*turns.began("r1"), 1) << "told twice that it began, it is one";
    EXPECT_EQ(turns.ended("r2"), 2);
    EXPECT_EQ(turns.ended("r1"), 1);
    EXPECT_TRUE(turns.is_settled());
}

TEST(RealtimeTurns, AResponseEndsOnce) {
    Turns turns;
    turns.asked("a", 1);
    ASSERT_NE(turns.began("r1"), nullptr);
    turns.asked("b", 2);
    EXPECT_FALSE(turns.has_ended("r1"));
    EXPECT_EQ(turns.ended("r1"), 1);
    EXPECT_TRUE(turns.has_ended("r1")) << "so that whoever is told again takes no hold of another one for it";
    EXPECT_EQ(turns.ended("r2"), 2) << "an end without a beginning is paid by what was asked for";
    EXPECT_EQ(turns.ended("r3"), std::nullopt);
    EXPECT_TRUE(turns.is_settled());
}

TEST(RealtimeTurns, ResponsesWithoutAnIdAreNotTakenForOneThatHasEnded) {
    Turns turns;
    turns.asked("a", 1);
    turns.asked("b", 2);
    EXPECT_EQ(turns.ended(""), 1);
    EXPECT_FALSE(turns.has_ended(""));
    EXPECT_EQ(turns.ended(""), 2);
    EXPECT_EQ(turns.ended(""), std::nullopt);
}

TEST(RealtimeTurns, WhatNobodyAskedForHasItsOwn) {
    Turns turns;
    turns.asked("a", 1);
    ASSERT_NE(turns.began("r1"), nullptr);
    EXPECT_EQ(turns.began("r2"), nullptr);
    turns.begin("r2", 7);
    EXPECT_FALSE(turns.is_settled());
    EXPECT_EQ(turns.ended("r2"), 7);
    EXPECT_EQ(turns.ended("r1"), 1);
}

TEST(RealtimeTurns, OnlyTheRefusalOfItsOwnEventFreesAHold) {
    Turns turns;
    turns.asked("a", 1);
    turns.asked("b", 2);
    EXPECT_EQ(turns.refused("of another"), std::nullopt);
    EXPECT_EQ(turns.refused(""), std::nullopt);
    EXPECT_EQ(turns.refused("b"), 2);
    EXPECT_EQ(turns.refused("b"), std::nullopt);
    ASSERT_NE(turns.began("r1"), nullptr);
    EXPECT_EQ(turns.refused("a"), std::nullopt) << "what has begun is not given back";
    EXPECT_EQ(turns.take_rest(), 1);
    EXPECT_EQ(turns.take_rest(), std::nullopt);
}

TEST(RealtimeTurns, WhatWasAskedForAndNotToldIsLeftAtTheEnd) {
    Turns turns;
    turns.asked("a", 1);
    turns.asked("b", 2);
    ASSERT_NE(turns.began("r1"), nullptr);
    EXPECT_FALSE(turns.is_settled());
    EXPECT_EQ(turns.take_rest(), 1);
    EXPECT_EQ(turns.take_rest(), 2) << "nobody knows whether it began";
    EXPECT_EQ(turns.take_rest(), std::nullopt);
    EXPECT_TRUE(turns.is_settled());
}

TEST(RealtimeTurns, ASessionHoldsNoMoreThanItsBoundWhoeverTakesThem) {
    Turns turns;
    for (std::size_t i = 0; i + 2 < Turns::open_max; ++i) turns.asked(std::to_string(i), 0);
    ASSERT_NE(turns.began("r"), nullptr);
    EXPECT_FALSE(turns.is_full());
    {
        const Turns::Place one(turns);
        EXPECT_FALSE(turns.is_full());
        const Turns::Place other(turns);
        EXPECT_TRUE(turns.is_full()) << "two are being taken at once, by the client's side and by the provider's";
    }
    EXPECT_FALSE(turns.is_full());
}

TEST(RealtimeWishes, ATurnIsAnsweredUnlessTheClientSaidOtherwise) {
    RealtimeWishes wishes;
    EXPECT_TRUE(wishes.turn_over()) << "as a session begins";
    wishes.changing("a", false);
    EXPECT_TRUE(wishes.turn_over()) << "it is not so yet";
    wishes.changed();
    EXPECT_FALSE(wishes.turn_over());
    wishes.changing("b", std::nullopt);
    wishes.changed();
    EXPECT_FALSE(wishes.turn_over()) << "the voice alone was changed";
    wishes.changing("c", true);
    wishes.changing("d", false);
    wishes.refused("d");
    wishes.changed();
    wishes.changed();
    EXPECT_TRUE(wishes.automatic()) << "what the provider did not take is not so";
}

TEST(RealtimeWishes, ToATurnThatTheClientMadeNothingFollows) {
    RealtimeWishes wishes;
    wishes.committing("a");
    EXPECT_FALSE(wishes.turn_over());
    EXPECT_TRUE(wishes.turn_over()) << "the provider found this one";
    wishes.committing("b");
    wishes.refused("b");
    EXPECT_TRUE(wishes.turn_over());
}

}  // namespace
}  // namespace bursar::gateway
