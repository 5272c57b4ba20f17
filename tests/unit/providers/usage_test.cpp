// Hunts: a token that is counted twice, not at all, or in the wrong class; usage that is silently zero; numbers that
// nobody should believe.
#include "service/providers/meter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

constexpr Tokens input_bound = 5000;

std::string chat_with(const std::string& usage) {
    return R"({"id":"c1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there"},"finish_reason":"stop"}],"usage":)" +
           usage + "}";
}
std::string response_with(const std::string& output, const std::string& usage) {
    return R"({"id":"resp_1","object":"response","status":"completed","error":null,"model":"m","service_tier":"default","output":)" +
           output + R"(,"usage":)" + usage + "}";
}
std::string message_with(const std::string& usage) {
    return R"({"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","usage":)" +
           usage + "}";
}

struct Case {
    std::string name;
    Endpoint endpoint;
    std::string body;
    Usage usage;
    UsageSource source = UsageSource::provider;
    Served served = {};
};

const std::vector<Case> cases = {
    {"a plain count",
     Endpoint::chat_completions,
     chat_with(R"({"prompt_tokens":10,"completion_tokens":4,"total_tokens":14})"),
     {.input = 10, .output = 4}},
    {"cached tokens are inside the prompt count",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":1000,"completion_tokens":4,"total_tokens":1004,"prompt_tokens_details":{"cached_tokens":900,"audio_tokens":0}})"),
     {.input = 100, .cache_read = 900, .output = 4}},
    {"written tokens are too",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":1000,"completion_tokens":4,"total_tokens":1004,"prompt_tokens_details":{"cached_tokens":300,"cache_write_tokens":500}})"),
     {.input = 200, .cache_read = 300, .cache_write_5m = 500, .output = 4}},
    {"a provider that counts cached tokens besides the prompt loses none",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":900}})"),
     {.input = 10, .cache_read = 900, .output = 4}},
    {"audio in and out",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"audio_tokens":60,"text_tokens":40},"completion_tokens_details":{"audio_tokens":30}})"),
     {.input = 40, .output = 20, .audio_input = 60, .audio_output = 30}},
    {"audio that was cached is counted once",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_tokens_details":{"audio_tokens":60,"cached_tokens":100}})"),
     {.cache_read = 100, .output = 5}},
    {"pictures",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_tokens_details":{"image_tokens":70}})"),
     {.input = 30, .output = 5, .image_input = 70}},
    {"pictures that were drawn are inside the output",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":10,"completion_tokens":1310,"total_tokens":1320,"completion_tokens_details":{"image_tokens":1290,"text_tokens":20}})"),
     {.input = 10, .output = 20, .image_output = 1290}},
    {"a response with pictures both ways",
     Endpoint::responses,
     response_with(
         "[]",
         R"({"input_tokens":90,"input_tokens_details":{"image_tokens":70,"text_tokens":20},"output_tokens":300,"output_tokens_details":{"image_tokens":272,"text_tokens":28},"total_tokens":390})"),
     {.input = 20, .output = 28, .image_input = 70, .image_output = 272},
     UsageSource::provider,
     {.service_tier = "default"}},
    {"reasoning is inside the output",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":10,"completion_tokens":400,"total_tokens":410,"completion_tokens_details":{"reasoning_tokens":380,"accepted_prediction_tokens":3,"rejected_prediction_tokens":5}})"),
     {.input = 10, .output = 400}},
    {"reasoning on top shows in the total",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":10,"completion_tokens":20,"total_tokens":410,"completion_tokens_details":{"reasoning_tokens":380}})"),
     {.input = 10, .output = 20, .reasoning = 380}},
    {"legacy completions",
     Endpoint::completions,
     R"({"id":"c","model":"m","choices":[{"text":" Hi","index":0,"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}})",
     {.input = 5, .output = 7}},
    {"embeddings have input only",
     Endpoint::embeddings,
     R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":"AAAA"}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}})",
     {.input = 8}},
    {"embeddings of Google's, where it tells its count",
     Endpoint::gemini_embeddings,
     R"({"embeddings":[{"values":[0.1]}],"usageMetadata":{"promptTokenCount":8,"promptTokenDetails":[{"modality":"TEXT","tokenCount":8}]}})",
     {.input = 8}},
    {"embeddings of Google's without a count",
     Endpoint::gemini_embeddings,
     R"({"embeddings":[{"values":[0.1]}]})",
     {.input = input_bound},
     UsageSource::estimated},
    {"embeddings of Cohere's cost what is billed",
     Endpoint::cohere_embed,
     R"({"id":"e","embeddings":{"float":[[0.1]]},"meta":{"billed_units":{"input_tokens":8.0,"images":0},"tokens":{"input_tokens":99}}})",
     {.input = 8}},
    {"embeddings of Cohere's without a count",
     Endpoint::cohere_embed,
     R"({"id":"e","embeddings":{"float":[[0.1]]},"meta":{}})",
     {.input = input_bound},
     UsageSource::estimated},
    {"a count that nobody can believe is none",
     Endpoint::cohere_embed,
     R"({"embeddings":{"float":[]},"meta":{"billed_units":{"input_tokens":-4}}})",
     {.input = input_bound},
     UsageSource::estimated},
    {"an error of Cohere's, in the place of embeddings, is not billed",
     Endpoint::cohere_embed,
     R"({"id":"e","message":"invalid request"})",
     {},
     UsageSource::none},
    {"a response",
     Endpoint::responses,
     response_with(
         "[]",
         R"({"input_tokens":75,"input_tokens_details":{"cached_tokens":50,"cache_write_tokens":5},"output_tokens":1186,"output_tokens_details":{"reasoning_tokens":1024},"total_tokens":1261})"),
     {.input = 20, .cache_read = 50, .cache_write_5m = 5, .output = 1186},
     UsageSource::provider,
     {.service_tier = "default"}},
    {"searches are counted, opened pages are not",
     Endpoint::responses,
     response_with(
         R"([{"type":"web_search_call","id":"1","status":"completed","action":{"type":"search","query":"x"}},{"type":"web_search_call","id":"2","action":{"type":"open_page","url":"y"}},{"type":"web_search_call","id":"3"}])",
         R"({"input_tokens":75,"output_tokens":10,"total_tokens":85})"),
     {.input = 75, .output = 10, .web_searches = 2},
     UsageSource::provider,
     {.service_tier = "default"}},
    {"a message with every class",
     Endpoint::messages,
     message_with(
         R"({"input_tokens":3,"cache_creation_input_tokens":300,"cache_read_input_tokens":200,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":12,"server_tool_use":{"web_search_requests":2,"web_fetch_requests":1},"service_tier":"priority","speed":"fast","inference_geo":"us"})"),
     {.input = 3, .cache_read = 200, .cache_write_5m = 100, .cache_write_1h = 200, .output = 12, .web_searches = 2},
     UsageSource::provider,
     {.service_tier = "priority", .speed = "fast", .region = "us"}},
    {"cache writes without a breakdown are of five minutes",
     Endpoint::messages,
     message_with(
         R"({"input_tokens":3,"cache_creation_input_tokens":300,"cache_read_input_tokens":0,"output_tokens":12})"),
     {.input = 3, .cache_write_5m = 300, .output = 12}},
    {"all input from the cache is not no input",
     Endpoint::messages,
     message_with(R"({"input_tokens":0,"cache_read_input_tokens":9,"output_tokens":12})"),
     {.cache_read = 9, .output = 12}},
    {"a conversation that was compacted was sampled twice",
     Endpoint::messages,
     message_with(
         R"({"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"cache_read_input_tokens":7,"cache_creation_input_tokens":0,"output_tokens":3500},{"type":"message","input_tokens":23000,"output_tokens":1000}]})"),
     {.input = 203000, .cache_read = 7, .output = 4500}},
    {"an adviser that was asked is billed",
     Endpoint::messages,
     message_with(
         R"({"input_tokens":10,"output_tokens":20,"iterations":[{"input_tokens":500,"output_tokens":60,"type":"advisor_message"},{"type":"unheard_of","input_tokens":1},7,null]})"),
     {.input = 510, .output = 80}},
    {"a sampling within a sampling is not followed",
     Endpoint::messages,
     message_with(
         R"({"input_tokens":10,"output_tokens":20,"iterations":[{"type":"compaction","input_tokens":5,"iterations":[{"type":"compaction","input_tokens":7}]}]})"),
     {.input = 15, .output = 20}},
    {"token counts are free", Endpoint::count_tokens, R"({"input_tokens":812})", {}},
    {"no usage at all",
     Endpoint::chat_completions,
     chat_with("null"),
     {.input = input_bound, .output = 4},
     UsageSource::estimated},
    {"an empty usage",
     Endpoint::chat_completions,
     chat_with("{}"),
     {.input = input_bound, .output = 4},
     UsageSource::estimated},
    {"a usage of zeros beside an answer",
     Endpoint::chat_completions,
     chat_with(R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})"),
     {.input = input_bound, .output = 4},
     UsageSource::estimated},
    {"a negative count is no count",
     Endpoint::chat_completions,
     chat_with(R"({"prompt_tokens":10,"completion_tokens":-5,"total_tokens":14})"),
     {.input = 10, .output = 4},
     UsageSource::estimated},
    {"a count above a billion billions is no count",
     Endpoint::chat_completions,
     chat_with(R"({"prompt_tokens":1000000000001,"completion_tokens":4,"total_tokens":14})"),
     {.input = input_bound, .output = 4},
     UsageSource::estimated},
    {"a count beyond 64 bits is no count",
     Endpoint::chat_completions,
     chat_with(R"({"prompt_tokens":99999999999999999999999,"completion_tokens":4})"),
     {.input = input_bound, .output = 4},
     UsageSource::estimated},
    {"a count in words is no count",
     Endpoint::chat_completions,
     chat_with(R"({"prompt_tokens":"10","completion_tokens":[4]})"),
     {.input = input_bound, .output = 4},
     UsageSource::estimated},
    {"a usage that is a list",
     Endpoint::chat_completions,
     chat_with("[1,2]"),
     {.input = input_bound, .output = 4},
     UsageSource::estimated},
    {"details that are no objects",
     Endpoint::chat_completions,
     chat_with(
         R"({"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":null,"completion_tokens_details":7})"),
     {.input = 10, .output = 4}},
    {"negative details",
     Endpoint::chat_completions,
     chat_with(R"({"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":-9}})"),
     {.input = 10, .output = 4}},
    {"a message without usage",
     Endpoint::messages,
     message_with("null"),
     {.input = input_bound, .output = 2},
     UsageSource::estimated},
    {"embeddings without usage",
     Endpoint::embeddings,
     R"({"object":"list","data":[],"model":"m"})",
     {.input = input_bound},
     UsageSource::estimated},
    {"an error of the provider is not billed",
     Endpoint::chat_completions,
     R"({"error":{"message":"no","type":"invalid_request_error"}})",
     {},
     UsageSource::none},
    {"an error of Anthropic is not billed",
     Endpoint::messages,
     R"({"type":"error","error":{"type":"overloaded_error","message":"x"}})",
     {},
     UsageSource::none},
    {"a failed response with usage is billed",
     Endpoint::responses,
     R"({"id":"r","status":"failed","error":{"code":"server_error"},"output":[],"usage":{"input_tokens":7,"output_tokens":2,"total_tokens":9}})",
     {.input = 7, .output = 2}},
    {"an answer that is no JSON is counted by its length",
     Endpoint::chat_completions,
     "<html>Bad gateway</html>",
     {.input = input_bound, .output = 8},
     UsageSource::estimated},
};

