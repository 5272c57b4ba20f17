// Hunts: a request that passes to a provider and is read otherwise there than here; a query or a body that nobody
// judged; a header by which the caller chooses another method, path or account; a key of Idempotency-Key that runs a
// request again which may have been done.
#include "service/gateway/passthrough.h"

#include "service/gateway/headers.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "tests/unit/gateway/fake_exchange.h"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

constexpr std::string_view job = "/passthrough/openai/fine_tuning/jobs/ft-1";

struct Asked {
    const char* name;
    const char* method;
    std::string target;
    std::vector<edge::Header> headers;
    std::int64_t body_bytes;  ///< -1: in chunks; -2: none
    std::optional<Fault> refused;
};

const std::vector<Asked> asked = {
    {"a GET", "GET", std::string(job), {}, -2, {}},
    {"a DELETE that says that it has no body", "DELETE", std::string(job), {{"content-length", "0"}}, 0, {}},
    {"a POST with a body", "POST", std::string(job), {{"content-type", "application/json"}}, 7, {}},
    {"a POST without one", "POST", std::string(job), {}, -2, {}},
    {"a GET with a body", "GET", std::string(job), {}, 7, Fault::invalid_request},
    {"a DELETE with a body in chunks", "DELETE", std::string(job), {}, -1, Fault::invalid_request},
    {"a PUT", "PUT", std::string(job), {}, 7, Fault::method_not_allowed},
    {"a HEAD", "HEAD", std::string(job), {}, -2, Fault::method_not_allowed},
    {"a method in small letters", "get", std::string(job), {}, -2, Fault::method_not_allowed},
    {"a query", "GET", std::string(job) + "?limit=1", {}, -2, Fault::invalid_request},
    {"an empty query", "GET", std::string(job) + "?", {}, -2, Fault::invalid_request},
    {"a key in the query", "GET", std::string(job) + "?key=k", {}, -2, Fault::invalid_request},
    {"an escape", "GET", std::string(job) + "%31", {}, -2, Fault::invalid_request},
    {"a hidden slash", "GET", std::string(job) + "%2fevents", {}, -2, Fault::invalid_request},
    {"a hidden dot", "GET", std::string(job) + "/%2e%2e/x", {}, -2, Fault::invalid_request},
    {"a path that climbs", "GET", std::string(job) + "/../x", {}, -2, Fault::invalid_request},
    {"an empty part", "GET", std::string(job) + "//x", {}, -2, Fault::invalid_request},
    {"a slash at the end", "GET", std::string(job) + "/", {}, -2, Fault::invalid_request},
    {"a backslash", "GET", std::string(job) + "\\x", {}, -2, Fault::invalid_request},
    {"a verb", "POST", "/passthrough/gemini/tuned/m:generateContent", {}, 7, Fault::invalid_request},
    {"a parameter of the path", "GET", std::string(job) + ";a=b", {}, -2, Fault::invalid_request},
    {"a provider alone", "GET", "/passthrough/openai", {}, -2, Fault::invalid_request},
    {"a provider and nothing", "GET", "/passthrough/openai/", {}, -2, Fault::invalid_request},
    {"nobody", "GET", "/passthrough/", {}, -2, Fault::invalid_request},
    {"a packed body", "POST", std::string(job), {{"content-encoding", "gzip"}}, 7, Fault::invalid_request},
    {"two types of one body",
     "POST",
     std::string(job),
     {{"content-type", "application/json"}, {"Content-Type", "text/plain"}},
     7,
     Fault::invalid_request},
};

TEST(Passthrough, OnlyPlainRequestsPass) {
    asio::io_context context;
    Shard shard(context);
    for (const Asked& each : asked) {
        SCOPED_TRACE(each.name);
        HeadOnly exchange;
        exchange.request.method = each.method;
        exchange.request.target = each.target;
        exchange.request.headers = each.headers;
        exchange.request.has_body = each.body_bytes > -2;
        exchange.request.content_length = each.body_bytes >= 0 ? each.body_bytes : -1;
        Call call(exchange, shard);
        const Result<void> greeted = greet(call);
        ASSERT_EQ(greeted.has_value(), !each.refused);
        EXPECT_EQ(call.endpoint, Endpoint::passthrough);
        if (!greeted) EXPECT_EQ(greeted.error().fault, *each.refused);
        if (!greeted) EXPECT_TRUE(greeted.error().for_caller.ends_with('.')) << greeted.error().for_caller;
    }
}

TEST(Passthrough, OtherPathsAreNotTakenForIt) {
    for (const std::string_view path : {"/passthrough", "/passthroughs/openai/x", "/v1/passthrough/openai/x", "/"})
        EXPECT_FALSE(passes(path)) << path;
}

