// Hunts: what Cohere's dialect says differently and a translation could lose: words beside calls, which are a plan; one
// tool, which cannot be named; billed units, which are not the tokens read; an end that is an error; what it cannot be
// told, dropped without a word; and what only some of its models know, said to the others.
#include "service/providers/meter.h"
#include "service/providers/translate/translate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

const Shown shown{.model = "asked", .id = "call_1", .created = 7};
const Target command{.dialect = Dialect::cohere, .model = "command-a-03-2025"};
const Target reasoning{.dialect = Dialect::cohere, .model = "command-a-reasoning-08-2025"};
const Target limited{.dialect = Dialect::cohere, .model = "command-a-reasoning-08-2025", .max_tokens = 4000};

constexpr auto from_chat = Endpoint::chat_completions;
constexpr auto from_messages = Endpoint::messages;

std::string chat(const std::string& more) {
    return R"({"model":"m","messages":[{"role":"user","content":"x"}])" + more + "}";
}
std::string messages(const std::string& more) {
    return R"({"model":"m","max_tokens":100,"messages":[{"role":"user","content":"x"}])" + more + "}";
}
const std::string tool =
    R"({"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","required":["k"]}}})";
const std::string loose = R"({"type":"function","function":{"name":"g"}})";
const std::string told =
    R"({"type":"function","function":{"name":"f","parameters":{"type":"object","required":["k"]}}})";
const std::string schema =
    R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})";
const std::string called =
    R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"p","thinking_blocks":[{"type":"thinking","thinking":"t","signature":"bursar:reasoning_content"}],"tool_calls":[{"id":"a.b","type":"function","function":{"name":"f","arguments":"{\"k\":1}"}}]},{"role":"tool","tool_call_id":"a.b","content":""}]})";

struct Said {
    std::string name;
    Endpoint from;
    Target to;
    std::string body;
    std::string sent;  ///< what the request has in it
};

void expect_sent(const std::vector<Said>& cases) {
    for (const auto& one : cases) {
        const auto sent = request(one.from, one.body, one.to);
        ASSERT_TRUE(sent.has_value()) << one.name << ": " << sent.error().for_caller;
        EXPECT_NE(sent->find(one.sent), std::string::npos) << one.name << "\n" << *sent;
    }
}

TEST(TranslateCohere, SettingsSayTheSame) {
    expect_sent({
        {"words", from_chat, command, chat(""),
         R"({"model":"command-a-03-2025","messages":[{"role":"user","content":"x"}]})"},
        {"settings", from_chat, command,
         chat(
             R"(,"stream":true,"max_tokens":9,"temperature":1.5,"top_p":1,"top_k":900,"seed":7,"frequency_penalty":0.5,"presence_penalty":0,"stop":["a","b"])"),
         R"({"model":"command-a-03-2025","stream":true,"max_tokens":9,"temperature":1,"p":0.99,"k":500,"seed":7,"frequency_penalty":0.5,"stop_sequences":["a","b"],"messages":)"},
        {"a schema", from_chat, command, chat(schema),
         R"("response_format":{"type":"json_object","json_schema":{"type":"object"}})"},
        {"JSON alone", from_chat, command, chat(R"(,"response_format":{"type":"json_object"})"),
         R"("response_format":{"type":"json_object"},"messages")"},
        {"a schema, and no tool to be called", from_chat, command,
         chat(schema + R"(,"tool_choice":"none","tools":[)" + tool + "]"),
         R"("json_schema":{"type":"object"}},"messages")"},
        {"an effort in tokens", from_chat, reasoning, chat(R"(,"reasoning_effort":"low")"),
         R"("thinking":{"type":"enabled","token_budget":2048})"},
        {"a high effort is no bound", from_chat, reasoning, chat(R"(,"reasoning_effort":"high")"),
         R"("thinking":{"type":"enabled"})"},
        {"a budget leaves something for the answer", from_chat, limited, chat(R"(,"reasoning_effort":"medium")"),
         R"("thinking":{"type":"enabled","token_budget":2976})"},
        {"no effort", from_chat, reasoning, chat(R"(,"reasoning_effort":"none")"), R"("thinking":{"type":"disabled"})"},
        {"an effort that the model does not know is left out", from_chat, command,
         chat(R"(,"reasoning_effort":"high")"), R"({"model":"command-a-03-2025","messages")"},
        {"a budget", from_messages, reasoning,
         R"({"model":"m","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"x"}]})",
         R"("max_tokens":9000,"thinking":{"type":"enabled","token_budget":1024})"},
    });
}

