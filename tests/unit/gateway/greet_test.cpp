// Hunts: a path or header that is taken for the wrong dialect, so that a client gets an error it cannot read; a header
// that must not pass; a response that is taken for deleted, and is not.
#include "service/gateway/headers.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "tests/unit/gateway/fake_exchange.h"

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

struct Greeting {
    const char* name;
    const char* method;
    const char* target;
    std::vector<edge::Header> headers;
    std::optional<Fault> refused;
    Shape shape;
    Endpoint endpoint;
};

const std::vector<Greeting> greetings = {
    {"a stored response", "GET", "/v1/responses/resp_1?stream=true", {}, {}, Shape::openai, Endpoint::response_get},
    {"a stored response goes", "DELETE", "/v1/responses/resp_1", {}, {}, Shape::openai, Endpoint::response_delete},
    {"what it was asked",
     "GET",
     "/v1/responses/resp_1/input_items?limit=5",
     {{"x-goog-api-key", "k"}},
     {},
     Shape::openai,
     Endpoint::response_items},
    {"an end of it", "POST", "/v1/responses/resp_1/cancel", {}, {}, Shape::openai, Endpoint::response_cancel},
    {"a conversation is compacted", "POST", "/v1/responses/compact", {}, {}, Shape::openai, Endpoint::response_compact},
    {"a prompt is counted", "POST", "/v1/responses/input_tokens", {}, {}, Shape::openai, Endpoint::input_tokens},
    {"compact is no response",
     "GET",
     "/v1/responses/compact",
     {},
     Fault::method_not_allowed,
     Shape::openai,
     Endpoint::response_compact},
    {"a response is not written over",
     "PATCH",
     "/v1/responses/resp_1",
     {},
     Fault::method_not_allowed,
     Shape::openai,
     Endpoint::response_delete},
    {"an end that is not asked for",
     "GET",
     "/v1/responses/resp_1/cancel",
     {},
     Fault::method_not_allowed,
     Shape::openai,
     Endpoint::response_cancel},
    {"no response has no id", "GET", "/v1/responses/", {}, Fault::not_found, Shape::openai, Endpoint::chat_completions},
    {"a response has no parts but these",
     "GET",
     "/v1/responses/resp_1/output",
     {},
     Fault::not_found,
     Shape::openai,
     Endpoint::chat_completions},
    {"pictures", "POST", "/v1/images/generations", {}, {}, Shape::openai, Endpoint::images},
    {"a recording", "POST", "/v1/audio/transcriptions", {}, {}, Shape::openai, Endpoint::transcriptions},
    {"a rerank of Cohere's clients", "POST", "/v2/rerank", {}, {}, Shape::openai, Endpoint::rerank},
    {"no other endpoint has a second version",
     "POST",
     "/v2/moderations",
     {},
     Fault::not_found,
     Shape::openai,
     Endpoint::chat_completions},
    {"a stream of bytes as speech is not got",
     "GET",
     "/v1/audio/speech",
     {},
     Fault::method_not_allowed,
     Shape::openai,
     Endpoint::speech},
    {"a file is sent", "POST", "/v1/files", {}, {}, Shape::openai, Endpoint::file_upload},
    {"files are listed at the same path", "GET", "/v1/files?limit=3", {}, {}, Shape::openai, Endpoint::file_list},
    {"a file's id is one part", "GET", "/v1/files/file-1", {}, {}, Shape::openai, Endpoint::file_get},
    {"what is in a file", "GET", "/v1/files/file-1/content", {}, {}, Shape::openai, Endpoint::file_content},
    {"a file goes", "DELETE", "/v1/files/file-1", {}, {}, Shape::openai, Endpoint::file_delete},
    {"a batch ends early", "POST", "/v1/batches/batch_1/cancel", {}, {}, Shape::openai, Endpoint::batch_cancel},
    {"a batch is no form",
     "POST",
     "/v1/batches",
     {{"content-encoding", "gzip"}},
     Fault::invalid_request,
     Shape::openai,
     Endpoint::batch_create},
    {"an id with another path in it is none",
     "GET",
     "/v1/files/%2e%2e%2fbatches",
     {},
     Fault::not_found,
     Shape::openai,
     Endpoint::chat_completions},
    {"a batch is not deleted",
     "DELETE",
     "/v1/batches/batch_1",
     {},
     Fault::method_not_allowed,
     Shape::openai,
     Endpoint::batch_get},
    {"Anthropic's files are another API",
     "GET",
     "/v1/files",
     {{"anthropic-version", "2023-06-01"}},
     Fault::not_found,
     Shape::anthropic,
     Endpoint::chat_completions},
    {"chat is OpenAI's", "POST", "/v1/chat/completions", {}, {}, Shape::openai, Endpoint::chat_completions},
    {"a query does not hide the path", "POST", "/v1/messages?beta=true", {}, {}, Shape::anthropic, Endpoint::messages},
    {"messages are Anthropic's even without their version",
     "POST",
     "/v1/messages",
     {{"authorization", "Bearer x"}},
     {},
     Shape::anthropic,
     Endpoint::messages},
    {"counting is a path of its own",
     "POST",
     "/v1/messages/count_tokens",
     {},
     {},
     Shape::anthropic,
     Endpoint::count_tokens},
    {"the model list goes by the version header",
     "GET",
     "/v1/models",
     {{"Anthropic-Version", "2023-06-01"}},
     {},
     Shape::anthropic,
     Endpoint::models},
    {"the model list is OpenAI's otherwise", "GET", "/v1/models?limit=5", {}, {}, Shape::openai, Endpoint::models},
    {"one model", "GET", "/v1/models/llama3:8b", {}, {}, Shape::openai, Endpoint::models},
    {"the model list is Gemini's by its header",
     "GET",
     "/v1/models",
     {{"x-goog-api-key", "k"}},
     {},
     Shape::gemini,
     Endpoint::models},
    {"the model list is Gemini's by its path",
     "GET",
     "/v1beta/models?pageSize=5",
     {},
     {},
     Shape::gemini,
     Endpoint::models},
    {"one of Gemini's models", "GET", "/v1beta/models/llama3:8b", {}, {}, Shape::gemini, Endpoint::models},
    {"a verb is Gemini's", "POST", "/v1/models/m:generateContent", {}, {}, Shape::gemini, Endpoint::generate_content},
    {"a stream of Gemini's",
     "POST",
     "/v1beta/models/llama3:8b:streamGenerateContent?alt=sse",
     {},
     {},
     Shape::gemini,
     Endpoint::generate_content},
    {"a stream that is no event stream",
     "POST",
     "/v1beta/models/m:streamGenerateContent",
     {},
     Fault::invalid_request,
     Shape::gemini,
     Endpoint::generate_content},
    {"Gemini counts tokens, too",
     "POST",
     "/v1beta/models/m:countTokens",
     {},
     {},
     Shape::gemini,
     Endpoint::count_tokens},
    {"an unknown verb",
     "POST",
     "/v1beta/models/m:embedContent",
     {},
     Fault::not_found,
     Shape::gemini,
     Endpoint::chat_completions},
    {"a verb without a model",
     "POST",
     "/v1beta/models/:generateContent",
     {},
     Fault::not_found,
     Shape::gemini,
     Endpoint::chat_completions},
    {"a packed body of Gemini's",
     "POST",
     "/v1beta/models/m:generateContent",
     {{"Content-Encoding", "gzip"}},
     Fault::invalid_request,
     Shape::gemini,
     Endpoint::generate_content},
    {"GET on chat is the wrong method",
     "GET",
     "/v1/chat/completions",
     {},
     Fault::method_not_allowed,
     Shape::openai,
     Endpoint::chat_completions},
    {"POST on models is the wrong method",
     "POST",
     "/v1/models",
     {},
     Fault::method_not_allowed,
     Shape::openai,
     Endpoint::models},
    {"a WebSocket is asked to speak HTTP",
     "GET",
     "/v1/responses",
     {{"Upgrade", "websocket"}},
     Fault::upgrade_refused,
     Shape::openai,
     Endpoint::responses},
    {"a session without an upgrade is none",
     "GET",
     "/v1/realtime?model=m",
     {},
     Fault::not_found,
     Shape::openai,
     Endpoint::realtime},
    {"a provider's ephemeral keys would lead round Bursar",
     "POST",
     "/v1/realtime/client_secrets",
     {},
     Fault::not_found,
     Shape::openai,
     Endpoint::realtime},
    {"a path that only begins like a session's",
     "POST",
     "/v1/realtimes",
     {},
     Fault::not_found,
     Shape::openai,
     Endpoint::chat_completions},
    {"a packed body is refused",
     "POST",
     "/v1/responses",
     {{"Content-Encoding", "gzip"}},
     Fault::invalid_request,
     Shape::openai,
     Endpoint::responses},
    {"an unknown path",
     "POST",
     "/v1/images/variations",
     {},
     Fault::not_found,
     Shape::openai,
     Endpoint::chat_completions},
    {"an unknown path of an Anthropic client",
     "POST",
     "/v1/messages/batches",
     {},
     Fault::not_found,
     Shape::anthropic,
     Endpoint::chat_completions},
    {"a path that only begins like ours",
     "POST",
     "/v1/chat/completionsX",
     {},
     Fault::not_found,
     Shape::openai,
     Endpoint::chat_completions},
};

