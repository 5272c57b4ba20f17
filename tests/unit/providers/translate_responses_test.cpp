// Hunts: what the Responses API says differently and a translation could lose: reasoning that carries itself, tools of
// namespaces and tools that take text, items that are said three times in a stream and must be the same each time; and
// what it cannot say elsewhere, dropped without a word.
#include "service/providers/body.h"
#include "service/providers/meter.h"
#include "service/providers/translate/responses_names.h"
#include "service/providers/translate/responses_proof.h"
#include "service/providers/translate/translate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::translate {
namespace {

const Shown shown{.model = "asked", .id = "call_1", .created = 7};
const Target google{.dialect = Dialect::gemini, .model = "gemini-3.1-pro"};
const Target openai{.dialect = Dialect::openai, .model = "gpt-5"};
const Target anthropic{.dialect = Dialect::anthropic, .model = "claude-opus-5"};
constexpr Way at_anthropic{.caller = Endpoint::responses, .provider = Endpoint::messages};
constexpr Way at_chat{.caller = Endpoint::responses, .provider = Endpoint::chat_completions};

std::string asking(const std::string& more) { return R"({"model":"m","input":"x")" + more + "}"; }
std::string items(const std::string& list) { return R"({"model":"m","input":[)" + list + "]}"; }

std::string many_tools(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + std::string(R"({"type":"function","name":"f"})");
    return out;
}

struct Refused {
    std::string name;
    std::string body;
    std::string says;
};

TEST(TranslateResponses, WhatCannotBeSaidIsRefusedByName) {
    const std::vector<Refused> cases = {
        {"a stored answer", asking(R"(,"previous_response_id":"resp_1")"), "`previous_response_id`"},
        {"a stored conversation", asking(R"(,"conversation":{"id":"conv_1"})"), "`conversation`"},
        {"a stored prompt", asking(R"(,"prompt":{"id":"pmpt_1"})"), "`prompt`"},
        {"a stored item", items(R"({"type":"item_reference","id":"msg_1"})"), "`input[0]`"},
        {"a search of OpenAI's", asking(R"(,"tools":[{"type":"web_search"}])"), "`tools[0]` is \"web_search\""},
        {"what a search said", items(R"({"type":"web_search_call","id":"ws_1","status":"completed"})"),
         "\"web_search_call\""},
        {"a tool within two namespaces",
         asking(R"(,"tools":[{"type":"namespace","name":"a","tools":[{"type":"namespace","name":"b","tools":[]}]}])"),
         "`tools[0].tools[0]`"},
        {"a tool without a name", asking(R"(,"tools":[{"type":"function"}])"), "`tools[0]`"},
        {"a name that could be one of a namespace", asking(R"(,"tools":[{"type":"function","name":"a__ns__b"}])"),
         "__ns__"},
        {"a namespace that could be another", asking(R"(,"tools":[{"type":"namespace","name":"a__ns__b","tools":[]}])"),
         "__ns__"},
        {"a namespace whose name each of its tools would repeat",
         asking(R"(,"tools":[{"type":"namespace","name":")" + std::string(129, 'a') +
                R"(","tools":[{"type":"function","name":"f"}]}])"),
         "a `name` of 1 to 128 bytes"},
        {"a tool with a name of 129 bytes",
         asking(R"(,"tools":[{"type":"function","name":")" + std::string(129, 'f') + "\"}]"),
         "a `name` of 1 to 128 bytes"},
        {"thousands of tools", asking(",\"tools\":[" + many_tools(4'097) + "]"), "at most 4096 tools"},
        {"a schema that is none", asking(R"(,"tools":[{"type":"function","name":"f","parameters":[]}])"),
         "`parameters`"},
        {"a choice of some tools", asking(R"(,"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]})"),
         "`tool_choice`"},
        {"a choice of nothing", asking(R"(,"tool_choice":"any")"), "`tool_choice`"},
        {"probabilities", asking(R"(,"top_logprobs":2)"), "`top_logprobs`"},
        {"probabilities, asked for otherwise", asking(R"(,"include":["message.output_text.logprobs"])"), "`include`"},
        {"a cheaper tier", asking(R"(,"service_tier":"flex")"), "`service_tier`"},
        {"a field of tomorrow", asking(R"(,"time_travel":true)"), "`time_travel`"},
        {"an effort that is none", asking(R"(,"reasoning":{"effort":"heroic"})"), "`reasoning.effort`"},
        {"a format that is none", asking(R"(,"text":{"format":{"type":"json_schema"}})"), "`text.format`"},
        {"instructions that are no text", asking(R"(,"instructions":[])"), "`instructions`"},
        {"nothing to answer", R"({"model":"m","instructions":"x"})", "`input`"},
        {"a role of nobody", items(R"({"role":"tool","content":"x"})"), "`input[0].role`"},
        {"a message without content", items(R"({"role":"user"})"), "`input[0].content`"},
        {"sound", items(R"({"role":"user","content":[{"type":"input_audio","input_audio":{}}]})"),
         "`input[0].content[0]`"},
        {"a picture that is stored", items(R"({"role":"user","content":[{"type":"input_image","file_id":"file_1"}]})"),
         "`input[0].content[0]`"},
        {"a file that is stored", items(R"({"role":"user","content":[{"type":"input_file","file_id":"file_1"}]})"),
         "`input[0].content[0]`"},
        {"a file elsewhere",
         items(R"({"role":"user","content":[{"type":"input_file","file_url":"https://a.example/b.pdf"}]})"),
         "`input[0].content[0].file_url`"},
        {"a call without an id", items(R"({"type":"function_call","name":"f","arguments":"{}"})"),
         "`input[0].call_id`"},
        {"arguments that are no object",
         items(R"({"type":"function_call","name":"f","call_id":"c","arguments":"[1]"})"), "`input[0].arguments`"},
        {"an output of nothing", items(R"({"type":"function_call_output","output":"x"})"), "`input[0].call_id`"},
    };
    for (const auto& one : cases) {
        const auto sent = request(Endpoint::responses, one.body, anthropic);
        ASSERT_FALSE(sent.has_value()) << one.name << ": " << *sent;
        EXPECT_EQ(sent.error().fault, Fault::invalid_request) << one.name;
        EXPECT_NE(sent.error().for_caller.find(one.says), std::string::npos)
            << one.name << ": " << sent.error().for_caller;
    }
}

