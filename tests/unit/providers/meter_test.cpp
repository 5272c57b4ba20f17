// Hunts: an event that is changed, lost, doubled or torn by where the network cuts it; a chunk that the caller did not
// ask for; content that is taken for none (a failover would repeat it) or none that is taken for content; memory that
// grows with what a provider sends.
#include "service/providers/meter.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

struct Sample {
    std::string name;
    Endpoint endpoint;
    std::string stream;
    std::string shown;  ///< with the usage chunk hidden and the model named "mine"
    Usage usage;
};

const std::string chat_1 =
    R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"gpt-4o-2024","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})";
const std::string chat_2 =
    R"(data: {"id":"chatcmpl-1","model" : "gpt-4o-2024","service_tier":"default","choices":[{"index":0,"delta":{"content":"Grüße, \"model\":\"x\" 🦀"},"finish_reason":null}]})";
const std::string chat_3 =
    R"(data:{"id":"chatcmpl-1","model":"gpt-4o-2024","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})";
const std::string chat_usage =
    R"(data: {"id":"chatcmpl-1","model":"gpt-4o-2024","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":4}}})";

std::string as_mine(std::string text) {
    const std::string name = "\"gpt-4o-2024\"";
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, name.size(), "\"mine\"");
    return text;
}

std::string events(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& line : lines) all += line + "\n\n";
    return all;
}

std::vector<Sample> samples() {
    const std::string comment = ": OPENROUTER PROCESSING";
    const std::string created =
        "event: response.created\ndata: "
        "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"model\":\"gpt-4o-2024\",\"service_tier\":"
        "\"auto\",\"output\":[],\"usage\":null},\"sequence_number\":0}";
    const std::string delta =
        "event: response.output_text.delta\ndata: "
        "{\"type\":\"response.output_text.delta\",\"delta\":\"Hi\\n\",\"model\":\"gpt-4o-2024 is mine\"}";
    const std::string completed =
        "event: response.completed\ndata: "
        "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"model\":\"gpt-4o-2024\",\"service_tier\":"
        "\"flex\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hi\\n\"}]}],"
        "\"usage\":{\"input_tokens\":37,\"input_tokens_details\":{\"cached_tokens\":30},\"output_tokens\":11,\"total_"
        "tokens\":48}}}";
    const std::string start =
        "event: message_start\ndata: "
        "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"model\":\"gpt-4o-2024\","
        "\"content\":[],\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}";
    const std::string block =
        "event: content_block_delta\ndata: "
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"été\"}}";
    const std::string last =
        "event: message_delta\ndata: "
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15}}";
    const std::string stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}";
    const std::string ping = "event: ping\ndata: {\"type\": \"ping\"}";
    return {
        {"chat",
         Endpoint::chat_completions,
         events({comment, chat_1, chat_2, chat_3, chat_usage, "data: [DONE]"}),
         as_mine(events({comment, chat_1, chat_2, chat_3, "data: [DONE]"})),
         {.input = 15, .cache_read = 4, .output = 10}},
        {"chat with usage before the last words and two ends",
         Endpoint::chat_completions,
         events({chat_1, chat_usage, chat_2, chat_3, "data: [DONE]", "data: [DONE]"}),
         as_mine(events({chat_1, chat_2, chat_3, "data: [DONE]", "data: [DONE]"})),
         {.input = 15, .cache_read = 4, .output = 10}},
        {"data over two lines, an id, a retry and a byte order mark",
         Endpoint::chat_completions,
         "\xEF\xBB\xBFid: 7\nretry: 10\ndata: {\"model\":\"gpt-4o-2024\",\ndata: "
         "\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}"
         "\n\ndata: [DONE]\n\n",
         "\xEF\xBB\xBFid: 7\nretry: 10\ndata: {\"model\":\"mine\",\ndata: "
         "\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}"
         "\n\ndata: [DONE]\n\n",
         {.input = 1, .output = 2}},
        {"responses",
         Endpoint::responses,
         events({created, delta, completed}),
         events({as_mine(created), delta, as_mine(completed)}),
         {.input = 7, .cache_read = 30, .output = 11}},
        {"messages",
         Endpoint::messages,
         events({start, ping, block, last, stop}),
         events({as_mine(start), ping, block, last, stop}),
         {.input = 25, .output = 15}},
    };
}

std::string with_line_ends(const std::string& text, const std::string& end) {
    std::string changed;
    for (const char c : text) c == '\n' ? changed += end : changed += c;
    return changed;
}

