// Hunts: a batch that is booked for less than it can cost, a bill that leaves something out or counts it twice, and
// sums that leave their range.
#include "service/gateway/batch_cost.h"

#include <string>

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

const Timestamp noon = *parse_timestamp("2026-11-23T12:00:00Z");

policies::Price price_of(std::int64_t input, std::int64_t output) {
    policies::Price price;
    price.rates.input = NanoUsd::dollars(input);
    price.rates.output = NanoUsd::dollars(output);
    price.batch = {.numerator = 1, .denominator = 2};
    return price;
}

shelf::Line line(const std::string& id, Tokens input = 100, Tokens output = 50) {
    return {.name = shelf::name_of(id), .input = input, .output = output};
}

std::string answer(const std::string& id, const std::string& usage) {
    return R"({"custom_id":")" + id +
           R"(","response":{"status_code":200,"body":{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi."},"finish_reason":"stop"}])" +
           (usage.empty() ? "" : ",\"usage\":" + usage) + "}}}";
}
constexpr std::string_view ten_and_five = R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15})";

class Billing : public testing::Test {
  protected:
    BatchBill bill(const std::vector<shelf::Line>& lines) const {
        return {{.endpoint = Endpoint::chat_completions, .price = price, .charge = charge, .at = noon}, lines};
    }
    policies::Price price = price_of(2, 10);
    policies::Charge charge;
};

