// Hunts: a message that one reader takes for another request than the next one, an item that is lost or sent twice when
// a conversation goes on, an end of a response that is taken for one or overlooked.
#include "service/providers/turns.h"

#include "service/providers/body.h"

#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

TEST(Turns, AreTheRequestsThatTheyWouldBeByHttp) {
    struct Case {
        std::string_view name, message, body;
    };
    const std::vector<Case> cases = {
        {"the least", R"({"type":"response.create","model":"m","input":"hi"})",
         R"({"stream":true,"model":"m","input":"hi"})"},
        {"fields that we do not know go on as they came",
         R"({"type":"response.create", "model" : "m","x":{"type":"a","input":[1]} ,"input":[ {"a":1} ]})",
         R"({"stream":true,"model" : "m","x":{"type":"a","input":[1]},"input":[ {"a":1} ]})"},
        {"what HTTP says about the transport is left out",
         R"({"type":"response.create","stream":false,"background":false,"generate":true,"stream_id":null,"model":"m"})",
         R"({"stream":true,"model":"m"})"},
        {"a name in escapes is that name", R"({"\u0074ype":"response.create","model":"m","inp\u0075t":"hi"})",
         R"({"stream":true,"model":"m","input":"hi"})"},
        {"what somebody else keeps is left to them",
         R"({"type":"response.create","model":"m","previous_response_id":"resp_1","input":"hi"})",
         R"({"stream":true,"model":"m","previous_response_id":"resp_1","input":"hi"})"},
        {"null is nothing", R"({"type":"response.create","model":"m","previous_response_id":null,"input":null})",
         R"({"stream":true,"model":"m"})"},
    };
    for (const Case& one : cases) {
        const Result<Turn> turn = read_turn(one.message);
        ASSERT_TRUE(turn) << one.name << ": " << turn.error().for_caller;
        EXPECT_EQ(body_of(*turn), one.body) << one.name;
        EXPECT_TRUE(read_prompt(Endpoint::responses, body_of(*turn))) << one.name;
    }
}

TEST(Turns, ThatAreNoneAreRefusedByTheNameOfWhatIsWrong) {
    for (const auto& [message, word] : std::vector<std::pair<std::string, std::string>>{
             {"", "JSON"},
             {"hello", "JSON"},
             {"[1]", "JSON"},
             {R"({"type":"response.create","model":"m"}x)", "JSON"},
             {R"({"type":"response.create","model":"m")", "JSON"},
             {R"({"model":"m"})", "`type`"},
             {R"({"type":"response.cancel"})", "`type`"},
             {R"({"type":"response.create","type":"response.create"})", "`type` stands twice"},
             {R"({"type":"response.create","input":"a","input":"b"})", "`input` stands twice"},
             {R"({"type":"response.create","input":"a","inp\u0075t":"b"})", "`input` stands twice"},
             {R"({"type":"response.create","background":true})", "`background`"},
             {R"({"type":"response.create","stream_id":"a"})", "`stream_id`"},
             {R"({"type":"response.create","generate":"no"})", "`generate`"},
             {R"({"type":"response.create","previous_response_id":5})", "`previous_response_id`"},
         }) {
        const Result<Turn> turn = read_turn(message);
        ASSERT_FALSE(turn) << message;
        EXPECT_NE(turn.error().for_caller.find(word), std::string::npos) << turn.error().for_caller;
    }
}

TEST(Turns, GoOnWithAllThatWasSaid) {
    const Result<Turn> turn =
        read_turn(R"({"type":"response.create","previous_response_id":"r","model":"m","input":[{"b":2}]})");
    ASSERT_TRUE(turn);
    EXPECT_EQ(turn->previous, "r");
    EXPECT_EQ(body_of(*turn, join_items(R"({"a":1})", items_of(turn->input))),
              R"({"stream":true,"model":"m","input":[{"a":1},{"b":2}]})");
}

