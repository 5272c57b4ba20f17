// Hunts: an expectation from too little, one that never forgets, one key's answers taken for another's, and a memory
// that grows with every name.
#include "service/gateway/norms.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

void observe(Norms& norms, std::string_view key, int times, Tokens output, std::string_view model = "m") {
    for (int i = 0; i < times; ++i) norms.observe(key, model, output);
}

TEST(Norms, FewAnswersTellNothing) {
    Norms norms;
    observe(norms, "k", OutputNorm::answers_min - 1, 100);
    EXPECT_FALSE(norms.expected("k", "m"));
    observe(norms, "k", 1, 100);
    EXPECT_EQ(norms.expected("k", "m"), 128) << "the upper edge of what was seen";
    EXPECT_FALSE(norms.expected("k", "other"));
}

struct EdgeCase {
    Tokens output;
    Tokens expected;
};

TEST(Norms, TellTheUpperEdgeOfWhatWasSeen) {
    for (const auto& [output, expected] :
         {EdgeCase{0, 32}, EdgeCase{32, 32}, EdgeCase{33, 45}, EdgeCase{1'000, 1'024}, EdgeCase{1'024, 1'024},
          EdgeCase{1'025, 1'448}, EdgeCase{64'000, 65'536}, EdgeCase{5'000'000, 92'682}}) {
        Norms norms;
        observe(norms, "k", 20, output);
        EXPECT_EQ(norms.expected("k", "m"), expected) << output;
    }
}

TEST(Norms, NineOfTenAnswersAreNoLonger) {
    Norms norms;
    // One long answer after every nineteen short ones.
    for (int round = 0; round < 20; ++round) {
        observe(norms, "k", 1, 20'000);
        observe(norms, "k", 19, 200);
    }
    EXPECT_EQ(norms.expected("k", "m"), 256);
    // And after every fourth.
    for (int round = 0; round < 40; ++round) {
        observe(norms, "k", 1, 20'000);
        observe(norms, "k", 4, 200);
    }
    EXPECT_EQ(norms.expected("k", "m"), 23'170);
}

TEST(Norms, OldAnswersAreForgotten) {
    Norms norms;
    observe(norms, "k", 10'000, 50'000);
    observe(norms, "k", 60, 100);
    EXPECT_EQ(norms.expected("k", "m"), 65'536) << "a third of them still weighs";
    observe(norms, "k", 60, 100);
    EXPECT_EQ(norms.expected("k", "m"), 128);
}

TEST(Norms, WhoIsNewIsExpectedToNeedWhatOthersDo) {
    Norms norms;
    observe(norms, "short", 30, 100);
    observe(norms, "long", 30, 3'000);
    EXPECT_EQ(norms.expected("short", "m"), 128);
    EXPECT_EQ(norms.expected("long", "m"), 4'096);
    EXPECT_EQ(norms.expected("new", "m"), 4'096);
    observe(norms, "new", OutputNorm::answers_min, 100);
    EXPECT_EQ(norms.expected("new", "m"), 128);
}

TEST(Norms, TheOneThatWasNotUsedForLongestGoes) {
    Norms norms;
    observe(norms, "first", 10, 100);
    observe(norms, "second", 10, 100, "n");
    for (std::size_t i = 0; i < 2 * Norms::entries_max; ++i) {
        norms.observe(fmt::format("k{}", i), "other", 5'000);
        ASSERT_TRUE(norms.expected("first", "m")) << "it is asked for again and again";
    }
    EXPECT_EQ(norms.size(), Norms::entries_max);
    EXPECT_FALSE(norms.expected("second", "n"));
    EXPECT_EQ(norms.expected("anybody", "other"), 5'793);
}

}  // namespace
}  // namespace bursar::gateway
