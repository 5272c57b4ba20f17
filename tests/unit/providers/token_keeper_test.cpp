// Hunts: a token that is used after its end, or after its credential was changed; two fetches of one token at once; a
// call that waits for what never comes; a good token that is thrown away because one call was refused; an endpoint that
// is asked again and again while it fails.
#include "service/providers/tokens/keeper.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::tokens {
namespace {

using namespace std::chrono_literals;

struct TokenKeeper : ::testing::Test {
    ManualClock clock{Timestamp(std::chrono::seconds(1'790'000'000))};
    double luck = 0;
    Keeper keeper{clock, [this] { return luck; }};
    const Name name{.provider = "azure", .secret = "entra"};
    Lease credential = std::make_shared<const Secret>(Secret::copy_of("{}"));

    Wanted wanted() const {
        Wanted out;
        out.name = name;
        out.kind = Kind::entra;
        out.target.host = "login.example";
        out.place = {.url = "https://login.example", .scope = "s"};
        out.credential = credential;
        return out;
    }
    std::vector<Job> look() {
        std::vector<Wanted> all;
        all.push_back(wanted());
        return keeper.follow(std::move(all));
    }
    static Token token(const std::string& text, std::chrono::seconds lasts = 3600s) {
        return {.value = Secret::copy_of(text), .lasts = lasts};
    }
    /// The token, or "" while there is none.
    std::string lent() const {
        const auto lease = keeper.lend(name, credential);
        return lease ? std::string((*lease)->reveal()) : std::string();
    }
    void fetch(const std::string& text, std::chrono::seconds lasts = 3600s) {
        const auto jobs = look();
        ASSERT_EQ(jobs.size(), 1U);
        ASSERT_TRUE(keeper.ended(jobs[0], token(text, lasts)));
    }
    void fail_once(bool refused = false) {
        const auto jobs = look();
        ASSERT_EQ(jobs.size(), 1U);
        ASSERT_TRUE(keeper.ended(jobs[0], std::unexpected(Failure{.why = "it is down", .refused = refused})));
    }
};

TEST_F(TokenKeeper, TokenIsFetchedOnceAndLentUntilItsEndIsNear) {
    EXPECT_TRUE(keeper.lend(name, credential).error().coming);
    fetch("one");
    EXPECT_EQ(lent(), "one");
    EXPECT_TRUE(look().empty());
    clock.advance(3600s - 31s);
    EXPECT_EQ(lent(), "one");
    clock.advance(2s);
    EXPECT_EQ(lent(), "");
}

TEST_F(TokenKeeper, RenewalIsDueWellBeforeTheEndAndMeanwhileTheOldOneServes) {
    fetch("one");
    clock.advance(3600s - 601s);
    EXPECT_TRUE(look().empty());
    clock.advance(1s);
    const auto jobs = look();
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(lent(), "one");
    EXPECT_TRUE(look().empty()) << "one fetch at a time";
    EXPECT_TRUE(keeper.ended(jobs[0], token("two")));
    EXPECT_EQ(lent(), "two");
}

TEST_F(TokenKeeper, ChanceMovesARenewalForward) {
    luck = 0.5;
    fetch("one");
    clock.advance(3600s - 751s);
    EXPECT_TRUE(look().empty());
    clock.advance(1s);
    EXPECT_EQ(look().size(), 1U);
}

TEST_F(TokenKeeper, EndpointThatFailsIsAskedMoreAndMoreRarely) {
    for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        fail_once();
        clock.advance(pause - 1ms);
        EXPECT_TRUE(look().empty()) << pause.count();
        const auto none = keeper.lend(name, credential);
        ASSERT_FALSE(none);
        EXPECT_FALSE(none.error().coming);
        EXPECT_EQ(none.error().failure.why, "it is down");
        EXPECT_EQ(none.error().retry_in, 1ms);
        clock.advance(1ms);
    }
    fetch("back");
    EXPECT_EQ(lent(), "back");
}

TEST_F(TokenKeeper, FailedRenewalLeavesTheOldTokenToItsEnd) {
    fetch("one");
    clock.advance(3000s);
    fail_once();
    EXPECT_EQ(lent(), "one");
    clock.advance(1s);
    fetch("two");
    EXPECT_EQ(lent(), "two");
}

TEST_F(TokenKeeper, WhoWaitsIsAnsweredOnceWhenTheFetchHasEnded) {
    int answers = 0, woken = 0;
    keeper.on_due([&] { ++woken; });
    const auto count = [&](const Result<void>& result) { answers += result ? 1 : 100; };
    keeper.wait(name, credential, count);
    EXPECT_EQ(woken, 1);
    const auto jobs = look();
    ASSERT_EQ(jobs.size(), 1U);
    keeper.wait(name, credential, count);
    EXPECT_EQ(woken, 1) << "it is under way";
    EXPECT_EQ(answers, 0);
    EXPECT_TRUE(keeper.ended(jobs[0], token("one")));
    EXPECT_EQ(answers, 2);
    keeper.wait(name, credential, count);
    EXPECT_EQ(answers, 3) << "there is one";
}

TEST_F(TokenKeeper, NobodyWaitsForWhatIsNotWanted) {
    std::optional<Result<void>> answer;
    keeper.wait(name, credential, [&](Result<void> result) { answer = std::move(result); });
    EXPECT_TRUE(keeper.follow({}).empty());
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().fault, Fault::provider_unavailable);
}

TEST_F(TokenKeeper, EndAnswersEverybody) {
    std::vector<Fault> faults;
    const auto note = [&](const Result<void>& result) { faults.push_back(result.error().fault); };
    keeper.wait(name, credential, note);
    keeper.end();
    keeper.wait(name, credential, note);
    EXPECT_EQ(faults, (std::vector{Fault::shutting_down, Fault::shutting_down}));
    EXPECT_FALSE(keeper.lend(name, credential).error().coming);
}

TEST_F(TokenKeeper, AnotherCredentialGetsNoTokenOfTheOldOne) {
    fetch("one");
    credential = std::make_shared<const Secret>(Secret::copy_of("{ }"));
    EXPECT_EQ(lent(), "");
    fetch("two");
    EXPECT_EQ(lent(), "two");
}

TEST_F(TokenKeeper, FetchForAnOldCredentialIsOfNoUse) {
    const auto old = look();
    ASSERT_EQ(old.size(), 1U);
    credential = std::make_shared<const Secret>(Secret::copy_of("{ }"));
    fetch("new");
    EXPECT_FALSE(keeper.ended(old[0], token("old")));
    EXPECT_EQ(lent(), "new");
}

TEST_F(TokenKeeper, WhoCameWithAnOldCredentialIsNotLeftWaiting) {
    const Lease old = credential;
    credential = std::make_shared<const Secret>(Secret::copy_of("{ }"));
    fetch("new");
    int answers = 0;
    keeper.wait(name, old, [&](const Result<void>& result) { answers += result ? 1 : 100; });
    EXPECT_TRUE(look().empty());
    EXPECT_EQ(answers, 1);
}

TEST_F(TokenKeeper, RefusedTokenIsFetchedAnewOnceAndNotAgainForAMinute) {
    fetch("one");
    const Lease one = *keeper.lend(name, credential);
    EXPECT_TRUE(keeper.refused(name, one));
    EXPECT_TRUE(keeper.refused(name, one)) << "another call had the same";
    EXPECT_EQ(lent(), "");
    fetch("two");
    const Lease two = *keeper.lend(name, credential);
    EXPECT_FALSE(keeper.refused(name, two)) << "fresh, and refused too";
    EXPECT_EQ(lent(), "two");
    clock.advance(Keeper::renewal_gap);
    EXPECT_TRUE(keeper.refused(name, two));
}

TEST_F(TokenKeeper, RefusedTokenServesOnWhereNoOtherComes) {
    fetch("one");
    const Lease one = *keeper.lend(name, credential);
    EXPECT_TRUE(keeper.refused(name, one));
    int answers = 0;
    keeper.wait(name, credential, [&](const Result<void>& result) { answers += result ? 1 : 100; });
    EXPECT_EQ(answers, 0) << "the new one is waited for";
    fail_once();
    EXPECT_EQ(answers, 1);
    EXPECT_EQ(lent(), "one");
    EXPECT_FALSE(keeper.refused(name, one)) << "refused again a moment later";
    EXPECT_EQ(lent(), "one");
    clock.advance(Keeper::first_pause);
    fetch("two");
    EXPECT_EQ(lent(), "two") << "it is asked for until it comes";
}

TEST_F(TokenKeeper, RefusedTokenIsNotRenewedWhileTheEndpointRests) {
    fetch("one");
    clock.advance(3000s);
    fail_once();
    const Lease one = *keeper.lend(name, credential);
    EXPECT_FALSE(keeper.refused(name, one));
    EXPECT_EQ(lent(), "one");
    clock.advance(Keeper::first_pause);
    EXPECT_TRUE(keeper.refused(name, one));
    EXPECT_EQ(lent(), "");
}

TEST_F(TokenKeeper, ShortTokensAreUsedForMostOfTheirTime) {
    fetch("one", 10s);
    clock.advance(7s);
    EXPECT_TRUE(look().empty());
    clock.advance(1s);
    EXPECT_EQ(look().size(), 1U);
    EXPECT_EQ(lent(), "one");
    clock.advance(1s);
    EXPECT_EQ(lent(), "");
}

}  // namespace
}  // namespace bursar::providers::tokens
