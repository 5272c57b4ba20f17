// Hunts: a token of a session that is counted twice, not at all or in the wrong class; a client's event that spends
// what nobody has set aside: another model, a longer answer, tools of the provider, and two readers of one event.
#include "service/providers/realtime.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

std::string done_with(const std::string& usage, const std::string& status = "completed") {
    return R"({"type":"response.done","event_id":"e","response":{"object":"realtime.response","id":"resp_1","status":")" +
           status + R"(","output":[],"usage":)" + usage + "}}";
}

TEST(Realtime, EveryTokenOfAResponseIsInOneClass) {
    struct Case {
        std::string name, usage;
        Usage counted;
    };
    const std::vector<Case> cases = {
        {"text alone",
         R"({"total_tokens":14,"input_tokens":10,"output_tokens":4,"input_token_details":{"text_tokens":10,"audio_tokens":0,"cached_tokens":0},"output_token_details":{"text_tokens":4,"audio_tokens":0}})",
         {.input = 10, .output = 4}},
        {"sound both ways, text cached",
         R"({"total_tokens":253,"input_tokens":132,"output_tokens":121,"input_token_details":{"text_tokens":119,"audio_tokens":13,"image_tokens":0,"cached_tokens":64,"cached_tokens_details":{"text_tokens":64,"audio_tokens":0,"image_tokens":0}},"output_token_details":{"text_tokens":30,"audio_tokens":91}})",
         {.input = 55, .cache_read = 64, .output = 30, .audio_input = 13, .audio_output = 91}},
        {"sound cached, text not: sound that was cached is not counted again",
         R"({"total_tokens":1300,"input_tokens":1200,"output_tokens":100,"input_token_details":{"text_tokens":200,"audio_tokens":1000,"cached_tokens":900,"cached_tokens_details":{"text_tokens":50,"audio_tokens":850}},"output_token_details":{"text_tokens":20,"audio_tokens":80}})",
         {.input = 150, .cache_read = 900, .output = 20, .audio_input = 150, .audio_output = 80}},
        {"a picture, half of it cached",
         R"({"total_tokens":110,"input_tokens":100,"output_tokens":10,"input_token_details":{"text_tokens":20,"audio_tokens":0,"image_tokens":80,"cached_tokens":40,"cached_tokens_details":{"image_tokens":40}}})",
         {.input = 20, .cache_read = 40, .output = 10, .image_input = 40}},
        {"more sound cached than was cached at all is not believed",
         R"({"input_tokens":100,"output_tokens":0,"input_token_details":{"audio_tokens":100,"cached_tokens":10,"cached_tokens_details":{"audio_tokens":100}}})",
         {.cache_read = 10, .audio_input = 90}},
    };
    for (const Case& one : cases) {
        const RealtimeEvent event = read_realtime_event(done_with(one.usage));
        EXPECT_EQ(event.type, "response.done");
        EXPECT_EQ(event.response, "resp_1");
        EXPECT_EQ(event.status, "completed");
        ASSERT_TRUE(event.usage) << one.name;
        EXPECT_EQ(*event.usage, one.counted) << one.name;
    }
    for (const std::string usage : {"null", "{}", "7", R"({"input_tokens":-1})"})
        EXPECT_FALSE(read_realtime_event(done_with(usage, "failed")).usage) << usage;
}

TEST(Realtime, WhatAProviderSaysIsReadAsFarAsMoneyDependsOnIt) {
    EXPECT_EQ(read_realtime_event("no JSON").type, "");
    EXPECT_EQ(read_realtime_event("[]").type, "");
    const RealtimeEvent delta =
        read_realtime_event(R"({"type":"response.output_audio.delta","response_id":"resp_1","delta":"AAAA"})");
    EXPECT_TRUE(delta.content);
    EXPECT_EQ(delta.response, "resp_1");
    EXPECT_EQ(read_realtime_event(R"({"type":"error","error":{"message":"x","event_id":"mine"}})").refused, "mine");
    const std::string session = R"({"type":"session.created","session":{"type":"realtime","model":"gpt-x","audio":)";
    const auto by_itself = [&](const std::string& audio) {
        return read_realtime_event(session + audio + "}}").by_itself;
    };
    EXPECT_EQ(by_itself("{}"), std::nullopt);
    EXPECT_EQ(by_itself(R"({"input":{"turn_detection":null}})"), false);
    EXPECT_EQ(by_itself(R"({"input":{"turn_detection":{"type":"server_vad"}}})"), std::nullopt);
    EXPECT_EQ(by_itself(R"({"input":{"turn_detection":{"create_response":true}}})"), true);
    EXPECT_EQ(by_itself(R"({"input":{"turn_detection":{"type":"server_vad","create_response":false}}})"), false);
    const std::string whole = session + "{}}}";
    const RealtimeEvent created = read_realtime_event(whole);
    EXPECT_EQ(whole.substr(created.model_at.begin, created.model_at.end - created.model_at.begin), R"("gpt-x")");
}

