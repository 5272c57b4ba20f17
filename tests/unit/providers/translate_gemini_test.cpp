// Hunts: what Google's dialect says differently and a translation could lose: the proof of thinking with a call, a call
// that has no id, two spellings of one name, counts that lie besides each other, an end that is no mark of its own; and
// what it cannot say, dropped without a word.
#include "service/providers/answer.h"
#include "service/providers/body.h"
#include "service/providers/meter.h"
#include "service/providers/translate/translate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

const Shown shown{.model = "asked", .id = "call_1", .created = 7};
const Target google{.dialect = Dialect::gemini, .model = "gemini-3.1-pro"};
const Target older{.dialect = Dialect::gemini, .model = "gemini-2.5-flash"};
const Target openai{.dialect = Dialect::openai, .model = "gpt-5"};
const Target anthropic{.dialect = Dialect::anthropic, .model = "claude-opus-5"};

struct Refused {
    std::string name;
    Endpoint from;
    Target to;
    std::string body;
    std::string said;
};

std::string chat(const std::string& more) {
    return R"({"model":"m","messages":[{"role":"user","content":"x"}])" + more + "}";
}
std::string gemini(const std::string& more) {
    return R"({"contents":[{"role":"user","parts":[{"text":"x"}]}])" + more + "}";
}

TEST(TranslateGemini, WhatCannotBeSaidIsRefusedByName) {
    const std::string tool = R"(,"tools":[{"type":"function","function":{"name":"f"}}])";
    const std::vector<Refused> cases = {
        {"one tool at a time", Endpoint::chat_completions, google, chat(tool + R"(,"parallel_tool_calls":false)"),
         "`parallel_tool_calls`"},
        {"six stop sequences", Endpoint::chat_completions, google, chat(R"(,"stop":["a","b","c","d","e","f"])"),
         "`stop`"},
        {"a result without its call", Endpoint::chat_completions, google,
         R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"tool","tool_call_id":"t9","content":"y"}]})",
         "\"t9\""},
        {"a GIF", Endpoint::chat_completions, google,
         R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/gif;base64,AA=="}}]}]})",
         "GIF"},
        {"a picture of unknown type", Endpoint::chat_completions, google,
         R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/b"}}]}]})",
         "URL"},
        {"nothing said", Endpoint::chat_completions, google,
         R"({"model":"m","messages":[{"role":"system","content":"x"}]})", "`messages`"},
        {"a cache at Google", Endpoint::generate_content, openai, gemini(R"(,"cachedContent":"cachedContents/1")"),
         "`cachedContent`"},
        {"a search of Google's", Endpoint::generate_content, openai, gemini(R"(,"tools":[{"googleSearch":{}}])"),
         "`tools[0].googleSearch`"},
        {"the same in the other spelling", Endpoint::generate_content, openai,
         gemini(R"(,"tools":[{"google_search":{}}])"), "`tools[0].google_search`"},
        {"two answers", Endpoint::generate_content, openai, gemini(R"(,"generationConfig":{"candidateCount":2})"),
         "`generationConfig.candidateCount`"},
        {"a picture as the answer", Endpoint::generate_content, openai,
         gemini(R"(,"generationConfig":{"responseModalities":["IMAGE"]})"), "`generationConfig.responseModalities`"},
        {"sound", Endpoint::generate_content, openai,
         R"({"contents":[{"parts":[{"inlineData":{"mimeType":"audio/wav","data":"AA=="}}]}]})",
         "`contents[0].parts[0].inlineData`"},
        {"a file at Google", Endpoint::generate_content, openai,
         R"({"contents":[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/1"}}]}]})",
         "`contents[0].parts[0].fileData`"},
        {"code that Google ran", Endpoint::generate_content, openai,
         R"({"contents":[{"role":"model","parts":[{"executableCode":{"code":"1"}}]}]})", "`contents[0].parts[0]`"},
        {"a filter of Google's", Endpoint::generate_content, openai,
         gemini(R"(,"safetySettings":[{"category":"X","threshold":"BLOCK_LOW_AND_ABOVE"}])"), "`safetySettings`"},
        {"a field of tomorrow", Endpoint::generate_content, anthropic, gemini(R"(,"timeTravel":true)"), "`timeTravel`"},
        {"a result of no call", Endpoint::generate_content, openai,
         R"({"contents":[{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]})",
         "`contents[0].parts[0].functionResponse`"},
        {"two of several functions", Endpoint::generate_content, openai,
         gemini(R"(,"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["a","b"]}})"),
         "allowedFunctionNames"},
    };
    for (const auto& one : cases) {
        const auto sent = request(one.from, one.body, one.to);
        ASSERT_FALSE(sent.has_value()) << one.name << ": " << *sent;
        EXPECT_EQ(sent.error().fault, Fault::invalid_request) << one.name;
        EXPECT_NE(sent.error().for_caller.find(one.said), std::string::npos)
            << one.name << ": " << sent.error().for_caller;
    }
}

