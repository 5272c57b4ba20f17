// Hunts: a refusal at which a client retries for minutes, hangs, or hides our sentence
// (docs/decisions/0005-refusals.md).
#include "service/gateway/refusal.h"

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

using namespace std::chrono_literals;

const Timestamp now = parse_timestamp("2026-11-23T10:00:00Z").value();
const Timestamp december = parse_timestamp("2026-12-01T00:00:00+01:00").value();

std::string header(const RefusalText& refusal, std::string_view name) {
    for (const edge::Header& one : refusal.head.headers)
        if (one.name == name) return one.value;
    return "absent";
}

ledger::Refusal used_up() {
    ledger::Refusal refusal;
    refusal.account = "team:research";
    refusal.budget = {.limit = NanoUsd::dollars(2000), .per = Per::month};
    refusal.limit = NanoUsd::dollars(2000);
    refusal.spent = NanoUsd::dollars(2000);
    refusal.asked = NanoUsd{31'000'000};
    refusal.period_end = december;
    return refusal;
}

TEST(Refusal, AUsedUpBudgetIsSaidInWordsThatPeopleUnderstand) {
    const CallId call = CallId::make(now);
    const Error error = error_of(used_up(), {.call = call, .time_zone = "Europe/Berlin", .at = now});
    EXPECT_EQ(error.for_caller,
              "The budget of team \"research\" for November is used up (2,000.00 USD). It starts again on 1 December "
              "2026, 00:00 (Europe/Berlin). "
              "Ask whoever runs Bursar for more.");
    EXPECT_NE(error.for_operator.find("per month spent 2000.00 held 0.00 asked 0.031 limit 2000.00"), std::string::npos)
        << error.for_operator;
}

TEST(Refusal, MoneyThatIsLeftButTooLittleIsNamed) {
    ledger::Refusal refusal = used_up();
    refusal.spent = NanoUsd::dollars(1999);
    refusal.asked = NanoUsd::dollars(3);
    const Error error = error_of(refusal, {.call = CallId::make(now), .time_zone = "Europe/Berlin", .at = now});
    EXPECT_NE(error.for_caller.find("has 1.00 USD left of 2,000.00 USD, and this call may need up to 3.00 USD"),
              std::string::npos)
        << error.for_caller;
}

TEST(Refusal, ABudgetForGoodDoesNotPromiseToComeBack) {
    ledger::Refusal refusal = used_up();
    refusal.budget.per = Per::ever;
    refusal.period_end = Timestamp::max();
    const Error error = error_of(refusal, {.call = CallId::make(now), .time_zone = "UTC", .at = now});
    EXPECT_NE(error.for_caller.find("is used up (2,000.00 USD). It does not start again by itself."), std::string::npos)
        << error.for_caller;
}

TEST(Refusal, AnUnwritableJournalIsNotABudget) {
    ledger::Refusal refusal;
    refusal.fault = Fault::storage_unavailable;
    const Error error = error_of(refusal, {.call = CallId::make(now), .time_zone = "UTC", .at = now});
    EXPECT_EQ(error.fault, Fault::storage_unavailable);
}

struct ShapeCase {
    const char* name;
    Shape shape;
    Endpoint endpoint;
    int status;
    const char* retry_after;
    const char* in_body;
};

