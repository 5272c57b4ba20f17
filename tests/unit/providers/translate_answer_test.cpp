// Hunts: a whole answer that says something else in the caller's dialect: other words, another reason, tokens counted
// twice or not at all.
#include "service/providers/translate/translate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

const Shown shown{.model = "asked", .id = "call_1", .created = 7};

/// To the other of the two dialects that this file is about.
Way way_of(Endpoint caller) {
    return {.caller = caller,
            .provider = caller == Endpoint::messages ? Endpoint::chat_completions : Endpoint::messages};
}

struct Case {
    std::string name;
    std::string body;
    std::string out;
};

std::string message(const std::string& content, const std::string& reason = "end_turn", const std::string& more = "") {
    return R"({"id":"msg_x","type":"message","role":"assistant","model":"claude","content":[)" + content +
           R"(],"stop_reason":")" + reason + "\"" + more + R"(,"usage":{"input_tokens":5,"output_tokens":2}})";
}
std::string completion(const std::string& said, const std::string& reason = "stop",
                       const std::string& tier = "default") {
    return R"({"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"asked","choices":[{"index":0,"message":{"role":"assistant",)" +
           said + R"(},"logprobs":null,"finish_reason":")" + reason + R"("}],"service_tier":")" + tier +
           R"(","usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}})";
}

TEST(TranslateAnswer, messages_to_chat) {
    const std::string hi = R"({"type":"text","text":"Hi","citations":null})";
    const std::vector<Case> cases = {
        {"text", message(hi), completion(R"("content":"Hi","refusal":null)")},
        {"several texts are one", message(hi + R"(,{"type":"text","text":" you"})"),
         completion(R"("content":"Hi you","refusal":null)")},
        {"nothing said", message(""), completion(R"("content":"","refusal":null)")},
        {"calls",
         message(
             R"({"type":"tool_use","id":"t1","name":"f","caller":{"type":"direct"},"input":{"a":[1.5,null]}},{"type":"tool_use","id":"t2","name":"g","caller":{"type":"direct"},"input":{}})",
             "tool_use"),
         completion(
             R"("content":null,"refusal":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":[1.5,null]}"}},{"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}])",
             "tool_calls")},
        {"thinking, shown and carried",
         message(R"({"type":"thinking","thinking":"hm","signature":"s="},{"type":"redacted_thinking","data":"zz"},)" +
                 hi),
         completion(
             R"("content":"Hi","refusal":null,"reasoning_content":"hm","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"s=","index":0},{"type":"redacted_thinking","data":"zz","index":1}])")},
        {"cut by the limit", message(hi, "max_tokens"), completion(R"("content":"Hi","refusal":null)", "length")},
        {"cut by the window", message(hi, "model_context_window_exceeded"),
         completion(R"("content":"Hi","refusal":null)", "length")},
        {"paused", message(hi, "pause_turn"), completion(R"("content":"Hi","refusal":null)", "length")},
        {"stopped at a sequence", message(hi, "stop_sequence", R"(,"stop_sequence":"x")"),
         completion(R"("content":"Hi","refusal":null)")},
        {"refused", message("", "refusal", R"(,"stop_details":{"type":"refusal","explanation":"No."})"),
         completion(R"("content":null,"refusal":"No.")", "content_filter")},
        {"a reason of tomorrow", message(hi, "tired"), completion(R"("content":"Hi","refusal":null)")},
    };
    for (const auto& one : cases)
        EXPECT_EQ(answer(way_of(Endpoint::chat_completions), one.body, shown).value_or("none"), one.out) << one.name;
}

std::string chat(const std::string& said, const std::string& reason = "stop", const std::string& more = "") {
    return R"({"id":"x","object":"chat.completion","model":"gpt","choices":[{"index":0,"message":{"role":"assistant",)" +
           said + R"(},"finish_reason":")" + reason + "\"" + more +
           R"(}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}})";
}
std::string shown_message(const std::string& content, const std::string& reason = "end_turn",
                          const std::string& sequence = "null") {
    return R"({"id":"msg_1","type":"message","role":"assistant","model":"asked","container":null,"diagnostics":null,"content":[)" +
           content + R"(],"stop_reason":")" + reason + R"(","stop_sequence":)" + sequence +
           R"(,"stop_details":null,"usage":{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2,"output_tokens_details":{"thinking_tokens":0},"server_tool_use":null,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"inference_geo":null,"service_tier":null,"speed":null}})";
}

TEST(TranslateAnswer, chat_to_messages) {
    const std::string hi = R"({"type":"text","text":"Hi","citations":null})";
    const std::vector<Case> cases = {
        {"text", chat(R"("content":"Hi")"), shown_message(hi)},
        {"text in parts", chat(R"("content":[{"type":"text","text":"Hi"}])"), shown_message(hi)},
        {"calls, by the reason that OpenAI gives to forced ones",
         chat(
             R"("content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{ \"a\": 1.0 }"}},{"id":"","type":"function","function":{"name":"g","arguments":""}}])"),
         shown_message(
             R"({"type":"tool_use","id":"c","name":"f","caller":{"type":"direct"},"input":{ "a": 1.0 }},{"type":"tool_use","id":"toolu_1_1","name":"g","caller":{"type":"direct"},"input":{}})",
             "tool_use")},
        {"arguments that were cut",
         chat(R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":"}}])", "length"),
         shown_message(
             R"({"type":"tool_use","id":"c","name":"f","caller":{"type":"direct"},"input":{"arguments":"{\"a\":"}})",
             "max_tokens")},
        {"thinking", chat(R"("content":"Hi","reasoning_content":"hm","reasoning":"hm")"),
         shown_message(R"({"type":"thinking","thinking":"hm","signature":"bursar:reasoning_content"},)" + hi)},
        {"a refusal", chat(R"("content":null,"refusal":"No.")"),
         shown_message(R"({"type":"text","text":"No.","citations":null})", "refusal")},
        {"a filter", chat(R"("content":"Hi")", "content_filter"), shown_message(hi, "refusal")},
        {"vLLM's sequence", chat(R"("content":"Hi")", "stop", R"(,"stop_reason":"##")"),
         shown_message(hi, "stop_sequence", "\"##\"")},
    };
    for (const auto& one : cases)
        EXPECT_EQ(answer(way_of(Endpoint::messages), one.body, shown).value_or("none"), one.out) << one.name;
}