TEST(Realtime, WhatWouldSpendOutsideOfTheBooksIsRefusedByName) {
    const RealtimeBounds bounds{.model = "talker", .output_max = 1000};
    struct Case {
        std::string message, word;
    };
    const std::vector<Case> cases = {
        {"hello", "not JSON"},
        {"[]", "not JSON"},
        {R"({"type":"response.create"} {"type":"response.create"})", "not JSON"},
        {R"({"type":"response.fork"})", "`type`"},
        {R"({"event_id":"x"})", "`type`"},
        {R"({"type":"transcription_session.update","session":{}})", "`type`"},
        {R"({"type":"response.create","type":"response.cancel"})", "`type` stands twice"},
        {R"({"type":"response.cancel","t\u0079pe":"response.create"})", "`type` stands twice"},
        {R"({"type":"session.update","session":{"model":"other"}})", "`session.model`"},
        {R"({"type":"session.update","session":{"type":"transcription"}})", "`session.type`"},
        {R"({"type":"session.update","session":{"prompt":{"id":"pmpt_1"}}})", "`prompt`"},
        {R"({"type":"session.update","session":{"tools":[{"type":"function","name":"f"},{"type":"mcp"}]}})", "\"mcp\""},
        {R"({"type":"session.update","session":{"tools":[],"tools":[{"type":"mcp"}]}})", "`tools` stands twice"},
        {R"({"type":"session.update","session":{"audio":{"input":{"transcription":{"model":"whisper-1"}}}}})",
         "`transcription`"},
        {R"({"type":"session.update","session":{"input_audio_transcription":{}}})", "`transcription`"},
        {R"({"type":"session.update","session":{"audio":{"input":{"turn_detection":{"type":"server_vad","idle_timeout_ms":5000}}}}})",
         "`idle_timeout_ms`"},
        {R"({"type":"session.update","session":{"audio":{"input":{"turn_detection":{"create_response":false,"create_response":true}}}}})",
         "`create_response` stands twice"},
        {R"({"type":"session.update","session":{"audio":{"input":{"turn_detection":{"create_response":null}}}}})",
         "`create_response`"},
        {R"({"type":"session.update","session":{"audio":{"input":{"turn_detection":"server_vad"}}}})",
         "`turn_detection` must be an object"},
        {R"({"type":"session.update","session":{"audio":null}})", "`session.audio` must be an object"},
        {R"({"type":"session.update","session":{"audio":{"input":null}}})", "`session.audio.input` must be"},
        {R"({"type":"session.update","session":{"turn_detection":{"type":"server_vad"}}})", "`session.turn_detection`"},
        {R"({"type":"session.update","session":{"max_output_tokens":"inf"}})", "`max_output_tokens`"},
        {R"({"type":"session.update","session":{"max_output_tokens":null}})", "`max_output_tokens`"},
        {R"({"session":{"max_output_tokens":1001},"type":"session.update"})", "at most 1000"},
        {R"({"type":"response.create","response":{"max_output_tokens":1001}})", "`max_output_tokens`"},
        {R"({"type":"response.create","response":{"model":"talker"}})", "`response.model`"},
        {R"({"type":"response.create","response":{"prompt":{"id":"p"}}})", "`prompt`"},
        {R"({"type":"response.create","response":{"tools":[{"type":"web_search"}]}})", "web_search"},
        {R"({"type":"response.create","response":{"tools":[{}]}})", "`tools`"},
        {R"({"type":"response.create","response":{"input":[{"type":"mcp_call"}]}})", "MCP"},
        {R"({"type":"conversation.item.create","item":{"type":"mcp_approval_response"}})", "MCP"},
    };
    for (const Case& one : cases) {
        const auto read = read_realtime_message(one.message, bounds);
        ASSERT_FALSE(read) << one.message;
        EXPECT_EQ(read.error().fault, Fault::invalid_request);
        EXPECT_TRUE(read.error().for_caller.contains(one.word)) << one.message << ": " << read.error().for_caller;
    }
}