struct Sent {
    std::string name;
    Target to;
    std::string more;
    std::string has;  ///< of generationConfig; empty: no thinkingConfig at all
};

TEST(TranslateGemini, HowMuchAModelThinksIsSaidInItsOwnWords) {
    const std::vector<Sent> cases = {
        {"nothing asked", google, "", ""},
        {"a word of today", google, R"(,"reasoning_effort":"high")",
         R"({"thinkingLevel":"HIGH","includeThoughts":true})"},
        {"the highest word", google, R"(,"reasoning_effort":"xhigh")",
         R"({"thinkingLevel":"HIGH","includeThoughts":true})"},
        {"none, of a model that always thinks", google, R"(,"reasoning_effort":"none")", R"({"thinkingLevel":"LOW"})"},
        {"a budget for an older one", older, R"(,"reasoning_effort":"low")",
         R"({"thinkingBudget":1024,"includeThoughts":true})"},
        {"none, of one that need not", older, R"(,"reasoning_effort":"none")", R"({"thinkingBudget":0})"},
        {"a budget that it does not take", older, R"(,"thinking":{"type":"enabled","budget_tokens":99000})",
         R"({"thinkingBudget":24576,"includeThoughts":true})"},
        {"a model that does not think",
         {.dialect = Dialect::gemini, .model = "gemini-2.0-flash"},
         R"(,"reasoning_effort":"high")",
         ""},
    };
    for (const auto& one : cases) {
        const auto sent = request(Endpoint::chat_completions, chat(one.more), one.to);
        ASSERT_TRUE(sent.has_value()) << one.name << sent.error().for_caller;
        const auto at = sent->find(R"("thinkingConfig":)");
        const std::string said = at == std::string::npos ? "" : sent->substr(at + 17, sent->find('}', at) - at - 16);
        EXPECT_EQ(said, one.has) << one.name;
    }
}

TEST(TranslateGemini, TheProofOfThinkingComesBackWithItsCall) {
    const std::string answered =
        R"({"responseId":"r1","candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"a+/bYQ=="}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}})";
    for (const Endpoint caller : {Endpoint::chat_completions, Endpoint::messages}) {
        const auto out = answer({.caller = caller, .provider = Endpoint::generate_content}, answered, shown);
        ASSERT_TRUE(out.has_value());
        const auto found = out->find(R"("id":"r1_0)");
        ASSERT_NE(found, std::string::npos) << *out;
        const auto at = found + 6;
        const std::string id = out->substr(at, out->find('"', at) - at);
        EXPECT_EQ(id.find_first_of("+/="), std::string::npos) << id;
        const std::string call =
            caller == Endpoint::messages
                ? R"({"role":"assistant","content":[{"type":"tool_use","id":")" + id +
                      R"(","name":"f","input":{}}]},)" +
                      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":")" + id +
                      R"(","content":"y"}]})"
                : R"({"role":"assistant","tool_calls":[{"id":")" + id +
                      R"(","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":")" +
                      id + R"(","content":"y"})";
        const std::string body =
            R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"},)" + call + "]}";
        const auto back = request(caller, body, google);
        ASSERT_TRUE(back.has_value()) << back.error().for_caller;
        EXPECT_NE(back->find(R"({"functionCall":{"id":"r1_0","name":"f","args":{}},"thoughtSignature":"a+/bYQ=="})"),
                  std::string::npos)
            << *back;
        EXPECT_NE(back->find(R"({"functionResponse":{"id":"r1_0","name":"f","response":{"output":"y"}}})"),
                  std::string::npos)
            << *back;
        // Nobody else gets the proof, nor an id that is too long for them.
        const auto elsewhere = request(caller, body, caller == Endpoint::messages ? openai : anthropic);
        ASSERT_TRUE(elsewhere.has_value());
        EXPECT_EQ(elsewhere->find("bursarsig"), std::string::npos);
    }
}

