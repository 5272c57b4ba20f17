// Hunts: a stream that depends on where the network cut it; an event that waits although it could go; a stream that
// looks complete when the provider's was cut; blocks out of order, calls of tools mixed up; memory that grows with what
// a provider sends.
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

struct Passed {
    std::string out;
    bool ended = false;
    bool failed = false;
};

Passed pass(Endpoint caller, const std::vector<std::string>& pieces, const Shown& as = shown) {
    const auto stream = Stream::make(way_of(caller), as);
    Passed passed;
    for (const auto& piece : pieces) passed.out += stream->pass(std::string(piece));
    passed.ended = stream->ended();
    passed.failed = stream->failed();
    return passed;
}

std::string chat(const std::vector<std::string>& chunks) {
    std::string all;
    for (const auto& chunk : chunks) all += "data: " + chunk + "\n\n";
    return all;
}

std::string delta(const std::string& json, const std::string& reason = "null") {
    return R"({"id":"x","choices":[{"index":0,"delta":)" + json + R"(,"finish_reason":)" + reason + "}]}";
}

std::string tool(int index, const std::string& json) {
    return delta(R"({"tool_calls":[{"index":)" + std::to_string(index) + "," + json + "}]}");
}

/// The types of the events, and what they carry, in short.
std::string in_short(const std::string& stream) {
    std::string all;
    for (std::size_t at = 0; (at = stream.find("data: ", at)) != std::string::npos;) {
        at += 6;
        const std::string data = stream.substr(at, stream.find('\n', at) - at);
        for (const auto& [key, end] : std::vector<std::pair<std::string, char>>{{R"("text":")", '"'},
                                                                                {R"("thinking":")", '"'},
                                                                                {R"("partial_json":")", '\0'},
                                                                                {R"("name":")", '"'},
                                                                                {R"("signature":")", '"'},
                                                                                {R"("stop_reason":")", '"'},
                                                                                {R"("message":")", '"'}}) {
            const auto found = data.find(key);
            if (found == std::string::npos) continue;
            const auto begin = found + key.size();
            const auto until = end == '\0' ? data.rfind("\"}}") : data.find(end, begin);
            if (until > begin) all += " " + key.substr(1, 2) + "=" + data.substr(begin, until - begin);
        }
        if (data.find("content_block_start") != std::string::npos) all += " <" + data.substr(data.find("index") + 7, 1);
        if (data.find("content_block_stop") != std::string::npos) all += " >" + data.substr(data.find("index") + 7, 1);
        if (data.find("message_stop") != std::string::npos) all += " END";
    }
    return all;
}

struct Shape {
    std::string name;
    std::vector<std::string> chunks;
    std::string blocks;
};

const std::string usage = R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4}})";

