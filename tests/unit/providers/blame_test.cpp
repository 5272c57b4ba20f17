#include "service/providers/blame.h"

#include "service/providers/blame_aws.h"

#include <array>

#include <gtest/gtest.h>

// Hunts: a caller's mistake that takes a channel out, a key's trouble that takes the channel out, a wait that nobody
// asked for.
namespace bursar::providers {
namespace {

const Timestamp now = *parse_timestamp("2026-11-25T12:00:00Z");

struct Case {
    int status;
    std::string_view body;
    Fit fit;
};

// Bodies in the shapes of the providers' own references.
constexpr std::array cases = {
    Case{400, R"({"error":{"message":"Invalid type for 'messages'","type":"invalid_request_error"}})", Fit::caller},
    Case{422, R"({"detail":[{"msg":"field required"}]})", Fit::caller},
    Case{418, "", Fit::caller},
    Case{
        400,
        R"({"error":{"code":"context_length_exceeded","message":"This model's maximum context length is 8192 tokens."}})",
        Fit::context_too_long},
    Case{
        400,
        R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 215000 tokens > 200000 maximum"}})",
        Fit::context_too_long},
    Case{
        400,
        R"({"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000"}})",
        Fit::context_too_long},
    Case{413, R"({"type":"error","error":{"type":"request_too_large"}})", Fit::context_too_long},
    Case{
        400,
        R"({"id":"x","message":"too many tokens: size limit exceeded by 11326 tokens. Try using shorter or fewer inputs."})",
        Fit::context_too_long},
    Case{400, R"({"message":"too many tokens: max tokens must be less than or equal to 4096"})", Fit::caller},
    Case{401, R"({"id":"x","message":"invalid api token"})", Fit::key_refused},
    Case{429, R"({"message":"You are using a Trial key, which is limited to 20 API calls / minute."})",
         Fit::key_limited},
    Case{429, R"({"message":"You are using a Trial key, which is limited to 1000 API calls / month."})",
         Fit::key_used_up},
    Case{498, R"({"message":"the request has a blocked word"})", Fit::content_refused},
    Case{498, R"({"error":{"message":"Flex tier is full","type":"capacity_exceeded"}})", Fit::channel},
    Case{400, R"({"message":"too many tokens: the total number of tokens in the prompt exceeds the limit of 4081"})",
         Fit::context_too_long},
    Case{400, R"({"error":{"code":"exceed_context_size_error"}})", Fit::context_too_long},
    Case{400, R"({"error":{"code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}})",
         Fit::content_refused},
    Case{400, R"({"error":{"code":"content_policy_violation"}})", Fit::content_refused},
    Case{
        400,
        R"({"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}})",
        Fit::content_refused},
    Case{
        400,
        R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}})",
        Fit::key_used_up},
    Case{400, R"([{"error":{"code":400,"message":"API key not valid. Please pass a valid API key."}}])",
         Fit::key_refused},
    Case{400, R"({"error":{"code":"model_not_found","message":"The model does not exist"}})", Fit::elsewhere},
    Case{400, R"({"error":{"message":"Invalid value: 'insufficient_quota'","type":"invalid_request_error"}})",
         Fit::caller},
    Case{400, R"({"error":{"message":"unknown field \"code\":\"insufficient_quota\" invalid_api_key"}})", Fit::caller},
    Case{422, R"({"detail":"api key not valid, you wrote"})", Fit::caller},
    Case{400, R"({"error":{"code":"insufficient_quota","message":"no"}})", Fit::key_used_up},
    Case{401, "", Fit::key_refused},
    Case{403, R"({"error":{"message":"This key has been disabled"}})", Fit::key_refused},
    Case{403, R"({"error":{"message":"Project `p` does not have access to model `m`","code":"model_not_found"}})",
         Fit::elsewhere},
    Case{403, R"({"error":{"message":"Blocked by content filtering"}})", Fit::content_refused},
    Case{402, R"({"error":{"message":"Insufficient Balance"}})", Fit::key_used_up},
    Case{429, R"({"error":{"type":"insufficient_quota","message":"You exceeded your current quota"}})",
         Fit::key_used_up},
    Case{
        429,
        R"({"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"quotaId":"RequestsPerMinute"},{"retryDelay":"12s"}]}})",
        Fit::key_limited},
    Case{
        429,
        R"({"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"quotaId":"GenerateRequestsPerDayPerProject"},{"retryDelay":"12s"}]}})",
        Fit::key_used_up},
    Case{429, R"({"error":{"type":"rate_limit_error","message":"Number of requests has exceeded your rate limit"}})",
         Fit::key_limited},
    Case{404, "", Fit::elsewhere},
    Case{405, "", Fit::elsewhere},
    Case{408, "", Fit::channel},
    Case{500, "", Fit::channel},
    Case{503, "", Fit::channel},
    Case{529, R"({"type":"error","error":{"type":"overloaded_error"}})", Fit::channel},
    Case{302, "", Fit::channel},
    Case{100'000, "", Fit::channel},
};