TEST(Items, AreReadFromEveryFormOfAnInput) {
    EXPECT_EQ(items_of(""), "");
    EXPECT_EQ(items_of("[]"), "");
    EXPECT_EQ(items_of("[ ]"), "");
    EXPECT_EQ(items_of(R"([{"a":[1,2]} , {"b":1} ])"), R"({"a":[1,2]} , {"b":1})");
    EXPECT_EQ(items_of(R"("say \"hi\"")"), R"({"type":"message","role":"user","content":"say \"hi\""})");
    EXPECT_EQ(join_items("", "a"), "a");
    EXPECT_EQ(join_items("a", ""), "a");
    EXPECT_EQ(join_items("a", "b"), "a,b");
}

TEST(Ends, GiveTheOutputAsInput) {
    const std::string event =
        R"({"type":"response.completed","response":{"id":"resp_1","output":[{"type":"reasoning","id":"rs_1"},)"
        R"({"type":"reasoning","encrypted_content":"x"}, {"type":"message","content":[{"text":"]}"}]} ]}})";
    const auto unkept = read_end(event, false);
    ASSERT_TRUE(unkept);
    EXPECT_EQ(unkept->id, "resp_1");
    EXPECT_EQ(unkept->items,
              R"({"type":"reasoning","encrypted_content":"x"},{"type":"message","content":[{"text":"]}"}]})");
    EXPECT_EQ(read_end(event, true)->items, unkept->items);
}

TEST(Ends, SayWhoHasKeptThem) {
    const auto stored = [](std::string_view more, bool asked) {
        return read_end(R"({"type":"response.completed","response":{"id":"r","output":[])" + std::string(more) + "}}",
                        asked)
            ->stored;
    };
    EXPECT_TRUE(stored("", true));
    EXPECT_TRUE(stored(R"(,"store":true)", true));
    EXPECT_FALSE(stored(R"(,"store":false)", true));
    EXPECT_FALSE(stored(R"(,"store":true)", false));
    EXPECT_TRUE(stored(R"(,"store":null)", true));
}

TEST(Ends, AreOnlyThoseThatWentWell) {
    EXPECT_TRUE(read_end(R"({"response":{"output":[],"id":"r"},"type":"response.incomplete"})", true));
    for (const std::string_view event :
         {R"({"type":"response.failed","response":{"id":"r","output":[],"x":"response.completed"}})",
          R"({"type":"response.output_text.delta","delta":"\"response.completed\""})",
          R"({"type":"response.completed","response":{"output":[]}})",
          R"({"type":"response.completed","response":{"id":"r","output":[)", R"(["response.completed"])", ""})
        EXPECT_FALSE(read_end(event, true)) << event;
}

TEST(Ends, OfAnAnswerThatCameWholeAreNamedAfterItsStatus) {
    EXPECT_EQ(end_event(R"({"id":"r","status":"incomplete"})"),
              R"({"type":"response.incomplete","sequence_number":0,"response":{"id":"r","status":"incomplete"}})");
    const auto named = [](std::string_view response, std::string_view type) {
        return end_event(response).starts_with(std::string(R"({"type":"response.)").append(type).append("\""));
    };
    EXPECT_TRUE(named(R"({"status":"completed"})", "completed"));
    EXPECT_TRUE(named(R"({"id":"r"})", "completed"));
    EXPECT_TRUE(named(R"({"output":[{"status":"incomplete"}],"status":"completed"})", "completed"));
    EXPECT_TRUE(named(R"({"status":"failed"})", "failed"));
    EXPECT_TRUE(named(R"({"status":"cancelled"})", "failed"));
}

TEST(Refusals, AreWhatHttpSaysAsOneEvent) {
    EXPECT_EQ(refusal_event(402, R"({"error": {"code":"budget_exhausted"} })", R"({"retry-after":"1"})"),
              R"({"type":"error","status":402,"error":{"code":"budget_exhausted"},"headers":{"retry-after":"1"}})");
    for (const std::string_view body : {"<html>", R"({"error":"text"})", "{", ""})
        EXPECT_EQ(refusal_event(502, body, "").substr(0, 61),
                  R"({"type":"error","status":502,"error":{"type":"server_error",")");
}

}  // namespace
}  // namespace bursar::providers