TEST(Passthrough, ThePathStandsBehindTheBaseAsItCame) {
    struct Case {
        const char* base;
        const char* version;
        const char* target;
    };
    for (const Case& each : {Case{"/v1", "", "/v1/fine_tuning/jobs/ft-1"}, Case{"", "", "/fine_tuning/jobs/ft-1"},
                             Case{"/openai", "2024-10-21", "/openai/fine_tuning/jobs/ft-1?api-version=2024-10-21"}}) {
        auto provider = std::make_shared<policies::Provider>();
        provider->base_url.path = each.base;
        provider->quirks.api_version = each.version;
        // However its models are asked for.
        provider->quirks.deployments = provider->quirks.raw_predict = true;
        edge::RequestHead head;
        head.target = job;
        const policies::Channel channel{.provider = std::move(provider), .model = "passthrough jobs"};
        EXPECT_EQ(provider_target(channel, Endpoint::passthrough, head), each.target);
    }
}

std::string names_of(const std::vector<edge::HeaderView>& headers) {
    std::string out;
    for (const edge::HeaderView& header : headers) out += fmt::format("{}={};", header.name, header.value);
    return out;
}

TEST(Passthrough, FewHeadersPass) {
    edge::RequestHead head;
    head.headers = {{"Host", "bursar"},
                    {"Authorization", "Bearer bsr_x"},
                    {"x-api-key", "bsr_x"},
                    {"Cookie", "a=b"},
                    {"Connection", "close, Accept-Language"},
                    {"Accept-Language", "de"},
                    {"Accept", "*/*"},
                    {"Content-Type", "text/csv"},
                    {"X-HTTP-Method-Override", "DELETE"},
                    {"X-Original-URL", "/organization/admin_api_keys"},
                    {"X-Forwarded-For", "10.0.0.1"},
                    {"OpenAI-Organization", "org"},
                    {"OpenAI-Beta", "assistants=v2"},
                    {"Range", "bytes=0-1"},
                    {"Idempotency-Key", "k"},
                    {"X-Unknown", "1"}};
    policies::Provider provider;
    EXPECT_EQ(names_of(headers_that_pass(head, provider)),
              "Accept=*/*;Content-Type=text/csv;OpenAI-Beta=assistants=v2;");
    provider.quirks.headers = {{"accept", "text/plain"}};
    provider.dialect = Dialect::anthropic;
    EXPECT_EQ(names_of(headers_that_pass(head, provider)),
              "Content-Type=text/csv;OpenAI-Beta=assistants=v2;accept=text/plain;anthropic-version=2023-06-01;");
    head.headers.clear();
    provider = {};
    EXPECT_EQ(names_of(headers_that_pass(head, provider)), "") << "what has no body is given no type";
}

TEST(Passthrough, NothingOfAnAnswerLeadsRoundBursar) {
    std::vector<edge::Header> headers = {
        {"Location", "https://p.example/1"}, {"Content-Location", "/1"},     {"Refresh", "1; url=/1"},
        {"Operation-Location", "/1"},        {"Azure-AsyncOperation", "/1"}, {"Content-Type", "text/plain"}};
    keep_here(headers);
    ASSERT_EQ(headers.size(), 1U);
    EXPECT_EQ(headers.front().name, "Content-Type");
}

TEST(Passthrough, AKeyRunsNothingAgainThatMayHaveBeenDone) {
    asio::io_context context;
    Shard shard(context);
    HeadOnly exchange;
    Call call(exchange, shard);
    call.endpoint = Endpoint::passthrough;
    EXPECT_EQ(again_of(call), Again::if_free) << "nothing was sent";
    call.attempt.sent = true;
    call.outcome.usage_source = UsageSource::none;
    for (const int status : {400, 401, 409, 429, 503}) {
        call.attempt.status = status;
        EXPECT_EQ(again_of(call), Again::if_free) << "the provider refused it with " << status;
    }
    for (const int status : {302, 304, 500, 501, 529}) {
        call.attempt.status = status;
        EXPECT_EQ(again_of(call), Again::never) << "it may have been done before it was answered with " << status;
    }
    call.attempt.status = 0;
    for (const UsageSource source : {UsageSource::provider, UsageSource::estimated}) {
        call.outcome.usage_source = source;
        EXPECT_EQ(again_of(call), Again::never);
    }
    call.endpoint = Endpoint::batch_create;
    EXPECT_EQ(again_of(call), Again::never) << "a batch that costs nothing is not made twice either";
    call.outcome.usage_source = UsageSource::none;
    EXPECT_EQ(again_of(call), Again::if_free);
    call.outcome.usage_source = UsageSource::estimated;
    call.endpoint = Endpoint::embeddings;
    EXPECT_EQ(again_of(call), Again::if_free) << "of models the cost decides";
}

}  // namespace
}  // namespace bursar::gateway