TEST(Realtime, WhatCostsNothingElsePasses) {
    const RealtimeBounds bounds{.model = "talker", .output_max = 1000};
    const std::vector<std::string> passing = {
        R"({"type":"session.update","session":{"type":"realtime","instructions":"x","tools":[{"type":"function"}],"prompt":null,"max_output_tokens":1000}})",
        R"({"type":"session.update","session":{"audio":{"input":{"transcription":null,"turn_detection":{"type":"semantic_vad"}}}}})",
        R"({"type":"input_audio_buffer.append","audio":"AAAA"})",
        R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"tools"}]}})",
        R"({"type":"response.cancel"})",
    };
    for (const std::string& message : passing) EXPECT_TRUE(read_realtime_message(message, bounds)) << message;
    const auto asked = read_realtime_message(R"( {"type":"response.create","event_id":"mine","response":{}})", bounds);
    ASSERT_TRUE(asked);
    EXPECT_TRUE(asked->asks);
    EXPECT_EQ(asked->event_id, "mine");
    EXPECT_EQ(asked->insert_at, 2U);
    EXPECT_TRUE(read_realtime_message(R"({"type":"input_audio_buffer.commit"})", bounds)->commits);
    const std::string same = R"({"type":"session.update","session":{"model":"talker"}})";
    const auto renamed = read_realtime_message(same, bounds);
    ASSERT_TRUE(renamed);
    EXPECT_EQ(same.substr(renamed->model_at.begin, renamed->model_at.end - renamed->model_at.begin), R"("talker")");
    // A limit that cannot be written is the model's own.
    EXPECT_TRUE(read_realtime_message(R"({"type":"session.update","session":{"max_output_tokens":"inf"}})",
                                      {.model = "talker", .output_max = 16'384}));
}

TEST(Realtime, NothingThatGoesToTheProviderLetsItBeginAResponseByItself) {
    const RealtimeBounds bounds{.model = "talker", .output_max = 1000};
    struct Case {
        std::string sent, passed;
        std::optional<bool> automatic;
    };
    const auto update = [](const std::string& detection) {
        return R"({"type":"session.update","session":{"audio":{"input":{"turn_detection":)" + detection + "}}}}";
    };
    const auto passed = [](const std::string& detection) {
        return R"({"event_id":"bursar_1","type":"session.update","session":{"audio":{"input":{"turn_detection":)" +
               detection + "}}}}";
    };
    const std::vector<Case> cases = {
        {update("null"), passed("null"), false},
        {update("{}"), passed(R"({"create_response":false})"), true},
        {update("{ }"), passed(R"({"create_response":false })"), true},
        {update(R"({ "type":"server_vad"})"), passed(R"({"create_response":false, "type":"server_vad"})"), true},
        {update(R"({"create_response":true,"type":"semantic_vad"})"),
         passed(R"({"create_response":false,"type":"semantic_vad"})"), true},
        {update(R"({"create_response" : false })"), passed(R"({"create_response" : false })"), false},
        {update(R"({"cr\u0065ate_response":true})"), passed(R"({"cr\u0065ate_response":false})"), true},
        {R"({"session":{"model":"talker","audio":{"input":{"turn_detection":{"create_response":true}}}},"event_id":"mine","type":"session.update"})",
         R"({"session":{"model":"gpt-x","audio":{"input":{"turn_detection":{"create_response":false}}}},"event_id":"bursar_1","type":"session.update"})",
         true},
        {R"({"type":"session.update","session":{}})", R"({"event_id":"bursar_1","type":"session.update","session":{}})",
         std::nullopt},
    };
    for (const Case& one : cases) {
        const auto read = read_realtime_message(one.sent, bounds);
        ASSERT_TRUE(read) << one.sent;
        EXPECT_TRUE(read->configures);
        EXPECT_EQ(read->automatic, one.automatic) << one.sent;
        std::string text = one.sent;
        rewrite_for_provider(text, *read, "gpt-x", "bursar_1");
        EXPECT_EQ(text, one.passed);
    }
    EXPECT_EQ(
        realtime_opening("bursar_1", 100),
        R"({"type":"session.update","event_id":"bursar_1","session":{"type":"realtime","max_output_tokens":100,"audio":{"input":{"turn_detection":{"type":"server_vad","create_response":false}}}}})");
    EXPECT_FALSE(realtime_opening("bursar_1", 16'384).contains("max_output_tokens"));
}

TEST(Realtime, AClientSeesItsOwnNamesAndWishes) {
    const std::string told =
        R"({"type":"session.updated","session":{"model":"gpt-x","audio":{"input":{"turn_detection":{"type":"server_vad","create_response":false}}}}})";
    const auto shown = [](std::string text, const std::string& model, const std::optional<std::string>& refused,
                          bool automatic) {
        rewrite_for_client(text, read_realtime_event(text), model, refused, automatic);
        return text;
    };
    EXPECT_EQ(
        shown(told, "talker", std::nullopt, true),
        R"({"type":"session.updated","session":{"model":"talker","audio":{"input":{"turn_detection":{"type":"server_vad","create_response":true}}}}})");
    EXPECT_EQ(shown(told, "", std::nullopt, false), told);
    const std::string error = R"({"type":"error","error":{"event_id":"bursar_7","message":"x"}})";
    EXPECT_EQ(shown(error, "", "mine", true), R"({"type":"error","error":{"event_id":"mine","message":"x"}})");
    EXPECT_EQ(shown(error, "", "", true), R"({"type":"error","error":{"event_id":null,"message":"x"}})");
    EXPECT_EQ(shown(error, "", std::nullopt, true), error);
}

}  // namespace
}  // namespace bursar::providers