TEST(Blame, falls_on_whom_the_provider_means) {
    for (const Case& each : cases)
        EXPECT_EQ(judge(each.status, {}, each.body, now).fit, each.fit) << each.status << ' ' << each.body;
}

struct Said {
    std::string_view text;
    std::string_view error;
    Fit fit;
};
constexpr std::array said_cases = {
    // What Azure looked for in a prompt, and what was asked, are no refusals.
    Said{R"(data: {"choices":[],"prompt_filter_results":[{"content_filter_results":{"hate":{"filtered":false}}}]}

data: {"error":{"message":"The server had an error","type":"server_error"}}

)",
         R"({"message":"The server had an error","type":"server_error"})", Fit::channel},
    Said{
        R"({"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded"},"instructions":"moderation"}})",
        R"({"code":"rate_limit_exceeded"})", Fit::key_limited},
    Said{R"({"content_filter_result":{"error":{"code":"content_filter_error"}},"error":null})",
         R"({"code":"content_filter_error"})", Fit::content_refused},
    Said{R"({"error" : "Input is too long, \"really\" }","x":1})", R"("Input is too long, \"really\" }")",
         Fit::context_too_long},
    Said{R"({"message":"say \"error\": {","type":"error"})", "", Fit::channel},
    Said{R"({"error":{"code":"context_length_exceeded","of":[1,{"a":"}]")",
         R"({"code":"context_length_exceeded","of":[1,{"a":"}]")", Fit::context_too_long},
    Said{R"({"error":404,"a":1})", "404", Fit::channel},
    Said{R"({"error":)", "", Fit::channel},
    Said{R"("error")", "", Fit::channel},
    Said{"prompt is too long", "", Fit::context_too_long},
    Said{"", "", Fit::channel},
};

TEST(Blame, of_a_success_falls_on_whom_its_error_means) {
    for (const Said& each : said_cases) {
        EXPECT_EQ(error_in(each.text), each.error) << each.text;
        EXPECT_EQ(judge_words(each.text).fit, each.fit) << each.text;
    }
}