TEST(Greet, DecidesEndpointAndDialect) {
    asio::io_context context;
    Shard shard(context);
    for (const Greeting& greeting : greetings) {
        SCOPED_TRACE(greeting.name);
        HeadOnly exchange;
        exchange.request.method = greeting.method;
        exchange.request.target = greeting.target;
        exchange.request.headers = greeting.headers;
        Call call(exchange, shard);
        const Result<void> greeted = greet(call);
        EXPECT_EQ(greeted.has_value(), !greeting.refused);
        if (!greeted && greeting.refused) {
            EXPECT_EQ(greeted.error().fault, *greeting.refused);
            EXPECT_FALSE(greeted.error().for_caller.empty());
        }
        EXPECT_EQ(call.shape, greeting.shape);
        if (!greeting.refused) EXPECT_EQ(call.endpoint, greeting.endpoint);
    }
}

template <typename Header>
std::string names_of(const std::vector<Header>& headers) {
    std::string out;
    for (const Header& header : headers) out.append(header.name).append("=").append(header.value).append(";");
    return out;
}

TEST(Headers, OnlyEndToEndFieldsReachTheProvider) {
    edge::RequestHead head;
    head.headers = {{"Host", "bursar"},
                    {"Authorization", "Bearer bsr_x"},
                    {"X-Api-Key", "bsr_x"},
                    {"api-key", "bsr_x"},
                    {"x-goog-api-key", "bsr_x"},
                    {"Cookie", "a=b"},
                    {"Accept-Encoding", "gzip"},
                    {"Content-Length", "3"},
                    {"Transfer-Encoding", "chunked"},
                    {"Connection", "close, X-Hop"},
                    {"connection", "keep-alive,\tX-Hop-Too"},
                    {"X-Hop", "1"},
                    {"x-hop-too", "1"},
                    {"X-Forwarded-For", "10.0.0.1"},
                    {"x-bursar-tags", "a"},
                    {"OpenAI-Organization", "org"},
                    {"Idempotency-Key", "k"},
                    {"X-Stainless-Retry-Count", "0"},
                    {"anthropic-beta", "tools-2026"},
                    {"X-Unknown", "stays"}};
    EXPECT_EQ(names_of(headers_for_provider(head, policies::Provider{}, false)),
              "X-Stainless-Retry-Count=0;anthropic-beta=tools-2026;X-Unknown=stays;content-type=application/json;");
}

