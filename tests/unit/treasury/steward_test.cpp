// Hunts: a duty that is forgotten or runs too often, one that takes the others with it when it fails, and a thread that
// does not end.
#include "service/treasury/steward.h"

#include <atomic>

#include <gtest/gtest.h>

namespace bursar::treasury {
namespace {

using namespace std::chrono_literals;

TEST(Duties, run_at_their_intervals_and_one_that_fails_stops_no_other) {
    ManualClock clock(*parse_timestamp("2026-11-20T12:00:00Z"));
    std::string ran;
    Duties duties(clock, {{"fails", 10s,
                           [&](Timestamp) {
                               ran += 'f';
                               return Result<void>(fail(Fault::storage_unavailable, "No."));
                           }},
                          {"takes long", 20s, [&](Timestamp now) {
                               EXPECT_EQ(now, clock.now());
                               ran += 'l';
                               clock.advance(5s);
                               return Result<void>();
                           }}});
    const auto run = [&] {
        ran.clear();
        duties.run_due([] { return false; });
        return ran;
    };
    EXPECT_EQ(run(), "fl") << "each is due at the start";
    EXPECT_EQ(run(), "");
    EXPECT_EQ(duties.next() - clock.moment(), 5s);
    clock.advance(5s);
    EXPECT_EQ(run(), "f");
    clock.advance(100s);
    EXPECT_EQ(run(), "fl") << "what was missed is not made up for";
    EXPECT_EQ(duties.next() - clock.moment(), 5s);
}

TEST(Duties, none_begins_after_the_stop) {
    ManualClock clock(Timestamp{});
    int ran = 0;
    const auto count = [&](Timestamp) {
        ++ran;
        return Result<void>();
    };
    Duties duties(clock, {{"first", 1s, count}, {"second", 1s, count}});
    duties.run_due([&] { return ran == 1; });
    EXPECT_EQ(ran, 1);
}

TEST(Steward, runs_its_duties_and_ends_at_once_however_long_it_would_wait) {
    const SystemClock clock;
    std::atomic<int> ran = 0;
    {
        Steward steward(clock, {{"often", 1ms,
                                 [&](Timestamp) {
                                     ++ran;
                                     ran.notify_all();
                                     return Result<void>();
                                 }},
                                {"seldom", std::chrono::hours(1), [](Timestamp) { return Result<void>(); }}});
        for (int seen = ran; seen < 3; seen = ran) ran.wait(seen);
    }
    const int at_the_end = ran;
    EXPECT_GE(at_the_end, 3);
    Steward waiting(clock, {{"seldom", std::chrono::hours(1), [](Timestamp) { return Result<void>(); }}});
    const Moment before = clock.moment();
    waiting.stop();
    waiting.stop();
    EXPECT_LT(clock.moment() - before, 60s);
    EXPECT_EQ(ran, at_the_end) << "the first one still runs";
    const Steward idle(clock, {});
}

}  // namespace
}  // namespace bursar::treasury
