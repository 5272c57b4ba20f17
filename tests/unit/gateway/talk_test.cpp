// Hunts: two calls of one message or one call of two, a conversation that goes on with less or more than was said, an
// answer whose events reach the client in another form, memory that is not given back, an end without its reason.
#include "service/base/json.h"
#include "tests/unit/gateway/talks.h"

namespace bursar::gateway {
namespace {

TEST_F(Talks, AMessageIsTheCallThatItWouldBeByHttp) {
    say(R"({"type":"response.create","model":"m","input":"hi"})");
    answer({completed("r1", "")});
    run();
    EXPECT_EQ(calls.bodies, std::vector<std::string>{R"({"stream":true,"model":"m","input":"hi"})"});
    EXPECT_EQ(calls.last.method, "POST");
    EXPECT_EQ(calls.last.target, "/v1/responses?a=b");
    EXPECT_EQ(calls.last.header("authorization"), "Bearer k");
    EXPECT_EQ(calls.last.header("session-id"), "s");
    EXPECT_EQ(calls.last.header("content-type"), "application/json");
    // One key for all messages would make them one call.
    for (const std::string_view name : {"idempotency-key", "upgrade", "sec-websocket-key", "openai-beta"})
        EXPECT_FALSE(calls.last.has(name)) << name;
}

TEST_F(Talks, EventsBecomeMessagesHoweverTheyAreCut) {
    const std::string stream = "event: a\r\ndata: {\"a\":1}\r\n\r\n: nothing\n\ndata: {\ndata: }\n\ndata: [DONE]\n\n";
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        say(R"({"type":"response.create","model":"m"})");
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < stream.size(); at += piece) pieces.push_back(stream.substr(at, piece));
        answer(std::move(pieces));
    }
    run();
    ASSERT_EQ(line.heard.size(), 2 * stream.size());
    for (std::size_t i = 0; i < line.heard.size(); i += 2) {
        EXPECT_EQ(line.heard[i], "{\"a\":1}");
        EXPECT_EQ(line.heard[i + 1], "{\n}");
    }
}

TEST_F(Talks, ARefusalIsAnEventAndTheSocketGoesOn) {
    say(R"({"type":"response.create","model":"m"})");
    calls.plans.push_back({.status = 402, .pieces = {R"({"error":{"code":"budget_exhausted"}})"}});
    say("nonsense");
    say(R"({"type":"response.create","model":"m"})");
    answer({completed("r", "")});
    run();
    ASSERT_EQ(line.heard.size(), 3U);
    EXPECT_EQ(line.heard[0],
              R"({"type":"error","status":402,"error":{"code":"budget_exhausted"},"headers":{"retry-after":"5"}})");
    EXPECT_NE(line.heard[1].find("\"status\":400"), std::string::npos);
    EXPECT_FALSE(line.closed);
    EXPECT_EQ(calls.bodies.size(), 2U);
}

TEST_F(Talks, AConversationGoesOnWithAllThatWasSaid) {
    say(R"({"type":"response.create","model":"m","store":false,"input":"one"})");
    answer({completed("r1", R"({"o":1})")});
    say(R"({"type":"response.create","model":"m","store":false,"previous_response_id":"r1","input":[{"i":2}]})");
    answer({completed("r2", R"({"o":2})")});
    say(R"({"type":"response.create","model":"m","store":false,"previous_response_id":"r2","input":[{"i":3}]})");
    answer({completed("r3", "")});
    run();
    ASSERT_EQ(calls.bodies.size(), 3U);
    EXPECT_EQ(calls.bodies[2],
              R"({"stream":true,"model":"m","store":false,"input":[{"type":"message","role":"user","content":"one"},)"
              R"({"o":1},{"i":2},{"o":2},{"i":3}]})");
    EXPECT_GT(line.held, 0U);
}

TEST_F(Talks, OnlyTheNewestResponseIsContinuedHere) {
    say(R"({"type":"response.create","model":"m","input":"one"})");
    answer({completed("r1", R"({"o":1})")});
    say(R"({"type":"response.create","model":"m","input":"other"})");
    answer({completed("r2", R"({"o":2})")});
    say(R"({"type":"response.create","model":"m","previous_response_id":"r1","input":"x"})");
    answer({completed("r3", "")});
    // The provider knows what r3 follows, nobody here does.
    say(R"({"type":"response.create","model":"m","previous_response_id":"r3","input":"y"})");
    answer({completed("r4", "")});
    run();
    ASSERT_EQ(calls.bodies.size(), 4U);
    EXPECT_EQ(calls.bodies[2], R"({"stream":true,"model":"m","previous_response_id":"r1","input":"x"})");
    EXPECT_EQ(calls.bodies[3], R"({"stream":true,"model":"m","previous_response_id":"r3","input":"y"})");
}

