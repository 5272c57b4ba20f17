// Hunts: a stream that says something else than the plain answer, an event that is no JSON, a usage that leaks or
// lacks, and counts of delivered tokens that run backwards or end elsewhere than the bill.
#include "service/demo/dialects.h"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace bursar::demo {
namespace {

const Timestamp now = from_unix_milliseconds(1'795'000'000'000);

/// The text of a pointer, or nothing.
std::string at(const simdjson::dom::element& element, std::string_view pointer) {
    std::string_view text;
    return element.at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

/// All deltas of one kind, joined.
std::string gather(const std::vector<Event>& events, std::string_view pointer, std::string_view type = {}) {
    std::string all;
    for (const Event& event : events) {
        const std::size_t data = event.bytes.find("data: ") + 6;
        const std::string json = event.bytes.substr(data, event.bytes.size() - data - 2);
        if (json == "[DONE]") continue;
        simdjson::dom::parser parser;
        simdjson::dom::element root;
        EXPECT_EQ(parser.parse(json).get(root), simdjson::SUCCESS) << event.bytes;
        if (type.empty() || at(root, "/type") == type) all += at(root, pointer);
    }
    return all;
}

struct Case {
    const char* sentence;
    Endpoint endpoint;
    const char* body;
    const char* text_in_body;
    const char* text_in_events;
    const char* type;
};

const std::vector<Case> cases = {
    {"chat", Endpoint::chat_completions,
     R"({"model":"m","stream":true,"messages":[{"role":"user","content":"héllo “you” [[demo tokens=40 reasoning=4]]"}]})",
     "/choices/0/message/content", "/choices/0/delta/content", ""},
    {"completions", Endpoint::completions, R"({"model":"m","stream":true,"prompt":"hello"})", "/choices/0/text",
     "/choices/0/text", ""},
    {"responses", Endpoint::responses, R"({"model":"m","stream":true,"input":"hello \"you\" [[demo tokens=40]]"})",
     "/output/0/content/0/text", "/delta", "response.output_text.delta"},
    {"messages", Endpoint::messages,
     R"({"model":"m","stream":true,"max_tokens":12,"messages":[{"role":"user","content":"hello [[demo tokens=40]]"}]})",
     "/content/0/text", "/delta/text", "content_block_delta"},
    {"chat with a tool", Endpoint::chat_completions,
     R"({"model":"m","stream":true,"tools":[{"type":"function","function":{"name":"Bash","parameters":{"required":["cmd"],"properties":{"cmd":{"type":"string"}}}}}],
         "messages":[{"role":"user","content":"use the tool"}]})",
     "/choices/0/message/tool_calls/0/function/arguments", "/choices/0/delta/tool_calls/0/function/arguments", ""},
    {"responses with a tool", Endpoint::responses,
     R"({"model":"m","stream":true,"tools":[{"type":"function","name":"Bash","parameters":{"required":["cmd"],"properties":{"cmd":{"type":"string"}}}}],"input":"use the tool"})",
     "/output/0/arguments", "/delta", "response.function_call_arguments.delta"},
};

TEST(Stream, says_what_the_plain_answer_says) {
    for (const Case& each : cases) {
        const auto ask = read_ask(each.endpoint, each.body);
        ASSERT_TRUE(ask) << each.sentence << ask.error().for_caller;
        const Answer answer = plan_answer(*ask, 1, now);
        simdjson::dom::parser parser;
        simdjson::dom::element body;
        ASSERT_EQ(parser.parse(body_of(*ask, answer)).get(body), simdjson::SUCCESS) << each.sentence;
        const std::string expected = at(body, each.text_in_body);
        EXPECT_FALSE(expected.empty()) << each.sentence;
        EXPECT_EQ(gather(events_of(*ask, answer), each.text_in_events, each.type), expected) << each.sentence;
    }
}