/// Passes `stream` cut at the given places and compares what comes out.
void expect_same(const Sample& sample, const std::string& stream, const std::string& shown,
                 const std::vector<std::size_t>& cuts) {
    const auto meter =
        Meter::make({.endpoint = sample.endpoint, .streamed = true, .hide_usage_chunk = true, .shown_model = "mine"});
    std::string out;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
        const std::size_t to = i < cuts.size() ? cuts[i] : stream.size();
        // A buffer of its own that dies with the call: nothing may point into it later.
        const std::string piece = stream.substr(from, to - from);
        out += meter->pass(piece);
        from = to;
    }
    ASSERT_EQ(out, shown) << ::testing::PrintToString(cuts);
    const Reading reading = meter->finish(999);
    ASSERT_EQ(reading.usage, sample.usage) << ::testing::PrintToString(cuts);
    ASSERT_TRUE(reading.complete);
    ASSERT_TRUE(reading.content);
    ASSERT_FALSE(reading.failed);
    ASSERT_EQ(reading.source, UsageSource::provider);
}

TEST(Meter, a_stream_cut_at_every_byte_gives_the_same) {
    for (const auto& sample : samples())
        for (const std::string end : {"\n", "\r\n", "\r"}) {
            SCOPED_TRACE(sample.name + (end == "\n" ? " LF" : end == "\r" ? " CR" : " CR LF"));
            const auto stream = with_line_ends(sample.stream, end);
            const auto shown = with_line_ends(sample.shown, end);
            expect_same(sample, stream, shown, {});
            for (std::size_t cut = 0; cut <= stream.size(); ++cut) expect_same(sample, stream, shown, {cut});
            std::vector<std::size_t> every(stream.size());
            for (std::size_t i = 0; i < every.size(); ++i) every[i] = i;
            expect_same(sample, stream, shown, every);
        }
}

TEST(Meter, a_stream_cut_anywhere_and_mixed_line_ends_give_the_same) {
    std::mt19937 random(7);
    for (const auto& sample : samples())
        for (int round = 0; round < 300; ++round) {
            const auto stream = with_line_ends(sample.stream, round % 3 == 0 ? "\r\n" : "\n");
            const auto shown = with_line_ends(sample.shown, round % 3 == 0 ? "\r\n" : "\n");
            std::vector<std::size_t> cuts(random() % 12);
            for (auto& cut : cuts) cut = random() % stream.size();
            std::ranges::sort(cuts);
            expect_same(sample, stream, shown, cuts);
        }
}

TEST(Meter, whole_events_are_not_copied) {
    const auto meter = Meter::make({.streamed = true});
    const std::string stream = events({chat_1, chat_2, chat_3}) + "data: {\"unfin";
    const auto out = meter->pass(stream);
    EXPECT_EQ(out.data(), stream.data());
    EXPECT_EQ(out, events({chat_1, chat_2, chat_3}));
}

TEST(Meter, only_whole_events_are_passed_on) {
    const auto meter = Meter::make({.streamed = true});
    EXPECT_EQ(meter->pass(chat_2), "");
    EXPECT_EQ(meter->pass("\n"), "");
    EXPECT_FALSE(meter->reading().content);
    EXPECT_EQ(meter->pass("\n"), chat_2 + "\n\n");
    EXPECT_TRUE(meter->reading().content);
}

TEST(Meter, the_usage_chunk_is_shown_to_who_asked_for_it) {
    const auto meter = Meter::make({.streamed = true});
    EXPECT_EQ(meter->pass(events({chat_3, chat_usage})), events({chat_3, chat_usage}));
}

TEST(Meter, usage_on_a_chunk_with_choices_is_nobodys_extra_chunk) {
    const std::string chunk =
        R"(data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})";
    const std::string filter_results = R"(data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]})";
    const auto meter = Meter::make({.streamed = true, .hide_usage_chunk = true});
    EXPECT_EQ(meter->pass(events({filter_results, chunk})), events({filter_results, chunk}));
    EXPECT_TRUE(meter->reading().complete) << "a reason to finish and usage are an end, also without [DONE]";
}

TEST(Meter, an_end_without_its_blank_line_is_passed_on) {
    const auto meter = Meter::make({.streamed = true});
    EXPECT_EQ(meter->pass("data: [DONE]\n"), "data: [DONE]\n");
    EXPECT_TRUE(meter->finish(0).complete);
}

TEST(Meter, the_numbers_of_an_event_that_lost_its_end_count) {
    const auto meter = Meter::make({.streamed = true, .hide_usage_chunk = true});
    EXPECT_EQ(meter->pass(events({chat_2, chat_3}) + chat_usage + "\n"), events({chat_2, chat_3}));
    const Reading reading = meter->finish(999);
    EXPECT_EQ(reading.usage.output, 10);
    EXPECT_EQ(reading.source, UsageSource::provider);
}