struct Counted {
    std::string name;
    Endpoint caller;
    std::string usage;
    std::string out;
};

TEST(TranslateAnswer, usage_in_classes_that_never_overlap) {
    const std::vector<Counted> cases = {
        {"what came from Anthropic's cache is a part of OpenAI's prompt", Endpoint::chat_completions,
         R"({"input_tokens":10,"cache_read_input_tokens":100,"cache_creation_input_tokens":50,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30},"output_tokens":7,"output_tokens_details":{"thinking_tokens":3},"service_tier":"priority"})",
         R"("service_tier":"priority","usage":{"prompt_tokens":160,"completion_tokens":7,"total_tokens":167,"prompt_tokens_details":{"cached_tokens":100,"cache_write_tokens":50},"completion_tokens_details":{"reasoning_tokens":3}}})"},
        {"what came from OpenAI's cache is none of Anthropic's input", Endpoint::messages,
         R"({"prompt_tokens":160,"completion_tokens":7,"total_tokens":167,"prompt_tokens_details":{"cached_tokens":100,"cache_write_tokens":50,"audio_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}})",
         R"("usage":{"input_tokens":10,"cache_creation_input_tokens":50,"cache_read_input_tokens":100,"output_tokens":7,"output_tokens_details":{"thinking_tokens":3},"server_tool_use":null,"cache_creation":{"ephemeral_5m_input_tokens":50,"ephemeral_1h_input_tokens":0},"inference_geo":null,"service_tier":null,"speed":null}})"},
        {"reasoning that is counted on top", Endpoint::messages,
         R"({"prompt_tokens":10,"completion_tokens":7,"total_tokens":20,"completion_tokens_details":{"reasoning_tokens":3}})",
         R"("usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":10,"output_tokens_details":{"thinking_tokens":3},"server_tool_use":null,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"inference_geo":null,"service_tier":null,"speed":null}})"},
        {"numbers that nobody can believe", Endpoint::messages,
         R"({"prompt_tokens":-5,"completion_tokens":1e30,"prompt_tokens_details":[]})",
         R"("usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0,"output_tokens_details":{"thinking_tokens":0},"server_tool_use":null,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"inference_geo":null,"service_tier":null,"speed":null}})"},
    };
    for (const auto& one : cases) {
        const std::string body =
            one.caller == Endpoint::messages
                ? R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":)" + one.usage + "}"
                : R"({"type":"message","content":[],"stop_reason":"end_turn","usage":)" + one.usage + "}";
        const auto out = answer(way_of(one.caller), body, shown);
        ASSERT_TRUE(out.has_value()) << one.name;
        EXPECT_TRUE(out->ends_with(one.out)) << one.name << ": " << *out;
    }
}

TEST(TranslateAnswer, what_is_no_answer) {
    for (const auto caller : {Endpoint::messages, Endpoint::chat_completions})
        for (const auto* body :
             {"", "{}", "[]", "<html>", R"({"choices":[]})", R"({"choices":[{"message":{"content":"x"}}]})",
              R"({"type":"message","content":[]})", R"({"error":{"message":"x"}})",
              R"({"choices":[{"message":{"tool_calls":[{}]},"finish_reason":"stop"}]})"}) {
            const auto out = answer(way_of(caller), body, shown);
            ASSERT_FALSE(out.has_value()) << body;
            EXPECT_EQ(out.error().fault, Fault::provider_unavailable) << body;
        }
}

/// What a Chat client echoes comes back to Anthropic as it was.
TEST(TranslateAnswer, a_round_trip_through_an_openai_client_keeps_the_signatures) {
    const std::string content =
        R"([{"type":"thinking","thinking":"hm","signature":"s="},{"type":"text","text":"Let me see."},{"type":"redacted_thinking","data":"zz"},{"type":"tool_use","id":"t1","name":"f","input":{"a":1}}])";
    const auto seen = answer(way_of(Endpoint::chat_completions),
                             R"({"type":"message","content":)" + content + R"(,"stop_reason":"tool_use"})", shown);
    ASSERT_TRUE(seen.has_value());
    const auto begin = seen->find(R"({"role":"assistant")");
    const std::string echoed = seen->substr(begin, seen->find(R"(,"logprobs")") - begin);
    const auto sent = request(Endpoint::chat_completions,
                              R"({"messages":[{"role":"user","content":"Hello"},)" + echoed +
                                  R"(,{"role":"tool","tool_call_id":"t1","content":"1"}]})",
                              {.dialect = Dialect::anthropic, .model = "m"});
    ASSERT_TRUE(sent.has_value());
    EXPECT_NE(sent->find(R"({"role":"assistant","content":)" + content + "}"), std::string::npos) << *sent;
}

}  // namespace
}  // namespace bursar::providers::translate