TEST_F(Talks, WhatAFailedTurnContinuedIsForgottenAndTheClientToldSo) {
    say(R"({"type":"response.create","model":"m","store":false,"input":"one"})");
    answer({completed("r1", "")});
    say(R"({"type":"response.create","model":"m","store":false,"previous_response_id":"r1","input":"two"})");
    answer({"data: {\"type\":\"response.failed\",\"response\":{\"id\":\"r2\"}}\n\n"});
    say(R"({"type":"response.create","model":"m","store":false,"previous_response_id":"r1","input":"two"})");
    run();
    EXPECT_EQ(calls.bodies.size(), 2U);
    EXPECT_NE(line.heard.back().find("\"code\":\"previous_response_not_found\""), std::string::npos);
    EXPECT_EQ(line.held, 0U);
}

TEST_F(Talks, WhatTheProviderHasKeptIsContinuedThere) {
    say(R"({"type":"response.create","model":"m","input":"one"})");
    answer({completed("r1", R"({"o":1})")});
    const std::string again = R"({"type":"response.create","model":"m","previous_response_id":"r1","input":"two"})";
    say(again);
    calls.plans.push_back({.status = 500, .pieces = {"{}"}});
    say(again);
    answer({completed("r2", "")});
    run();
    ASSERT_EQ(calls.bodies.size(), 3U);
    for (const std::size_t turn : {1U, 2U})
        EXPECT_EQ(calls.bodies[turn], R"({"stream":true,"model":"m","previous_response_id":"r1","input":"two"})");
    EXPECT_EQ(line.held, 0U);
}

TEST_F(Talks, AFailureBesideItForgetsNothing) {
    say(R"({"type":"response.create","model":"m","store":false,"input":"one"})");
    answer({completed("r1", "")});
    say(R"({"type":"response.create","model":"m","store":false,"input":"other"})");
    calls.plans.push_back({.status = 429, .pieces = {"{}"}});
    say(R"({"type":"response.create","model":"m","store":false,"previous_response_id":"r1","input":[]})");
    answer({completed("r2", "")});
    run();
    EXPECT_EQ(
        calls.bodies.back(),
        R"({"stream":true,"model":"m","store":false,"input":[{"type":"message","role":"user","content":"one"}]})");
}

TEST_F(Talks, AnAnswerThatCameWholeEndsAsItSays) {
    for (const std::string_view status : {"completed", "incomplete", "failed"}) {
        say(R"({"type":"response.create","model":"m"})");
        calls.plans.push_back(
            {.pieces = {R"({"id":"r","status":")" + std::string(status) + R"(","output":[]})"}, .whole = true});
    }
    run();
    ASSERT_EQ(line.heard.size(), 3U);
    EXPECT_EQ(line.heard[1], R"({"type":"response.incomplete","sequence_number":0,"response":)"
                             R"({"id":"r","status":"incomplete","output":[]}})");
    EXPECT_NE(line.heard[0].find("\"response.completed\""), std::string::npos);
    EXPECT_NE(line.heard[2].find("\"response.failed\""), std::string::npos);
}

TEST_F(Talks, AWarmUpCostsNothingAndIsContinued) {
    say(R"({"type":"response.create","model":"m","generate":false,"input":[{"i":1}]})");
    run();
    EXPECT_TRUE(calls.bodies.empty());
    ASSERT_EQ(line.heard.size(), 2U);
    const auto end = providers::read_end(line.heard[1], true);
    ASSERT_TRUE(end);
    EXPECT_NE(line.heard[0].find("\"response.created\""), std::string::npos);
    EXPECT_NE(line.heard[0].find(end->id), std::string::npos);
    EXPECT_GT(line.held, 0U);
}

