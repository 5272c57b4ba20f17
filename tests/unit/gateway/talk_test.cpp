// Hunts: two calls of one message or one call of two, a conversation that goes on with less or more than was said, an
// answer whose events reach the client in another form, memory that is not given back, an end without its reason.
#include "service/gateway/talk.h"

#include "service/base/json.h"
#include "service/gateway/spoken_call.h"

#include <deque>
#include <optional>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

using edge::Received;
using How = Received::How;

/// A client that says these messages, one after the other, and hears.
class Line final : public edge::Messages {
  public:
    std::deque<Received> said;
    std::vector<std::string> heard;
    std::optional<edge::CloseCode> closed;
    std::size_t held = 0;
    std::size_t room = SIZE_MAX;
    std::vector<Moment> waits;

    Task<Received> next(std::size_t, Moment until) override {
        waits.push_back(until);
        if (said.empty()) co_return Received{};
        Received next = std::move(said.front());
        said.pop_front();
        co_return next;
    }
    Task<Result<void>> send(std::span<const std::string_view> texts) override {
        for (const std::string_view text : texts) heard.emplace_back(text);
        co_return Result<void>{};
    }
    Result<void> holds(std::size_t bytes) override {
        held = bytes <= room ? bytes : 0;
        if (bytes > room) return fail(Fault::overloaded, "no room");
        return {};
    }
    void watch(std::function<void()>) override {}
    Task<void> close(edge::CloseCode code, std::string_view) override {
        closed = code;
        co_return;
    }
};

class Upgrade final : public edge::Exchange {
  public:
    edge::RequestHead request{.method = "GET",
                              .target = "/v1/responses?a=b",
                              .headers = {{"Host", "bursar"},
                                          {"Authorization", "Bearer k"},
                                          {"Upgrade", "websocket"},
                                          {"Sec-WebSocket-Key", "x"},
                                          {"Idempotency-Key", "once"},
                                          {"OpenAI-Beta", "responses_websockets=2026-02-06"},
                                          {"session-id", "s"}}};
    std::string from = "127.0.0.1";

    const edge::RequestHead& head() const override { return request; }
    const std::string& address() const override { return from; }
    Moment started() const override { return {}; }
    asio::any_io_executor executor() const override { return {}; }
    Task<Result<std::string>> read_body(std::size_t) override { co_return std::string(); }
    Task<Result<void>> respond(const edge::ResponseHead&, std::string_view) override { co_return Result<void>{}; }
    Task<Result<void>> begin(const edge::ResponseHead&, std::string_view) override { co_return Result<void>{}; }
    Task<Result<void>> write(std::string_view) override { co_return Result<void>{}; }
    Task<Result<void>> finish() override { co_return Result<void>{}; }
    void watch(std::function<void()>) override {}
    Task<Result<edge::Messages*>> upgrade() override { co_return fail(Fault::upgrade_refused, "twice"); }
    bool draining() const override { return false; }
};

/// Answers calls by what is planned for each.
class Calls final : public edge::Handler {
  public:
    struct Plan {
        int status = 200;
        std::vector<std::string> pieces;  ///< of a stream; of a refusal, its body
        bool ends = true;
    };
    std::deque<Plan> plans;
    std::vector<std::string> bodies;
    edge::RequestHead last;

    Task<void> serve(edge::Exchange& exchange) override {
        last = exchange.head();
        Result<std::string> body = co_await exchange.read_body(1000);
        bodies.push_back(body ? *body : body.error().for_caller);
        Plan plan = std::move(plans.front());
        plans.pop_front();
        edge::ResponseHead head;
        head.status = plan.status;
        Result<void> sent;
        if (plan.status != 200) {
            head.add("retry-after", "5").add("content-type", "application/json");
            sent = co_await exchange.respond(head, plan.pieces.front());
            co_return;
        }
        sent = co_await exchange.begin(head, "");
        for (const std::string& piece : plan.pieces) sent = co_await exchange.write(piece);
        if (plan.ends) sent = co_await exchange.finish();
        EXPECT_TRUE(sent);
    }
};

std::string completed(std::string_view id, std::string_view output) {
    return "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"" +
           std::string(id) + "\",\"output\":[" + std::string(output) + "]}}\n\n";
}

class Talks : public testing::Test {
  protected:
    void say(std::string_view text) { line.said.push_back({How::message, std::string(text)}); }
    void answer(std::vector<std::string> pieces) { calls.plans.push_back({.pieces = std::move(pieces)}); }
    void run() {
        Talk talk(
            upgrade, line, calls,
            [this](edge::Exchange& one) -> Task<bool> {
                if (admitted) co_return true;
                edge::ResponseHead head;
                head.status = 401;
                static_cast<void>(co_await one.respond(head, R"({"error":{"code":"unauthenticated"}})"));
                co_return false;
            },
            clock, limits);
        bool ended = false;
        const auto whole = [&]() -> Task<void> {
            co_await talk.run();
            ended = true;
        };
        asio::co_spawn(context, whole, asio::detached);
        context.run();
        EXPECT_TRUE(ended);
    }

    asio::io_context context;
    ManualClock clock{Timestamp(std::chrono::seconds(1'800'000'000))};
    TalkLimits limits;
    Line line;
    Upgrade upgrade;
    Calls calls;
    bool admitted = true;
};

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

TEST_F(Talks, WhatTheProviderHasKeptIsAskedThereOnceItIsForgottenHere) {
    say(R"({"type":"response.create","model":"m","input":"one"})");
    answer({completed("r1", "")});
    const std::string again = R"({"type":"response.create","model":"m","previous_response_id":"r1","input":"two"})";
    say(again);
    calls.plans.push_back({.status = 500, .pieces = {"{}"}});
    say(again);
    answer({completed("r2", "")});
    run();
    EXPECT_EQ(calls.bodies.back(), R"({"stream":true,"model":"m","previous_response_id":"r1","input":"two"})");
}

TEST_F(Talks, AFailureBesideItForgetsNothing) {
    say(R"({"type":"response.create","model":"m","input":"one"})");
    answer({completed("r1", "")});
    say(R"({"type":"response.create","model":"m","input":"other"})");
    calls.plans.push_back({.status = 429, .pieces = {"{}"}});
    say(R"({"type":"response.create","model":"m","previous_response_id":"r1","input":[]})");
    answer({completed("r2", "")});
    run();
    EXPECT_EQ(calls.bodies.back(),
              R"({"stream":true,"model":"m","input":[{"type":"message","role":"user","content":"one"}]})");
}

TEST_F(Talks, AConversationThatIsTooLongIsNotKept) {
    limits.kept_bytes_max = 100;
    say(R"({"type":"response.create","model":"m","store":false,"input":"one"})");
    answer({completed("r1", "{\"o\":\"" + std::string(100, 'x') + "\"}")});
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

TEST_F(Talks, AWarmUpOfAStrangerClosesTheSocket) {
    admitted = false;
    say(R"({"type":"response.create","model":"m","generate":false,"input":[{"i":1}]})");
    run();
    ASSERT_EQ(line.heard.size(), 1U);
    EXPECT_NE(line.heard[0].find("\"status\":401"), std::string::npos);
    EXPECT_EQ(line.closed, edge::CloseCode::not_permitted);
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