TEST(TranslateGemini, ACallOfAnotherModelIsExcusedWhereAProofIsWanted) {
    const std::string body =
        chat("").substr(0, chat("").size() - 2) +
        R"(,{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":"2"}]})";
    const auto today = request(Endpoint::chat_completions, body, google);
    const auto before = request(Endpoint::chat_completions, body, older);
    ASSERT_TRUE(today.has_value() && before.has_value());
    const auto first = today->find("thoughtSignature");
    EXPECT_NE(first, std::string::npos);
    EXPECT_EQ(today->find("thoughtSignature", first + 1), std::string::npos) << "of parallel calls the first is enough";
    EXPECT_EQ(before->find("thoughtSignature"), std::string::npos);
}

TEST(TranslateGemini, ThinkingOfOthersGoesThroughAGeminiClientAndBack) {
    const std::string message =
        R"({"type":"message","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"ZGF0YQ=="},{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}})";
    const auto out = answer({.caller = Endpoint::generate_content, .provider = Endpoint::messages}, message, shown);
    ASSERT_TRUE(out.has_value());
    const auto begin = out->find(R"("parts":)"), end = out->find(R"(,"role":"model")");
    const std::string parts = out->substr(begin, end - begin);
    const auto back =
        request(Endpoint::generate_content,
                R"({"contents":[{"parts":[{"text":"x"}]},{"role":"model",)" + parts + R"(},{"parts":[{"text":"y"}]}]})",
                anthropic);
    ASSERT_TRUE(back.has_value()) << back.error().for_caller;
    EXPECT_NE(
        back->find(
            R"({"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"ZGF0YQ=="},{"type":"text","text":"Hi"})"),
        std::string::npos)
        << *back;
}

TEST(TranslateGemini, ReasonsToEnd) {
    struct Reason {
        std::string finish, chat_word;
    };
    const std::vector<Reason> reasons = {{"STOP", "stop"},
                                         {"MAX_TOKENS", "length"},
                                         {"SAFETY", "content_filter"},
                                         {"RECITATION", "content_filter"},
                                         {"MALFORMED_FUNCTION_CALL", "length"},
                                         {"UNEXPECTED_TOOL_CALL", "length"},
                                         {"OF_TOMORROW", "stop"}};
    for (const auto& [finish, word] : reasons) {
        const auto out = answer(
            {.caller = Endpoint::chat_completions, .provider = Endpoint::generate_content},
            R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":")" + finish + R"("}]})", shown);
        ASSERT_TRUE(out.has_value()) << finish;
        EXPECT_NE(out->find(R"("finish_reason":")" + word + "\""), std::string::npos) << finish << *out;
    }
    const auto none = answer({.caller = Endpoint::chat_completions, .provider = Endpoint::generate_content},
                             R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}]})", shown);
    EXPECT_FALSE(none.has_value()) << "an answer without a reason is none";
}

