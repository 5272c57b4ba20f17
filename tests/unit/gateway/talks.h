#pragma once

#include "service/gateway/kept_room.h"
#include "service/gateway/talk.h"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

// A talk between a client and a gateway that are both planned beforehand.
namespace bursar::gateway {

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
    /// As the edge does it: what there was room for counts on, and less always fits.
    Result<void> holds(std::size_t bytes) override {
        if (bytes > room && bytes > held) return fail(Fault::overloaded, "no room");
        held = bytes;
        return {};
    }
    void watch(std::function<void()>) override {}
    void wake() override {}
    void cut() override {}
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
        bool whole = false;  ///< a provider that does not stream
    };
    std::deque<Plan> plans;
    std::vector<std::string> bodies;
    edge::RequestHead last;
    std::optional<Fault> refused;  ///< what the newest write heard
    std::function<void()> meanwhile = [] {};

    Task<void> serve(edge::Exchange& exchange) override {
        last = exchange.head();
        Result<std::string> body = co_await exchange.read_body(1000);
        bodies.push_back(body ? *body : body.error().for_caller);
        Plan plan = std::move(plans.front());
        plans.pop_front();
        edge::ResponseHead head;
        head.status = plan.status;
        Result<void> sent;
        meanwhile();
        if (plan.status != 200 || plan.whole) {
            head.add("retry-after", "5").add("content-type", "application/json");
            sent = co_await exchange.respond(head, plan.pieces.front());
            co_return;
        }
        sent = co_await exchange.begin(head, "");
        for (const std::string& piece : plan.pieces)
            if (sent) sent = co_await exchange.write(piece);
        if (sent && plan.ends) sent = co_await exchange.finish();
        if (!sent) refused = sent.error().fault;
    }
};

inline std::string completed(std::string_view id, std::string_view output) {
    return "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"" +
           std::string(id) + "\",\"output\":[" + std::string(output) + "]}}\n\n";
}

class Talks : public testing::Test {
  protected:
    void say(std::string_view text) { line.said.push_back({How::message, std::string(text)}); }
    void answer(std::vector<std::string> pieces) { calls.plans.push_back({.pieces = std::move(pieces)}); }
    void run() {
        Talk talk(upgrade, line,
                  {calls,
                   [this](edge::Exchange& one) -> Task<bool> {
                       if (admitted) co_return true;
                       edge::ResponseHead head;
                       head.status = 401;
                       static_cast<void>(co_await one.respond(head, R"({"error":{"code":"unauthenticated"}})"));
                       co_return false;
                   },
                   share, clock},
                  limits);
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
    KeptRoom room{std::size_t{128} << 20};
    KeptRoom::Share share{room, "somebody"};
    Line line;
    Upgrade upgrade;
    Calls calls;
    bool admitted = true;
};

}  // namespace bursar::gateway