TEST(Blame, a_request_that_is_wrong_in_a_stream_is_the_callers) {
    const auto fit = [](std::string_view text) { return judge_words(text).fit; };
    EXPECT_EQ(
        fit(R"(data: {"type":"response.failed","response":{"error":{"code":"failed_to_download_image","message":"x"}}})"),
        Fit::caller);
    EXPECT_EQ(fit(R"(data: {"type": "error", "error": {"type": "invalid_request_error", "message": "x"}})"),
              Fit::caller);
    EXPECT_EQ(fit(R"({"instructions":"{\"code\":\"invalid_prompt\"}","error":{"code":"server_error"}})"), Fit::channel);
}

TEST(Blame, only_the_beginning_of_a_body_is_looked_at) {
    const std::string far = std::string(judged_bytes_max, ' ') + "context_length_exceeded";
    EXPECT_EQ(judge(400, {}, far, now).fit, Fit::caller);
}

TEST(Blame, waits_are_what_the_provider_asked_for_and_no_longer_than_bearable) {
    using std::chrono::milliseconds;
    const auto of = [](std::string name, std::string value) {
        return retry_after({{std::move(name), std::move(value)}}, now);
    };
    EXPECT_EQ(of("Retry-After", "2"), milliseconds(2'000));
    EXPECT_EQ(of("retry-after", "0.25"), milliseconds(250));
    EXPECT_EQ(of("retry-after-ms", "1500"), milliseconds(1'500));
    EXPECT_EQ(of("retry-after", "Wed, 25 Nov 2026 12:00:30 GMT"), milliseconds(30'000));
    EXPECT_EQ(of("retry-after", "Wed, 25 Nov 2026 11:00:00 GMT"), milliseconds(0));
    EXPECT_EQ(of("retry-after", "99999999999999999999"), retry_after_max);
    EXPECT_EQ(of("retry-after", "Wed, 25 Nov 2999 12:00:30 GMT"), retry_after_max);
    for (const char* wrong : {"", "-1", "nan", "inf", "1e3", "soon", "2s", "Wed, 25 Nov 2026"})
        EXPECT_EQ(of("retry-after", wrong), std::nullopt) << wrong;
    EXPECT_EQ(retry_after({{"retry-after-ms", "x"}, {"retry-after", "3"}}, now), milliseconds(3'000));
}

TEST(Blame, GooglesDelayStandsInTheBody) {
    const auto judged = [](std::string_view delay) {
        return judge(429, {}, R"({"error":{"code":429,"details":[{"retryDelay": ")" + std::string(delay) + R"("}]}})",
                     {});
    };
    EXPECT_EQ(judged("12s").retry_after, std::chrono::seconds(12));
    EXPECT_EQ(judged("0.5s").retry_after, std::chrono::milliseconds(500));
    EXPECT_EQ(judged("99999999s").retry_after, retry_after_max);
    EXPECT_EQ(judged("soon").retry_after, std::nullopt);
}

// Exceptions of AWS, by the name in their header (Amazon Bedrock API reference, November 2026).
struct ExceptionCase {
    int status;
    std::string_view exception;
    std::string_view body;
    Fit fit;
};
constexpr std::array exceptions = {
    ExceptionCase{429, "ThrottlingException", R"({"message":"Too many tokens, please wait before trying again."})",
                  Fit::key_limited},
    ExceptionCase{429, "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/",
                  R"({"message":"Too many requests"})", Fit::key_limited},
    ExceptionCase{429, "ThrottlingException", R"({"message":"Too many tokens per day, please wait."})",
                  Fit::key_used_up},
    ExceptionCase{429, "ModelNotReadyException", R"({"message":"The model is not ready for inference."})",
                  Fit::channel},
    ExceptionCase{424, "ModelErrorException", R"({"message":"x"})", Fit::channel},
    ExceptionCase{424, "ModelErrorException", R"({"message":"Model produced invalid sequence as part of ToolUse."})",
                  Fit::elsewhere},
    ExceptionCase{408, "ModelTimeoutException", R"({"message":"x"})", Fit::channel},
    ExceptionCase{503, "ServiceUnavailableException", R"({"message":"x"})", Fit::channel},
    ExceptionCase{400, "ServiceQuotaExceededException", R"({"message":"x"})", Fit::key_limited},
    ExceptionCase{404, "ResourceNotFoundException", R"({"message":"x"})", Fit::elsewhere},
    ExceptionCase{403, "ExpiredTokenException",
                  R"({"message":"The security token included in the request is expired"})", Fit::key_refused},
    ExceptionCase{403, "UnrecognizedClientException",
                  R"({"message":"The security token included in the request is invalid."})", Fit::key_refused},
    ExceptionCase{403, "InvalidSignatureException",
                  R"({"message":"Signature expired: 20261130T000000Z is now earlier"})", Fit::key_refused},
    ExceptionCase{403, "AccessDeniedException",
                  R"({"message":"You don't have access to the model with the specified model ID."})", Fit::elsewhere},
    ExceptionCase{403, "AccessDeniedException",
                  R"({"message":"Authentication failed: Please make sure your API Key is valid."})", Fit::key_refused},
    ExceptionCase{400, "ValidationException", R"({"message":"Input is too long for requested model."})",
                  Fit::context_too_long},
    ExceptionCase{400, "ValidationException", R"({"message":"The provided model identifier is invalid."})",
                  Fit::elsewhere},
    ExceptionCase{400, "ValidationException", R"({"message":"A conversation must start with a user message."})",
                  Fit::caller}};

TEST(Blame, AnExceptionOfAwsIsWhatItsNameSays) {
    for (const ExceptionCase& each : exceptions)
        EXPECT_EQ(judge(each.status, {{"x-amzn-ErrorType", std::string(each.exception)}}, each.body, now).fit, each.fit)
            << each.exception << ' ' << each.body;
}

TEST(Blame, AWrongClockIsToldFromAWrongKey) {
    EXPECT_TRUE(blames_clock(R"({"message":"Signature expired: 20261130T000000Z is now earlier than …"})"));
    EXPECT_TRUE(blames_clock(R"({"message":"Signature not yet current: 20261130T000000Z is still later than …"})"));
    EXPECT_FALSE(blames_clock(R"({"message":"The security token included in the request is expired"})"));
}

TEST(Blame, AnExceptionWithinAStreamIsJudgedByItsType) {
    EXPECT_EQ(judge_words(R"({"error":{"type":"throttlingException","message":"Too many requests"}})").fit,
              Fit::key_limited);
    EXPECT_EQ(judge_words(R"({"error":{"type":"modelStreamErrorException","message":"x"}})").fit, Fit::channel);
    EXPECT_EQ(judge_words(R"({"error":{"type":"validationException","message":"Input is too long"}})").fit,
              Fit::context_too_long);
    EXPECT_EQ(judge_words(R"({"error":{"type":"validationException","message":"x"}})").fit, Fit::caller);
}

}  // namespace
}  // namespace bursar::providers