TEST(TranslateGemini, ARefusalOfGooglesKeepsItsWordsAndItsKind) {
    const std::string limited =
        R"({"error":{"code":429,"message":"Too many.","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"7s"}]}})";
    EXPECT_EQ(refusal(Endpoint::messages, 429, limited, "call_1"),
              R"({"type":"error","error":{"type":"rate_limit_error","message":"Too many."},"request_id":"call_1"})");
    EXPECT_EQ(refusal(Endpoint::generate_content, 429, R"({"error":{"message":"Slow down","type":"x"}})", "call_1"),
              R"({"error":{"code":429,"message":"Slow down","status":"RESOURCE_EXHAUSTED"}})");
    const std::string long_prompt =
        R"({"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}})";
    EXPECT_NE(refusal(Endpoint::messages, 400, long_prompt, "call_1").find("1200000 tokens > 1048576 maximum"),
              std::string::npos);
}

TEST(TranslateGemini, CountsLieBesidesEachOther) {
    const std::string body =
        R"({"candidates":[{"content":{"parts":[{"text":"Hello"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":9,"thoughtsTokenCount":40,"toolUsePromptTokenCount":5,"totalTokenCount":154,"promptTokensDetails":[{"modality":"TEXT","tokenCount":90},{"modality":"AUDIO","tokenCount":10}]},"modelVersion":"m"})";
    const auto meter = Meter::make({.endpoint = Endpoint::generate_content});
    EXPECT_EQ(meter->pass_whole(body), body);
    const Reading reading = meter->finish(1000);
    EXPECT_EQ(reading.usage, (Usage{.input = 35, .cache_read = 60, .output = 9, .reasoning = 40, .audio_input = 10}));
    EXPECT_EQ(reading.source, UsageSource::provider);
    EXPECT_TRUE(reading.complete && reading.understood && reading.content);
}

TEST(TranslateGemini, AStreamIsWholeWithItsReasonAndItsUsageOnly) {
    const std::string begin =
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]},\"index\":0}],"
        "\"usageMetadata\":{\"promptTokenCount\":3}}\r\n\r\n";
    const std::string end =
        "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"index\":0}],"
        "\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":1}}\r\n\r\n";
    for (const bool whole : {false, true}) {
        const auto meter = Meter::make({.endpoint = Endpoint::generate_content, .streamed = true});
        const std::string in = whole ? begin + end : begin;
        EXPECT_EQ(meter->pass(in), in);
        const Reading reading = meter->finish(1000);
        EXPECT_EQ(reading.complete, whole);
        EXPECT_EQ(reading.usage.input, 3);
        EXPECT_EQ(reading.usage.output, 1);
        EXPECT_EQ(reading.source, whole ? UsageSource::provider : UsageSource::estimated);
    }
}

TEST(TranslateGemini, AModelsNameIsTheCallersInEveryEventAndNothingElseChanges) {
    const std::string begin = R"(data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"modelVersion":)";
    const std::string end = "}\r\n\r\n";
    const auto meter = Meter::make({.endpoint = Endpoint::generate_content, .streamed = true, .shown_model = "asked"});
    std::string out(meter->pass(begin + R"("own")" + end));
    out += meter->pass(begin + R"( "own" ,"x":1)" + end);
    EXPECT_EQ(out, begin + R"("asked")" + end + begin + R"( "asked" ,"x":1)" + end);
}

struct Limited {
    std::string name, body, sent;
};