TEST(TranslateCohere, ToolsSayTheSame) {
    const std::string also = R"(,"tools":[)" + tool + "," + loose + "]", alone = R"(,"tools":[)" + tool + "]";
    const std::string empty =
        R"({"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}})";
    expect_sent({
        {"all strict", from_chat, command, chat(alone), R"("tools":[)" + told + R"(],"strict_tools":true,"messages")"},
        {"some strict", from_chat, command, chat(also), R"("tools":[)" + told + "," + empty + R"(],"messages")"},
        {"strict without a member that must be there", from_chat, command,
         chat(R"(,"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object"}}}])"),
         R"("parameters":{"type":"object"}}}],"messages")"},
        {"some tool", from_chat, command, chat(also + R"(,"tool_choice":"required")"), R"(],"tool_choice":"REQUIRED")"},
        {"no tool", from_chat, command, chat(also + R"(,"tool_choice":"none","parallel_tool_calls":false)"),
         R"(],"tool_choice":"NONE")"},
        {"a named tool stands alone", from_chat, command,
         chat(also + R"(,"tool_choice":{"type":"function","function":{"name":"f"}})"),
         R"("tools":[)" + told + R"(],"tool_choice":"REQUIRED")"},
        {"words beside a call are its plan", from_chat, command, called,
         R"x({"role":"assistant","tool_plan":"p","tool_calls":[{"id":"a.b","type":"function","function":{"name":"f","arguments":"{\"k\":1}"}}]},{"role":"tool","tool_call_id":"a.b","content":"(no output)"})x"},
    });
}

TEST(TranslateCohere, ConversationsSayTheSame) {
    const std::string thought =
        R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"bursar:reasoning_content"},{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"text","text":"y"},{"type":"tool_result","tool_use_id":"a","is_error":true,"content":[{"type":"text","text":"no"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]}])";
    const std::string answered =
        R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"bursar:reasoning_content"},{"type":"thinking","thinking":"other","signature":"s"},{"type":"text","text":"y"}]},{"role":"user","content":"z"}])";
    expect_sent({
        {"system messages are one, and the first", from_chat, command,
         R"({"model":"m","messages":[{"role":"system","content":"a"},{"role":"user","content":"x"},{"role":"developer","content":"b"}]})",
         R"("messages":[{"role":"system","content":"a\n\nb"},{"role":"user","content":"x"}])"},
        {"pictures", from_chat, command,
         R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,AAAA"}},{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}]}]})",
         R"([{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,AAAA"}},{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}])"},
        {"thinking comes back before a call, and results first", from_messages, reasoning, thought + "}",
         R"({"role":"assistant","content":[{"type":"thinking","thinking":"t"}],"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"Error: no"},{"role":"user","content":[{"type":"text","text":"Of the result of the tool call a:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"text","text":"y"}]})"},
        {"thinking and words before a call are one plan", from_chat, reasoning, called,
         R"({"role":"assistant","tool_plan":"tp","tool_calls")"},
        {"thinking goes to no model without it", from_messages, command, thought + "}",
         R"({"role":"assistant","tool_calls")"},
        {"nor to one that shall not think", from_messages, reasoning, thought + R"(,"thinking":{"type":"disabled"}})",
         R"({"role":"assistant","tool_calls")"},
        {"only its own thinking comes back before words", from_messages, reasoning, answered + "}",
         R"({"role":"assistant","content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"y"}]})"},
        {"words alone", from_messages, command, answered + "}", R"({"role":"assistant","content":"y"})"},
    });
}