TEST_F(Billing, ALineCostsAtMostHalfOfWhatACallDoes) {
    EXPECT_EQ(line_cost_at_most(price, line("a", 100, 50), noon), NanoUsd((100 * 2000 + 50 * 10000) / 2));
    EXPECT_EQ(line_cost_at_most(price_of(0, 0), line("a"), noon), NanoUsd());
    policies::Price full = price;
    full.batch = {};
    EXPECT_EQ(line_cost_at_most(full, line("a", 100, 50), noon), NanoUsd(700'000)) << "no discount that nobody stated";
    policies::Price fee = price;
    fee.per_request = NanoUsd(1'000);
    EXPECT_EQ(line_cost_at_most(fee, line("a", 100, 50), noon), NanoUsd(351'000)) << "the fee stays whole";
}

TEST_F(Billing, ALineIsNeverBilledAboveItsWorst) {
    for (const Tokens tokens : {1, 2, 3, 7, 99, 100}) {
        const auto usage = Usage{.input = tokens, .output = tokens / 2};
        const NanoUsd cost = policies::cost(price, usage, {.service_tier = "batch"}, noon);
        EXPECT_LE(cost, line_cost_at_most(price, line("a", tokens, tokens / 2), noon)) << tokens;
    }
}

TEST_F(Billing, TheWorstIsTheSumAndHasAnEnd) {
    const auto worst = batch_worst(price, {line("a"), line("b")}, noon);
    ASSERT_TRUE(worst);
    EXPECT_EQ(worst->cost, NanoUsd(700'000));
    EXPECT_EQ(worst->input, 200);
    EXPECT_EQ(worst->output, 100);
    const std::vector<shelf::Line> dear(50'000, line("a", 1'000'000'000, 1'000'000'000));
    const auto refused = batch_worst(price_of(900'000, 900'000), dear, noon);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::invalid_request);
}

TEST_F(Billing, WhatTheAnswersSayIsBilledAtHalf) {
    BatchBill one = bill({line("a"), line("b")});
    one.take(answer("a", std::string(ten_and_five)));
    one.take(answer("b", std::string(ten_and_five)));
    const Amounts sum =
        one.finish({.id = "b", .status = "completed", .output_file = {}, .error_file = {}, .completed = 2});
    EXPECT_EQ(sum.cost, NanoUsd(2 * (10 * 2000 + 5 * 10000) / 2));
    EXPECT_EQ(sum.charge, sum.cost);
    EXPECT_EQ(sum.tokens, 30);
    EXPECT_EQ(sum.calls, 2);
}

TEST_F(Billing, ACallCountsOnceAndStrangersDoNot) {
    BatchBill one = bill({line("a")});
    one.take(answer("a", std::string(ten_and_five)));
    one.take(answer("a", std::string(ten_and_five)));
    one.take(answer("nobody", std::string(ten_and_five)));
    one.take("not JSON");
    EXPECT_EQ(one.finish({.id = "b", .status = "completed"}).cost, NanoUsd(35'000));
}

TEST_F(Billing, AnAnswerWithoutUsageIsBilledAtItsWorstAndARefusalAtNothing) {
    BatchBill one = bill({line("a"), line("b")});
    one.take(answer("a", ""));
    one.take(R"({"custom_id":"b","response":{"status_code":429,"body":{"error":{"message":"no"}}}})");
    const Amounts sum =
        one.finish({.id = "b", .status = "completed", .output_file = {}, .error_file = {}, .completed = 1});
    EXPECT_EQ(sum.cost, line_cost_at_most(price, line("a"), noon));
    EXPECT_EQ(sum.calls, 1);
}

TEST_F(Billing, CallsThatNoLineTellsOfAreNotForgotten) {
    const std::vector<shelf::Line> lines = {line("cheap", 1, 1), line("dear", 100, 50), line("made")};
    const auto sum_of = [&](const providers::StoredObject& told) {
        BatchBill one = bill(lines);
        one.take(answer("made", std::string(ten_and_five)));
        one.take(R"({"custom_id":"cheap","response":null,"error":{"code":"batch_expired"}})");
        return one.finish(told).cost;
    };
    const NanoUsd made(35'000);
    EXPECT_EQ(sum_of({.id = "b", .status = "expired", .output_file = {}, .error_file = {}, .completed = 1}), made);
    EXPECT_EQ(sum_of({.id = "b", .status = "expired", .output_file = {}, .error_file = {}, .completed = 2}),
              made + line_cost_at_most(price, line("dear"), noon))
        << "the dearest may have been the one";
    EXPECT_EQ(sum_of({.id = "b", .status = "completed"}),
              made + line_cost_at_most(price, line("dear"), noon) + line_cost_at_most(price, line("cheap", 1, 1), noon))
        << "who completes everything and tells no number has made them all";
    EXPECT_EQ(sum_of({.id = "b", .status = "failed"}), made);
    EXPECT_EQ(sum_of({.id = "b", .status = "expired", .output_file = {}, .error_file = {}, .completed = 1'000'000}),
              sum_of({.id = "b", .status = "completed"}));
}

TEST_F(Billing, WhoEndsWithoutResultsAndNumbersIsNotBelieved) {
    const auto standing = [&](const std::string& status, std::optional<std::int64_t> completed, const std::string& file,
                              bool told) {
        BatchBill one = bill({line("a"), line("b")});
        if (told) one.take(R"({"custom_id":"a","response":null,"error":{"code":"batch_expired"}})");
        const providers::StoredObject object{
            .id = "b", .status = status, .output_file = file, .error_file = {}, .completed = completed};
        const std::int64_t untold = one.untold(object);
        EXPECT_EQ(one.whole(object), untold == 0);
        EXPECT_EQ(one.finish(object).calls, untold) << "what is untold is counted at its worst";
        return untold;
    };
    EXPECT_EQ(standing("completed", 2, "", false), 2) << "its files are not there yet";
    EXPECT_EQ(standing("completed", 0, "", false), 2) << "nor are its numbers";
    EXPECT_EQ(standing("completed", {}, "", false), 2);
    EXPECT_EQ(standing("completed", 0, "f", false), 0) << "all were refused, and a file says so";
    for (const char* status : {"cancelled", "expired"}) {
        EXPECT_EQ(standing(status, {}, "", false), 2) << status;
        EXPECT_EQ(standing(status, {}, "f", true), 1) << status << ": one was not made";
        EXPECT_EQ(standing(status, 0, "", false), 0) << status << " before anything was made";
        EXPECT_EQ(standing(status, 1, "", false), 1) << status;
    }
    EXPECT_EQ(standing("failed", {}, "", false), 0) << "it never began";
    EXPECT_EQ(standing("failed", 1, "", false), 1);
}

TEST_F(Billing, AnAnswerInOneFileOutweighsItsLackInTheOther) {
    BatchBill one = bill({line("a")});
    one.take(R"({"custom_id":"a","response":null,"error":{"code":"batch_expired"}})");
    one.take(answer("a", std::string(ten_and_five)));
    const providers::StoredObject object{.id = "b", .status = "expired"};
    EXPECT_TRUE(one.whole(object));
    EXPECT_EQ(one.finish(object).cost, NanoUsd(35'000));
}

TEST_F(Billing, TheChargeHasItsFeeForEachCallThatWasMade) {
    charge = {.factor = {.numerator = 3, .denominator = 2}, .per_call = NanoUsd(1'000)};
    BatchBill one = bill({line("a"), line("b")});
    one.take(answer("a", std::string(ten_and_five)));
    const Amounts sum =
        one.finish({.id = "b", .status = "cancelled", .output_file = {}, .error_file = {}, .completed = 1});
    EXPECT_EQ(sum.charge, NanoUsd(35'000 * 3 / 2 + 1'000));
    EXPECT_EQ(bill({line("a")}).finish({.id = "b", .status = "failed"}), Amounts{}) << "nothing was made";
}

}  // namespace
}  // namespace bursar::gateway