struct Said {
    std::string name;
    Target to;
    std::string body;
    std::string has;
    std::string has_not;
};

TEST(TranslateResponses, WhatIsSaidElsewhere) {
    const std::vector<Said> cases = {
        {"instructions come before a developer's message", openai,
         R"({"model":"m","input":[{"role":"developer","content":"b"},{"role":"user","content":"x"}],"instructions":"a"})",
         R"({"role":"system","content":"a\n\nb"})", ""},
        {"a developer's message in the middle stays there", openai,
         items(R"({"role":"user","content":"x"},{"role":"developer","content":"b"},{"role":"user","content":"y"})"),
         R"({"role":"user","content":"x"},{"role":"system","content":"b"},{"role":"user","content":"y"})", ""},
        {"hints are left out", openai,
         asking(R"(,"store":true,"metadata":{"a":"b"},"truncation":"auto","prompt_cache_key":"k","max_tool_calls":3)"),
         R"("content":"x")", "\"k\""},
        {"who is told no effort is shown no thinking", anthropic, asking(R"(,"reasoning":{"summary":"auto"})"),
         "\"max_tokens\"", "thinking"},
        {"an effort, and its summary", anthropic, asking(R"(,"reasoning":{"effort":"high","summary":"auto"})"),
         R"("display":"summarized")", ""},
        {"no effort at all", anthropic, asking(R"(,"reasoning":{"effort":"none","summary":"auto"})"),
         R"("thinking":{"type":"disabled"})", "display"},
        {"reasoning of OpenAI's own is nobody else's", anthropic,
         items(
             R"({"role":"user","content":"x"},{"type":"reasoning","summary":[{"type":"summary_text","text":"secret"}],"encrypted_content":"gAAAA"})"),
         R"("content":"x")", "secret"},
        {"thinking of Anthropic's is left out at Google", google,
         items(
             R"({"role":"user","content":"x"},{"type":"reasoning","summary":[],"encrypted_content":"bursar-thought:2.sgsecret"},{"role":"assistant","content":"y"},{"role":"user","content":"z"})"),
         R"("text":"y")", "secret"},
        {"a picture that a tool gave", anthropic,
         items(
             R"({"role":"user","content":"x"},{"type":"function_call","name":"f","call_id":"c","arguments":""},{"type":"function_call_output","call_id":"c","output":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]})"),
         R"("content":[{"type":"image")", ""},
        {"a choice of a tool that takes text", anthropic,
         asking(R"(,"tools":[{"type":"custom","name":"f"}],"tool_choice":{"type":"custom","name":"f"})"),
         R"("tool_choice":{"type":"tool","name":"f__text__")", ""},
        {"JSON of any form", openai, asking(R"(,"text":{"format":{"type":"json_object"}})"), "json_object", ""},
    };
    for (const auto& one : cases) {
        const auto sent = request(Endpoint::responses, one.body, one.to);
        ASSERT_TRUE(sent.has_value()) << one.name << ": " << sent.error().for_caller;
        EXPECT_NE(sent->find(one.has), std::string::npos) << one.name << ": " << *sent;
        if (!one.has_not.empty()) EXPECT_EQ(sent->find(one.has_not), std::string::npos) << one.name << ": " << *sent;
    }
}

