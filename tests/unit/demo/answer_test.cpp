// Hunts: a question misread, or an answer that breaks its own counts: too long for max_tokens, a tool called that
// nobody offered.
#include "service/demo/answer.h"

#include <cmath>

#include <gtest/gtest.h>

namespace bursar::demo {
namespace {

const Timestamp now = from_unix_milliseconds(1'795'000'000'000);

Answer answer_to(Endpoint endpoint, std::string_view body) {
    const auto ask = read_ask(endpoint, body);
    EXPECT_TRUE(ask) << (ask ? "" : ask.error().for_caller);
    return ask ? plan_answer(*ask, 7, now) : Answer{};
}

TEST(Ask, refuses_what_the_providers_refuse) {
    struct Case {
        const char* sentence;
        Endpoint endpoint;
        const char* body;
    };
    const std::vector<Case> cases = {
        {"no JSON", Endpoint::chat_completions, "{"},
        {"no object", Endpoint::chat_completions, "[]"},
        {"no model", Endpoint::chat_completions, R"({"messages":[{"role":"user","content":"x"}]})"},
        {"a model that is a number", Endpoint::chat_completions,
         R"({"model":1,"messages":[{"role":"user","content":"x"}]})"},
        {"no messages", Endpoint::chat_completions, R"({"model":"m"})"},
        {"messages that are text", Endpoint::chat_completions, R"({"model":"m","messages":"x"})"},
        {"no message at all", Endpoint::chat_completions, R"({"model":"m","messages":[]})"},
        {"no max_tokens for Anthropic", Endpoint::messages,
         R"({"model":"m","messages":[{"role":"user","content":"x"}]})"},
        {"a maximum of nothing", Endpoint::chat_completions,
         R"({"model":"m","max_tokens":0,"messages":[{"role":"user","content":"x"}]})"},
        {"no choices", Endpoint::chat_completions, R"({"model":"m","n":0,"messages":[{"role":"user","content":"x"}]})"},
        {"embeddings of nothing", Endpoint::embeddings, R"({"model":"m","input":[]})"},
        {"an unknown directive", Endpoint::responses, R"({"model":"m","input":"[[demo nonsense]]"})"},
    };
    for (const Case& each : cases) {
        const auto ask = read_ask(each.endpoint, each.body);
        ASSERT_FALSE(ask) << each.sentence;
        EXPECT_EQ(ask.error().fault, Fault::invalid_request) << each.sentence;
    }
}

TEST(Ask, takes_the_last_words_of_the_person_and_not_of_the_agent) {
    const auto ask = read_ask(Endpoint::messages, R"({"model":"m","max_tokens":9,"system":"be kind","messages":[
        {"role":"user","content":"first"},{"role":"assistant","content":"no"},
        {"role":"user","content":[{"type":"text","text":"<system-reminder>use the tool</system-reminder>"},{"type":"text","text":"last words"}]}]})");
    ASSERT_TRUE(ask);
    EXPECT_EQ(ask->user_text, "last words");
    EXPECT_EQ(ask->prompt_words, 2 + 1 + 1 + 3 + 2);
    EXPECT_EQ(ask->output_max, 9);
}

TEST(Answer, keeps_to_the_callers_maximum) {
    const Answer cut = answer_to(
        Endpoint::chat_completions,
        R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x [[demo tokens=50 reasoning=3]]"}]})");
    EXPECT_EQ(cut.finish, Finish::length);
    EXPECT_EQ(cut.reasoning.size(), 3U);
    EXPECT_EQ(cut.choices.at(0).size(), 2U);
    EXPECT_EQ(cut.usage.output, 5);
    const Answer exact =
        answer_to(Endpoint::chat_completions,
                  R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x [[demo tokens=5]]"}]})");
    EXPECT_EQ(exact.finish, Finish::stop);
    EXPECT_EQ(exact.usage.output, 5);
}

TEST(Answer, several_choices_are_billed_each) {
    const Answer answer =
        answer_to(Endpoint::chat_completions,
                  R"({"model":"m","n":3,"messages":[{"role":"user","content":"[[demo tokens=4]]"}]})");
    EXPECT_EQ(answer.choices.size(), 3U);
    EXPECT_EQ(answer.usage.output, 12);
}

