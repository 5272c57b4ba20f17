// Hunts: a caller who fills the file or the memory, or drives out others' answers; a disk that is full because of
// answers; an answer that is promised and not there.
#include "tests/unit/replays/replays_fixture.h"

namespace bursar::replays {
namespace {

class Narrow : public Keeping {
  protected:
    Narrow() {
        limits.answer_bytes_max = 4'000;
        limits.caller_entries_max = 3;
        limits.caller_bytes_max = 10'000;
        limits.bytes_max = 16'000;
    }
};

TEST_F(Narrow, WhatIsTooLargeIsSpentAndSaysSo) {
    serve("k", "ada", std::string(5'000, 'x'));
    EXPECT_EQ(begin("k").state, State::spent);
    EXPECT_EQ(begin("k").cost, NanoUsd(7));
    serve("fits", "ada", std::string(3'994, 'x'));
    EXPECT_EQ(begin("fits").state, State::kept);
}

TEST_F(Narrow, OfTooManyEntriesTheCallersOldestGo) {
    serve("b", "bob");
    for (const char* key : {"1", "2", "3", "4"}) serve(key);
    EXPECT_EQ(begin("1").state, State::fresh);
    for (const char* key : {"2", "3", "4"}) EXPECT_EQ(body_of(key), "an answer") << key;
    EXPECT_EQ(body_of("b", "bob"), "an answer");
    flush();
    flush();
    EXPECT_EQ(rows(), 4);
}

TEST_F(Narrow, OfTooManyBytesTheCallersOldestGoAndNobodyElses) {
    serve("b", "bob");
    for (const char* key : {"1", "2", "3"}) serve(key, "ada", std::string(3'500, 'x'));
    EXPECT_EQ(begin("1").state, State::fresh);
    EXPECT_EQ(begin("3").state, State::kept);
    EXPECT_EQ(body_of("b", "bob"), "an answer");
    EXPECT_LE(replays->size().bytes, limits.caller_bytes_max + 1'100);
}

TEST_F(Narrow, OfTooManyBytesInAllTheOldestGo) {
    for (const char* caller : {"a", "b", "c", "d", "e"}) serve("k", caller, std::string(3'000, 'x'));
    EXPECT_EQ(begin("k", "a").state, State::fresh);
    EXPECT_EQ(begin("k", "b").state, State::fresh);
    EXPECT_EQ(begin("k", "e").state, State::kept);
    EXPECT_LE(replays->size().bytes, limits.bytes_max);
    reopen();
    EXPECT_EQ(begin("k", "b").state, State::fresh);
    EXPECT_EQ(body_of("k", "e"), std::string(3'000, 'x'));
}

TEST_F(Narrow, NarrowerLimitsHoldForWhatIsThereAlready) {
    for (const char* caller : {"a", "b", "c"}) serve("k", caller, std::string(3'000, 'x'));
    limits.bytes_max = 5'000;
    reopen();
    flush();
    EXPECT_EQ(rows(), 1);
    EXPECT_EQ(begin("k", "c").state, State::kept);
}

TEST_F(Keeping, AnAnswerWhoseGroupFailedIsSpentAndNeverInTheWay) {
    flush();
    stumbling.stumble = true;
    serve("k");
    flush();
    flush();
    EXPECT_EQ(begin("k").state, State::spent);
    EXPECT_EQ(rows(), 1);
    EXPECT_LT(replays->size().bytes, 2'000U);
    reopen();
    EXPECT_EQ(begin("k").state, State::spent) << "a second charge for one key, in silence";
}

TEST_F(Keeping, WhileNothingCanBeWrittenMemoryIsBounded) {
    limits.waiting_bytes_max = 10'000;
    close();
    open();
    // The store writes when it likes: so much at once that it cannot have.
    serve("fits", "ada", std::string(6'000, 'x'));
    serve("large", "ada", std::string(10'001, 'x'));
    EXPECT_EQ(begin("large").state, State::spent);
    EXPECT_EQ(begin("fits").state, State::kept);
}

TEST_F(Keeping, ManyLargeAnswersGoIntoSeveralGroups) {
    for (int i = 0; i < 5; ++i) serve("k" + std::to_string(i), "ada", std::string(700'000, static_cast<char>('a' + i)));
    for (int i = 0; i < 6; ++i) flush();
    EXPECT_EQ(rows(), 5);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(body_of("k" + std::to_string(i)), std::string(700'000, static_cast<char>('a' + i)));
}

TEST_F(Keeping, TheLastGroupTakesAllThatWaits) {
    for (int i = 0; i < 5; ++i) serve("k" + std::to_string(i), "ada", std::string(700'000, 'x'));
    reopen();
    EXPECT_EQ(rows(), 5);
}

TEST_F(Keeping, WhoAsksForWhatIsGoneIsTold) {
    const auto gone = fetch(4711);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().fault, Fault::not_found);
    limits.fetches_waiting_max = 0;
    reopen();
    const auto refused = fetch(4711);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::overloaded);
}

}  // namespace
}  // namespace bursar::replays