TEST(TranslateResponses, NamesComeBackAsTheyWere) {
    const std::vector<ToolName> names = {{.space = {}, .name = "f"},
                                         {.space = "a", .name = "f"},
                                         {.space = {}, .name = "f", .takes_text = true},
                                         {.space = "a", .name = "f", .takes_text = true}};
    for (const auto& name : names) {
        const std::string joined = joined_name(name);
        EXPECT_EQ(split_name(joined), name) << joined;
        EXPECT_EQ(reads_as_joined(joined), joined != "f") << joined;
    }
    for (const auto* odd : {"", "__ns__f", "__text__"}) EXPECT_EQ(split_name(odd).name, odd);
    EXPECT_EQ(text_in_arguments(text_as_arguments("a \"b\"\n")), "a \"b\"\n");
    for (const auto* other : {"", "{", "[]", R"({"input":1})", R"({"text":"x"})"})
        EXPECT_EQ(text_in_arguments(other), other);
}

TEST(TranslateResponses, ThinkingComesBackAsItWas) {
    using Kind = Part::Kind;
    const std::vector<Part> parts = {{.kind = Kind::thinking, .text = "a. b", .signature = "s.1="},
                                     {.kind = Kind::thinking, .text = "", .signature = "s"},
                                     {.kind = Kind::thinking, .text = "a", .signature = unsigned_thinking},
                                     {.kind = Kind::redacted_thinking, .text = "zz"}};
    for (const auto& part : parts) {
        const std::string carried = sealed(part);
        const auto back = unsealed(carried);
        ASSERT_TRUE(back.has_value()) << carried;
        EXPECT_EQ(back->kind, part.kind) << carried;
        EXPECT_EQ(back->text, part.text) << carried;
        EXPECT_EQ(back->signature, part.signature) << carried;
    }
    const std::string unproved = sealed({.kind = Kind::thinking, .text = "a"});
    EXPECT_TRUE(unproved.starts_with("bursar-")) << "or OpenAI would be sent it";
    EXPECT_FALSE(unsealed(unproved).has_value());
    EXPECT_EQ(sealed({.kind = Kind::text, .text = "a"}), "");
    for (const auto* broken :
         {"", "gAAAA", "bursar-thought:", "bursar-thought:2", "bursar-thought:x.ab", "bursar-thought:3.ab",
          "bursar-thought:0.ab", "bursar-thought:-1.ab", "bursar-thought:99999999999999999999.ab"})
        EXPECT_FALSE(unsealed(broken).has_value()) << broken;
}

