// Hunts: conversations that are kept and not counted, counted and not kept, or that take the memory of calls; an event
// without room that looks like a client who has left.
#include "tests/unit/gateway/talks.h"

namespace bursar::gateway {
namespace {

constexpr std::string_view kept_one = R"({"type":"response.create","model":"m","store":false,"input":"one"})";
constexpr std::string_view and_two =
    R"({"type":"response.create","model":"m","store":false,"previous_response_id":"r1","input":"two"})";

TEST_F(Talks, AConversationThatIsTooLongIsNotKept) {
    limits.kept_bytes_max = 100;
    say(R"({"type":"response.create","model":"m","store":false,"input":"one"})");
    answer({completed("r1", R"({"o":")" + std::string(100, 'x') + "\"}")});
    say(R"({"type":"response.create","model":"m","store":false,"previous_response_id":"r1","input":"two"})");
    run();
    EXPECT_EQ(calls.bodies.size(), 1U);
    EXPECT_NE(line.heard.back().find("previous_response_not_found"), std::string::npos);
    EXPECT_EQ(line.held, 0U);
}

TEST_F(Talks, WithoutRoomForAMessageItIsRefusedAndTheSocketGoesOn) {
    line.room = 10;
    say(R"({"type":"response.create","model":"m","input":"one"})");
    run();
    EXPECT_TRUE(calls.bodies.empty());
    ASSERT_EQ(line.heard.size(), 1U);
    EXPECT_NE(line.heard[0].find("\"status\":503"), std::string::npos);
}

TEST_F(Talks, WhatIsRememberedCountsAlsoWhenAMessageIsRefused) {
    say(kept_one);
    answer({completed("r1", R"({"o":1})")});
    say(R"({"type":"response.create","model":"m","input":")" + std::string(2000, 'x') + "\"}");
    say(and_two);
    answer({completed("r2", "")});
    line.room = 1000;
    run();
    ASSERT_EQ(calls.bodies.size(), 2U);
    EXPECT_NE(line.heard[1].find("\"status\":503"), std::string::npos);
    EXPECT_NE(calls.bodies[1].find("\"one\""), std::string::npos);
    EXPECT_GT(line.held, 0U);
    EXPECT_EQ(line.held, room.bytes());
}

TEST_F(Talks, WhatThereIsNoRoomToRememberIsForgottenAndNotHeld) {
    say(kept_one);
    answer({completed("r1", R"({"o":")" + std::string(4000, 'x') + "\"}")});
    say(and_two);
    line.room = 3000;
    run();
    EXPECT_EQ(calls.bodies.size(), 1U);
    EXPECT_NE(line.heard.back().find("previous_response_not_found"), std::string::npos);
    EXPECT_EQ(line.held, 0U);
    EXPECT_EQ(room.bytes(), 0U);
}

TEST_F(Talks, BeyondItsOwnersPartNothingIsKeptAndCallsAreServed) {
    KeptRoom::Share other(room, "somebody");
    ASSERT_TRUE(other.become(KeptRoom::owner_bytes_max - 100));
    say(R"({"type":"response.create","model":"m","store":false,"input":")" + std::string(200, 'x') + "\"}");
    answer({completed("r1", "")});
    say(and_two);
    say(R"({"type":"response.create","model":"m","generate":false,"input":")" + std::string(200, 'x') + "\"}");
    run();
    EXPECT_EQ(calls.bodies.size(), 1U);
    ASSERT_EQ(line.heard.size(), 4U);
    EXPECT_NE(line.heard[1].find("previous_response_not_found"), std::string::npos);
    EXPECT_NE(line.heard[3].find("\"response.completed\""), std::string::npos);
    EXPECT_EQ(line.held, 0U);
    EXPECT_EQ(room.bytes(), KeptRoom::owner_bytes_max - 100);
}

TEST_F(Talks, AConversationThatGrowsNeedsNoRoomForItselfTwice) {
    KeptRoom::Share other(room, "somebody");
    ASSERT_TRUE(other.become(KeptRoom::owner_bytes_max - 1200));
    say(R"({"type":"response.create","model":"m","store":false,"input":")" + std::string(700, 'x') + "\"}");
    answer({completed("r1", R"({"o":1})")});
    say(and_two);
    answer({completed("r2", "")});
    say(R"({"type":"response.create","model":"m","store":false,"previous_response_id":"r2","input":"three"})");
    answer({completed("r3", "")});
    run();
    ASSERT_EQ(calls.bodies.size(), 3U);
    EXPECT_EQ(room.bytes() - (KeptRoom::owner_bytes_max - 1200), line.held);
    EXPECT_GT(line.held, 700U);
}

TEST_F(Talks, ASmallEventThatIsCutNeedsNoRoomAndALargeOneSaysWhy) {
    const std::string small = R"(data: {"a":")" + std::string(60'000, 'x');
    say(R"({"type":"response.create","model":"m"})");
    answer({small, "\"}\n\n"});
    say(R"({"type":"response.create","model":"m"})");
    answer({"data: {\"b\":1}\n\n" + small, std::string(10'000, 'x'), "\"}\n\n"});
    calls.meanwhile = [this] { line.room = 0; };
    run();
    // The second message has no room of its own any more.
    ASSERT_EQ(line.heard.size(), 2U);
    EXPECT_EQ(line.heard[0].size(), small.size() - 6 + 2);
    EXPECT_FALSE(calls.refused);

    context.restart();
    line.room = SIZE_MAX;
    line.heard.clear();
    say(R"({"type":"response.create","model":"m"})");
    run();
    EXPECT_EQ(calls.refused, Fault::overloaded);
    ASSERT_EQ(line.heard.size(), 2U);
    EXPECT_EQ(line.heard[0], "{\"b\":1}");
    EXPECT_NE(line.heard[1].find("cut off in the middle"), std::string::npos);
}

}  // namespace
}  // namespace bursar::gateway