TEST(TranslateGemini, TheLimitStandsInTheSettingsAndNothingElseChanges) {
    const std::vector<Limited> cases = {
        {"no settings", R"({"contents":[]})", R"({"generationConfig":{"maxOutputTokens":7},"contents":[]})"},
        {"an empty body", "{}", R"({"generationConfig":{"maxOutputTokens":7}})"},
        {"settings without it", R"({"generationConfig":{"topK":1}})",
         R"({"generationConfig":{"maxOutputTokens":7,"topK":1}})"},
        {"empty settings", R"({"generationConfig": { }})", R"({"generationConfig": {"maxOutputTokens":7 }})"},
        {"null", R"({"generationConfig":null})", R"({"generationConfig":{"maxOutputTokens":7}})"},
        {"a larger one", R"({"generationConfig":{"maxOutputTokens": 99 }})",
         R"({"generationConfig":{"maxOutputTokens": 7 }})"},
        {"the other spelling", R"({"generation_config":{"max_output_tokens":99}})",
         R"({"generation_config":{"max_output_tokens":7}})"},
    };
    for (const auto& one : cases) {
        const auto prompt = read_prompt(Endpoint::generate_content, one.body);
        ASSERT_TRUE(prompt.has_value()) << one.name << prompt.error().for_caller;
        std::string sent;
        const auto pieces = splice(one.body, *prompt, {.model = "other", .max_tokens = 7});
        for (const auto piece : pieces.views()) sent += piece;
        EXPECT_EQ(sent, one.sent) << one.name;
    }
}

TEST(TranslateGemini, IdsAreShortAgainWhereAnotherProviderGoesOn) {
    const std::string begin = R"({"model":"m","tools":[{"type":"function"}],"messages":[{"tool_calls":[{"id":"fc1)";
    const std::string middle = R"("}]},{"role":"tool","content":"see fc1_bursarsig_ab cd","tool_call_id":"fc1)";
    const std::string body = begin + "_bursarsig_a-_9" + middle + "_bursarsig_a-_9\"}]}";
    const auto prompt = read_prompt(Endpoint::chat_completions, body);
    ASSERT_TRUE(prompt.has_value()) << prompt.error().for_caller;
    std::string sent;
    const auto pieces = splice(body, *prompt, {});
    for (const auto piece : pieces.views()) sent += piece;
    EXPECT_EQ(sent, begin + middle + "\"}]}");
}

TEST(TranslateGemini, ALimitThatStandsTwiceIsRefused) {
    for (const std::string body : {R"({"generationConfig":{},"generation_config":{}})",
                                   R"({"generationConfig":{"maxOutputTokens":1,"max_output_tokens":9}})",
                                   R"({"generationConfig":{"maxOutputTokens":0}})", R"({"generationConfig":[]})",
                                   R"({"generationConfig":{"candidateCount":"2"}})"}) {
        const auto prompt = read_prompt(Endpoint::generate_content, body);
        ASSERT_FALSE(prompt.has_value()) << body;
        EXPECT_NE(prompt.error().for_caller.find("generationConfig"), std::string::npos) << prompt.error().for_caller;
    }
}

TEST(TranslateGemini, WhatIsNoTextOfAPromptIsKnown) {
    const auto prompt = read_prompt(
        Endpoint::generate_content,
        R"({"contents":[{"parts":[{"text":"x"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],"tools":[{"functionDeclarations":[{"name":"f"}]},{"google_search":{}}],"generationConfig":{"candidateCount":3}})");
    ASSERT_TRUE(prompt.has_value()) << prompt.error().for_caller;
    EXPECT_TRUE(prompt->pictures && prompt->tools && prompt->web_search && prompt->input_elsewhere);
    EXPECT_EQ(prompt->choices, 3);
    EXPECT_GE(prompt->input_at_most, 10'000);
    for (const std::string part :
         {R"({"fileData":{"fileUri":"x"}})", R"({"inline_data":{"data":"A","mime_type":"video/mp4"}})"}) {
        const auto other = read_prompt(Endpoint::generate_content, R"({"contents":[{"parts":[)" + part + "]}]}");
        ASSERT_TRUE(other.has_value());
        EXPECT_TRUE(other->input_elsewhere) << part;
    }
    const auto maps = read_prompt(Endpoint::generate_content, R"({"tools":[{"googleMaps":{}}]})");
    ASSERT_TRUE(maps.has_value());
    EXPECT_EQ(maps->tool_unpriced, "googleMaps");
}

}  // namespace
}  // namespace bursar::providers::translate