TEST(TranslateResponses, OpenAiIsNotSentWhatOthersThought) {
    struct Cut {
        std::string name, in, out;
    };
    const std::string thought =
        R"({"type":"reasoning","summary":[{"text":"}],"}], "encrypted_content" : "bursar-thought:1.s_bursarsig_a"})";
    const std::string hidden = R"({"encrypted_content":"bursar-redacted:z","type":"reasoning"})";
    const std::string own = R"({"type":"reasoning","summary":[],"encrypted_content":"gAAAA"})";
    const std::string said = R"({"role":"user","content":"\"encrypted_content\":\"bursar-thought:1.s\""})";
    const std::vector<Cut> cases = {
        {"none", said + "," + own, said + "," + own},
        {"alone", thought, ""},
        {"first", thought + ", " + said, " " + said},
        {"last", said + " , " + thought, said + " "},
        {"in the middle", said + "," + thought + "," + own, said + "," + own},
        {"two at the end", said + "," + thought + " ,\n" + hidden, said},
        {"two at the beginning", hidden + "," + thought + "," + said, said},
        {"all", hidden + "," + thought, ""},
        {"around another", hidden + "," + said + "," + thought, said},
    };
    for (const auto& one : cases) {
        const std::string body =
            R"({"model":"m","input":[)" + one.in + R"(],"tools":[{"type":"function","name":"f"}]})";
        const auto prompt = read_prompt(Endpoint::responses, body);
        ASSERT_TRUE(prompt.has_value()) << one.name;
        std::string out;
        for (const auto view : splice(body, *prompt, {}).views()) out += view;
        EXPECT_EQ(out, R"({"model":"m","input":[)" + one.out + R"(],"tools":[{"type":"function","name":"f"}]})")
            << one.name;
    }
    // Elsewhere it is no reasoning item.
    const std::string top = R"({"encrypted_content":"bursar-thought:1.s","model":"m","input":"x"})";
    std::string out;
    for (const auto view : splice(top, *read_prompt(Endpoint::responses, top), {}).views()) out += view;
    EXPECT_EQ(out, top);
}

// --- answers

std::string chat_answer(const std::string& message, const std::string& reason) {
    return R"({"choices":[{"index":0,"message":)" + message + R"(,"finish_reason":")" + reason + R"("}]})";
}

TEST(TranslateResponses, HowAnAnswerEnds) {
    const std::vector<Said> cases = {
        {"whole", openai, chat_answer(R"({"content":"a"})", "stop"), R"("status":"completed")",
         R"("status":"incomplete")"},
        {"cut", openai, chat_answer(R"({"content":"a"})", "length"),
         R"("status":"incomplete","background":false,"error":null,"incomplete_details":{"reason":"max_output_tokens"})",
         ""},
        {"filtered", openai, chat_answer(R"({"content":"a"})", "content_filter"), R"({"reason":"content_filter"})", ""},
        {"a model that says no", openai, chat_answer(R"({"refusal":"No."})", "stop"),
         R"([{"type":"refusal","refusal":"No."}])", R"("status":"incomplete")"},
        {"without a count", openai, chat_answer(R"({"content":"a"})", "stop"), R"("usage":null)", ""},
        {"nothing said", openai, chat_answer("{}", "stop"), R"("output":[])", ""},
        {"thinking that nobody signed", openai, chat_answer(R"({"reasoning_content":"a","content":"b"})", "stop"),
         R"("encrypted_content":"bursar-thought:24.bursar:reasoning_contenta")", ""},
    };
    for (const auto& one : cases) {
        const auto out = answer(at_chat, one.body, shown);
        ASSERT_TRUE(out.has_value()) << one.name;
        EXPECT_NE(out->find(one.has), std::string::npos) << one.name << ": " << *out;
        if (!one.has_not.empty()) EXPECT_EQ(out->find(one.has_not), std::string::npos) << one.name << ": " << *out;
    }
}