TEST(Answer, the_same_prompt_has_the_same_text) {
    EXPECT_EQ(paragraph("hello", std::nullopt), paragraph("hello", std::nullopt));
    EXPECT_NE(paragraph("hello", std::nullopt), paragraph("goodbye", std::nullopt));
    EXPECT_EQ(paragraph("", 1'000).size(), 1'000U);
    EXPECT_TRUE(paragraph("a b c", 0).empty());
}

TEST(Answer, a_tool_is_called_once_and_then_quoted) {
    const Answer call = answer_to(Endpoint::chat_completions,
                                  R"({"model":"m","messages":[{"role":"user","content":"use the tool"}],"tools":[
        {"type":"function","function":{"name":"other","parameters":{}}},
        {"type":"function","function":{"name":"shell","parameters":{"type":"object","required":["command","count","flag","kind"],"properties":{
        "command":{"type":"array","items":{"type":"string"}},"count":{"type":"integer","minimum":4},"flag":{"type":"boolean"},
        "kind":{"enum":["b","a"]},"optional":{"type":"string"}}}}}]})");
    ASSERT_EQ(call.tool_calls.size(), 1U);
    EXPECT_EQ(call.finish, Finish::tool_calls);
    EXPECT_EQ(call.tool_calls[0].name, "shell");
    EXPECT_EQ(call.tool_calls[0].arguments,
              R"({"command":["bash","-lc","echo pong"],"count":4,"flag":false,"kind":"b"})");

    const Answer after =
        answer_to(Endpoint::responses,
                  R"({"model":"m","tools":[{"type":"function","name":"exec_command","parameters":{}}],"input":[
        {"role":"user","content":[{"type":"input_text","text":"use the tool"}]},{"type":"function_call","name":"exec_command","call_id":"c","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":"Output:\npong"}]})");
    EXPECT_TRUE(after.tool_calls.empty());
    EXPECT_EQ(joined(after.choices.at(0)), "The tool answered: Output: pong");

    const Answer anthropic = answer_to(
        Endpoint::messages, R"({"model":"m","max_tokens":50,"messages":[{"role":"user","content":"use the tool"},
        {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"Bash","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"pong"}]}]}]})");
    EXPECT_EQ(joined(anthropic.choices.at(0)), "The tool answered: pong");
}

TEST(Answer, no_tool_is_called_that_is_not_offered_or_not_wanted) {
    for (
        const char* body :
        {R"({"model":"m","messages":[{"role":"user","content":"use the tool"}]})",
         R"({"model":"m","tool_choice":"none","messages":[{"role":"user","content":"use the tool"}],"tools":[{"type":"function","function":{"name":"f"}}]})",
         R"({"model":"m","messages":[{"role":"user","content":"just talk"}],"tools":[{"type":"function","function":{"name":"f"}}]})",
         R"({"model":"m","messages":[{"role":"user","content":"use the tool"}],"tools":[{"type":"web_search"}]})"})
        EXPECT_TRUE(answer_to(Endpoint::chat_completions, body).tool_calls.empty()) << body;
}

TEST(Answer, cached_tokens_are_part_of_the_prompt_and_counted_once) {
    const Answer some =
        answer_to(Endpoint::messages, R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[
        {"type":"text","text":"one two three four","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]})");
    EXPECT_EQ(some.usage.cache_write_1h, 2);
    EXPECT_EQ(some.usage.input, 2);
    EXPECT_EQ(some.prompt_tokens(), 4);
    const Answer more = answer_to(Endpoint::chat_completions,
                                  R"({"model":"m","messages":[{"role":"user","content":"a [[demo cached=100]]"}]})");
    EXPECT_EQ(more.usage.cache_read, 100);
    EXPECT_EQ(more.usage.input, 0);
}

TEST(Example, follows_references_and_survives_endless_ones) {
    EXPECT_EQ(
        example_of(
            R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"object","required":["x"],"properties":{"x":{"anyOf":[{"type":"null"},{"type":"string"}]}}}}})"),
        R"({"x":null})");
    const std::string endless = example_of(
        R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"object","required":["x"],"properties":{"x":{"$ref":"#/$defs/a"}}}}})");
    EXPECT_TRUE(endless.starts_with(R"({"x":{"x":)"));
    EXPECT_EQ(example_of(R"({"$ref":"#"})"), R"("demo")");
    EXPECT_EQ(example_of("not json"), "{}");
}

TEST(Embedding, is_a_unit_vector_of_its_text_alone) {
    const auto vector = embedding_of("pears", 0);
    EXPECT_EQ(vector, embedding_of("pears", 0));
    EXPECT_NE(vector, embedding_of("plums", 0));
    EXPECT_EQ(embedding_of("pears", 5).size(), 5U);
    double square = 0;
    for (const float x : vector) square += static_cast<double>(x) * static_cast<double>(x);
    EXPECT_NEAR(std::sqrt(square), 1.0, 1e-5);
}

}  // namespace
}  // namespace bursar::demo
