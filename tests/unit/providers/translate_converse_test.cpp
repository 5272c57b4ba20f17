// Hunts: what Bedrock's dialect says differently and a translation could lose: results before words, a schema that is a
// string, a cache mark that is a block, blocks that nothing opens, usage after the end; what its models cannot be told,
// dropped without a word; and what only some of them know, said to the others.
#include "service/providers/answer.h"
#include "service/providers/meter.h"
#include "service/providers/translate/translate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

const Shown shown{.model = "asked", .id = "call_1", .created = 7};
const Target claude{.dialect = Dialect::bedrock, .model = "us.anthropic.claude-opus-5"};
const Target older{
    .dialect = Dialect::bedrock, .model = "anthropic.claude-sonnet-4-5-20250929-v1:0", .max_tokens = 20000};
const Target nova{.dialect = Dialect::bedrock, .model = "us.amazon.nova-2-lite-v1:0"};
const Target oss{.dialect = Dialect::bedrock, .model = "openai.gpt-oss-120b-1:0"};
const Target llama{.dialect = Dialect::bedrock, .model = "meta.llama4-scout-17b-instruct-v1:0"};

std::string chat(const std::string& more) {
    return R"({"model":"m","messages":[{"role":"user","content":"x"}])" + more + "}";
}
std::string messages(const std::string& more) {
    return R"({"model":"m","max_tokens":100,"messages":[{"role":"user","content":"x"}])" + more + "}";
}
constexpr std::string_view x = R"("messages":[{"role":"user","content":[{"text":"x"}]}])";

struct Said {
    std::string name;
    Endpoint from;
    Target to;
    std::string body;
    std::string sent;  ///< what the request has in it
};

TEST(TranslateConverse, RequestsSayTheSame) {
    const std::string tool =
        R"(,"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object"}}}])";
    const std::string schema =
        R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})";
    const std::vector<Said> cases = {
        {"words", Endpoint::chat_completions, llama, chat(""), "{" + std::string(x) + R"(,"inferenceConfig":{}})"},
        {"settings", Endpoint::chat_completions, llama,
         chat(R"(,"max_tokens":9,"temperature":1.5,"top_p":0.5,"stop":["a","b"])"),
         R"("inferenceConfig":{"maxTokens":9,"temperature":1,"topP":0.5,"stopSequences":["a","b"]})"},
        {"which sequence it was is asked", Endpoint::chat_completions, claude, chat(R"(,"stop":"a")"),
         R"("additionalModelResponseFieldPaths":["/stop_sequence"])"},
        {"a tool, strict where that is known", Endpoint::chat_completions, claude, chat(tool),
         R"("toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}},"strict":true}}]})"},
        {"a tool, and no word of strictness", Endpoint::chat_completions, nova,
         chat(tool + R"(,"tool_choice":"required")"),
         R"("toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}],"toolChoice":{"any":{}}})"},
        {"a named tool", Endpoint::chat_completions, nova,
         chat(tool + R"(,"tool_choice":{"type":"function","function":{"name":"f"}})"),
         R"("toolChoice":{"tool":{"name":"f"}})"},
        {"no tool is no tools", Endpoint::chat_completions, nova, chat(tool + R"(,"tool_choice":"none")"),
         "{" + std::string(x) + R"(,"inferenceConfig":{}})"},
        {"a schema is a string", Endpoint::chat_completions, claude, chat("," + schema),
         R"("outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\"}","name":"n"}}}})"},
        {"a schema beside an effort", Endpoint::chat_completions, claude,
         chat(R"(,"reasoning_effort":"high",)" + schema),
         R"("additionalModelRequestFields":{"thinking":{"type":"adaptive"},"output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object"}}}}})"},
        {"an effort in tokens", Endpoint::chat_completions, older, chat(R"(,"reasoning_effort":"low")"),
         R"("additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2048}})"},
        {"an effort of Nova's", Endpoint::chat_completions, nova, chat(R"(,"reasoning_effort":"xhigh")"),
         R"("additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}})"},
        {"an effort of gpt-oss", Endpoint::chat_completions, oss, chat(R"(,"reasoning_effort":"minimal")"),
         R"("additionalModelRequestFields":{"reasoning_effort":"low"})"},
        {"an effort that nobody knows is left out", Endpoint::chat_completions, llama,
         chat(R"(,"reasoning_effort":"high")"), "{" + std::string(x) + R"(,"inferenceConfig":{}})"},
        {"a picture", Endpoint::chat_completions, claude,
         R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,AAAA"}}]}]})",
         R"({"image":{"format":"jpeg","source":{"bytes":"AAAA"}}})"},
        {"documents have names of their own", Endpoint::messages, claude,
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"read"},{"type":"document","title":"a  b_c.pdf","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}},{"type":"document","title":"a b c","source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"CCCC"}}]}]})",
         R"({"document":{"format":"pdf","name":"a b c","source":{"bytes":"AAAA"}}},{"document":{"format":"pdf","name":"a b c 2","source":{"bytes":"BBBB"}}},{"document":{"format":"pdf","name":"document","source":{"bytes":"CCCC"}}})"},
        {"cache marks", Endpoint::messages, claude,
         R"({"model":"m","max_tokens":9,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],"tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"5m"}}]}]})",
         R"({"system":[{"text":"s"},{"cachePoint":{"type":"default","ttl":"1h"}}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}},{"cachePoint":{"type":"default"}}]},"messages":[{"role":"user","content":[{"text":"x"},{"cachePoint":{"type":"default"}}]}])"},
        {"cache marks that are not known are left out", Endpoint::messages, llama,
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}]})",
         x.data()},
        {"thinking comes back", Endpoint::messages, claude,
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"y"}]},{"role":"user","content":"z"}]})",
         R"([{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"reasoningContent":{"redactedContent":"d"}},{"text":"y"}])"},
        {"thinking goes to nobody else's model", Endpoint::messages, nova,
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"y"}]},{"role":"user","content":"z"}]})",
         R"({"role":"assistant","content":[{"text":"y"}]})"},
        {"results first, and what failed", Endpoint::messages, claude,
         R"({"model":"m","max_tokens":9,"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"a.b","name":"f","input":{"k":1}}]},{"role":"user","content":[{"type":"text","text":"y"},{"type":"tool_result","tool_use_id":"a.b","is_error":true}]}]})",
         R"x({"role":"assistant","content":[{"toolUse":{"toolUseId":"a_b","name":"f","input":{"k":1}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"a_b","content":[{"text":"(no output)"}],"status":"error"}},{"text":"y"}]})x"},
        {"JSON alone is asked in words", Endpoint::chat_completions, claude,
         chat(R"(,"response_format":{"type":"json_object"})"),
         R"("system":[{"text":"Answer with a single JSON object)"},
    };
    for (const auto& one : cases) {
        const auto sent = request(one.from, one.body, one.to);
        ASSERT_TRUE(sent.has_value()) << one.name << ": " << sent.error().for_caller;
        EXPECT_NE(sent->find(one.sent), std::string::npos) << one.name << "\n" << *sent;
    }
}