TEST(Usage, every_class_is_counted_once) {
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        const auto meter = Meter::make({.endpoint = c.endpoint});
        EXPECT_EQ(meter->pass_whole(c.body), c.body);
        const Reading reading = meter->finish(input_bound);
        EXPECT_EQ(reading.source, c.source);
        EXPECT_EQ(reading.served, c.served);
        EXPECT_EQ(reading.usage.input, c.usage.input);
        EXPECT_EQ(reading.usage.cache_read, c.usage.cache_read);
        EXPECT_EQ(reading.usage.output, c.usage.output);
        EXPECT_EQ(reading.usage, c.usage);
    }
}

TEST(Usage, a_streamed_message_counts_up_to_the_last_word) {
    const std::string stream =
        "event: message_start\ndata: "
        "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"model\":\"m\",\"content\":[],"
        "\"usage\":{\"input_tokens\":25,\"cache_creation_input_tokens\":30,"
        "\"cache_read_input_tokens\":7,\"cache_creation\":{\"ephemeral_5m_input_tokens\":10,\"ephemeral_1h_input_"
        "tokens\":20},\"output_tokens\":1,\"service_tier\":\"standard\"}}}\n\n"
        "event: content_block_delta\ndata: "
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello, this is "
        "text\"}}\n\n";
    const std::string end =
        "event: message_delta\ndata: "
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15,\"server_"
        "tool_use\":{\"web_search_requests\":3}}}\n\n"
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    const auto whole = Meter::make({.endpoint = Endpoint::messages, .streamed = true});
    whole->pass(stream + end);
    const Reading reading = whole->finish(input_bound);
    EXPECT_EQ(reading.usage, (Usage{.input = 25,
                                    .cache_read = 7,
                                    .cache_write_5m = 10,
                                    .cache_write_1h = 20,
                                    .output = 15,
                                    .web_searches = 3}));
    EXPECT_EQ(reading.source, UsageSource::provider);
    EXPECT_TRUE(reading.complete);
    EXPECT_EQ(reading.served.service_tier, "standard");

    // Cut before the last count: the input is known, the output is not the 1 of the beginning.
    const auto cut = Meter::make({.endpoint = Endpoint::messages, .streamed = true});
    cut->pass(stream);
    const Reading part = cut->finish(input_bound);
    EXPECT_EQ(part.source, UsageSource::estimated);
    EXPECT_FALSE(part.complete);
    EXPECT_EQ(part.usage.input, 25);
    EXPECT_EQ(part.usage.output, 7);
    EXPECT_EQ(part.content_bytes, 19);
}

