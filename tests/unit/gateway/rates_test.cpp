// Hunts: a minute somewhere in which more passed than the limit; a call that took on one level and was refused on
// another; a call under way that is never given back; a key that hammers and leaves nothing to others; a wait that is
// not enough; accounts that are never forgotten.
#include "service/gateway/rates.h"

#include "service/gateway/window.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

using namespace std::chrono_literals;
using policies::Rate;
using Why = Rates::Why;

constexpr Moment start{1'000'000s + 300ms};

RateLevels path_of(const std::string& key, Rate team, Rate of_key = {}, Rate organisation = {}) {
    return {{"org", organisation}, {"team:research", team}, {"key:" + key, of_key}};
}
Rate requests(std::int64_t limit) { return {.requests_per_minute = limit}; }
Rate tokens(Tokens limit) { return {.tokens_per_minute = limit}; }
Rate parallel(std::int64_t limit) { return {.parallel = limit}; }

/// Takes and ends at once.
bool passes(Rates& rates, const RateLevels& levels, Moment now, Tokens expected = 0) {
    auto permit = rates.take(levels, expected, now);
    if (permit) permit->end(expected, now);
    return permit.has_value();
}

TEST(Window, CountsWhatIsNotOlderThanAMinuteAndForgetsTheRest) {
    Window<std::int64_t> window;
    window.add(100, 5);
    window.add(130, 7);
    EXPECT_EQ(window.sum(160), 12) << "60.0 s later the first may still lie in one minute with what comes now";
    EXPECT_EQ(window.less_by(160, 5), 161);
    EXPECT_EQ(window.less_by(160, 6), 191);
    EXPECT_EQ(window.empty_at(160), 191);
    EXPECT_EQ(window.sum(161), 7);
    window.take_back(161, 130, 3);
    EXPECT_EQ(window.sum(190), 4);
    window.take_back(191, 130, 4);
    EXPECT_EQ(window.sum(191), 0) << "what has left is not taken back again";
    window.add(191, 1);
    EXPECT_EQ(window.sum(191 + 1'000'000), 0);
}

