// Hunts: an answer that is kept though it is not whole or did not go well; one that is cut because its caller left; a
// caller who is told that all is well while nobody records.
#include "service/gateway/recording.h"

#include "service/gateway/repeat.h"

#include <deque>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

/// A client that takes so many writes and is gone then.
class Client final : public edge::Exchange {
  public:
    edge::RequestHead request{.method = "POST", .target = "/v1/messages", .headers = {{"Idempotency-Key", "k"}}};
    std::string from = "127.0.0.1";
    int takes = 1000;
    std::string seen;
    std::function<void()> left;

    const edge::RequestHead& head() const override { return request; }
    const std::string& address() const override { return from; }
    Moment started() const override { return {}; }
    asio::any_io_executor executor() const override { return {}; }
    Task<Result<std::string>> read_body(std::size_t) override { co_return std::string("body"); }
    Task<Result<void>> respond(const edge::ResponseHead&, std::string_view body) override { co_return take(body); }
    Task<Result<void>> begin(const edge::ResponseHead&, std::string_view body) override { co_return take(body); }
    Task<Result<void>> write(std::string_view piece) override { co_return take(piece); }
    Task<Result<void>> finish() override { co_return take("|"); }
    void watch(std::function<void()> function) override { left = std::move(function); }
    Task<Result<edge::Messages*>> upgrade() override { co_return fail(Fault::upgrade_refused, "none here"); }
    bool draining() const override { return false; }

  private:
    Result<void> take(std::string_view bytes) {
        if (takes-- <= 0) return fail(Fault::too_slow, "gone");
        seen += bytes;
        return {};
    }
};

/// Remembers how its one key ended.
class Noted final : public replays::Replays {
  public:
    std::optional<replays::Answer> kept;
    std::optional<NanoUsd> spent;
    bool forgotten = false;

    replays::Found begin(const replays::Ask&) override { return {}; }
    void fetch(std::int64_t, Fetched) override {}
    Size size() const override { return {}; }
    Result<void> contribute(store::Transaction&) override { return {}; }
    void committed() override {}
    void failed(const Error&) override {}

  private:
    void keep(const replays::Name&, const CallId&, replays::Answer answer, NanoUsd) override {
        kept = std::move(answer);
    }
    void spend(const replays::Name&, const CallId&, NanoUsd cost) override { spent = cost; }
    void forget(const replays::Name&, const CallId&) override { forgotten = true; }
};

class Recordings : public testing::Test {
  protected:
    Recordings() {
        head.status = 200;
        head.add("content-type", "text/plain").add("x-bursar-cost-usd", "0.01");
        head.add_line("X-Request-Id", "r")
            .add_line("x-ratelimit-limit-requests", "5")
            .add_line("x-bursar-attempts", "1");
    }
    void start(std::size_t bytes_max = 1000) {
        recording.start(replays::Claim(replays, {}, CallId::make(Timestamp{})), outcome, bytes_max);
    }
    /// What the call hears of it.
    bool hears(Task<Result<void>> task) {
        std::optional<Result<void>> result;
        asio::co_spawn(context, [&]() -> Task<void> { result = co_await std::move(task); }, asio::detached);
        context.restart();
        context.run();
        return result && result->has_value();
    }

    asio::io_context context;
    Client client;
    Noted replays;
    audit::Outcome outcome;
    Recording recording{client};
    edge::ResponseHead head;
};

TEST_F(Recordings, AWholeAnswerIsKeptWithoutWhatWasTrueOfOneCallOnly) {
    start();
    EXPECT_TRUE(hears(recording.respond(head, "hello")));
    recording.end(NanoUsd(5));
    ASSERT_TRUE(replays.kept);
    EXPECT_EQ(replays.kept->status, 200);
    EXPECT_EQ(replays.kept->body, "hello");
    EXPECT_EQ(replays.kept->head, "content-type: text/plain\r\nX-Request-Id: r\r\n");
    EXPECT_EQ(client.seen, "hello");
    EXPECT_FALSE(replays.spent);
}

TEST_F(Recordings, AStreamIsKeptAtItsEndAndNotBefore) {
    start();
    EXPECT_TRUE(hears(recording.begin(head, "a")));
    EXPECT_TRUE(hears(recording.write("b")));
    EXPECT_FALSE(replays.kept);
    EXPECT_TRUE(hears(recording.finish()));
    ASSERT_TRUE(replays.kept);
    EXPECT_EQ(replays.kept->body, "ab");
    EXPECT_EQ(client.seen, "ab|");
}

