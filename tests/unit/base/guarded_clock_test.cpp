#include "service/base/guarded_clock.h"

#include <gtest/gtest.h>

// Hunts: a wrong clock that is believed for a moment, and a right one that is not believed in the end.
namespace bursar {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class GuardedClockTest : public testing::Test {
  protected:
    const Timestamp start = *parse_timestamp("2026-11-23T12:00:00Z");
    ManualClock source{start};
    GuardedClock clock{source};
};

TEST_F(GuardedClockTest, follows_its_source_and_its_small_steps) {
    source.advance(hours(30));
    EXPECT_EQ(clock.now(), start + hours(30));
    for (int i = 1; i <= 10; ++i) {
        source.set(source.now() + minutes(4));
        EXPECT_EQ(clock.now(), source.now());
    }
    source.set(start - days(3));
    EXPECT_EQ(clock.now(), start - days(3)) << "who looks at periods keeps the newest";
    EXPECT_FALSE(clock.doubts());
}

TEST_F(GuardedClockTest, a_leap_that_is_taken_back_was_never_there) {
    source.set(start + days(40));
    EXPECT_EQ(clock.now(), start);
    EXPECT_TRUE(clock.doubts());
    source.advance(minutes(14));
    EXPECT_EQ(clock.now(), start + minutes(14));
    source.set(start + minutes(14));
    EXPECT_EQ(clock.now(), start + minutes(14));
    EXPECT_FALSE(clock.doubts());
}

TEST_F(GuardedClockTest, a_leap_that_lasts_is_believed) {
    source.set(start + days(40));
    EXPECT_EQ(clock.now(), start);
    source.advance(minutes(15));
    EXPECT_EQ(clock.now(), start + days(40) + minutes(15));
    EXPECT_FALSE(clock.doubts());
    source.advance(seconds(1));
    EXPECT_EQ(clock.now(), source.now());
}

TEST_F(GuardedClockTest, a_clock_that_leaps_again_has_to_last_again) {
    source.set(start + days(40));
    EXPECT_EQ(clock.now(), start);
    source.advance(minutes(10));
    source.set(source.now() + days(1));
    EXPECT_EQ(clock.now(), start + minutes(10));
    source.advance(minutes(10));
    EXPECT_EQ(clock.now(), start + minutes(20));
    source.advance(minutes(5));
    EXPECT_EQ(clock.now(), source.now());
}

}  // namespace
}  // namespace bursar