TEST(TranslateStream, shapes_of_chat_servers) {
    const std::string stop = delta("{}", R"("stop")");
    const std::vector<Shape> shapes = {
        {"text",
         {delta(R"({"role":"assistant","content":""})"), delta(R"({"content":"Hi"})"), stop, "[DONE]"},
         " <0 te=Hi >0 st=end_turn END"},
        {"the usage comes last", {delta(R"({"content":"Hi"})"), stop, usage, "[DONE]"}, " <0 te=Hi >0 st=end_turn END"},
        {"usage in every chunk",
         {R"({"choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}})",
          R"({"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
          "[DONE]"},
         " <0 te=Hi te=! >0 st=max_tokens END"},
        {"thinking, text, and thinking again",
         {delta(R"({"reasoning_content":"a"})"), delta(R"({"reasoning_content":"b"})"), delta(R"({"content":"c"})"),
          delta(R"({"reasoning_content":"d"})"), stop, "[DONE]"},
         " <0 th=a th=b si=bursar:reasoning_content >0 <1 te=c >1 <2 th=d si=bursar:reasoning_content >2 st=end_turn "
         "END"},
        {"thinking by its shorter name",
         {delta(R"({"reasoning":"a"})"), stop, "[DONE]"},
         " <0 th=a si=bursar:reasoning >0 st=end_turn END"},
        {"parallel calls, one after the other",
         {tool(0, R"("id":"a","function":{"name":"f","arguments":""})"),
          tool(0, R"("function":{"arguments":"{\"x\":"})"), tool(0, R"("function":{"arguments":"\"}\"}"})"),
          tool(1, R"("id":"b","function":{"name":"g","arguments":"{}"})"), delta("{}", R"("tool_calls")"), "[DONE]"},
         R"( na=f <0 pa={\"x\": pa=\"}\"} >0 na=g <1 pa={} >1 st=tool_use END)"},
        {"parallel calls, mixed",
         {tool(0, R"("id":"a","function":{"name":"f","arguments":"{"})"),
          tool(1, R"("id":"b","function":{"name":"g","arguments":"{\"y\""})"),
          tool(0, R"("function":{"arguments":"}"})"), tool(1, R"("function":{"arguments":":1}"})"),
          delta("{}", R"("tool_calls")"), "[DONE]"},
         R"( na=f <0 pa={ pa=} >0 na=g <1 pa={\"y\" pa=:1} >1 st=tool_use END)"},
        {"calls without numbers",
         {delta(
              R"({"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"g","arguments":"{}"}}]})"),
          delta("{}", R"("tool_calls")"), "[DONE]"},
         " na=f <0 pa={} >0 na=g <1 pa={} >1 st=tool_use END"},
        {"a forced call ends with stop",
         {tool(0, R"("id":"a","function":{"name":"f","arguments":"{}"})"), stop, "[DONE]"},
         " na=f <0 pa={} >0 st=tool_use END"},
        {"text after a call",
         {tool(0, R"("id":"a","function":{"name":"f","arguments":"{}"})"), delta(R"({"content":"c"})"), stop, "[DONE]"},
         " na=f <0 pa={} >0 <1 te=c >1 st=tool_use END"},
        {"a call without arguments",
         {tool(0, R"("id":"a","function":{"name":"f"})"), stop, "[DONE]"},
         " na=f <0 >0 st=tool_use END"},
        {"a refusal", {delta(R"({"refusal":"No."})"), stop, "[DONE]"}, " <0 te=No. >0 st=refusal END"},
        {"a filter",
         {delta(R"({"content":"x"})"), delta("{}", R"("content_filter")"), "[DONE]"},
         " <0 te=x >0 st=refusal END"},
        {"vLLM's word about where it stopped",
         {R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop","stop_reason":"###"}]})", "[DONE]"},
         " <0 te=x >0 st=stop_sequence END"},
        {"Azure's first chunk has no choices",
         {R"({"choices":[],"prompt_filter_results":[]})", delta(R"({"content":"x"})"), stop, "[DONE]"},
         " <0 te=x >0 st=end_turn END"},
        {"an answer without anything", {delta("{}"), stop, "[DONE]"}, " st=end_turn END"},
    };
    for (const auto& shape : shapes) {
        const auto passed = pass(Endpoint::messages, {chat(shape.chunks)});
        EXPECT_EQ(in_short(passed.out), shape.blocks) << shape.name;
        EXPECT_TRUE(passed.ended && !passed.failed) << shape.name;
    }
}

