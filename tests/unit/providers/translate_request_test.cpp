// Hunts: a field that is lost, doubled or changed on its way into the other dialect; a request that the other API would
// refuse for its form alone.
#include "service/providers/translate/translate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

struct Case {
    std::string name;
    std::string body;  ///< without the braces round it and the model
    std::string sent;  ///< the same
    std::string model = "new-model";
};

std::string sent_by(Endpoint from, const Case& one, Target to) {
    to.model = one.model;
    const auto sent = request(from, R"({"model":"asked",)" + one.body + "}", to);
    return sent ? *sent : "refused: " + sent.error().for_caller;
}

const std::string hello = R"("messages":[{"role":"user","content":"Hello"}])";

std::vector<Case> chat_cases() {
    const std::string tool = R"("tools":[{"type":"function","function":{"name":"f"}}])";
    const std::string sent_tool = R"("tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}])";
    return {
        {"one user message is a string there too", hello, R"("max_tokens":4096,)" + hello},
        {"the caller's limit is kept", R"("max_completion_tokens":77,)" + hello, R"("max_tokens":77,)" + hello},
        {"leading system and developer messages are the system prompt",
         R"("messages":[{"role":"system","content":"Be brief."},{"role":"developer","content":[{"type":"text","text":"In German."}]},{"role":"user","content":"Hello"}])",
         R"("max_tokens":4096,"system":[{"type":"text","text":"Be brief."},{"type":"text","text":"In German."}],)" +
             hello},
        {"a later system message moves to the others, and its neighbours become one turn",
         R"("messages":[{"role":"user","content":"Hello"},{"role":"system","content":"Be brief."},{"role":"user","content":"World"}])",
         R"("max_tokens":4096,"system":"Be brief.","messages":[{"role":"user","content":[{"type":"text","text":"Hello"},{"type":"text","text":"World"}]}])"},
        {"messages without text in them are left out",
         R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":""},{"role":"user","content":" \n"}])",
         R"("max_tokens":4096,)" + hello},
        {"an answer to be continued loses the white space at its end",
         R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"I am \n"}])",
         R"("max_tokens":4096,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"I am"}])"},
        {"parallel calls and their results, in order, are one turn each",
         R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":null,"tool_calls":[)"
         R"({"id":"call_1","type":"function","function":{"name":"f","arguments":" {\"a\":1.50}\n"}},)"
         R"({"id":"x.f:2","type":"function","function":{"name":"g","arguments":""}}]},)"
         R"({"role":"tool","tool_call_id":"call_1","content":"one"},{"role":"tool","tool_call_id":"x.f:2","content":[{"type":"text","text":"two"},{"type":"text","text":"three"}]},)"
         R"({"role":"user","content":"Go on"}])",
         R"("max_tokens":4096,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[)"
         R"({"type":"tool_use","id":"call_1","name":"f","input":{"a":1.50}},{"type":"tool_use","id":"x_f_2","name":"g","input":{}}]},)"
         R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"one"},{"type":"tool_result","tool_use_id":"x_f_2","content":[{"type":"text","text":"two"},{"type":"text","text":"three"}]},)"
         R"({"type":"text","text":"Go on"}]}])"},
        {"a result without text has no content",
         R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":""}])",
         R"("max_tokens":4096,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c"}]}])"},
        {"tools with their schemas, strict or not",
         R"("tools":[{"type":"function","function":{"name":"f","description":"Does f","strict":true,"parameters":{"type":"object","properties":{"a":{"type":"number","multipleOf":0.5}},"required":["a"],"additionalProperties":false}}},)"
         R"({"type":"function","function":{"name":"g"}},{"type":"function","function":{"name":"h","parameters":{"properties":{}}}}],)" +
             hello,
         R"("max_tokens":4096,"tools":[{"name":"f","description":"Does f","input_schema":{"type":"object","properties":{"a":{"type":"number","multipleOf":0.5}},"required":["a"],"additionalProperties":false},"strict":true},)"
         R"({"name":"g","input_schema":{"type":"object","properties":{}}},{"name":"h","input_schema":{"type":"object","properties":{}}}],)" +
             hello},
        {"tool choice: auto", tool + R"(,"tool_choice":"auto",)" + hello,
         R"("max_tokens":4096,)" + sent_tool + R"(,"tool_choice":{"type":"auto"},)" + hello},
        {"tool choice: none", tool + R"(,"tool_choice":"none","parallel_tool_calls":false,)" + hello,
         R"("max_tokens":4096,)" + sent_tool + R"(,"tool_choice":{"type":"none"},)" + hello},
        {"tool choice: required", tool + R"(,"tool_choice":"required",)" + hello,
         R"("max_tokens":4096,)" + sent_tool + R"(,"tool_choice":{"type":"any"},)" + hello},
        {"tool choice: a name, and one call at a time",
         tool + R"(,"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,)" + hello,
         R"("max_tokens":4096,)" + sent_tool +
             R"(,"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},)" + hello},
        {"one call at a time without a choice", tool + R"(,"parallel_tool_calls":false,)" + hello,
         R"("max_tokens":4096,)" + sent_tool + R"(,"tool_choice":{"type":"auto","disable_parallel_tool_use":true},)" +
             hello},
        {"a choice without tools is left out", R"("tool_choice":"auto",)" + hello, R"("max_tokens":4096,)" + hello},
        {"images by bytes and by URL",
         R"("messages":[{"role":"user","content":[{"type":"text","text":"Look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},{"type":"image_url","image_url":{"url":"https://example.com/a.jpg"}}]}])",
         R"("max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"Look"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},{"type":"image","source":{"type":"url","url":"https://example.com/a.jpg"}}]}])"},
        {"a PDF by its bytes",
         R"("messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}])",
         R"("max_tokens":4096,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"a.pdf"}]}])"},
        {"stop as text", R"("stop":"END",)" + hello, R"("max_tokens":4096,"stop_sequences":["END"],)" + hello},
        {"stop as a list", R"("stop":["a","b"],)" + hello, R"("max_tokens":4096,"stop_sequences":["a","b"],)" + hello},
        {"temperature on the shared part of the scale, top_p, top_k",
         R"("temperature":0.2,"top_p":0.9,"top_k":40,)" + hello,
         R"("max_tokens":4096,"temperature":0.2,"top_p":0.9,"top_k":40,)" + hello},
        {"temperature above the other scale is its end, which is the default",
         R"("temperature":1.7,"top_p":1,)" + hello, R"("max_tokens":4096,)" + hello},
        {"zero is zero", R"("temperature":0,)" + hello, R"("max_tokens":4096,"temperature":0,)" + hello},
        {"who asks", R"("user":"u-1",)" + hello, R"("max_tokens":4096,"metadata":{"user_id":"u-1"},)" + hello},
        {"who asks, by the newer name", R"("safety_identifier":"u-2",)" + hello,
         R"("max_tokens":4096,"metadata":{"user_id":"u-2"},)" + hello},
        {"a stream", R"("stream":true,"stream_options":{"include_usage":true},)" + hello,
         R"("max_tokens":4096,"stream":true,)" + hello},
        {"a schema for the answer",
         R"("response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","properties":{},"additionalProperties":false}}},)" +
             hello,
         R"("max_tokens":4096,"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{},"additionalProperties":false}}},)" +
             hello},
        {"JSON without a schema is asked for in words", R"("response_format":{"type":"json_object"},)" + hello,
         R"("max_tokens":4096,"system":"Answer with one JSON object and with nothing else, not even a fence around it.",)" +
             hello},
        {"text is what is answered anyway", R"("response_format":{"type":"text"},)" + hello,
         R"("max_tokens":4096,)" + hello},
        {"effort of today's models", R"("reasoning_effort":"high",)" + hello,
         R"("max_tokens":4096,"thinking":{"type":"adaptive"},"output_config":{"effort":"high"},)" + hello,
         "claude-opus-5"},
        {"no effort of today's models", R"("reasoning_effort":"none",)" + hello,
         R"("max_tokens":4096,"thinking":{"type":"disabled"},"output_config":{"effort":"low"},)" + hello,
         "claude-opus-5"},
        {"effort with a forced tool, which excludes thinking",
         R"("reasoning_effort":"low","tool_choice":"required",)" + tool + "," + hello,
         R"("max_tokens":4096,"output_config":{"effort":"low"},)" + sent_tool + R"(,"tool_choice":{"type":"any"},)" +
             hello,
         "claude-opus-5"},
        {"effort of models with budgets", R"("reasoning_effort":"medium","max_tokens":20000,)" + hello,
         R"("max_tokens":20000,"thinking":{"type":"enabled","budget_tokens":8192},)" + hello, "claude-sonnet-4-5"},
        {"a budget leaves half of the limit", R"("reasoning_effort":"high","max_tokens":4000,)" + hello,
         R"("max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":2000},)" + hello,
         "claude-haiku-4-5-20251001"},
        {"no budget fits", R"("reasoning_effort":"high","max_tokens":1500,)" + hello, R"("max_tokens":1500,)" + hello,
         "claude-sonnet-4-5"},
        {"effort of models that do not think", R"("reasoning_effort":"high",)" + hello, R"("max_tokens":4096,)" + hello,
         "claude-3-5-haiku-20241022"},
        {"a budget is not asked for when the thinking of an open turn is lost",
         R"("reasoning_effort":"low","max_tokens":20000,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"1"}])",
         R"("max_tokens":20000,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1"}]}])",
         "claude-sonnet-4-5"},
        {"thinking in Anthropic's own words", R"("thinking":{"type":"enabled","budget_tokens":2000},)" + hello,
         R"("max_tokens":4096,"thinking":{"type":"enabled","budget_tokens":2000},)" + hello},
        {"thinking that is carried goes back signed, and to its place", R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hm.","reasoning_content":"ab","thinking_blocks":[{"type":"thinking","thinking":"a","signature":"s1","index":0},{"type":"redacted_thinking","data":"r","index":2},{"type":"thinking","thinking":"unsigned"}],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"1"}])", R"("max_tokens":4096,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":"s1"},{"type":"text","text":"Hm."},{"type":"redacted_thinking","data":"r"},{"type":"tool_use","id":"c","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"1"}]}])"},
        {"thinking of another provider has no place",
         R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hm.","reasoning_content":"ab","thinking_blocks":[{"type":"thinking","thinking":"a","signature":"bursar:reasoning_content"}]},{"role":"user","content":"Go on"}])",
         R"("max_tokens":4096,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hm."},{"role":"user","content":"Go on"}])"},
        {"a refusal is what the model said",
         R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":null,"refusal":"No."},{"role":"user","content":"Please"}])",
         R"("max_tokens":4096,"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"No."},{"role":"user","content":"Please"}])"},
        {"tiers", R"("service_tier":"default",)" + hello,
         R"("max_tokens":4096,"service_tier":"standard_only",)" + hello},
        {"defaults and hints change nothing",
         R"("n":1,"logprobs":false,"top_logprobs":0,"logit_bias":{},"frequency_penalty":0,"presence_penalty":0.0,"modalities":["text"],"seed":7,"store":true,"metadata":{"a":"b"},"prompt_cache_key":"k","verbosity":"low","audio":null,"functions":[],"service_tier":"auto",)" +
             hello,
         R"("max_tokens":4096,)" + hello},
        {"letters of any script and what must be escaped",
         R"("messages":[{"role":"user","content":"Grüße \"\\\n\u0001 \ud83e\udd80 日本"}])",
         R"("max_tokens":4096,"messages":[{"role":"user","content":"Grüße \"\\\n\u0001 🦀 日本"}])"},
    };
}