TEST(TranslateCohere, WhatCannotBeSaidIsRefusedByName) {
    const std::string tools = R"(,"tools":[)" + tool + "]";
    const std::vector<Said> cases = {
        {"one tool at a time", from_chat, command, chat(tools + R"(,"parallel_tool_calls":false)"),
         "`parallel_tool_calls`"},
        {"a schema and tools", from_chat, command, chat(tools + schema), "`response_format`"},
        {"JSON and tools", from_chat, command, chat(tools + R"(,"response_format":{"type":"json_object"})"), "`tools`"},
        {"a tool that is not there", from_chat, command,
         chat(tools + R"(,"tool_choice":{"type":"function","function":{"name":"h"}})"), "`tool_choice`"},
        {"many sequences", from_messages, command, messages(R"(,"stop_sequences":["a","b","c","d","e","f"])"),
         "`stop`"},
        {"a penalty below its scale", from_chat, command, chat(R"(,"frequency_penalty":-1)"), "`frequency_penalty`"},
        {"a penalty above its scale", from_chat, command, chat(R"(,"presence_penalty":1.5)"), "`presence_penalty`"},
        {"a document", from_messages, command,
         R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}]}]})",
         "document"},
        {"nothing said", from_chat, command, R"({"model":"m","messages":[{"role":"user","content":" "}]})",
         "user message"},
    };
    for (const auto& one : cases) {
        const auto sent = request(one.from, one.body, one.to);
        ASSERT_FALSE(sent.has_value()) << one.name << "\n" << *sent;
        EXPECT_EQ(sent.error().fault, Fault::invalid_request) << one.name;
        EXPECT_NE(sent.error().for_caller.find(one.sent), std::string::npos) << sent.error().for_caller;
    }
    for (const auto dialect : {Dialect::openai, Dialect::anthropic, Dialect::gemini, Dialect::bedrock}) {
        const auto sent = request(from_chat, chat(R"(,"presence_penalty":0.5)"), {.dialect = dialect, .model = "m"});
        ASSERT_FALSE(sent.has_value()) << *sent;
        EXPECT_NE(sent.error().for_caller.find("`presence_penalty`"), std::string::npos);
    }
}

constexpr Way for_chat{.caller = Endpoint::chat_completions, .provider = Endpoint::cohere_chat};
constexpr Way for_messages{.caller = Endpoint::messages, .provider = Endpoint::cohere_chat};
constexpr Way for_gemini{.caller = Endpoint::generate_content, .provider = Endpoint::cohere_chat};
constexpr Way for_responses{.caller = Endpoint::responses, .provider = Endpoint::cohere_chat};

const std::string usage =
    R"("usage":{"billed_units":{"input_tokens":31,"output_tokens":9},"tokens":{"input_tokens":531,"output_tokens":12},"cached_tokens":20})";

TEST(TranslateCohere, AnswersKeepThinkingPlanAndCalls) {
    const auto out = answer(
        for_messages,
        R"({"id":"c","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"p","content":[{"type":"thinking","thinking":"t"}],"tool_calls":[{"id":"u","type":"function","function":{"name":"f","arguments":"{\"k\":[1]}"}}],"citations":[{"text":"z"}]},)" +
            usage + "}",
        shown);
    ASSERT_TRUE(out.has_value());
    EXPECT_NE(
        out->find(
            R"("content":[{"type":"thinking","thinking":"t","signature":"bursar:reasoning_content"},{"type":"text","text":"p","citations":null},{"type":"tool_use","id":"u","name":"f","caller":{"type":"direct"},"input":{"k":[1]}}],"stop_reason":"tool_use")"),
        std::string::npos)
        << *out;
    EXPECT_NE(out->find(R"("input_tokens":11,"cache_creation_input_tokens":0,"cache_read_input_tokens":20)"),
              std::string::npos)
        << *out;
}

/// What a meter makes of a whole answer.
Reading metered(const std::string& body) {
    const auto meter = Meter::make({.endpoint = Endpoint::cohere_chat});
    static_cast<void>(meter->pass_whole(body));
    return meter->finish(77);
}