TEST(TranslateStream, the_end_is_the_providers_only) {
    const std::string hi = delta(R"({"content":"Hi"})"), stop = delta("{}", R"("stop")");
    const std::vector<Shape> cut = {
        {"in the middle", {hi}, ""}, {"before the mark", {hi, stop}, ""}, {"at once", {}, ""}};
    for (const auto& shape : cut) {
        const auto passed = pass(Endpoint::messages, {chat(shape.chunks)});
        EXPECT_FALSE(passed.ended || passed.failed) << shape.name;
        EXPECT_EQ(passed.out.find("message_stop"), std::string::npos) << shape.name;
    }
    const auto lie = pass(Endpoint::messages, {chat({hi, "[DONE]"})});
    EXPECT_TRUE(lie.failed && !lie.ended);
    EXPECT_NE(lie.out.find("event: error"), std::string::npos);

    const auto whole = Stream::make(way_of(Endpoint::messages), shown);
    whole->pass(chat(
        {hi,
         R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})"}));
    EXPECT_FALSE(whole->ended());
    EXPECT_NE(whole->finish().find("message_stop"), std::string_view::npos);
    EXPECT_TRUE(whole->ended());
    const auto broken = Stream::make(way_of(Endpoint::messages), shown);
    broken->pass(chat({hi}));
    EXPECT_EQ(broken->finish(), "");
    EXPECT_FALSE(broken->ended());
}

TEST(TranslateStream, an_end_mark_without_its_blank_line) {
    const std::string head = chat({delta(R"({"content":"Hi"})"), delta("{}", R"("stop")")});
    for (const std::string mark : {"data: [DONE]", "data: [DONE]\n", "data:[DONE]\r\n", "data: [DONE]\n\n\n\n"})
        EXPECT_TRUE(pass(Endpoint::messages, {head + mark}).ended) << mark;
    EXPECT_FALSE(pass(Endpoint::messages, {head + "data: [DONE"}).ended);
}

TEST(TranslateStream, what_cannot_be_understood_is_an_error_and_nothing_follows) {
    const std::string hi = delta(R"({"content":"Hi"})");
    const std::vector<std::pair<std::string, std::vector<std::string>>> broken = {
        {"no JSON", {hi, "{\"choices\":["}},
        {"a call that goes on after its end",
         {tool(0, R"("id":"a","function":{"name":"f","arguments":"{}"})"),
          tool(1, R"("id":"b","function":{"name":"g","arguments":"{"})"), tool(0, R"("function":{"arguments":"{"})")}},
        {"a call without a name",
         {tool(0, R"("id":"a","function":{"arguments":"{}"})"), delta("{}", R"("stop")"), "[DONE]"}},
        {"a call with a number of nobody",
         {tool(0, R"("id":"a","function":{"name":"f"})"),
          delta(R"({"tool_calls":[{"index":9223372036854775807,"id":"b","function":{"name":"g"}}]})")}},
        {"an error of the provider's", {hi, R"({"error":{"message":"Too busy","type":"server_error"}})"}},
        {"an error in a word", {hi, R"({"error":"Too busy"})"}},
    };
    for (const auto& [name, chunks] : broken) {
        auto more = chunks;
        const auto once = pass(Endpoint::messages, {chat(chunks)});
        more.insert(more.end(), {hi, delta("{}", R"("stop")"), usage, "[DONE]"});
        const auto passed = pass(Endpoint::messages, {chat(more)});
        EXPECT_TRUE(passed.failed && !passed.ended) << name;
        EXPECT_EQ(passed.out, once.out) << name;
        EXPECT_EQ(passed.out.find("message_stop"), std::string::npos) << name;
        EXPECT_TRUE(passed.out.ends_with("\"request_id\":\"call_1\"}\n\n")) << name << passed.out;
    }
}

std::string event(const std::string& data) {
    const auto begin = data.find("\"type\":\"") + 8;
    return "event: " + data.substr(begin, data.find('"', begin) - begin) + "\ndata: " + data + "\n\n";
}
const std::string start = event(
    R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"usage":{"input_tokens":5,"cache_read_input_tokens":3,"output_tokens":1}}})");
std::string block(const std::string& json, const std::vector<std::string>& deltas) {
    std::string all = event(R"({"type":"content_block_start","index":0,"content_block":)" + json + "}");
    for (const auto& one : deltas) all += event(R"({"type":"content_block_delta","index":0,"delta":)" + one + "}");
    return all + event(R"({"type":"content_block_stop","index":0})");
}
std::string stop(const std::string& reason) {
    return event(R"({"type":"message_delta","delta":{"stop_reason":")" + reason +
                 R"(","stop_sequence":null},"usage":{"output_tokens":9}})") +
           event(R"({"type":"message_stop"})");
}