TEST(Headers, NothingAboutTheCompanysAccountReachesTheCaller) {
    const std::vector<edge::Header> from_provider = {{"Content-Type", "application/json"},
                                                     {"openai-organization", "acme"},
                                                     {"x-ratelimit-remaining-tokens", "5"},
                                                     {"Set-Cookie", "s=1"},
                                                     {"CF-Ray", "1"},
                                                     {"x-request-id", "req_1"},
                                                     {"openai-processing-ms", "12"},
                                                     {"Transfer-Encoding", "chunked"},
                                                     {"x-bursar-cost-usd", "0"},
                                                     {"Retry-After", "3"}};
    edge::ResponseHead head;
    add_headers_for_caller(head, from_provider);
    EXPECT_EQ(head.lines, "Content-Type: application/json\r\nopenai-processing-ms: 12\r\nRetry-After: 3\r\n");
}

TEST(ProviderTarget, PutsThePathBehindTheBase) {
    struct Case {
        Dialect dialect;
        const char* base;
        Endpoint endpoint;
        const char* asked;
        const char* target;
        policies::Quirks quirks = {};
    };
    const policies::Quirks azure = {.deployments = true, .api_version = "2024-10-21"};
    const std::vector<Case> cases = {
        {Dialect::openai, "/v1", Endpoint::chat_completions, "/v1/chat/completions", "/v1/chat/completions"},
        {Dialect::openai, "", Endpoint::embeddings, "/v1/embeddings", "/embeddings"},
        {Dialect::openai, "/openai/v1", Endpoint::responses, "/v1/responses?x=1", "/openai/v1/responses?x=1"},
        {Dialect::anthropic, "", Endpoint::messages, "/v1/messages?beta=true", "/v1/messages?beta=true"},
        {Dialect::anthropic, "/v1", Endpoint::messages, "/v1/messages", "/v1/messages"},
        {Dialect::anthropic, "/anthropic", Endpoint::count_tokens, "/v1/messages/count_tokens",
         "/anthropic/v1/messages/count_tokens"},
        {Dialect::anthropic, "", Endpoint::chat_completions, "/v1/chat/completions?x=1", "/v1/messages"},
        {Dialect::openai, "/v1", Endpoint::messages, "/v1/messages?beta=true", "/v1/chat/completions"},
        {Dialect::openai, "", Endpoint::chat_completions, "/v1/chat/completions?x=1",
         "/openai/deployments/gpt%204/chat/completions?api-version=2024-10-21&x=1", azure},
        {Dialect::openai, "", Endpoint::responses, "/v1/responses", "/openai/responses?api-version=2024-10-21", azure},
        {Dialect::openai, "/v1", Endpoint::realtime, "/v1/realtime", "/v1/realtime?model=gpt%204"},
        {Dialect::openai, "", Endpoint::realtime, "/v1/realtime", "/openai/v1/realtime?model=gpt%204", azure},
        {Dialect::openai,
         "/v1",
         Endpoint::responses,
         "/v1/responses?x=1",
         "/v1/chat/completions",
         {.responses = false}},
        {Dialect::anthropic, "", Endpoint::responses, "/v1/responses", "/v1/messages", {}},
        {Dialect::gemini,
         "/v1beta",
         Endpoint::responses,
         "/v1/responses",
         "/v1beta/models/gpt%204:generateContent",
         {}},
        {Dialect::gemini,
         "/v1beta",
         Endpoint::chat_completions,
         "/v1/chat/completions?x=1",
         "/v1beta/models/gpt%204:generateContent",
         {}},
        {Dialect::gemini,
         "/v1beta",
         Endpoint::generate_content,
         "/v1beta/models/m:generateContent?key=k&$key=k&%24OAuth_token=t&bearer_token=t&access_token=t&alt=json&x=1",
         "/v1beta/models/gpt%204:generateContent?x=1",
         {}},
        {Dialect::gemini,
         "/v1beta",
         Endpoint::count_tokens,
         "/v1/models/m:countTokens",
         "/v1beta/models/gpt%204:countTokens",
         {}},
        {Dialect::openai,
         "/v1",
         Endpoint::generate_content,
         "/v1beta/models/m:streamGenerateContent?alt=sse",
         "/v1/chat/completions",
         {}},
    };
    for (const Case& one : cases) {
        auto provider = std::make_shared<policies::Provider>();
        provider->dialect = one.dialect;
        provider->base_url.path = one.base;
        provider->quirks = one.quirks;
        const policies::Channel channel{.provider = std::move(provider), .model = "gpt 4"};
        edge::RequestHead head;
        head.target = one.asked;
        EXPECT_EQ(provider_target(channel, one.endpoint, head), one.target);
    }
}

