// Hunts: a request whose meaning changes in silence because the other dialect has no words for it; an error that does
// not name the field; a provider's refusal that a client of the other dialect does not understand.
#include "service/providers/translate/translate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

struct Case {
    std::string name;
    Endpoint from;
    std::string body;
    std::string says;  ///< a part of the sentence
    std::string model = "m";
};

const std::string hello = R"("messages":[{"role":"user","content":"Hello"}])";
constexpr auto chat = Endpoint::chat_completions;
constexpr auto messages = Endpoint::messages;

std::vector<Case> cases() {
    const auto part = [](const std::string& json) {
        return R"("messages":[{"role":"user","content":[)" + json + "]}]";
    };
    return {
        {"several answers", chat, R"("n":2,)" + hello, "`n`"},
        {"probabilities", chat, R"("logprobs":true,)" + hello, "`logprobs`"},
        {"weights of tokens", chat, R"("logit_bias":{"1":2},)" + hello, "`logit_bias`"},
        {"penalties", chat, R"("frequency_penalty":0.5,)" + hello, "`frequency_penalty`"},
        {"speech", chat, R"("modalities":["text","audio"],)" + hello, "`modalities`"},
        {"search", chat, R"("web_search_options":{"search_context_size":"low"},)" + hello, "`web_search_options`"},
        {"the old tools", chat, R"("functions":[{"name":"f"}],)" + hello, "`functions`"},
        {"a cheaper tier", chat, R"("service_tier":"flex",)" + hello, "`service_tier`"},
        {"a field that nobody knows", chat, R"("guided_json":{"a":1},)" + hello, "`guided_json`"},
        {"a tool with a grammar", chat, R"("tools":[{"type":"custom","custom":{"name":"f"}}],)" + hello, "`tools[0]`"},
        {"a choice among some tools", chat, R"("tool_choice":{"type":"allowed_tools","allowed_tools":{}},)" + hello,
         "`tool_choice`"},
        {"sound", chat, part(R"({"type":"input_audio","input_audio":{"data":"AA","format":"wav"}})"),
         "`messages[0].content[0]`"},
        {"a file at OpenAI", chat, part(R"({"type":"file","file":{"file_id":"file-1"}})"),
         "`messages[0].content[0].file`"},
        {"a file that is no PDF", chat, part(R"({"type":"file","file":{"file_data":"data:text/csv;base64,AA"}})"),
         "`messages[0].content[0].file`"},
        {"an image of another kind", chat,
         part(R"({"type":"image_url","image_url":{"url":"data:image/tiff;base64,AA"}})"),
         "`messages[0].content[0].image_url`"},
        {"an image from nowhere", chat, part(R"({"type":"image_url","image_url":{"url":"file:///etc/passwd"}})"),
         "`messages[0].content[0].image_url`"},
        {"arguments that are no JSON", chat,
         R"("messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":"}}]}])",
         "`messages[1].tool_calls[0].function`"},
        {"arguments that are no object", chat,
         R"("messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"[1]"}}]}])",
         "`messages[0].tool_calls[0].function`"},
        {"nobody speaks", chat, R"("messages":[{"role":"system","content":"Be brief."}])", "no user message"},
        {"the assistant speaks first", chat, R"("messages":[{"role":"assistant","content":"Hi"}])", "begins with"},
        {"white space to stop at", chat, R"("stop":["\n"],)" + hello, "`stop`"},
        {"a temperature for a model that thinks by budget", chat,
         R"("reasoning_effort":"low","temperature":0.1,"max_tokens":9000,)" + hello, "`temperature`",
         "claude-sonnet-4-5"},
        {"a role of nobody", chat, R"("messages":[{"role":"king","content":"x"}])", "`messages[0].role`"},
        {"messages that are none", chat, R"("messages":"Hello")", "`messages`"},
        {"a result of nothing", chat, R"("messages":[{"role":"tool","content":"x"}])", "`messages[0].tool_call_id`"},
        {"an effort of nobody", chat, R"("reasoning_effort":"heroic",)" + hello, "`reasoning_effort`"},

        {"top_k", messages, R"("top_k":5,)" + hello, "`top_k`"},
        {"five sequences", messages, R"("stop_sequences":["a","b","c","d","e"],)" + hello, "`stop_sequences`"},
        {"a search of Anthropic's", messages,
         R"("tools":[{"type":"web_search_20250305","name":"web_search"}],)" + hello, "\"web_search_20250305\""},
        {"a tool that only Claude knows", messages, R"("tools":[{"type":"bash_20250124","name":"bash"}],)" + hello,
         "`tools[0]`"},
        {"a container", messages, R"("container":"c",)" + hello, "`container`"},
        {"servers of tools", messages, R"("mcp_servers":[{}],)" + hello, "`mcp_servers`"},
        {"a place", messages, R"("inference_geo":"us",)" + hello, "`inference_geo`"},
        {"Claude Code's guard, by the word that it waits for", messages, R"("safeguards":{},)" + hello, "`safeguards`"},
        {"a document at a URL", messages,
         part(R"({"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}})"),
         "`messages[0].content[0].source`"},
        {"an image at Anthropic", messages, part(R"({"type":"image","source":{"type":"file","file_id":"f"}})"),
         "`messages[0].content[0].source`"},
        {"an image of a kind that nobody takes", messages,
         part(R"({"type":"image","source":{"type":"base64","media_type":"image/tiff","data":"AA"}})"),
         "`messages[0].content[0].source`"},
        {"bytes of nothing that is said", messages,
         part(R"({"type":"document","source":{"type":"base64","data":"AA"}})"), "`messages[0].content[0].source`"},
        {"citations", messages,
         part(
             R"({"type":"document","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"x"}})"),
         "`messages[0].content[0].citations`"},
        {"a block of a tool of Anthropic's", messages,
         part(R"({"type":"server_tool_use","id":"s","name":"web_search"})"), "`messages[0].content[0]`"},
        {"results within results", messages,
         part(R"({"type":"tool_result","tool_use_id":"a","content":[{"type":"tool_result","tool_use_id":"b"}]})"),
         "`messages[0].content[0].content[0]`"},
        {"a tool without a schema", messages, R"("tools":[{"name":"f"}],)" + hello, "`tools[0]`"},
        {"input that is no object", messages,
         R"("messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":"x"}]}])",
         "`messages[0].content[0].input`"},
        {"another endpoint", Endpoint::embeddings, R"("input":"Hello")",
         "chat completions, responses, messages and generateContent"},
    };
}

