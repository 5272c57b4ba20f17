// Hunts: an answer about a stored response that is billed, or taken for a failure because the response was one; a field
// of a request by which somebody else's stored words could be had.
#include "service/providers/body.h"
#include "service/providers/meter.h"

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

constexpr std::string_view failed =
    R"({"id":"resp_1","object":"response","status":"failed","error":{"code":"server_error"},"model":"there","output":[],)"
    R"("usage":{"input_tokens":900,"output_tokens":5,"total_tokens":905}})";

TEST(StoredAnswers, ThatAResponseFailedIsNoFailureOfAskingForIt) {
    const auto meter = Meter::make({.endpoint = Endpoint::response_get, .streamed = false, .shown_model = "mine"});
    const std::string shown(meter->pass_whole(failed));
    EXPECT_TRUE(shown.contains(R"("model":"mine")")) << shown;
    const Reading reading = meter->finish(1'000);
    EXPECT_TRUE(reading.understood && reading.complete);
    EXPECT_FALSE(reading.failed);
    EXPECT_EQ(reading.usage, Usage{}) << "it was paid when it was made";
}

TEST(StoredAnswers, AStreamOfOneEndsAsTheResponseDid) {
    for (const std::string_view last : {"response.completed", "response.failed"}) {
        SCOPED_TRACE(last);
        const auto meter = Meter::make({.endpoint = Endpoint::response_get, .streamed = true, .shown_model = "mine"});
        std::string shown(meter->pass(
            "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"model\":\"there\",\"error\":null}}"
            "\n\n"));
        EXPECT_TRUE(meter->reading().content) << "nothing has to be held back";
        EXPECT_FALSE(meter->reading().complete);
        shown +=
            meter->pass("data: {\"type\":\"" + std::string(last) + "\",\"response\":" + std::string(failed) + "}\n\n");
        EXPECT_FALSE(shown.contains("there")) << shown;
        const Reading reading = meter->finish(1'000);
        EXPECT_TRUE(reading.complete);
        EXPECT_FALSE(reading.failed);
        EXPECT_EQ(reading.usage, Usage{});
    }
}

TEST(StoredAnswers, ACountAndADeletionAreAnswersToo) {
    for (const auto& [endpoint, body] :
         {std::pair{Endpoint::input_tokens, R"({"object":"response.input_tokens","input_tokens":11})"},
          std::pair{Endpoint::response_delete, R"({"id":"resp_1","object":"response","deleted":true})"},
          std::pair{Endpoint::response_items, R"({"object":"list","data":[],"has_more":false})"}}) {
        const auto meter = Meter::make({.endpoint = endpoint, .streamed = false});
        EXPECT_EQ(meter->pass_whole(body), body);
        const Reading reading = meter->finish(1'000);
        EXPECT_TRUE(reading.understood) << body;
        EXPECT_EQ(reading.source, UsageSource::provider);
        EXPECT_EQ(reading.usage, Usage{});
    }
}

TEST(StoredAnswers, CompactingIsMetered) {
    const auto meter = Meter::make({.endpoint = Endpoint::response_compact, .streamed = false});
    meter->pass_whole(
        R"({"id":"resp_2","object":"response.compaction","created_at":1,"output":[{"type":"compaction","id":"cmp_1",)"
        R"("encrypted_content":"abc"}],"usage":{"input_tokens":420,"output_tokens":120,"total_tokens":540}})");
    const Reading reading = meter->finish(1'000);
    EXPECT_TRUE(reading.complete);
    EXPECT_EQ(reading.source, UsageSource::provider);
    EXPECT_EQ(reading.usage.input, 420);
    EXPECT_EQ(reading.usage.output, 120);
}

TEST(StoredPrompts, SayWhatTheyGoOnFromAndWhetherTheyAreStored) {
    const auto plain = read_prompt(Endpoint::responses, R"({"model":"m","input":"x","previous_response_id":null})");
    ASSERT_TRUE(plain);
    EXPECT_TRUE(plain->stored) << "the API's own default";
    EXPECT_EQ(plain->previous_response, "");
    const auto next =
        read_prompt(Endpoint::responses, R"({"model":"m","store":false,"previous_response_id":"resp_\u0031"})");
    ASSERT_TRUE(next);
    EXPECT_FALSE(next->stored);
    EXPECT_EQ(next->previous_response, "resp_1");
    EXPECT_TRUE(read_prompt(Endpoint::responses, R"({"model":"m","store":null})")->stored);
    const auto with_id = [](std::size_t bytes) {
        return read_prompt(Endpoint::responses,
                           R"({"model":"m","previous_response_id":")" + std::string(bytes, 'a') + R"("})");
    };
    EXPECT_EQ(with_id(1'024)->previous_response.size(), 1'024) << "as long as one that is remembered";
    EXPECT_FALSE(with_id(1'025));
    for (const Endpoint each : {Endpoint::response_compact, Endpoint::input_tokens})
        EXPECT_EQ(read_prompt(each, R"({"model":"m","previous_response_id":"resp_1"})")->previous_response, "resp_1");
}

TEST(StoredPrompts, ReferencesAreSeenWithoutTheirType) {
    const auto refers = [](std::string_view input) {
        const auto prompt = read_prompt(Endpoint::responses, R"({"model":"m","input":)" + std::string(input) + "}");
        return prompt && prompt->item_reference;
    };
    EXPECT_TRUE(refers(R"([{"type":"item_reference","id":"msg_1"}])"));
    EXPECT_TRUE(refers(R"([{"id":"msg_1","type":"item\u005freference"}])"));
    EXPECT_TRUE(refers(R"([{"role":"user","content":"hi"},{"id":"msg_1"}])"));
    EXPECT_TRUE(refers(R"([{"type":null,"id":"msg_1"}])"));
    EXPECT_TRUE(refers(R"([{"id":"rs_1","type":"reasoning","summary":[]}])")) << "it is read by its id all the same";
    EXPECT_TRUE(refers(R"([{"type":"image_generation_call","id":"ig_1"}])"));
    EXPECT_FALSE(refers(R"([{"type":"reasoning","summary":[],"encrypted_content":"abc","id":"rs_1"}])"));
    EXPECT_FALSE(refers(R"([{"type":"reasoning","summary":[]}])")) << "it names nothing";
    EXPECT_FALSE(refers(R"([{"id":"msg_1","role":"assistant","content":"hi"}])"));
    EXPECT_FALSE(refers(R"([{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"}])"));
    EXPECT_FALSE(refers(R"("item_reference")"));
    const auto elsewhere = read_prompt(Endpoint::chat_completions, R"({"model":"m","input":[{"id":"msg_1"}]})");
    EXPECT_FALSE(elsewhere->item_reference);
}

TEST(StoredPrompts, WhatOnlyItsIdTellsMayFillTheWindow) {
    const auto elsewhere = [](std::string_view item, Endpoint endpoint = Endpoint::responses) {
        const auto prompt = read_prompt(endpoint, R"({"model":"m","input":[)" + std::string(item) + "]}");
        return prompt && prompt->input_elsewhere;
    };
    EXPECT_TRUE(elsewhere(R"({"type":"item_reference","id":"msg_1"})"));
    EXPECT_TRUE(elsewhere(R"({"id":"msg_1"})"));
    EXPECT_TRUE(elsewhere(R"({"id":"rs_1","type":"reasoning","summary":[]})"));
    EXPECT_TRUE(elsewhere(R"({"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":null})"));
    EXPECT_TRUE(elsewhere(R"({"type":"image_generation_call","id":"ig_1"})", Endpoint::response_compact));
    EXPECT_TRUE(elsewhere(R"({"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":""})"));
    EXPECT_TRUE(elsewhere(R"({"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":{"a":1}})"));
    EXPECT_TRUE(elsewhere(R"({"id":"rs_1","type":"reasoning","encrypted_content":"abc","encrypted_content":""})"));
    EXPECT_TRUE(elsewhere(R"({"id":"rs_1","type":"reasoning","summary":[],"result":"abc"})")) << "a picture's field";
    EXPECT_TRUE(elsewhere(R"({"id":"ig_1","type":"image_generation_call","encrypted_content":"abc"})"));
    EXPECT_TRUE(elsewhere(R"({"id":"ig_1","type":"image_generation_call","result":""})"));
    EXPECT_FALSE(elsewhere(R"({"id":"ig_1","type":"image_generation_call","result":"iVBOR"})"));
    EXPECT_FALSE(elsewhere(R"({"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"abc"})"));
    EXPECT_FALSE(elsewhere(R"({"id":"msg_1","role":"assistant","content":"hi"})"));
    EXPECT_FALSE(elsewhere(R"({"id":"msg_1","type":"message","role":"assistant","content":"hi"})"));
}

TEST(StoredPrompts, WhatHasNoOwnerIsRefusedByItsName) {
    for (const auto& [body, name] : {std::pair{R"({"model":"m","conversation":"conv_1"})", "`conversation`"},
                                     std::pair{R"({"model":"m","conversation":{"id":"conv_1"}})", "`conversation`"},
                                     std::pair{R"({"model":"m","prompt":{"id":"pmpt_1"}})", "`prompt`"},
                                     std::pair{R"({"model":"m","previous_response_id":7})", "`previous_response_id`"},
                                     std::pair{R"({"model":"m","previous_response_id":""})", "`previous_response_id`"},
                                     std::pair{R"({"model":"m","store":"no"})", "`store`"},
                                     std::pair{R"({"model":"m","store":true,"store":false})", "`store`"},
                                     std::pair{R"({"model":"m","Store":false})", "`store`"}}) {
        const auto refused = read_prompt(Endpoint::responses, body);
        ASSERT_FALSE(refused) << body;
        EXPECT_EQ(refused.error().fault, Fault::invalid_request);
        EXPECT_TRUE(refused.error().for_caller.contains(name)) << refused.error().for_caller;
    }
    EXPECT_TRUE(read_prompt(Endpoint::responses, R"({"model":"m","conversation":null,"prompt":null})"));
    EXPECT_TRUE(read_prompt(Endpoint::completions, R"({"model":"m","prompt":"x"})"));
}

}  // namespace
}  // namespace bursar::providers