TEST(TranslateCohere, WhatIsBilledIsBooked) {
    const std::string head =
        R"({"id":"c","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"y"}]})";
    const auto billed = metered(head + "," + usage + "}");
    EXPECT_TRUE(billed.complete);
    EXPECT_EQ(billed.source, UsageSource::provider);
    EXPECT_EQ(billed.usage, (Usage{.input = 11, .cache_read = 20, .output = 9}));
    const auto counted = metered(head + R"(,"usage":{"tokens":{"input_tokens":531.0,"output_tokens":12}}})");
    EXPECT_EQ(counted.usage, (Usage{.input = 531, .output = 12}));
    const auto cached =
        metered(head + R"(,"usage":{"billed_units":{"input_tokens":5,"output_tokens":2},"cached_tokens":400}})");
    EXPECT_EQ(cached.usage, (Usage{.cache_read = 5, .output = 2})) << "no more than is billed";
    const auto untold = metered(head + "}");
    EXPECT_EQ(untold.source, UsageSource::estimated);
    EXPECT_EQ(untold.usage.input, 77);
    EXPECT_TRUE(metered(R"({"id":"x","message":"invalid request"})").failed);
    EXPECT_TRUE(metered(R"({"finish_reason":"ERROR","message":{"content":[]}})").failed);
}

TEST(TranslateCohere, EveryReasonToEndHasItsOwn) {
    const std::vector<std::pair<std::string, std::string>> reasons = {{"COMPLETE", "stop"},
                                                                      {"STOP_SEQUENCE", "stop"},
                                                                      {"MAX_TOKENS", "length"},
                                                                      {"TOOL_CALL", "tool_calls"},
                                                                      {"A_REASON_OF_TOMORROW", "stop"}};
    for (const auto& [reason, word] : reasons) {
        const auto out = answer(for_chat, R"({"message":{"content":"y"},"finish_reason":")" + reason + R"("})", shown);
        ASSERT_TRUE(out.has_value()) << reason;
        EXPECT_NE(out->find(R"("finish_reason":")" + word + '"'), std::string::npos) << *out;
    }
    for (const char* wrong : {R"({"message":{"content":"y"},"finish_reason":"ERROR"})",
                              R"({"message":{"content":"y"},"finish_reason":"TIMEOUT"})",
                              R"({"message":{"content":"y"}})", R"({"message":"x"})", "[]"})
        EXPECT_FALSE(answer(for_chat, wrong, shown).has_value()) << wrong;
}

std::string events(const std::vector<std::string>& all) {
    std::string out;
    for (const auto& one : all) out += "event: e\ndata: " + one + "\n\n";
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

const std::string start = R"({"id":"c","type":"message-start","delta":{"message":{"role":"assistant","content":[]}}})";
std::string content(const std::string& of) {
    return R"({"type":"content-delta","index":0,"delta":{"message":{"content":)" + of + "}}}";
}
std::string call(const std::string& event, int index, const std::string& of) {
    return R"({"type":"tool-call-)" + event + R"(","index":)" + std::to_string(index) +
           R"(,"delta":{"message":{"tool_calls":)" + of + "}}}";
}
std::string ended_by(const std::string& reason, const std::string& more) {
    return R"({"type":"message-end","delta":{"finish_reason":")" + reason + '"' + more + "}}";
}
const std::string words = content(R"({"text":"y"})"), end = ended_by("COMPLETE", "," + usage);

TEST(TranslateCohere, StreamsKeepTheOrderOfWhatTheySay) {
    const std::vector<std::string> all = {
        start,
        R"({"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}})",
        content(R"({"thinking":"t"})"),
        R"({"type":"content-end","index":0})",
        R"({"type":"tool-plan-delta","delta":{"message":{"tool_plan":"p"}}})",
        R"({"type":"citation-start","index":0,"delta":{"message":{"citations":{"text":"z"}}}})",
        call("start", 0, R"({"id":"u","type":"function","function":{"name":"f","arguments":""}})"),
        call("delta", 0, R"({"function":{"arguments":"{\"k\""}})"),
        call("delta", 0, R"({"function":{"arguments":":1}"}})"),
        R"({"type":"tool-call-end","index":0})",
        call("start", 1, R"({"id":"v","type":"function","function":{"name":"g","arguments":"{}"}})"),
        R"({"type":"tool-call-end","index":1})",
        ended_by("TOOL_CALL", "," + usage)};
    const auto said = streamed(for_messages, all);
    EXPECT_TRUE(said.ended);
    std::size_t at = 0;
    for (const char* next :
         {R"("type":"message_start")", R"("content_block":{"type":"thinking")", R"("thinking":"t")",
          R"("signature":"bursar:reasoning_content")", "content_block_stop", R"("text":"p")", "content_block_stop",
          R"("id":"u","name":"f")", R"("partial_json":"{\"k\"")", R"("partial_json":":1}")", "content_block_stop",
          R"("id":"v","name":"g")", "content_block_stop", R"("stop_reason":"tool_use")", R"("output_tokens":9)",
          "message_stop"}) {
        at = said.out.find(next, at);
        ASSERT_NE(at, std::string::npos) << next << "\n" << said.out;
    }
    EXPECT_EQ(said.out.find("\"z\""), std::string::npos) << "citations repeat what was said";
    const auto meter = Meter::make({.endpoint = Endpoint::cohere_chat, .streamed = true});
    static_cast<void>(meter->pass(events(all)));
    const Reading reading = meter->finish(0);
    EXPECT_TRUE(reading.complete && reading.content);
    EXPECT_EQ(reading.usage, (Usage{.input = 11, .cache_read = 20, .output = 9}));
}