// --- streams

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }
const std::string start = event(R"({"type":"message_start","message":{"usage":{"input_tokens":5}}})");
std::string block(const std::string& json, const std::vector<std::string>& deltas) {
    std::string all = event(R"({"type":"content_block_start","index":0,"content_block":)" + json + "}");
    for (const auto& one : deltas) all += event(R"({"type":"content_block_delta","index":0,"delta":)" + one + "}");
    return all + event(R"({"type":"content_block_stop","index":0})");
}
std::string text_block(const std::string& text) {
    return block(R"({"type":"text","text":""})", {R"({"type":"text_delta","text":")" + text + R"("})"});
}
std::string stop(const std::string& reason) {
    return event(R"({"type":"message_delta","delta":{"stop_reason":")" + reason +
                 R"("},"usage":{"output_tokens":9}})") +
           event(R"({"type":"message_stop"})");
}

std::string passed(const std::string& in, const Way& way = at_anthropic) {
    const auto stream = Stream::make(way, shown);
    return std::string(stream->pass(in));
}

std::vector<std::string> types_in(const std::string& stream) {
    std::vector<std::string> types;
    for (std::size_t at = 0; (at = stream.find("event: response.", at)) != std::string::npos;) {
        at += 16;
        const std::string type = stream.substr(at, stream.find('\n', at) - at);
        if (types.empty() || types.back() != type) types.push_back(type);
    }
    return types;
}

/// What stands between two words the first time after `at`.
std::string between(const std::string& text, const std::string& from, const std::string& to, std::size_t at = 0) {
    const auto begin = text.find(from, at);
    if (begin == std::string::npos) return "";
    const auto end = text.find(to, begin + from.size());
    return text.substr(begin + from.size(), end - begin - from.size());
}

TEST(TranslateResponses, EventsComeInTheOrderThatClientsCountOn) {
    const std::string out =
        passed(start +
               block(R"({"type":"thinking","thinking":"","signature":""})",
                     {R"({"type":"thinking_delta","thinking":"a"})", R"({"type":"signature_delta","signature":"s"})"}) +
               text_block("b") + block(R"({"type":"tool_use","id":"t","name":"f","input":{}})", {}) + stop("tool_use"));
    const std::vector<std::string> expected = {"created",
                                               "in_progress",
                                               "output_item.added",
                                               "reasoning_summary_part.added",
                                               "reasoning_summary_text.delta",
                                               "reasoning_summary_text.done",
                                               "reasoning_summary_part.done",
                                               "output_item.done",
                                               "output_item.added",
                                               "content_part.added",
                                               "output_text.delta",
                                               "output_text.done",
                                               "content_part.done",
                                               "output_item.done",
                                               "output_item.added",
                                               "function_call_arguments.delta",
                                               "function_call_arguments.done",
                                               "output_item.done",
                                               "completed"};
    EXPECT_EQ(types_in(out), expected);
    for (std::size_t number = 0; number < expected.size(); ++number)
        EXPECT_NE(out.find("\"sequence_number\":" + std::to_string(number) + ","), std::string::npos) << number;
    EXPECT_EQ(out.find("[DONE]"), std::string::npos);
}