struct Content {
    std::string name;
    Endpoint endpoint;
    std::string json;
    bool content;
};
const std::vector<Content> contents = {
    {"a role", Endpoint::chat_completions, R"({"choices":[{"delta":{"role":"assistant"}}]})", false},
    {"a role with empty content", Endpoint::chat_completions,
     R"({"choices":[{"delta":{"role":"assistant","content":"","refusal":null,"tool_calls":[],"annotations":[]}}]})",
     false},
    {"content that is null", Endpoint::chat_completions, R"({"choices":[{"delta":{"content":null}}]})", false},
    {"no choices", Endpoint::chat_completions, R"({"choices":[]})", false},
    {"text", Endpoint::chat_completions, R"({"choices":[{"delta":{"content":" "}}]})", true},
    {"a refusal", Endpoint::chat_completions, R"({"choices":[{"delta":{"refusal":"no"}}]})", true},
    {"a tool call without arguments yet", Endpoint::chat_completions,
     R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}}]})", true},
    {"a thought", Endpoint::chat_completions, R"({"choices":[{"delta":{"reasoning":"hm"}}]})", true},
    {"a second choice", Endpoint::chat_completions, R"({"choices":[{"delta":{}},{"delta":{"content":"x"}}]})", true},
    {"legacy text", Endpoint::completions, R"({"choices":[{"text":"x"}]})", true},
    {"legacy text that is empty", Endpoint::completions, R"({"choices":[{"text":""}]})", false},
    {"a created response", Endpoint::responses, R"({"type":"response.created","response":{"id":"r","output":[]}})",
     false},
    {"a response in progress", Endpoint::responses,
     R"({"type":"response.in_progress","response":{"id":"r","output":[],"instructions":"be kind"}})", false},
    {"an opened message", Endpoint::responses,
     R"({"type":"response.output_item.added","item":{"id":"m","type":"message","role":"assistant","content":[]}})",
     false},
    {"an opened thought", Endpoint::responses,
     R"({"type":"response.output_item.added","item":{"id":"m","type":"reasoning","summary":[],"encrypted_content":"xyz"}})",
     false},
    {"an opened part", Endpoint::responses,
     R"({"type":"response.content_part.added","part":{"type":"output_text","text":""}})", false},
    {"an opened tool call", Endpoint::responses,
     R"({"type":"response.output_item.added","item":{"id":"m","type":"function_call","name":"f","arguments":""}})",
     true},
    {"text of a response", Endpoint::responses, R"({"type":"response.output_text.delta","delta":"x"})", true},
    {"type last", Endpoint::responses, R"({"delta":"x","type":"response.output_text.delta"})", true},
    {"a summary of thoughts", Endpoint::responses, R"({"type":"response.reasoning_summary_text.delta","delta":"x"})",
     true},
    {"arguments", Endpoint::responses, R"({"type":"response.function_call_arguments.delta","delta":"{"})", true},
    {"a message's start", Endpoint::messages,
     R"({"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"x","usage":{"input_tokens":1}}})",
     false},
    {"a ping", Endpoint::messages, R"({"type":"ping"})", false},
    {"an opened text", Endpoint::messages,
     R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})", false},
    {"an opened thought of a message", Endpoint::messages,
     R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
     false},
    {"an opened tool use", Endpoint::messages,
     R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}})",
     true},
    {"text of a message", Endpoint::messages,
     R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"x"}})", true},
    {"a thought of a message", Endpoint::messages,
     R"({"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"x"}})", true},
    {"input of a tool", Endpoint::messages,
     R"({"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{"}})", true},
};

TEST(Meter, content_is_told_from_what_may_still_be_taken_back) {
    for (const auto& c : contents) {
        SCOPED_TRACE(c.name);
        const auto meter = Meter::make({.endpoint = c.endpoint, .streamed = true});
        meter->pass("data: " + c.json + "\n\n");
        EXPECT_EQ(meter->reading().content, c.content);
        EXPECT_EQ(meter->reading().content_bytes > 0 || c.name.starts_with("an opened tool"), c.content);
        EXPECT_FALSE(meter->reading().failed);
    }
}