TEST(TranslateCohere, AStreamEndsOnlyWithItsLastEvent) {
    for (const Way& way : {for_chat, for_messages, for_gemini, for_responses}) {
        EXPECT_TRUE(streamed(way, {start, words, end}).ended);
        EXPECT_TRUE(streamed(way, {start, words, ended_by("COMPLETE", "")}).ended) << "though nothing is counted";
        EXPECT_FALSE(streamed(way, {start, words}).ended);
        EXPECT_FALSE(streamed(way, {start, words, "[DONE]"}).ended);
    }
    const auto meter = Meter::make({.endpoint = Endpoint::cohere_chat, .streamed = true});
    static_cast<void>(meter->pass(events({start, words})));
    EXPECT_FALSE(meter->reading().complete);
    EXPECT_EQ(meter->finish(5).source, UsageSource::estimated);
}

TEST(TranslateCohere, WhatIsNoStreamOfCoheresEndsAsAnError) {
    const std::vector<std::vector<std::string>> wrong = {
        {words},
        {start, start},
        {start, call("delta", 0, R"({"function":{"arguments":"{}"}})")},
        {start, call("start", -1, R"({"id":"u","function":{"name":"f"}})")},
        {start, call("start", 0, R"({"id":"u"})"), ended_by("TOOL_CALL", "")},
        {start, R"({"type":"message-end","delta":{}})"},
        {start, R"({"type":"message-end"})"},
        {start, R"({"type":"content-delta","delta":{}})"},
        {start, "no JSON"}};
    for (const auto& one : wrong) {
        const auto said = streamed(for_chat, one);
        EXPECT_TRUE(said.failed && !said.ended) << one.back() << "\n" << said.out;
    }
}

TEST(TranslateCohere, AnAnswerThatBrokeOffIsAnErrorOfTheCallersDialect) {
    const std::string broken = ended_by("ERROR", R"(,"error":"no luck")");
    EXPECT_NE(streamed(for_messages, {start, words, broken}).out.find(R"("type":"api_error","message":"no luck")"),
              std::string::npos);
    EXPECT_NE(streamed(for_gemini, {start, broken}).out.find("no luck"), std::string::npos);
    const auto late = streamed(for_chat, {start, words, ended_by("TIMEOUT", "," + usage)});
    EXPECT_TRUE(late.failed && !late.ended);
    EXPECT_NE(late.out.find("server_error"), std::string::npos) << late.out;
}

TEST(TranslateCohere, RefusalsKeepTheProvidersWords) {
    const std::string long_prompt =
        R"({"id":"x","message":"too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292."})";
    EXPECT_NE(refusal(Endpoint::messages, 400, long_prompt, "call_1").find("prompt is too long: 4292 tokens > 4081"),
              std::string::npos);
    EXPECT_NE(refusal(Endpoint::chat_completions, 400, long_prompt, "call_1").find("context_length_exceeded"),
              std::string::npos);
    EXPECT_NE(
        refusal(Endpoint::chat_completions, 422, R"({"id":"x","message":"unknown field: parameter 'z'"})", "call_1")
            .find("unknown field"),
        std::string::npos);
}

}  // namespace
}  // namespace bursar::providers::translate