TEST(Usage, a_stream_that_is_cut_is_estimated_and_never_zero) {
    const std::string role =
        "data: "
        "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"
        "\n\n";
    const std::string tool =
        "data: "
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"function\":{\"name\":"
        "\"f\",\"arguments\":\"{}\"}}]}}]}\n\n";
    const std::string thought =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm hm hm\"}}]}\n\n";
    struct Cut {
        std::string stream;
        Tokens output;
    };
    for (const auto& cut :
         std::vector<Cut>{{role, 0}, {role + tool, 1}, {role + thought, 3}, {role + thought + tool, 4}}) {
        SCOPED_TRACE(cut.stream);
        const auto meter = Meter::make({.streamed = true});
        meter->pass(cut.stream);
        const Reading reading = meter->finish(input_bound);
        EXPECT_EQ(reading.source, UsageSource::estimated);
        EXPECT_EQ(reading.usage.input, input_bound);
        EXPECT_EQ(reading.usage.output, cut.output);
        EXPECT_FALSE(reading.complete);
    }
}

TEST(Usage, nothing_served_is_nothing_billed) {
    for (const std::string stream :
         {"", ": ping\n\n", "event: ping\ndata: {\"type\": \"ping\"}\n\n",
          "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n"}) {
        SCOPED_TRACE(stream);
        const auto meter = Meter::make({.endpoint = Endpoint::messages, .streamed = true});
        meter->pass(stream);
        const Reading reading = meter->finish(input_bound);
        EXPECT_EQ(reading.source, UsageSource::none);
        EXPECT_EQ(reading.usage, Usage{});
        EXPECT_FALSE(reading.content);
    }
}

TEST(Usage, no_depth_of_samplings_ends_the_service) {
    std::string usage = R"({"input_tokens":10,"output_tokens":20,"iterations":[)";
    std::string ends;
    for (int level = 0; level < 20'000; ++level) {
        usage += R"({"type":"compaction","iterations":[)";
        ends += "]}";
    }
    const auto meter = Meter::make({.endpoint = Endpoint::messages});
    meter->pass_whole(message_with(usage + ends + "]}"));
    const Reading reading = meter->finish(input_bound);
    // The JSON reader itself may or may not go as deep; no token is invented either way.
    EXPECT_GE(reading.usage.input, 10);
}

TEST(Usage, running_counts_of_a_cut_stream_are_a_lower_bound) {
    const auto meter = Meter::make({.streamed = true});
    meter->pass("data: {\"choices\":[{\"delta\":{\"content\":\"" + std::string(300, 'x') +
                "\"}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n");
    const Reading reading = meter->finish(input_bound);
    EXPECT_EQ(reading.usage.input, 9);
    EXPECT_EQ(reading.usage.output, 100);
    EXPECT_EQ(reading.source, UsageSource::estimated);
}

}  // namespace
}  // namespace bursar::providers