TEST(TranslateConverse, NoMoreCachePointsThanFour) {
    std::string content;
    for (int i = 0; i < 6; ++i)
        content +=
            std::string(i == 0 ? "" : ",") + R"({"type":"text","text":"x","cache_control":{"type":"ephemeral"}})";
    const auto sent =
        request(Endpoint::messages,
                R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[)" + content + "]}]}", claude);
    ASSERT_TRUE(sent.has_value());
    std::size_t points = 0;
    for (std::size_t at = 0; (at = sent->find("cachePoint", at)) != std::string::npos; ++at) ++points;
    EXPECT_EQ(points, 4U);
}

TEST(TranslateConverse, LongIdsStayTheSameAtCallAndResult) {
    const std::string id(100, 'i');
    const auto sent = request(
        Endpoint::messages,
        R"({"model":"m","max_tokens":9,"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":")" +
            id + R"(","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":")" + id +
            R"(","content":"y"}]}]})",
        claude);
    ASSERT_TRUE(sent.has_value());
    constexpr std::string_view name = R"("toolUseId":")";
    const std::size_t first = sent->find(name), second = sent->rfind(name);
    ASSERT_NE(first, second);
    const std::string made = sent->substr(first + name.size(), 64);
    EXPECT_EQ(made, sent->substr(second + name.size(), 64));
    EXPECT_EQ((*sent)[first + name.size() + 64], '"');
}