TEST(Meter, errors_are_seen_wherever_they_stand) {
    const std::vector<std::pair<Endpoint, std::string>> errors = {
        {Endpoint::chat_completions, "data: {\"error\":{\"message\":\"x\",\"code\":502}}\n\n"},
        {Endpoint::chat_completions, "event: error\ndata: not even JSON\n\n"},
        {Endpoint::chat_completions,
         "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"error\":{\"message\":\"late\"}}\n\n"},
        {Endpoint::responses,
         "event: error\ndata: {\"type\":\"error\",\"code\":\"x\",\"message\":\"y\",\"param\":null}\n\n"},
        {Endpoint::responses,
         "data: "
         "{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\"}}}"
         "\n\n"},
        {Endpoint::messages,
         "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"},
    };
    for (const auto& [endpoint, stream] : errors) {
        SCOPED_TRACE(stream);
        const auto meter = Meter::make({.endpoint = endpoint, .streamed = true});
        EXPECT_EQ(meter->pass(stream), stream);
        EXPECT_TRUE(meter->reading().failed);
        EXPECT_FALSE(meter->reading().complete);
    }
    const auto meter = Meter::make({.streamed = true});
    meter->pass("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"error\":null}\n\n");
    EXPECT_FALSE(meter->reading().failed);
}

TEST(Meter, our_own_error_events_are_errors_in_every_dialect) {
    for (const auto endpoint :
         {Endpoint::chat_completions, Endpoint::completions, Endpoint::responses, Endpoint::messages}) {
        const auto event = error_event(endpoint, "server_error", "provider_unavailable", "It broke:\n\"no\"", "call_1");
        EXPECT_TRUE(event.ends_with("}\n\n"));
        EXPECT_NE(event.find("It broke:\\n\\\"no\\\""), std::string::npos) << event;
        // OpenAI's client holds an id of a response that changes for another stream.
        const std::string_view id = endpoint == Endpoint::responses ? "resp_1" : "call_1";
        EXPECT_NE(event.find(id), std::string::npos) << event;
        const auto meter = Meter::make({.endpoint = endpoint, .streamed = true});
        EXPECT_EQ(meter->pass(event), event);
        EXPECT_TRUE(meter->reading().failed);
        EXPECT_FALSE(meter->reading().content);
    }
}

// Strict clients read the code of a failed response as one of OpenAI's words.
TEST(Meter, a_failed_response_has_a_code_that_its_clients_know) {
    const std::vector<std::pair<std::string, std::string>> codes = {{"server_error", "server_error"},
                                                                    {"overloaded_error", "server_error"},
                                                                    {"rate_limit_error", "rate_limit_exceeded"},
                                                                    {"invalid_request_error", "invalid_prompt"},
                                                                    {"insufficient_quota", "insufficient_quota"}};
    for (const auto& [type, code] : codes) {
        const auto event = error_event(Endpoint::responses, type, "provider_unavailable", "It broke.", "call_1");
        EXPECT_NE(event.find("\"error\":{\"code\":\"" + code + "\""), std::string::npos) << event;
    }
}

TEST(Meter, garbage_passes_unchanged_and_counts) {
    const std::vector<std::string> garbage = {
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\n\n",
        "data: {]}\n\n",
        "data: \xff\xfe\n\n",
        "data: {\"choices\":7,\"usage\":[],\"model\":{}}\n\n",
        "data: [1,2]\n\n",
        "data\n\n",
        "\n\n\n\n",
        "field without colon\n\n",
        "data: {\"choices\":[[[[{}]]]],\"id\":null}\n\n",
        "data: {\"choices\":[{\"finish_reason\":nul0}]}\n\n",
        ":\n\n",
        "data: \"string\"\n\n",
        "data: {\"usage\":{\"prompt_tokens\":1e99}}\n\n",
        "data: {\"choices\":" + std::string(5000, '[') + std::string(5000, ']') + "}\n\n"};
    for (const auto endpoint : {Endpoint::chat_completions, Endpoint::completions, Endpoint::responses,
                                Endpoint::messages, Endpoint::embeddings})
        for (const auto& stream : garbage) {
            SCOPED_TRACE(stream.substr(0, 60));
            const auto meter =
                Meter::make({.endpoint = endpoint, .streamed = true, .hide_usage_chunk = true, .shown_model = "m"});
            EXPECT_EQ(meter->pass(stream), stream);
            EXPECT_FALSE(meter->finish(7).complete);
        }
    const auto meter = Meter::make({.streamed = true});
    meter->pass("data: this is no JSON at all\n\n");
    EXPECT_TRUE(meter->reading().content);
    EXPECT_GT(meter->finish(7).usage.output, 0);
}

// ---- events that are too long to be held