std::vector<Case> messages_cases() {
    const std::string limit = R"("max_tokens":100,)";
    const std::string sent_limit = R"("max_completion_tokens":100,)";
    const std::string tool = R"("tools":[{"name":"f","input_schema":{"type":"object"}}])";
    const std::string sent_tool =
        R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}])";
    return {
        {"one user message", limit + hello, sent_limit + hello},
        {"the system prompt is the first message, without the client's stamp",
         limit +
             R"("system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=1;"},{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"In German."}],)" +
             hello,
         sent_limit +
             R"("messages":[{"role":"system","content":"Be brief.\n\nIn German."},{"role":"user","content":"Hello"}])"},
        {"a system message within the conversation stays there",
         limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"system","content":"Be brief."},{"role":"user","content":"World"}])",
         sent_limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"system","content":"Be brief."},{"role":"user","content":"World"}])"},
        {"parallel uses and their results",
         limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"text","text":"Let me "},{"type":"text","text":"see."},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":[1,2.5,"x"]}},{"type":"tool_use","id":"toolu_2","name":"g","input":{}}]},)"
             R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"one"},{"type":"tool_result","tool_use_id":"toolu_2","is_error":true,"content":[{"type":"text","text":"no such"},{"type":"text","text":"file"}]},{"type":"text","text":"Go on"}]}])",
         sent_limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Let me see.","tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{\"a\":[1,2.5,\"x\"]}"}},{"id":"toolu_2","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
             R"({"role":"tool","tool_call_id":"toolu_1","content":"one"},{"role":"tool","tool_call_id":"toolu_2","content":"Error: no such\nfile"},{"role":"user","content":"Go on"}])"},
        {"a result that shows an image",
         limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"seen"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]}])",
         sent_limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":"seen"},)"
             R"({"role":"user","content":[{"type":"text","text":"Of the result of the tool call t:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}])"},
        {"a result without content",
         limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}])",
         sent_limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":""}])"},
        {"images and documents",
         limit +
             R"("messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}},{"type":"document","title":"Notes","context":"Of May","source":{"type":"text","media_type":"text/plain","data":"n1"}},{"type":"text","text":"Compare"}]}])",
         sent_limit +
             R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}},{"type":"text","text":"Notes\n\nOf May\n\nn1"},{"type":"text","text":"Compare"}]}])"},
        {"search results are text",
         limit +
             R"("messages":[{"role":"user","content":[{"type":"search_result","title":"T","source":"https://e.com","content":[{"type":"text","text":"found"}]}]}])",
         sent_limit +
             R"("messages":[{"role":"user","content":[{"type":"text","text":"T\nhttps://e.com"},{"type":"text","text":"found"}]}])"},
        {"tools and choices",
         limit + tool + R"(,"tool_choice":{"type":"auto","disable_parallel_tool_use":true},)" + hello,
         sent_limit + sent_tool + R"(,"tool_choice":"auto","parallel_tool_calls":false,)" + hello},
        {"tool choice: any", limit + tool + R"(,"tool_choice":{"type":"any"},)" + hello,
         sent_limit + sent_tool + R"(,"tool_choice":"required",)" + hello},
        {"tool choice: none", limit + tool + R"(,"tool_choice":{"type":"none"},)" + hello,
         sent_limit + sent_tool + R"(,"tool_choice":"none",)" + hello},
        {"tool choice: a name", limit + tool + R"(,"tool_choice":{"type":"tool","name":"f"},)" + hello,
         sent_limit + sent_tool + R"(,"tool_choice":{"type":"function","function":{"name":"f"}},)" + hello},
        {"strict tools, and what else a tool says there",
         limit +
             R"("tools":[{"type":"custom","name":"f","description":"Does f","strict":true,"cache_control":{"type":"ephemeral"},"eager_input_streaming":true,"input_examples":[{}],"input_schema":{"type":"object"}}],)" +
             hello,
         sent_limit +
             R"("tools":[{"type":"function","function":{"name":"f","description":"Does f","parameters":{"type":"object"},"strict":true}}],)" +
             hello},
        {"sampling", limit + R"("temperature":0.3,"top_p":0.5,"stop_sequences":["a"],)" + hello,
         sent_limit + R"("temperature":0.3,"top_p":0.5,"stop":["a"],)" + hello},
        {"the default temperature is not said", limit + R"("temperature":1.0,)" + hello, sent_limit + hello},
        {"who asks, unless it is too long for the other API", limit + R"("metadata":{"user_id":"u-1"},)" + hello,
         sent_limit + R"("user":"u-1",)" + hello},
        {"a long name of who asks", limit + R"("metadata":{"user_id":")" + std::string(65, 'u') + R"("},)" + hello,
         sent_limit + hello},
        {"a stream asks for usage", limit + R"("stream":true,)" + hello,
         sent_limit + R"("stream":true,"stream_options":{"include_usage":true},)" + hello},
        {"a closed schema for the answer is strict",
         limit +
             R"("output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}},)" +
             hello,
         sent_limit +
             R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false},"strict":true}},)" +
             hello},
        {"a schema with members that may be missing cannot be strict there", limit + R"("output_format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}},)" + hello, sent_limit + R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false},"strict":false}},)" + hello},
        {"effort", limit + R"("output_config":{"effort":"medium"},"thinking":{"type":"adaptive"},)" + hello,
         sent_limit + R"("reasoning_effort":"medium",)" + hello, "gpt-5"},
        {"effort above what a model knows", limit + R"("output_config":{"effort":"xhigh"},)" + hello,
         sent_limit + R"("reasoning_effort":"high",)" + hello, "gpt-5-mini"},
        {"effort of a newer one", limit + R"("output_config":{"effort":"max"},)" + hello,
         sent_limit + R"("reasoning_effort":"xhigh",)" + hello, "gpt-5.4"},
        {"a budget of thinking", limit + R"("thinking":{"type":"enabled","budget_tokens":10000},)" + hello,
         sent_limit + R"("reasoning_effort":"medium",)" + hello, "o3"},
        {"no thinking", limit + R"("thinking":{"type":"disabled"},)" + hello,
         sent_limit + R"("reasoning_effort":"minimal",)" + hello, "gpt-5"},
        {"thinking of a model that cannot", limit + R"("thinking":{"type":"enabled","budget_tokens":10000},)" + hello,
         sent_limit + hello, "gpt-4o-mini"},
        {"thinking goes back to a provider that thinks in that member, and to no other",
         limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"thinking","thinking":"mine","signature":"bursar:reasoning_content"},{"type":"thinking","thinking":"Claude's","signature":"Eqo="},{"type":"redacted_thinking","data":"x"},{"type":"text","text":"Hm."}]},{"role":"user","content":"Go on"}])",
         sent_limit +
             R"("messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hm.","reasoning_content":"mine"},{"role":"user","content":"Go on"}])"},
        {"tiers", limit + R"("service_tier":"standard_only",)" + hello,
         sent_limit + R"("service_tier":"default",)" + hello},
        {"fields of a client that is newer than Bursar",
         limit +
             R"("context_management":{"edits":[]},"diagnostics":{},"tags":["a"],"cache_control":{"type":"ephemeral"},)" +
             hello,
         sent_limit + hello},
    };
}