TEST(TranslateConverse, WhatCannotBeSaidIsRefusedByName) {
    const std::string tool = R"(,"tools":[{"type":"function","function":{"name":"f"}}])";
    const std::string called =
        R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"y"}])";
    const std::vector<Said> cases = {
        {"one tool at a time", Endpoint::chat_completions, claude, chat(tool + R"(,"parallel_tool_calls":false)"),
         "`parallel_tool_calls`"},
        {"calls without tools", Endpoint::chat_completions, claude, called + "}", "`tools`"},
        {"calls, and no tool to be called", Endpoint::chat_completions, claude,
         called + tool + R"(,"tool_choice":"none"})", "`tool_choice`"},
        {"a picture somewhere", Endpoint::chat_completions, claude,
         R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}]}]})",
         "URL"},
        {"a document alone", Endpoint::messages, claude,
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}]}]})",
         "document"},
        {"top_k of a model without it", Endpoint::messages, llama, messages(R"(,"top_k":5)"), "`top_k`"},
        {"nothing said", Endpoint::chat_completions, claude,
         R"({"model":"m","messages":[{"role":"system","content":"x"}]})", "user message"},
        {"the model first", Endpoint::chat_completions, claude,
         R"({"model":"m","messages":[{"role":"assistant","content":"x"},{"role":"user","content":"y"}]})",
         "begins with"},
    };
    for (const auto& one : cases) {
        const auto sent = request(one.from, one.body, one.to);
        ASSERT_FALSE(sent.has_value()) << one.name << "\n" << *sent;
        EXPECT_EQ(sent.error().fault, Fault::invalid_request) << one.name;
        EXPECT_NE(sent.error().for_caller.find(one.sent), std::string::npos) << sent.error().for_caller;
    }
}

constexpr Way for_chat{.caller = Endpoint::chat_completions, .provider = Endpoint::converse};
constexpr Way for_messages{.caller = Endpoint::messages, .provider = Endpoint::converse};
constexpr Way for_gemini{.caller = Endpoint::generate_content, .provider = Endpoint::converse};

TEST(TranslateConverse, AnswersKeepThinkingCallsAndCounts) {
    const std::string body =
        R"({"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"reasoningContent":{"redactedContent":"d"}},{"text":"y"},{"toolUse":{"toolUseId":"tooluse_1","name":"f","input":{"k":[1]}}}]}},"stopReason":"tool_use","usage":{"inputTokens":11,"outputTokens":9,"totalTokens":140,"cacheReadInputTokens":100,"cacheWriteInputTokens":20},"metrics":{"latencyMs":1}})";
    const auto out = answer(for_messages, body, shown);
    ASSERT_TRUE(out.has_value());
    EXPECT_NE(
        out->find(
            R"("content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"y","citations":null},{"type":"tool_use","id":"tooluse_1","name":"f","caller":{"type":"direct"},"input":{"k":[1]}}],"stop_reason":"tool_use")"),
        std::string::npos)
        << *out;
    EXPECT_NE(
        out->find(
            R"("input_tokens":11,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":9)"),
        std::string::npos)
        << *out;
    const auto meter = Meter::make({.endpoint = Endpoint::converse});
    static_cast<void>(meter->pass_whole(body));
    const Reading reading = meter->finish(0);
    EXPECT_TRUE(reading.complete);
    EXPECT_EQ(reading.usage, (Usage{.input = 11, .cache_read = 100, .cache_write_5m = 20, .output = 9}));
}