TEST(TranslateResponses, AnItemIsTheSameAtItsEndAndInTheResponse) {
    const std::string out =
        passed(start +
               block(R"({"type":"thinking","thinking":"","signature":""})",
                     {R"({"type":"thinking_delta","thinking":"a"})", R"({"type":"signature_delta","signature":"s"})"}) +
               block(R"({"type":"redacted_thinking","data":"zz"})", {}) + text_block("b") + stop("end_turn"));
    std::string all;
    for (std::size_t at = 0; (at = out.find("event: response.output_item.done", at)) != std::string::npos; ++at)
        all += (all.empty() ? "" : ",") + between(out, "\"item\":", "}\n\n", at);
    EXPECT_NE(all.find("bursar-thought:1.sa"), std::string::npos) << all;
    EXPECT_NE(all.find("bursar-redacted:zz"), std::string::npos) << all;
    const auto end = out.find("event: response.completed");
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(between(out, "\"output\":[", "],\"parallel_tool_calls\"", end), all);
}

TEST(TranslateResponses, TextsThatFollowEachOtherAreOneMessage) {
    const std::string out = passed(start + text_block("{\\\"a\\\":") + text_block("1}") + stop("end_turn"));
    EXPECT_NE(out.find(R"("type":"response.output_text.done")"), std::string::npos);
    EXPECT_NE(out.find(R"("text":"{\"a\":1}")"), std::string::npos) << out;
    EXPECT_EQ(out.find("msg_1_1"), std::string::npos);
}

TEST(TranslateResponses, AToolThatTakesTextGetsTextOnly) {
    const std::string out = passed(start +
                                   block(R"({"type":"tool_use","id":"t","name":"patch__text__","input":{}})",
                                         {R"({"type":"input_json_delta","partial_json":"{\"input\":\"a"})",
                                          R"({"type":"input_json_delta","partial_json":"\\nb\"}"})"}) +
                                   stop("tool_use"));
    EXPECT_EQ(between(out, R"("delta":")", "\""), "a\\nb");
    EXPECT_NE(out.find(R"("type":"custom_tool_call","status":"completed","call_id":"t","name":"patch","input":"a\nb")"),
              std::string::npos)
        << out;
    EXPECT_EQ(out.find("function_call"), std::string::npos);
}

TEST(TranslateResponses, AnErrorHasTheIdOfItsResponse) {
    const auto stream = Stream::make(at_anthropic, shown);
    const std::string out(stream->pass(
        start + text_block("b") + event(R"({"type":"error","error":{"type":"rate_limit_error","message":"Slow"}})") +
        stop("end_turn")));
    EXPECT_TRUE(stream->failed() && !stream->ended());
    const std::string id = between(out, R"("response":{"id":")", "\"");
    EXPECT_EQ(id, "resp_1");
    const auto failed = out.find("event: response.failed");
    ASSERT_NE(failed, std::string::npos);
    EXPECT_EQ(between(out, R"("response":{"id":")", "\"", failed), id);
    EXPECT_NE(out.find(R"("error":{"code":"rate_limit_exceeded","message":"Slow"})"), std::string::npos) << out;
    EXPECT_EQ(out.find("response.completed"), std::string::npos);
    // And one that the gateway tells itself.
    EXPECT_EQ(between(error_event(Endpoint::responses, "t", "c", "m", "call_1"), R"("response":{"id":")", "\""), id);
}

TEST(TranslateResponses, WhatIsKeptOfAStreamIsBounded) {
    const auto stream = Stream::make(at_anthropic, shown);
    std::string out(stream->pass(start + event(R"({"type":"content_block_start","content_block":{"type":"text"}})")));
    const std::string piece = event(R"({"type":"content_block_delta","delta":{"type":"text_delta","text":")" +
                                    std::string(std::size_t{1024} * 1024, 'x') + R"("}})");
    for (int i = 0; i < 40; ++i) {
        const auto more = stream->pass(piece);
        EXPECT_EQ(more.empty(), out.find("response.failed") != std::string::npos) << i;
        out += more;
    }
    EXPECT_NE(out.find("response.failed"), std::string::npos);
    EXPECT_EQ(stream->pass(stop("end_turn")), "");
}

}  // namespace
}  // namespace bursar::providers::translate