TEST(TranslateRequest, chat_to_messages) {
    for (const auto& one : chat_cases())
        EXPECT_EQ(sent_by(Endpoint::chat_completions, one, {.dialect = Dialect::anthropic}),
                  R"({"model":")" + one.model + "\"," + one.sent + "}")
            << one.name;
}

TEST(TranslateRequest, messages_to_chat) {
    for (const auto& one : messages_cases())
        EXPECT_EQ(sent_by(Endpoint::messages, one, {.dialect = Dialect::openai}),
                  R"({"model":")" + one.model + "\"," + one.sent + "}")
            << one.name;
}

TEST(TranslateRequest, the_target_decides_about_limit_and_usage) {
    const Case stream{"", R"("stream":true,"max_tokens":500,)" + hello, "", "m"};
    EXPECT_EQ(
        sent_by(Endpoint::messages, stream,
                {.dialect = Dialect::openai, .max_tokens = 9, .max_tokens_name = "max_tokens", .ask_usage = false}),
        R"({"model":"m","max_tokens":9,"stream":true,)" + hello + "}");
    EXPECT_EQ(sent_by(Endpoint::chat_completions, stream, {.dialect = Dialect::anthropic, .max_tokens = 9}),
              R"({"model":"m","max_tokens":9,"stream":true,)" + hello + "}");
}

}  // namespace
}  // namespace bursar::providers::translate
