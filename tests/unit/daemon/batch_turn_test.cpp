// Hunts: a batch that is settled for ever by one premature answer of its provider, one that is never settled because
// its provider stays silent about some calls, and one that a slow provider keeps from ever being read.
#include "service/daemon/batch_turn.h"

#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

const Moment start = Moment(1000h);

TEST(BatchTurn, OneThatHasEndedIsLookedAtAtOnceAndOnlyOnce) {
    BatchTurn turn(start);
    EXPECT_EQ(turn.due(), start + 2s);
    turn.note_open(start + 2s);
    EXPECT_EQ(turn.due(), start + 2s + 2min);
    turn.note_state(true, start + 10s);
    EXPECT_EQ(turn.due(), start + 10s);
    turn.note_failed(start + 11s, 1s);
    turn.note_state(true, start + 12s);
    EXPECT_EQ(turn.due(), start + 13s) << "being told again does not hurry it";
}

TEST(BatchTurn, OneNotFoundIsNotBelieved) {
    BatchTurn turn(start);
    EXPECT_FALSE(turn.unknown_believed(start, days(30)))
        << "a service that was down for a month asks for the first time";
    EXPECT_FALSE(turn.unknown_believed(start + 23h, days(31)));
    EXPECT_TRUE(turn.unknown_believed(start + 24h, days(31)));
    EXPECT_FALSE(turn.unknown_believed(start + 24h, days(2))) << "it may still run";
    turn.note_known();
    EXPECT_FALSE(turn.unknown_believed(start + 25h, days(31))) << "it was known in between";
    EXPECT_TRUE(turn.unknown_believed(start + 49h, days(32)));
}

TEST(BatchTurn, ResultsThatAreNotWholeAreAskedForAgainForHoursThenTakenAsTheyAre) {
    BatchTurn turn(start);
    Moment now = start;
    int looks = 0;
    while (!turn.incomplete_believed(now)) {
        turn.note_failed(now, 1ms);
        now = turn.due();
        ++looks;
    }
    EXPECT_GE(now - start, 6h);
    EXPECT_LT(now - start, 7h + 1min);
    EXPECT_GT(looks, 10) << "at first soon: most are whole in a minute";
    EXPECT_LT(looks, 20) << "each reads all results again";
    turn.note_open(now);
    EXPECT_FALSE(turn.incomplete_believed(now + 1s)) << "it was open again in between";
}

TEST(BatchTurn, AFailureIsTriedAgainEveryTenMinutesAtLast) {
    BatchTurn turn(start);
    Moment now = start;
    for (int i = 0; i < 20; ++i) {
        turn.note_failed(now, 1ms);
        EXPECT_LE(turn.due() - now, 10min);
        now = turn.due();
    }
    turn.note_failed(now, 1ms);
    EXPECT_EQ(turn.due() - now, 10min);
}

TEST(BatchTurn, WhatIsReadSlowlyGetsMoreTimeAndLeavesOthersAsMuch) {
    BatchTurn turn(start);
    EXPECT_EQ(turn.reading_max(), 10min);
    turn.note_failed(start, 3min);
    EXPECT_EQ(turn.reading_max(), 10min) << "it broke off before its time was over";
    EXPECT_EQ(turn.due() - start, 3min);
    turn.note_failed(start, 10min);
    EXPECT_EQ(turn.reading_max(), 20min);
    EXPECT_EQ(turn.due() - start, 10min);
    for (int i = 0; i < 20; ++i) turn.note_failed(start, 24h);
    EXPECT_EQ(turn.reading_max(), 6h);
}

TEST(BatchTurn, OneThatIsLateIsSpokenOfOnceADay) {
    BatchTurn turn(start);
    EXPECT_FALSE(turn.says_late(start, 47h));
    EXPECT_TRUE(turn.says_late(start, 48h));
    EXPECT_FALSE(turn.says_late(start + 23h, 71h));
    EXPECT_TRUE(turn.says_late(start + 24h, 72h));
}

}  // namespace
}  // namespace bursar::daemon
