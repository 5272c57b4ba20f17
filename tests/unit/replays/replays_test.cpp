// Hunts: a key that is given to two calls, to the wrong caller or for another request; an answer that comes back
// changed, or not at all; a key that stays taken by nobody.
#include "tests/unit/replays/replays_fixture.h"

#include <thread>

namespace bursar::replays {
namespace {

TEST_F(Keeping, AKeyIsOneCallsUntilItEnds) {
    Found first = begin("k");
    ASSERT_EQ(first.state, State::fresh);
    ASSERT_TRUE(first.claim);
    const Found second = begin("k");
    EXPECT_EQ(second.state, State::running);
    EXPECT_EQ(second.first, first.first);
    EXPECT_FALSE(second.claim);
    EXPECT_EQ(begin("k", "ada", "another body").state, State::other_request);
    EXPECT_EQ(begin("k", "bob", "another body").state, State::fresh) << "another caller's key is another key";
    first.claim.keep({.call = first.first, .status = 201, .head = "h: v\r\n", .body = "b"}, NanoUsd(5));

    const Found third = begin("k");
    EXPECT_EQ(third.state, State::kept);
    EXPECT_EQ(third.first, first.first);
    EXPECT_EQ(begin("k", "ada", "another body").state, State::other_request);
    const auto answer = fetch(third.number);
    ASSERT_TRUE(answer) << told(answer);
    EXPECT_EQ((*answer)->call, first.first);
    EXPECT_EQ((*answer)->status, 201);
    EXPECT_EQ((*answer)->head, "h: v\r\n");
    EXPECT_EQ((*answer)->body, "b");
}

TEST_F(Keeping, CallersAndKeysThatLookAlikeDoNotMeet) {
    serve("bc", "a");
    EXPECT_EQ(begin("c", "ab").state, State::fresh);
    EXPECT_EQ(begin("", "abc").state, State::fresh);
    EXPECT_EQ(begin("BC", "a").state, State::fresh);
}

TEST_F(Keeping, TheAnswerIsTheSameFromMemoryFromTheFileAndAfterARestart) {
    std::string every_byte;
    for (int i = 0; i < 100'000; ++i) every_byte += static_cast<char>(i % 256);
    const CallId call = serve("k", "ada", every_byte);
    EXPECT_EQ(body_of("k"), every_byte);
    flush();
    EXPECT_EQ(rows(), 1);
    EXPECT_EQ(body_of("k"), every_byte);
    reopen();
    EXPECT_EQ(body_of("k"), every_byte);
    EXPECT_EQ(begin("k").first, call);
    EXPECT_EQ(begin("k", "ada", "another body").state, State::other_request);
}

TEST_F(Keeping, WhatCostNothingMayBeTriedAgain) {
    begin("dropped");
    EXPECT_EQ(begin("dropped").state, State::fresh) << "a claim that is dropped frees the key";
    Found found = begin("refused");
    found.claim.forget();
    EXPECT_EQ(begin("refused").state, State::fresh);
    EXPECT_EQ(replays->size().running, 0U);
    flush();
    EXPECT_EQ(rows(), 0);
}

TEST_F(Keeping, WhatWasPaidAndHasNoAnswerRunsNothingAgain) {
    Found found = begin("k");
    const CallId first = found.first;
    found.claim.spend(NanoUsd(1234));
    for (int round = 0; round < 2; ++round) {
        const Found again = begin("k");
        EXPECT_EQ(again.state, State::spent);
        EXPECT_EQ(again.first, first);
        EXPECT_EQ(again.cost, NanoUsd(1234));
        reopen();
    }
}

TEST_F(Keeping, ACallThatACrashTookLeavesItsKeyFree) {
    const Found running = begin("k");
    flush();
    EXPECT_EQ(rows(), 0) << "a key is written when its call has ended, never before";
    Found moved = begin("other");
    Claim claim = std::move(moved.claim);
    EXPECT_EQ(begin("other").state, State::running);
    claim = Claim();
    EXPECT_EQ(begin("other").state, State::fresh);
}

TEST_F(Keeping, AnEndedClaimEndsNoLaterCall) {
    Found first = begin("k");
    first.claim.forget();
    Found second = begin("k");
    first.claim.spend(NanoUsd(1));
    EXPECT_EQ(begin("k").state, State::running);
    second.claim.forget();
    EXPECT_EQ(begin("k").state, State::fresh);
}

TEST_F(Keeping, AfterADayTheKeyIsNew) {
    serve("k");
    flush();
    clock.advance(limits.kept_for - std::chrono::nanoseconds(1));
    EXPECT_EQ(begin("k").state, State::kept);
    clock.advance(std::chrono::nanoseconds(1));
    EXPECT_EQ(begin("k").state, State::fresh);
    EXPECT_EQ(begin("k", "ada", "another body").state, State::fresh) << "the claim of the line above was dropped";
    flush();
    EXPECT_EQ(rows(), 0);
}

TEST_F(Keeping, OldRowsGoWithoutAnybodyAskingForThem) {
    for (int i = 0; i < 600; ++i) serve("k" + std::to_string(i));
    flush();
    clock.advance(limits.kept_for / 2);
    serve("later");
    clock.advance(limits.kept_for / 2);
    EXPECT_TRUE(replays->is_due());
    for (int i = 0; i < 4; ++i) flush();
    EXPECT_EQ(rows(), 1);
    EXPECT_EQ(replays->size().entries, 1U);
    EXPECT_FALSE(replays->is_due());
    EXPECT_EQ(begin("later").state, State::kept);
    clock.advance(limits.kept_for);
    reopen();
    flush();
    EXPECT_EQ(rows(), 0) << "what grew old while the service was down";
}

TEST_F(Keeping, OfAThousandAtOnceOneRuns) {
    std::atomic<int> fresh = 0, running = 0;
    std::vector<std::thread> threads;
    std::vector<Found> found(8);
    for (std::size_t thread = 0; thread < found.size(); ++thread)
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 125; ++i) {
                Found one = replays->begin({.caller = "ada", .key = "k", .request = {}, .call = next_call()});
                ++(one.state == State::fresh ? fresh : running);
                if (one.claim) found[thread] = std::move(one);
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(fresh, 1);
    EXPECT_EQ(running, 999);
}

TEST_F(Keeping, ACrowdThatFetchesWhileAnswersAreWrittenGetsWhatItAskedFor) {
    std::atomic<int> right = 0, wrong = 0;
    std::thread writer([&] {
        for (int i = 0; i < 200; ++i) serve("w" + std::to_string(i), "bob");
    });
    for (int i = 0; i < 50; ++i) serve("k" + std::to_string(i), "ada", "body " + std::to_string(i));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i)
                ++(body_of("k" + std::to_string(i)) == "body " + std::to_string(i) ? right : wrong);
        });
    for (std::thread& thread : threads) thread.join();
    writer.join();
    EXPECT_EQ(right, 200);
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace bursar::replays