std::string chunk(const std::string& delta_json, const std::string& reason = "null") {
    return R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"asked","choices":[{"index":0,"delta":)" +
           delta_json + R"(,"logprobs":null,"finish_reason":)" + reason + "}]}\n\n";
}

TEST(TranslateStream, messages_become_chunks) {
    const std::string role = chunk(R"({"role":"assistant","content":"","refusal":null})");
    const std::string done = "data: [DONE]\n\n";
    const std::string text = block(R"({"type":"text","text":""})", {R"({"type":"text_delta","text":"Hi"})"});
    struct One {
        std::string name, in, out;
    };
    const std::vector<One> all = {
        {"text", start + text + stop("end_turn"),
         role + chunk(R"({"content":"Hi"})") + chunk("{}", R"("stop")") + done},
        {"a ping keeps the line open", start + event(R"({"type":"ping"})") + ":\n\n" + stop("max_tokens"),
         role + ": ping\n\n: ping\n\n" + chunk("{}", R"("length")") + done},
        {"two calls, the second without arguments",
         start +
             block(R"({"type":"tool_use","id":"t1","name":"f","input":{}})",
                   {R"({"type":"input_json_delta","partial_json":""})",
                    R"({"type":"input_json_delta","partial_json":"{\"a\":1}"})"}) +
             block(R"({"type":"tool_use","id":"t2","name":"g","input":{}})", {}) + stop("tool_use"),
         role +
             chunk(
                 R"({"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]})") +
             chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]})") +
             chunk(
                 R"({"tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"g","arguments":""}}]})") +
             chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]})") + chunk("{}", R"("tool_calls")") +
             done},
        {"thinking is shown, and carried whole",
         start +
             block(R"({"type":"thinking","thinking":"","signature":""})",
                   {R"({"type":"thinking_delta","thinking":"a"})", R"({"type":"thinking_delta","thinking":"b"})",
                    R"({"type":"signature_delta","signature":"s="})"}) +
             block(R"({"type":"redacted_thinking","data":"zz"})", {}) + text +
             block(R"({"type":"thinking","thinking":"","signature":""})",
                   {R"({"type":"signature_delta","signature":"t="})"}) +
             stop("end_turn"),
         role + chunk(R"({"reasoning_content":"a"})") + chunk(R"({"reasoning_content":"b"})") +
             chunk(R"({"content":"Hi"})") +
             chunk(
                 R"({"thinking_blocks":[{"type":"thinking","thinking":"ab","signature":"s=","index":0},{"type":"redacted_thinking","data":"zz","index":1},{"type":"thinking","thinking":"","signature":"t=","index":3}]})") +
             chunk("{}", R"("stop")") + done},
        {"a refusal",
         start +
             event(
                 R"({"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"No."}},"usage":{"output_tokens":1}})") +
             event(R"({"type":"message_stop"})"),
         role + chunk(R"({"refusal":"No."})", R"("content_filter")") + done},
        {"blocks, deltas and events of tomorrow",
         start + block(R"({"type":"hologram"})", {R"({"type":"light_delta","text":"x"})"}) +
             event(R"({"type":"weather"})") +
             block(R"({"type":"text","text":"A"})", {R"({"type":"citations_delta","citation":{}})"}) +
             stop("stop_sequence"),
         role + chunk(R"({"content":"A"})") + chunk("{}", R"("stop")") + done},
    };
    for (const auto& one : all) {
        const auto passed = pass(Endpoint::chat_completions, {one.in + "data: {\"late\":1}\n\n"});
        EXPECT_EQ(passed.out, one.out) << one.name;
        EXPECT_TRUE(passed.ended && !passed.failed) << one.name;
    }
    Shown asked = shown;
    asked.usage_chunk = true;
    EXPECT_TRUE(
        pass(Endpoint::chat_completions, {start + stop("end_turn")}, asked)
            .out.ends_with(
                R"("choices":[],"usage":{"prompt_tokens":8,"completion_tokens":9,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}})"
                "\n\n" +
                done));
}

TEST(TranslateStream, broken_messages) {
    const std::string text = R"({"type":"text","text":""})";
    const std::vector<std::pair<std::string, std::string>> broken = {
        {"no start", block(text, {})},
        {"two starts", start + start},
        {"a block in a block", start +
                                   event(R"({"type":"content_block_start","index":0,"content_block":)" + text + "}") +
                                   event(R"({"type":"content_block_start","index":1,"content_block":)" + text + "}")},
        {"a delta of nothing",
         start + event(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}})")},
        {"a delta of another block's kind", start + block(text, {R"({"type":"thinking_delta","thinking":"x"})"})},
        {"an end without a reason", start + event(R"({"type":"message_stop"})")},
        {"an error", start + event(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})")},
        {"no JSON", start + "data: {\n\n"},
    };
    for (const auto& [name, in] : broken) {
        const auto passed = pass(Endpoint::chat_completions, {in + stop("end_turn")});
        EXPECT_TRUE(passed.failed && !passed.ended) << name;
        EXPECT_EQ(passed.out.find("[DONE]"), std::string::npos) << name;
        EXPECT_NE(passed.out.find("data: {\"error\":{\"message\":"), std::string::npos) << name;
    }
}