struct Passed {
    std::string out;
    std::size_t largest_step = 0;
    bool mid_event_seen = false;
};
Passed pass_in_reads(Meter& meter, const std::string& stream, std::size_t read_bytes) {
    Passed passed;
    for (std::size_t at = 0; at < stream.size(); at += read_bytes) {
        const std::string piece = stream.substr(at, read_bytes);
        const auto out = meter.pass(piece);
        passed.largest_step = std::max(passed.largest_step, out.size());
        passed.out += out;
        passed.mid_event_seen = passed.mid_event_seen || meter.mid_event();
    }
    return passed;
}

TEST(Meter, an_event_of_ten_megabytes_passes_in_parts_and_is_read) {
    const std::string long_text(10U << 20U, 'x');
    const std::string giant =
        "data: {\"model\":\"gpt-4o-2024\",\"choices\":[{\"delta\":{\"content\":\"" + long_text + "\"}}]}\n\n";
    const std::string stream = events({chat_1}) + giant + events({chat_3, chat_usage, "data: [DONE]"});
    const auto meter =
        Meter::make({.streamed = true, .hide_usage_chunk = true, .shown_model = "mine", .event_held_max = 64 * 1024});
    const auto passed = pass_in_reads(*meter, stream, 16 * 1024);
    EXPECT_TRUE(passed.out == as_mine(events({chat_1}) + giant + events({chat_3, "data: [DONE]"})));
    EXPECT_TRUE(passed.mid_event_seen);
    EXPECT_LE(passed.largest_step, 128U * 1024);
    EXPECT_FALSE(meter->mid_event());
    EXPECT_GE(meter->reading().content_bytes, static_cast<std::int64_t>(long_text.size()));
    const Reading reading = meter->finish(999);
    EXPECT_EQ(reading.usage.output, 10);
    EXPECT_TRUE(reading.complete);
}

TEST(Meter, the_usage_at_the_end_of_a_giant_last_event_is_found) {
    const std::string image(3U << 20U, 'A');
    const std::string stream =
        "event: response.completed\ndata: "
        "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"model\":\"gpt-4o-2024\",\"output\":[{\"type\":"
        "\"image_generation_call\",\"result\":\"" +
        image +
        "\"},{\"type\":\"message\",\"content\":[{\"text\":\"\\\"usage\\\":{\\\"input_tokens\\\":1}\"}]}],\"service_"
        "tier\":\"priority\",\"usage\":{\"input_tokens\":37,\"output_tokens\":11,\"total_tokens\":48}}}\n\n";
    const auto meter = Meter::make(
        {.endpoint = Endpoint::responses, .streamed = true, .shown_model = "mine", .event_held_max = 64 * 1024});
    const auto passed = pass_in_reads(*meter, stream, 50'000);
    EXPECT_TRUE(passed.out == as_mine(stream));
    const Reading reading = meter->finish(999);
    EXPECT_EQ(reading.usage, (Usage{.input = 37, .output = 11}));
    EXPECT_EQ(reading.served.service_tier, "priority");
    EXPECT_EQ(reading.source, UsageSource::provider);
    EXPECT_TRUE(reading.complete);
}

TEST(Meter, a_giant_event_that_is_cut_is_counted) {
    const std::string stream = "data: {\"choices\":[{\"delta\":{\"content\":\"" + std::string(600'000, 'x');
    const auto meter = Meter::make({.streamed = true, .event_held_max = 64 * 1024});
    pass_in_reads(*meter, stream, 50'000);
    EXPECT_TRUE(meter->mid_event());
    const Reading reading = meter->finish(999);
    EXPECT_EQ(reading.source, UsageSource::estimated);
    EXPECT_GT(reading.usage.output, 100'000);
    EXPECT_TRUE(reading.content);
}

// ---- plain answers

TEST(Meter, only_the_answers_own_model_is_renamed) {
    const std::string body =
        R"({"id":"c","choices":[{"message":{"content":"\"model\":\"a\"","tool_calls":[{"function":{"arguments":"{\"model\":\"a\"}"}}]}}],"x":{"model":"a"},"model" : "a","y":1})";
    const std::string shown =
        R"({"id":"c","choices":[{"message":{"content":"\"model\":\"a\"","tool_calls":[{"function":{"arguments":"{\"model\":\"a\"}"}}]}}],"x":{"model":"a"},"model" : "say \"b\"","y":1})";
    const auto meter = Meter::make({.shown_model = "say \"b\""});
    EXPECT_EQ(meter->pass_whole(body), shown);
    const auto same = Meter::make({});
    EXPECT_EQ(same->pass_whole(body).data(), body.data());
}

TEST(Meter, a_model_that_is_no_string_stays) {
    const std::string body = R"({"choices":[],"model":null})";
    EXPECT_EQ(Meter::make({.shown_model = "m"})->pass_whole(body), body);
}

}  // namespace
}  // namespace bursar::providers