TEST(TranslateRefused, what_the_other_dialect_cannot_say) {
    for (const auto& one : cases()) {
        const auto dialect = one.from == chat ? Dialect::anthropic : Dialect::openai;
        const auto sent =
            request(one.from, R"({"model":"asked",)" + one.body + "}", {.dialect = dialect, .model = one.model});
        ASSERT_FALSE(sent.has_value()) << one.name << ": " << *sent;
        EXPECT_EQ(sent.error().fault, Fault::invalid_request) << one.name;
        EXPECT_NE(sent.error().for_caller.find(one.says), std::string::npos)
            << one.name << ": " << sent.error().for_caller;
    }
}

TEST(TranslateRefused, bodies_that_are_no_json) {
    for (const auto* body : {"", "[]", "{", "\"x\"", "{\"messages\":[\"\\ud800\"]}", "{} {}", "nul"})
        for (const auto from : {chat, messages})
            EXPECT_FALSE(request(from, body, {.dialect = Dialect::anthropic, .model = "m"}).has_value()) << body;
}

TEST(TranslateRefused, depth_has_a_limit) {
    const std::string deep = R"({"tools":[{"name":"f","input_schema":{"a":)" + std::string(100'000, '[') +
                             std::string(100'000, ']') + "}}]}";
    EXPECT_FALSE(request(messages, deep, {.dialect = Dialect::openai, .model = "m"}).has_value());
}

TEST(TranslateRefused, a_schema_of_many_members_is_looked_at_once) {
    std::string properties, required;
    for (int i = 0; i < 100'000; ++i) {
        const std::string name = "\"p" + std::to_string(i) + "\"";
        properties += (i > 0 ? "," : "") + name + ":{}";
        required += (i > 0 ? "," : "") + name;
    }
    const std::string body =
        R"({"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{)" + properties +
        R"(},"required":[)" + required +
        R"(],"additionalProperties":false}}},"messages":[{"role":"user","content":"x"}]})";
    const auto sent = request(messages, body, {.dialect = Dialect::openai, .model = "m"});
    ASSERT_TRUE(sent.has_value());
    EXPECT_NE(sent->find(R"("strict":true)"), std::string::npos);
}

TEST(TranslateRefused, so_have_parts) {
    std::string many = R"({"messages":[{"role":"user","content":[)";
    for (int i = 0; i < 200'001; ++i) many += R"({"type":"text","text":"x"},)";
    many += R"({"type":"text","text":"x"}]}]})";
    for (const auto from : {chat, messages})
        EXPECT_FALSE(request(from, many, {.dialect = Dialect::anthropic, .model = "m"}).has_value());
}

struct Refused {
    std::string name;
    Endpoint caller;
    int status;
    std::string body;
    std::string shown;
};

TEST(TranslateRefused, errors_of_the_provider) {
    const std::string id = R"("request_id":"call_1")";
    const std::vector<Refused> all = {
        {"Anthropic's words in OpenAI's shape", chat, 400,
         R"({"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: too big"},"request_id":"req"})",
         R"({"error":{"message":"max_tokens: too big","type":"invalid_request_error","param":null,"code":"invalid_request_error",)" +
             id + "}}"},
        {"overload", chat, 529, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})",
         R"({"error":{"message":"Overloaded","type":"server_error","param":null,"code":"overloaded_error",)" + id +
             "}}"},
        {"an unknown model", chat, 404, R"({"type":"error","error":{"type":"not_found_error","message":"model: x"}})",
         R"({"error":{"message":"model: x","type":"invalid_request_error","param":null,"code":"model_not_found",)" +
             id + "}}"},
        {"money", chat, 400, R"({"type":"error","error":{"type":"billing_error","message":"No credit"}})",
         R"({"error":{"message":"No credit","type":"insufficient_quota","param":null,"code":"billing_error",)" + id +
             "}}"},
        {"a long prompt has OpenAI's code", chat, 400,
         R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}})",
         R"({"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum","type":"invalid_request_error","param":null,"code":"context_length_exceeded",)" +
             id + "}}"},
        {"what is no JSON", chat, 502, "<html>Bad gateway</html>",
         R"({"error":{"message":"The provider refused with status 502.","type":"server_error","param":null,"code":null,)" +
             id + "}}"},
        {"OpenAI's words in Anthropic's shape", messages, 429,
         R"({"error":{"message":"Slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}})",
         R"({"type":"error","error":{"type":"rate_limit_error","message":"Slow down"},)" + id + "}"},
        {"no quota", messages, 429,
         R"({"error":{"message":"Pay","type":"insufficient_quota","code":"insufficient_quota"}})",
         R"({"type":"error","error":{"type":"billing_error","message":"Pay"},)" + id + "}"},
        {"a long prompt in the words by which Claude Code compacts", messages, 400,
         R"({"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 150000 tokens.","type":"invalid_request_error","code":"context_length_exceeded"}})",
         R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 150000 tokens > 128000 maximum"},)" +
             id + "}"},
        {"a server of local models", messages, 500, R"({"error":"model is loading"})",
         R"({"type":"error","error":{"type":"api_error","message":"model is loading"},)" + id + "}"},
        {"another", messages, 422, R"({"detail":"bad field"})",
         R"({"type":"error","error":{"type":"invalid_request_error","message":"bad field"},)" + id + "}"},
        {"nothing at all", messages, 503, "",
         R"({"type":"error","error":{"type":"overloaded_error","message":"The provider refused with status 503."},)" +
             id + "}"},
    };
    for (const auto& one : all) EXPECT_EQ(refusal(one.caller, one.status, one.body, "call_1"), one.shown) << one.name;
}

}  // namespace
}  // namespace bursar::providers::translate