TEST_F(Talks, AnyMessageOfAStrangerClosesTheSocketBeforeItIsLookedAt) {
    admitted = false;
    for (const std::string_view message :
         {R"({"type":"response.create","model":"m","generate":false,"input":[{"i":1}]})", "nonsense",
          R"({"type":"response.create","model":"m"})"}) {
        line.said.clear();
        line.heard.clear();
        line.closed.reset();
        context.restart();
        say(message);
        run();
        ASSERT_EQ(line.heard.size(), 1U);
        EXPECT_NE(line.heard[0].find("\"status\":401"), std::string::npos);
        EXPECT_EQ(line.closed, edge::CloseCode::not_permitted);
    }
    EXPECT_TRUE(calls.bodies.empty());
}

TEST_F(Talks, AKeyThatIsRevokedClosesTheSocketAfterItsEvent) {
    say(R"({"type":"response.create","model":"m"})");
    calls.plans.push_back({.status = 401, .pieces = {R"({"error":{"code":"unauthenticated"}})"}});
    say(R"({"type":"response.create","model":"m"})");
    run();
    EXPECT_EQ(calls.bodies.size(), 1U);
    EXPECT_EQ(line.heard.size(), 1U);
    EXPECT_EQ(line.closed, edge::CloseCode::not_permitted);
}

TEST_F(Talks, AnAnswerThatBreaksOffEndsWithAnEvent) {
    say(R"({"type":"response.create","model":"m"})");
    calls.plans.push_back({.pieces = {"data: {\"a\":1}\n\n", "data: {\"cut"}, .ends = false});
    run();
    ASSERT_EQ(line.heard.size(), 2U);
    EXPECT_EQ(line.heard[0], "{\"a\":1}");
    EXPECT_NE(line.heard[1].find("\"status\":502"), std::string::npos);
}

TEST_F(Talks, EveryEndHasItsReason) {
    for (const auto& [how, code] : std::vector<std::pair<How, std::optional<edge::CloseCode>>>{
             {How::quiet, edge::CloseCode::normal},
             {How::too_large, edge::CloseCode::too_large},
             {How::too_slow, edge::CloseCode::not_permitted},
             {How::overloaded, edge::CloseCode::try_again_later},
             {How::stopping, edge::CloseCode::going_away},
             {How::over, std::nullopt}}) {
        line.closed.reset();
        context.restart();
        line.said.push_back({how});
        run();
        EXPECT_EQ(line.closed, code) << static_cast<int>(how);
    }
}

TEST_F(Talks, ItsTimeIsOverAfterAnHourAndTheClientIsToldToOpenAnother) {
    limits.idle = limits.life;
    line.said.push_back({How::quiet});
    run();
    ASSERT_EQ(line.heard.size(), 1U);
    EXPECT_NE(line.heard[0].find("websocket_connection_limit_reached"), std::string::npos);
    EXPECT_EQ(line.waits.front(), clock.moment() + std::chrono::minutes(60));
}

TEST(Origins, OfOtherSitesAreRefused) {
    const auto refused = [](std::string_view origin) {
        edge::RequestHead head{
            .method = "GET", .target = "/v1/responses", .headers = {{"Host", "Bursar.example:8443"}}};
        if (!origin.empty()) head.headers.push_back({"Origin", std::string(origin)});
        return !same_origin(head);
    };
    EXPECT_FALSE(refused(""));
    EXPECT_FALSE(refused("https://bursar.example:8443"));
    EXPECT_TRUE(refused("https://bursar.example"));
    EXPECT_TRUE(refused("https://evil.example"));
    EXPECT_TRUE(refused("https://bursar.example:8443.evil.example"));
    EXPECT_TRUE(refused("null"));
}

TEST(Sockets, StandAtOnePath) {
    const auto wanted = [](std::string_view method, std::string_view target, bool upgrade) {
        edge::RequestHead head{.method = std::string(method), .target = std::string(target)};
        if (upgrade) head.headers.push_back({"Upgrade", "websocket"});
        return wants_talk(head);
    };
    EXPECT_TRUE(wanted("GET", "/v1/responses", true));
    EXPECT_TRUE(wanted("GET", "/v1/responses?model=m", true));
    EXPECT_FALSE(wanted("GET", "/v1/responses", false));
    EXPECT_FALSE(wanted("POST", "/v1/responses", true));
    EXPECT_FALSE(wanted("GET", "/v1/responses/r1", true));
    EXPECT_FALSE(wanted("GET", "/v1/chat/completions", true));
}

}  // namespace
}  // namespace bursar::gateway