TEST(Rates, InNoMinuteDoesMoreThanTheLimitPass) {
    struct Passed {
        Moment at;
        Tokens tokens;
    };
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937_64 random(seed);
        const auto within = [&](std::int64_t least, std::int64_t most) {
            return std::uniform_int_distribution<std::int64_t>(least, most)(random);
        };
        Rates rates;
        const std::int64_t requests_max = within(1, 80);
        const Tokens tokens_max = within(500, 20'000);
        std::deque<Passed> passed;
        std::int64_t seen = 0, refused = 0;
        Moment now = start;
        for (int i = 0; i < 4'000; ++i) {
            now += std::chrono::microseconds(within(0, 9) == 0 ? within(0, 20'000'000) : within(0, 400'000));
            const Tokens expected = within(0, 700);
            const RateLevels levels = path_of(fmt::format("k{}", within(1, 4)),
                                              {.requests_per_minute = requests_max, .tokens_per_minute = tokens_max});
            if (!passes(rates, levels, now, expected)) {
                ++refused;
                continue;
            }
            ++seen;
            passed.push_back({now, expected});
            while (passed.front().at < now - 60s) passed.pop_front();
            Tokens sum = 0;
            for (const Passed& one : passed) sum += one.tokens;
            ASSERT_LE(static_cast<std::int64_t>(passed.size()), requests_max);
            ASSERT_LE(sum, tokens_max);
        }
        EXPECT_GT(seen, 0);
        EXPECT_GT(refused, 0) << "the limit was never reached";
    }
}

TEST(Rates, AWholeMinutesWorthMayComeAtOnceAndTheWaitIsEnough) {
    Rates rates;
    const RateLevels levels = path_of("k", requests(10));
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(passes(rates, levels, start)) << i;
    const auto refused = rates.take(levels, 0, start + 20s);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why, Why::reached);
    EXPECT_EQ(refused.error().account, "team:research");
    EXPECT_EQ(refused.error().limit, 10);
    const Moment then = start + 20s + refused.error().wait;
    EXPECT_GE(then, start + 60s);
    EXPECT_LE(then, start + 61s);
    EXPECT_FALSE(passes(rates, levels, then - 1ns));
    EXPECT_TRUE(passes(rates, levels, then));
}

TEST(Rates, WhoHammersWaitsNeitherLongerNorShorter) {
    Rates rates;
    const RateLevels levels = path_of("k", requests(1));
    EXPECT_TRUE(passes(rates, levels, start));
    std::optional<Moment> until;
    for (int i = 1; i < 500; ++i) {
        const Moment now = start + i * 100ms;
        const auto refused = rates.take(levels, 0, now);
        ASSERT_FALSE(refused);
        const Moment promised = now + refused.error().wait;
        EXPECT_EQ(until.value_or(promised), promised) << i;
        until = promised;
    }
    EXPECT_TRUE(passes(rates, levels, *until));
}

TEST(Rates, WhatOneLevelRefusesTakesNothingOnTheOthers) {
    Rates rates;
    // The key's own limit is looked at first, and the organisation's last: each must undo nothing, because none took.
    for (const auto& [organisation, team, of_key] :
         {std::tuple(requests(1), requests(50), requests(50)), std::tuple(requests(50), requests(1), requests(50)),
          std::tuple(requests(50), requests(50), requests(1))}) {
        Rates fresh;
        const RateLevels levels = path_of("k", team, of_key, organisation);
        EXPECT_TRUE(passes(fresh, levels, start));
        for (int i = 0; i < 100; ++i) EXPECT_FALSE(passes(fresh, levels, start));
        const RateLevels wide = path_of("k", requests(50), requests(50), requests(50));
        int more = 0;
        while (passes(fresh, wide, start)) ++more;
        EXPECT_EQ(more, 49) << "a refused call took something somewhere";
    }
}

TEST(Rates, EveryLevelHoldsItsOwnLimit) {
    Rates rates;
    int passed = 0;
    // Two keys of three each under a team of five.
    for (int i = 0; i < 10; ++i)
        for (const char* key : {"a", "b"}) passed += passes(rates, path_of(key, requests(5), requests(3)), start);
    EXPECT_EQ(passed, 5);
    EXPECT_TRUE(passes(rates, {{"org", {}}, {"team:sales", requests(5)}, {"key:c", {}}}, start)) << "of another team";
}

TEST(Rates, TokensAreCorrectedAtTheEnd) {
    Rates rates;
    const RateLevels levels = path_of("k", tokens(1'000));
    auto first = rates.take(levels, 900, start);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->state().tokens->left, 100);
    EXPECT_FALSE(rates.take(levels, 200, start));
    first->end(100, start + 1s);
    auto second = rates.take(levels, 900, start + 2s);
    ASSERT_TRUE(second) << "what it did not need is free again";
    second->end(5'000, start + 30s);
    const auto refused = rates.take(levels, 1, start + 40s);
    ASSERT_FALSE(refused) << "what it used above counts too";
    EXPECT_EQ(refused.error().left, 0);
    EXPECT_FALSE(rates.take(levels, 1, start + 89s)) << "and as of when it was used";
    EXPECT_TRUE(rates.take(levels, 1, start + 92s));
}

TEST(Rates, ACallThatAloneIsMoreThanTheLimitIsToldSo) {
    Rates rates;
    const auto refused = rates.take(path_of("k", tokens(1'000)), 1'001, start);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why, Why::never);
    EXPECT_EQ(refused.error().asked, 1'001);
    EXPECT_TRUE(rates.take(path_of("k", tokens(1'000)), 1'000, start));
}

TEST(Rates, CallsUnderWayAreGivenBackOnEveryExit) {
    Rates rates;
    const RateLevels levels = path_of("k", parallel(2), parallel(2), parallel(2));
    {
        auto ended = rates.take(levels, 0, start);
        auto dropped = rates.take(levels, 0, start);
        ASSERT_TRUE(ended && dropped);
        const auto refused = rates.take(levels, 0, start);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().measure, RateMeasure::parallel);
        ended->end(10, start);
        ended->end(10, start);  // a second end gives nothing
        Rates::Permit moved = std::move(*rates.take(levels, 0, start));
        EXPECT_FALSE(rates.take(levels, 0, start)) << "it lives on where it was moved to";
        moved = Rates::Permit();
        moved = std::move(*rates.take(levels, 0, start));
    }
    auto first = rates.take(levels, 0, start), second = rates.take(levels, 0, start);
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(rates.take(levels, 0, start));
}

TEST(Rates, ACallUnderWayCountsHoweverLongItRuns) {
    Rates rates;
    const RateLevels levels = path_of("k", parallel(1));
    auto permit = rates.take(levels, 0, start);
    for (int i = 0; i < 5'000; ++i) passes(rates, path_of(fmt::format("other{}", i), requests(9'000)), start + 2h);
    EXPECT_FALSE(rates.take(levels, 0, start + 2h)) << "its account was forgotten";
}

/// How many calls of each key pass in ten times 61 seconds, when each comes so often. Bursts come round with the
/// window.
std::map<std::string, int> passed_of(const std::map<std::string, std::chrono::milliseconds>& every, const Rate& team) {
    constexpr std::chrono::seconds warm_up{122}, measured{610};
    Rates rates;
    std::map<std::string, int> passed;
    std::map<std::string, Moment> next;
    for (const auto& [key, interval] : every) next[key] = start;
    for (Moment now = start; now < start + warm_up + measured; now += 5ms) {
        for (const auto& [key, interval] : every) {
            if (now < next[key]) continue;
            next[key] = now + interval;
            const bool let_in = passes(rates, path_of(key, team), now, 10);
            if (let_in && now >= start + warm_up) ++passed[key];
        }
    }
    return passed;
}

TEST(Rates, WhoHammersGetsNoMoreThanItsShareWhileAnotherWaits) {
    for (const Rate& team : {requests(60), tokens(600)}) {
        auto passed = passed_of({{"hammers", 5ms}, {"polite", 990ms}}, team);
        EXPECT_GE(passed["polite"], 285) << "of 300 that are its share";
        EXPECT_LE(passed["hammers"], 315);
        EXPECT_GE(passed["hammers"] + passed["polite"], 570) << "and next to nothing is wasted";
    }
}

TEST(Rates, WhatOneKeyDoesNotWantOthersMayHave) {
    auto passed = passed_of({{"a", 20ms}, {"b", 20ms}, {"seldom", 20'000ms}}, requests(90));
    EXPECT_GE(passed["seldom"], 20) << "of 30: it is not shut out";
    EXPECT_GE(passed["a"], 300);
    EXPECT_GE(passed["b"], 300);
    EXPECT_GE(passed["a"] + passed["b"], 640)
        << "more than their shares: one that calls seldom keeps its own only while it waits";
}

TEST(Rates, OneKeyAloneMayHaveTheWholeLimit) {
    Rates rates;
    const RateLevels levels = path_of("alone", requests(60));
    int passed = 0;
    for (Moment now = start; now < start + 183s; now += 10ms) passed += passes(rates, levels, now);
    EXPECT_GE(passed, 179);
}

TEST(Rates, WhoIsRefusedByItsOwnLimitKeepsNothingFromOthers) {
    Rates rates;
    int passed = 0;
    for (Moment now = start; now < start + 60s; now += 10ms) {
        passes(rates, path_of("small", requests(60), requests(2)), now);
        passed += passes(rates, path_of("large", requests(60)), now);
    }
    EXPECT_EQ(passed, 58);
}

TEST(Rates, ShardsAtOnceTakeNoMoreThanOneWould) {
    Rates rates;
    std::atomic<int> passed{0}, under_way{0}, most{0};
    std::vector<std::thread> shards;
    for (int shard = 0; shard < 4; ++shard)
        shards.emplace_back([&, shard] {
            const RateLevels levels =
                path_of(fmt::format("k{}", shard), {.requests_per_minute = 1'000, .parallel = 3}, {}, requests(900));
            for (int i = 0; i < 5'000; ++i) {
                auto permit = rates.take(levels, 10, start + i * 10us);
                if (!permit) continue;
                ++passed;
                const int now = ++under_way;
                for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                }
                --under_way;
                permit->end(5, start + i * 10us);
            }
        });
    for (std::thread& shard : shards) shard.join();
    EXPECT_EQ(passed, 900);
    EXPECT_LE(most, 3);
    EXPECT_EQ(under_way, 0);
    const RateLevels wide = path_of("k", parallel(3));
    // Two minutes later, when nobody waits for a place any more: one that waits has its share kept for it.
    const Moment later = start + 120s;
    const auto a = rates.take(wide, 0, later), b = rates.take(wide, 0, later), c = rates.take(wide, 0, later);
    EXPECT_TRUE(a && b && c) << "somebody's place was never given back";
}

TEST(Rates, TheRefusalNamesTheLevelOfTheLongestWait) {
    Rates rates;
    const RateLevels levels = path_of("k", requests(2), requests(1));
    EXPECT_TRUE(passes(rates, path_of("other", requests(2)), start));
    EXPECT_TRUE(passes(rates, levels, start + 30s));
    const auto refused = rates.take(levels, 0, start + 31s);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().account, "key:k") << "the team has room again 30 s before";
    EXPECT_EQ(refused.error().state.requests->limit, 2) << "of two with nothing left the outer is told";
    EXPECT_EQ(refused.error().state.requests->left, 0);
}

TEST(Rates, ShowsWhatTheTightestLevelHasLeftAndWhenItIsFull) {
    Rates rates;
    auto permit =
        rates.take(path_of("k", requests(100), {.requests_per_minute = 5, .tokens_per_minute = 500}), 120, start);
    ASSERT_TRUE(permit);
    EXPECT_EQ(permit->state().requests->limit, 5);
    EXPECT_EQ(permit->state().requests->left, 4);
    EXPECT_EQ(permit->state().requests->full_in, 61s);
    EXPECT_EQ(permit->state().tokens->left, 380);
    EXPECT_FALSE(rates.take(path_of("j", parallel(5)), 120, start)->state().requests) << "no limit, no number";
}

TEST(Rates, IdleAccountsAreForgottenAndNoMoreAreKeptThanThereIsRoomFor) {
    Rates rates;
    const auto levels = [](std::size_t i) { return RateLevels{{fmt::format("key:{}", i), requests(5)}}; };
    for (std::size_t i = 0; i < Rates::accounts_max; ++i) ASSERT_TRUE(passes(rates, levels(i), start));
    EXPECT_EQ(rates.accounts(), Rates::accounts_max);
    const auto refused = rates.take(levels(Rates::accounts_max), 0, start + 1s);
    ASSERT_FALSE(refused) << "a forgotten account would begin anew";
    EXPECT_EQ(refused.error().why, Why::accounts);
    EXPECT_TRUE(passes(rates, levels(1), start + 1s)) << "who is known already goes on";
    EXPECT_TRUE(passes(rates, levels(Rates::accounts_max), start + 61s));
    EXPECT_EQ(rates.accounts(), 2U) << "the new one, and the one that came a second later";
}

}  // namespace
}  // namespace bursar::gateway