TEST(Refusal, EachClientGetsTheShapeAtWhichItShowsOurSentence) {
    const CallId call = CallId::make(now);
    const Error error = error_of(used_up(), {.call = call, .time_zone = "Europe/Berlin", .at = now});
    const std::vector<ShapeCase> cases = {
        {"chat", Shape::openai, Endpoint::chat_completions, 402, "absent", "\"type\":\"insufficient_quota\""},
        {"embeddings", Shape::openai, Endpoint::embeddings, 402, "absent", "\"code\":\"budget_exhausted\""},
        {"the Responses API", Shape::openai, Endpoint::responses, 429, "651600", "\"type\":\"usage_limit_reached\""},
        {"Anthropic", Shape::anthropic, Endpoint::messages, 429, "651600", "\"type\":\"billing_error\""},
        {"Gemini", Shape::gemini, Endpoint::generate_content, 402, "absent", "\"status\":\"FAILED_PRECONDITION\""},
    };
    for (const ShapeCase& one : cases) {
        SCOPED_TRACE(one.name);
        const RefusalText refusal = refusal_of(error, one.shape, one.endpoint, call, december, now);
        EXPECT_EQ(refusal.head.status, one.status);
        EXPECT_EQ(header(refusal, "x-should-retry"), "false");
        EXPECT_EQ(header(refusal, "retry-after"), one.retry_after);
        EXPECT_NE(refusal.body.find(one.in_body), std::string::npos) << refusal.body;
        EXPECT_NE(refusal.body.find(call.text()), std::string::npos) << "the body carries the call id";
        EXPECT_EQ(header(refusal, "x-bursar-call-id"), call.text());
    }
    const RefusalText codex = refusal_of(error, Shape::openai, Endpoint::responses, call, december, now);
    EXPECT_NE(codex.body.find("\"resets_at\":1796079600"), std::string::npos) << codex.body;
    EXPECT_NE(codex.body.find("\"param\":null"), std::string::npos) << "OpenAI's errors always have it";
    EXPECT_TRUE(header(codex, "x-codex-promo-message").starts_with("The budget of team"))
        << "shown by that client as our words";
}

TEST(Refusal, HeadersStayAsciiWhateverATeamIsCalled) {
    ledger::Refusal named = used_up();
    named.account = "team:f\xc3\xbcr\r\nx: y";
    const Error error = error_of(named, {.call = CallId::make(now), .time_zone = "UTC", .at = now});
    const RefusalText refusal = refusal_of(error, Shape::openai, Endpoint::responses, CallId::make(now), december, now);
    for (const char c : header(refusal, "x-codex-promo-message")) EXPECT_TRUE(c >= ' ' && c <= '~');
}

TEST(Refusal, OnlyWhatARetryCanCureIsRetried) {
    for (const FaultFacts& one : all_faults()) {
        const Error error{one.fault, "sentence", {}};
        const RefusalText refusal =
            refusal_of(error, Shape::openai, Endpoint::chat_completions, CallId::make(now), std::nullopt, now);
        EXPECT_EQ(header(refusal, "x-should-retry"), one.retryable ? "absent" : "false") << one.name;
    }
}

TEST(Refusal, AResponseThatIsNotThereToGoOnFromIsToldAsOpenAiDoesIt) {
    const CallId call = CallId::make(now);
    const Error error{Fault::not_found, "Previous response with id 'r' not found.", ""};
    for (const Endpoint endpoint : {Endpoint::responses, Endpoint::response_compact, Endpoint::input_tokens}) {
        const RefusalText refusal = refusal_of(error, Shape::openai, endpoint, call, std::nullopt, now);
        EXPECT_EQ(refusal.head.status, 400);
        EXPECT_EQ(header(refusal, "x-should-retry"), "false");
        EXPECT_EQ(refusal.body,
                  R"({"error":{"message":"Previous response with id 'r' not found.","type":"invalid_request_error",)"
                  R"("param":"previous_response_id","code":"previous_response_not_found","call_id":")" +
                      call.text() + R"("}})");
    }
    for (const Endpoint endpoint : {Endpoint::response_get, Endpoint::response_delete, Endpoint::file_get}) {
        const RefusalText refusal = refusal_of(error, Shape::openai, endpoint, call, std::nullopt, now);
        EXPECT_EQ(refusal.head.status, 404);
        EXPECT_NE(refusal.body.find(R"("param":null,"code":"not_found")"), std::string::npos);
    }
}

}  // namespace
}  // namespace bursar::gateway