TEST_F(Recordings, WhatIsNoWholeGoodAnswerIsSpentIfItWasPaidElseForgotten) {
    const auto cut = [&] { return hears(recording.begin(head, "a")); };
    const auto ended_by_an_error = [&] {
        outcome.fault = "provider_unavailable";
        return cut() && hears(recording.finish());
    };
    const auto refused = [&] {
        head.status = 502;
        return hears(recording.respond(head, "no"));
    };
    for (const std::function<bool()>& end :
         {std::function<bool()>(cut), std::function<bool()>(ended_by_an_error), std::function<bool()>(refused)}) {
        for (const NanoUsd cost : {NanoUsd(7), NanoUsd(0)}) {
            replays.spent.reset();
            replays.forgotten = false;
            outcome.fault.clear();
            head.status = 200;
            start();
            EXPECT_TRUE(end());
            recording.end(cost);
            EXPECT_FALSE(replays.kept);
            EXPECT_EQ(replays.spent.has_value(), cost > NanoUsd{});
            EXPECT_EQ(replays.forgotten, cost == NanoUsd{});
        }
    }
}

TEST_F(Recordings, AFreeRequestThatMayHaveBeenDoneIsNotRunAgain) {
    start();
    recording.end(NanoUsd{}, Again::never);
    EXPECT_EQ(replays.spent, NanoUsd{});
    EXPECT_FALSE(replays.forgotten);
}

TEST_F(Recordings, ACallThatIsRecordedDoesNotHearThatItsCallerLeft) {
    start();
    bool told = false;
    recording.watch([&] { told = true; });
    client.takes = 1;
    EXPECT_TRUE(hears(recording.begin(head, "a")));
    client.left();
    EXPECT_TRUE(hears(recording.write("b")));
    EXPECT_TRUE(hears(recording.finish()));
    EXPECT_FALSE(told);
    EXPECT_EQ(client.seen, "a");
    ASSERT_TRUE(replays.kept);
    EXPECT_EQ(replays.kept->body, "ab");
}

TEST_F(Recordings, AFailedWriteTellsTheSame) {
    start();
    client.takes = 0;
    EXPECT_TRUE(hears(recording.respond(head, "hello")));
    ASSERT_TRUE(replays.kept);
    EXPECT_EQ(replays.kept->body, "hello");
}

TEST_F(Recordings, WhatGrowsTooLargeGoesToTheCallerButIsNotKept) {
    start(60);
    EXPECT_TRUE(hears(recording.begin(head, "a")));
    EXPECT_TRUE(hears(recording.write(std::string(60, 'x'))));
    EXPECT_TRUE(hears(recording.write("b")));
    EXPECT_TRUE(hears(recording.finish()));
    EXPECT_EQ(client.seen, "a" + std::string(60, 'x') + "b|");
    recording.end(NanoUsd(9));
    EXPECT_FALSE(replays.kept);
    EXPECT_EQ(replays.spent, NanoUsd(9));
}

TEST_F(Recordings, OnceNobodyRecordsTheCallHearsThatItsCallerLeft) {
    start(60);
    bool told = false;
    recording.watch([&] { told = true; });
    client.takes = 0;
    EXPECT_TRUE(hears(recording.begin(head, "a")));
    EXPECT_FALSE(hears(recording.write(std::string(60, 'x')))) << "there is nobody for whom it goes on";
    client.left();
    EXPECT_TRUE(told);
}

TEST_F(Recordings, WithoutAClaimEverythingPassesAsItIs) {
    bool told = false;
    recording.watch([&] {
        told = true;
        recording.watch({});  // as a call does that ends there and then
    });
    EXPECT_TRUE(hears(recording.respond(head, "refused")));
    client.takes = 0;
    EXPECT_FALSE(hears(recording.respond(head, "refused")));
    client.left();
    EXPECT_TRUE(told);
    recording.end(NanoUsd(1));
    EXPECT_FALSE(replays.kept || replays.spent || replays.forgotten);
}

TEST(Keys, OnlyAPostWithTheHeaderIsRecorded) {
    Client client;
    EXPECT_TRUE(Recording::of(client));
    client.request.method = "GET";
    EXPECT_FALSE(Recording::of(client));
    client.request.method = "POST";
    client.request.headers = {{"idempotency", "k"}};
    EXPECT_FALSE(Recording::of(client));
}

TEST(Keys, AreOneToTwoHundredFiftyFivePrintableCharacters) {
    const auto key = [](std::vector<edge::Header> headers) {
        const auto read = key_of({.method = "POST", .target = "/", .headers = std::move(headers)});
        return read ? *read : "refused";
    };
    EXPECT_EQ(key({{"idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324"}}),
              "8e03978e-40d5-43dd-bc93-6894a57f9324");
    EXPECT_EQ(key({{"IDEMPOTENCY-KEY", "\"a b~\""}}), "\"a b~\"");
    EXPECT_EQ(key({{"idempotency-key", std::string(255, 'x')}}), std::string(255, 'x'));
    for (const std::string& wrong : {std::string(), std::string(256, 'x'), std::string("a\tb"),
                                     std::string("gr\xc3\xbcn"), std::string("a\x7f"), std::string(1, '\0')})
        EXPECT_EQ(key({{"idempotency-key", wrong}}), "refused") << wrong;
    EXPECT_EQ(key({{"idempotency-key", "a"}, {"Idempotency-Key", "a"}}), "refused") << "whose is it?";
}

}  // namespace
}  // namespace bursar::gateway