/// The stream with other ends of lines.
std::string with_ends(std::string text, const std::string& end) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += end.size())
        text.replace(at, 1, end);
    return text;
}

TEST(TranslateStream, any_cut_and_any_end_of_line) {
    const std::vector<std::pair<Endpoint, std::string>> streams = {
        {Endpoint::messages,
         ": hello\n\n" + chat({delta(R"({"reasoning_content":"Grüße 🦀"})"), delta(R"({"content":"x"})"),
                               tool(0, R"("id":"a","function":{"name":"f","arguments":"{"})"),
                               tool(1, R"("id":"b","function":{"name":"g","arguments":"{}"})"),
                               tool(0, R"("function":{"arguments":"}"})"), delta("{}", R"("stop")"), usage, "[DONE]"})},
        {Endpoint::chat_completions, start + ": c\n\n" +
                                         block(R"({"type":"thinking","thinking":"","signature":""})",
                                               {R"({"type":"thinking_delta","thinking":"Grüße 🦀"})",
                                                R"({"type":"signature_delta","signature":"s="})"}) +
                                         block(R"({"type":"tool_use","id":"t1","name":"f","input":{}})",
                                               {R"({"type":"input_json_delta","partial_json":"{}"})"}) +
                                         stop("tool_use")},
    };
    for (const auto& [caller, stream] : streams) {
        const auto whole = pass(caller, {stream});
        ASSERT_TRUE(whole.ended);
        for (const std::string end : {"\n", "\r\n", "\r"}) {
            const std::string in = with_ends(stream, end);
            for (std::size_t cut = 0; cut <= in.size(); ++cut)
                ASSERT_EQ(pass(caller, {in.substr(0, cut), in.substr(cut)}).out, whole.out) << cut;
            std::vector<std::string> bytes;
            for (const char c : in) bytes.emplace_back(1, c);
            EXPECT_EQ(pass(caller, bytes).out, whole.out);
        }
        std::string narrow = stream;
        for (std::size_t at = 0; (at = narrow.find("data: ", at)) != std::string::npos;) narrow.erase(at + 5, 1);
        EXPECT_EQ(pass(caller, {narrow}).out, whole.out);
    }
}

TEST(TranslateStream, an_event_leaves_in_the_call_that_it_came_in) {
    const auto stream = Stream::make(way_of(Endpoint::messages), shown);
    for (const std::string word : {"one", "two", "three"})
        EXPECT_NE(stream->pass(chat({delta(R"({"content":")" + word + "\"}")})).find(word), std::string_view::npos);
    EXPECT_NE(stream->pass(chat({tool(0, R"("id":"a","function":{"name":"f","arguments":"{"})")})).find("tool_use"),
              std::string_view::npos);
    EXPECT_EQ(stream->pass(chat({tool(1, R"("id":"b","function":{"name":"g","arguments":"{"})")})), "");
    EXPECT_NE(stream->pass(chat({tool(0, R"("function":{"arguments":"}"})")})).find("partial_json"),
              std::string_view::npos);
}

TEST(TranslateStream, large_events_pass_up_to_a_limit) {
    const std::string large(10 * 1024 * 1024, 'x');
    EXPECT_GT(pass(Endpoint::messages, {chat({delta(R"({"content":")" + large + "\"}")})}).out.size(), large.size());
    const auto stream = Stream::make(way_of(Endpoint::messages), shown);
    std::string out(stream->pass("data: {\"choices\":\""));
    const std::string piece(1024 * 1024, 'x');
    for (int i = 0; i < 100 && !stream->failed(); ++i) out += stream->pass(piece);
    EXPECT_TRUE(stream->failed());
    EXPECT_NE(out.find("event: error"), std::string::npos);
}

TEST(TranslateStream, blocks_have_a_limit) {
    const auto stream = Stream::make(way_of(Endpoint::messages), shown);
    for (int i = 0; i < 5000 && !stream->failed(); ++i) {
        stream->pass(chat({delta(R"({"content":"a"})")}));
        stream->pass(chat({delta(R"({"reasoning_content":"a"})")}));
    }
    EXPECT_TRUE(stream->failed());
}

}  // namespace
}  // namespace bursar::providers::translate