TEST(TranslateConverse, EveryReasonToEndHasItsOwn) {
    const std::vector<std::pair<std::string, std::string>> reasons = {{"end_turn", "stop"},
                                                                      {"stop_sequence", "stop"},
                                                                      {"max_tokens", "length"},
                                                                      {"model_context_window_exceeded", "length"},
                                                                      {"malformed_tool_use", "length"},
                                                                      {"guardrail_intervened", "content_filter"},
                                                                      {"content_filtered", "content_filter"},
                                                                      {"a reason of tomorrow", "stop"}};
    for (const auto& [reason, word] : reasons) {
        const auto out = answer(
            for_chat, R"({"output":{"message":{"content":[{"text":"y"}]}},"stopReason":")" + reason + R"("})", shown);
        ASSERT_TRUE(out.has_value()) << reason;
        EXPECT_NE(out->find(R"("finish_reason":")" + word + '"'), std::string::npos) << *out;
    }
    for (const char* wrong :
         {R"({"output":{"message":{"content":[]}}})", R"({"message":"x"})", R"({"output":1})", "[]"})
        EXPECT_FALSE(answer(for_chat, wrong, shown).has_value()) << wrong;
}

TEST(TranslateConverse, ASequenceIsTold) {
    const auto out = answer(
        for_messages,
        R"({"output":{"message":{"content":[{"text":"y"}]}},"stopReason":"stop_sequence","additionalModelResponseFields":{"stop_sequence":"##"}})",
        shown);
    ASSERT_TRUE(out.has_value());
    EXPECT_NE(out->find(R"("stop_sequence":"##")"), std::string::npos) << *out;
}

std::string events(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& one : all) out += "data: " + one + "\n\n";
    return out;
}
struct Streamed {
    std::string out;
    bool ended, failed;
};
Streamed streamed(const Way& way, const std::vector<std::string>& all) {
    const auto stream = Stream::make(way, shown);
    std::string out(stream->pass(events(all)));
    out += stream->finish();
    return {out, stream->ended(), stream->failed()};
}

const std::string start = R"({"messageStart":{"role":"assistant"}})",
                  close = R"({"contentBlockStop":{"contentBlockIndex":0}})",
                  metadata = R"({"metadata":{"usage":{"inputTokens":3,"outputTokens":2}}})";
std::string stopped(const std::string& reason) { return R"({"messageStop":{"stopReason":")" + reason + R"("}})"; }
std::string delta(const std::string& of) {
    return R"({"contentBlockDelta":{"contentBlockIndex":0,"delta":)" + of + "}}";
}

TEST(TranslateConverse, StreamsOpenWhatNothingOpens) {
    const auto said = streamed(
        for_messages,
        {start, delta(R"({"reasoningContent":{"text":"t"}})"), delta(R"({"reasoningContent":{"signature":"s"}})"),
         close, delta(R"({"reasoningContent":{"redactedContent":"d"}})"), close, delta(R"({"text":"y"})"), close,
         R"({"contentBlockStart":{"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"u","name":"f"}}}})",
         delta(R"({"toolUse":{"input":"{\"k\""}})"), delta(R"({"toolUse":{"input":":1}"}})"), close,
         stopped("tool_use"), metadata});
    EXPECT_TRUE(said.ended);
    std::size_t at = 0;
    for (const char* next : {R"("type":"message_start")", R"("content_block":{"type":"thinking")", R"("thinking":"t")",
                             R"("signature":"s")", "content_block_stop", R"({"type":"redacted_thinking","data":"d"})",
                             "content_block_stop", R"("text":"y")", "content_block_stop", R"("id":"u","name":"f")",
                             R"("partial_json":"{\"k\"")", R"("partial_json":":1}")", "content_block_stop",
                             R"("stop_reason":"tool_use")", R"("output_tokens":2)", "message_stop"}) {
        at = said.out.find(next, at);
        ASSERT_NE(at, std::string::npos) << next << "\n" << said.out;
    }
}

TEST(TranslateConverse, AStreamEndsOnlyWithItsReasonAndItsUsage) {
    for (const Way& way : {for_chat, for_messages, for_gemini}) {
        EXPECT_TRUE(streamed(way, {start, delta(R"({"text":"y"})"), close, stopped("end_turn"), metadata}).ended);
        EXPECT_FALSE(streamed(way, {start, delta(R"({"text":"y"})"), close, stopped("end_turn")}).ended);
        EXPECT_FALSE(streamed(way, {start, delta(R"({"text":"y"})"), close, metadata}).ended);
        EXPECT_FALSE(streamed(way, {start, delta(R"({"text":"y"})")}).ended);
    }
}

TEST(TranslateConverse, WhatIsNoStreamOfBedrocksEndsAsAnError) {
    const std::vector<std::vector<std::string>> wrong = {{delta(R"({"text":"y"})")},
                                                         {start, start},
                                                         {start, delta(R"({"toolUse":{"input":"{}"}})")},
                                                         {start, stopped("end_turn"), delta(R"({"text":"y"})")},
                                                         {start, R"({"messageStop":{}})"},
                                                         {start, R"({"contentBlockDelta":{}})"},
                                                         {start, "no JSON"}};
    for (const auto& one : wrong) {
        const auto said = streamed(for_chat, one);
        EXPECT_TRUE(said.failed && !said.ended) << said.out;
    }
}

TEST(TranslateConverse, ExceptionsInAStreamAreErrorsOfTheCallersDialect) {
    const std::string limited = R"({"error":{"type":"throttlingException","message":"Too many tokens"}})";
    EXPECT_NE(
        streamed(for_messages, {start, limited}).out.find(R"("type":"rate_limit_error","message":"Too many tokens")"),
        std::string::npos);
    EXPECT_NE(streamed(for_gemini, {start, limited}).out.find("Too many tokens"), std::string::npos);
    EXPECT_NE(streamed(for_chat, {start, R"({"error":{"type":"internalServerException","message":"m"}})"})
                  .out.find("server_error"),
              std::string::npos);
}

}  // namespace
}  // namespace bursar::providers::translate