TEST(Stream, counts_never_run_backwards_and_end_at_the_bill) {
    for (const Case& each : cases) {
        const auto ask = read_ask(each.endpoint, each.body);
        ASSERT_TRUE(ask) << each.sentence;
        const Answer answer = plan_answer(*ask, 1, now);
        Tokens last = 0;
        for (const Event& event : events_of(*ask, answer)) {
            EXPECT_GE(event.output_so_far, last) << each.sentence << event.bytes;
            EXPECT_TRUE(event.bytes.ends_with("\n\n")) << each.sentence;
            last = event.output_so_far;
        }
        EXPECT_EQ(last, answer.usage.output) << each.sentence;
    }
}

TEST(Stream, usage_comes_only_when_asked_for) {
    const auto count = [](const char* body) {
        const auto ask = read_ask(Endpoint::chat_completions, body);
        EXPECT_TRUE(ask);
        int found = 0;
        for (const Event& event : events_of(*ask, plan_answer(*ask, 1, now)))
            found += event.bytes.contains("\"prompt_tokens\"") ? 1 : 0;
        return found;
    };
    EXPECT_EQ(count(R"({"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]})"), 0);
    EXPECT_EQ(
        count(
            R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]})"),
        1);
    EXPECT_EQ(
        count(
            R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"[[demo no_usage]]"}]})"),
        0);
}

TEST(Stream, responses_number_their_events_and_end_completed) {
    const auto ask =
        read_ask(Endpoint::responses, R"({"model":"m","stream":true,"input":"x [[demo reasoning=3 tokens=3]]"})");
    ASSERT_TRUE(ask);
    const std::vector<Event> events = events_of(*ask, plan_answer(*ask, 1, now));
    for (std::size_t i = 0; i < events.size(); ++i)
        EXPECT_TRUE(events[i].bytes.contains("\"sequence_number\":" + std::to_string(i) + ",")) << events[i].bytes;
    EXPECT_TRUE(events.front().bytes.starts_with("event: response.created\n"));
    EXPECT_TRUE(events.back().bytes.starts_with("event: response.completed\n"));
}

TEST(Stream, exact_usage_is_told_in_each_dialects_own_way) {
    constexpr const char* directive =
        "[[demo usage=input:100,cache_read:20,cache_write_5m:3,cache_write_1h:4,output:50,reasoning:10]]";
    const auto body = [&](Endpoint endpoint, std::string before) {
        const auto ask = read_ask(endpoint, before + directive + "\"}]}");
        EXPECT_TRUE(ask);
        return body_of(*ask, plan_answer(*ask, 1, now));
    };
    const std::string chat = body(Endpoint::chat_completions, R"({"model":"m","messages":[{"role":"user","content":")");
    EXPECT_TRUE(chat.contains(R"("prompt_tokens":127,"completion_tokens":50,"total_tokens":177)")) << chat;
    EXPECT_TRUE(chat.contains(R"("cached_tokens":20)") && chat.contains(R"("reasoning_tokens":10)") &&
                chat.contains(R"("cache_write_tokens":7)"))
        << chat;
    const std::string messages =
        body(Endpoint::messages, R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":")");
    EXPECT_TRUE(messages.contains(R"("input_tokens":100,"cache_creation_input_tokens":7,"cache_read_input_tokens":20)"))
        << messages;
    EXPECT_TRUE(messages.contains(R"("ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4)")) << messages;
}

TEST(Errors, have_the_shape_of_their_dialect) {
    EXPECT_EQ(error_body(Dialect::anthropic, 529, "busy \"now\"", "req_1"),
              R"({"type":"error","error":{"type":"overloaded_error","message":"busy \"now\""},"request_id":"req_1"})");
    EXPECT_EQ(error_body(Dialect::openai, 401, "no", "req_1"),
              R"({"error":{"message":"no","type":"invalid_request_error","param":null,"code":"invalid_api_key"}})");
}

}  // namespace
}  // namespace bursar::demo