TEST(ProviderTarget, AnIdIsOnePartOfThePath) {
    auto provider = std::make_shared<policies::Provider>();
    provider->base_url.path = "/v1";
    const policies::Channel channel{.provider = provider, .model = "m"};
    edge::RequestHead head;
    head.target = "/v1/responses/resp_1/input_items?limit=5&api_key=k&include[]=a";
    const auto at = [&](Endpoint endpoint, std::string_view id) {
        return provider_target(channel, endpoint, head, policies::Delivery::whole, id);
    };
    EXPECT_EQ(at(Endpoint::response_items, "resp_1"), "/v1/responses/resp_1/input_items?limit=5&include[]=a");
    EXPECT_EQ(at(Endpoint::response_cancel, "a=b:c"), "/v1/responses/a%3Db%3Ac/cancel?limit=5&include[]=a");
    provider->base_url.path = "";
    provider->quirks = {.deployments = true, .api_version = "2025-04-01"};
    head.target = "/v1/responses/resp_1";
    EXPECT_EQ(at(Endpoint::response_get, "resp_1"), "/openai/responses/resp_1?api-version=2025-04-01");
    EXPECT_EQ(at(Endpoint::response_compact, ""), "/openai/responses/compact?api-version=2025-04-01");
}

TEST(StoredCalls, AreGoneWhenTheProviderSaysSo) {
    constexpr Endpoint deletion = Endpoint::response_delete;
    constexpr std::string_view deleted = R"({"id":"resp_1","object":"response","deleted":true})";
    constexpr std::string_view unknown = R"({"error":{"message":"Response with id 'resp_1' not found."}})";
    EXPECT_TRUE(is_gone(deletion, 200, deleted));
    EXPECT_TRUE(is_gone(deletion, 404, unknown));
    for (const std::string_view other :
         {R"({"id":"resp_1","deleted":false})", R"({"deleted":"true"})", R"({"response":{"deleted":true}})",
          R"({"deleted":true)", R"([{"deleted":true}])", "{}", ""})
        EXPECT_FALSE(is_gone(deletion, 200, other)) << other;
    for (const std::string_view page : {"<html>Not Found</html>", R"({"detail":"Not Found"})", ""})
        EXPECT_FALSE(is_gone(deletion, 404, page)) << page;
    EXPECT_FALSE(is_gone(deletion, 500, unknown));
    EXPECT_FALSE(is_gone(Endpoint::response_get, 404, unknown));
    EXPECT_FALSE(is_gone(Endpoint::response_items, 200, deleted));
}

TEST(Headers, TheProviderGetsWhatThePolicySaysAndNothingOfAnotherDialect) {
    edge::RequestHead head;
    head.headers = {
        {"anthropic-beta", "tools"}, {"anthropic-version", "2026-10-21"}, {"X-Title", "mine"}, {"x-other", "1"}};
    policies::Provider provider;
    provider.quirks.headers = {{"x-title", "Bursar"}};
    EXPECT_EQ(names_of(headers_for_provider(head, provider, true)),
              "x-other=1;x-title=Bursar;content-type=application/json;");
    provider.dialect = Dialect::anthropic;
    EXPECT_EQ(
        names_of(headers_for_provider(head, provider, false)),
        "anthropic-beta=tools;anthropic-version=2026-10-21;x-other=1;x-title=Bursar;content-type=application/json;");
    EXPECT_EQ(names_of(headers_for_provider(head, provider, true)),
              "x-other=1;x-title=Bursar;content-type=application/json;anthropic-version=2023-06-01;");
}

}  // namespace
}  // namespace bursar::gateway
