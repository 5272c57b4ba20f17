// Hunts: a body that two parsers would read differently, an input bound that is too low or absurdly high, and a splice
// that changes more than it says or yields something that is no JSON.
#include "service/providers/body.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace bursar::providers {
namespace {

constexpr auto chat = Endpoint::chat_completions;

std::string joined(const Pieces& pieces) {
    std::string text;
    for (const auto view : pieces.views()) text += view;
    EXPECT_EQ(text.size(), pieces.bytes());
    return text;
}

std::string nested(int levels) {
    return R"({"model":"m","x":)" + std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']') + "}";
}

struct Refusal {
    std::string name;
    Endpoint endpoint;
    std::string body;
    std::string says;
};

const std::vector<Refusal> refusals = {
    {"an empty body", chat, "", "The body is empty"},
    {"white space only", chat, " \n", "not valid JSON"},
    {"a byte order mark", chat, "\xEF\xBB\xBF{\"model\":\"m\"}", "byte order mark"},
    {"a list", chat, "[1]", "must be a JSON object"},
    {"a string", chat, R"("model")", "must be a JSON object"},
    {"no model", chat, R"({"messages":[]})", "`model` is missing"},
    {"a model that is a number", chat, R"({"model":7})", "`model` must be a string"},
    {"a model that is null", chat, R"({"model":null})", "`model` must be a string"},
    {"an empty model", chat, R"({"model":""})", "`model` must be"},
    {"a model of 257 bytes", chat, R"({"model":")" + std::string(257, 'm') + "\"}", "from 1 to 256 bytes"},
    {"a second model", chat, R"({"model":"cheap","model":"dear"})", "`model` stands twice"},
    {"a second model behind an escape", chat, R"({"model":"cheap","mod\u0065l":"dear"})", "`model` stands twice"},
    {"a model in upper case", chat, R"({"model":"small","Model":"big"})", "Write `model` in lower case"},
    {"only a model in upper case", chat, R"({"MODEL":"big"})", "Write `model` in lower case"},
    {"a token limit in upper case", chat, R"({"model":"m","max_tokens":5,"MAX_TOKENS":100000})",
     "Write `max_tokens` in lower case"},
    {"a token limit with the Kelvin sign", chat, "{\"model\":\"m\",\"max_to\u212aens\":100000}",
     "Write `max_tokens` in lower case"},
    {"a token limit with a long s behind an escape", chat, R"({"model":"m","max_token\u017f":100000})",
     "Write `max_tokens` in lower case"},
    {"a limit of the Responses API in mixed case", Endpoint::responses, R"({"model":"m","Max_Output_Tokens":1})",
     "Write `max_output_tokens` in lower case"},
    {"a stream in upper case", chat, R"({"model":"m","Stream":true})", "Write `stream` in lower case"},
    {"a usage option in upper case", chat,
     R"({"model":"m","stream_options":{"include_usage":true,"Include_Usage":false}})",
     "Write `include_usage` in lower case"},
    {"a second token limit", chat, R"({"model":"m","max_tokens":1,"max_tokens":9})", "`max_tokens` stands twice"},
    {"a second list of messages", chat, R"({"model":"m","messages":[],"messages":[]})", "`messages` stands twice"},
    {"a second usage option", chat, R"({"model":"m","stream_options":{"include_usage":true,"include_usage":false}})",
     "stands twice"},
    {"both names of the token limit", chat, R"({"model":"m","max_tokens":1,"max_completion_tokens":9})",
     "Send only one"},
    {"a token limit of zero", chat, R"({"model":"m","max_tokens":0})", "`max_tokens` must be a whole number from 1"},
    {"a negative token limit", chat, R"({"model":"m","max_tokens":-5})", "`max_tokens` must be"},
    {"a token limit with a fraction", chat, R"({"model":"m","max_tokens":1.5})", "`max_tokens` must be"},
    {"a token limit as a string", chat, R"({"model":"m","max_tokens":"5"})", "`max_tokens` must be"},
    {"a token limit above a billion", chat, R"({"model":"m","max_tokens":1000000001})", "`max_tokens` must be"},
    {"a token limit beyond 64 bits", chat, R"({"model":"m","max_tokens":18446744073709551617})",
     "`max_tokens` must be"},
    {"a wrong limit of the Responses API", Endpoint::responses, R"({"model":"m","max_output_tokens":[]})",
     "`max_output_tokens` must be"},
    {"a response in the background", Endpoint::responses, R"({"model":"m","background":true})", "background"},
    {"stream as a string", chat, R"({"model":"m","stream":"true"})", "`stream` must be true or false"},
    {"n of zero", chat, R"({"model":"m","n":0})", "`n` must be"},
    {"n of a million", chat, R"({"model":"m","n":1000000})", "`n` must be"},
    {"stream_options as a list", chat, R"({"model":"m","stream_options":[]})", "`stream_options` must be an object"},
    {"include_usage as a number", chat, R"({"model":"m","stream_options":{"include_usage":1}})",
     "include_usage` must be true or false"},
    {"a service tier as a number", chat, R"({"model":"m","service_tier":1})", "`service_tier` must be"},
    {"a second object behind the first", chat, R"({"model":"m"} {"model":"n"})", "Something follows"},
    {"rubbish behind the object", chat, R"({"model":"m"}x)", ""},
    {"a comma too many", chat, R"({"model":"m",})", "not valid JSON"},
    {"a missing comma", chat, R"({"model":"m" "x":1})", "not valid JSON"},
    {"brackets that do not match", chat, R"({"model":"m","x":[}})", "not valid JSON"},
    {"brackets that do not match the other way", chat, R"({"model":"m","x":{"y":1]})", "not valid JSON"},
    {"an unknown word deep inside", chat, R"({"model":"m","messages":[{"a":tru}]})", "not valid JSON"},
    {"a wrong null deep inside", chat, R"({"model":"m","messages":[{"a":nulx}]})", "not valid JSON"},
    {"a wrong null where null may stand", chat, R"({"model":"m","stream_options":nu**})", "stream_options"},
    {"a wrong null for a number", chat, R"({"model":"m","max_tokens":nul})", "max_tokens"},
    {"a number with letters", chat, R"({"model":"m","x":1x})", "not valid JSON"},
    {"a string without its end", chat, R"({"model":"m","x":"y)", "not valid JSON"},
    {"a line feed within a string", chat, "{\"model\":\"m\",\"x\":\"a\nb\"}", "not valid JSON"},
    {"bytes that are not UTF-8", chat, "{\"model\":\"m\",\"x\":\"\xff\"}", "not valid UTF-8"},
    {"257 levels", chat, nested(256), "deeper than 256"},
    {"100,000 levels", chat, nested(100'000), "deeper than 256"},
};

TEST(Body, what_is_refused_names_what_to_change) {
    for (const auto& refusal : refusals) {
        SCOPED_TRACE(refusal.name);
        const auto prompt = read_prompt(refusal.endpoint, refusal.body);
        ASSERT_FALSE(prompt.has_value());
        EXPECT_EQ(prompt.error().fault, Fault::invalid_request);
        EXPECT_NE(prompt.error().for_caller.find(refusal.says), std::string::npos) << prompt.error().for_caller;
    }
}

TEST(Body, white_space_and_the_deepest_level_are_accepted) {
    EXPECT_TRUE(read_prompt(chat, " \r\n\t{ \"model\" : \"m\" } \n").has_value());
    EXPECT_TRUE(read_prompt(chat, nested(255)).has_value());
}

TEST(Body, fields_of_other_endpoints_pass_unread) {
    EXPECT_TRUE(read_prompt(Endpoint::embeddings, R"({"model":"m","input":"x","stream":"maybe","n":-1})").has_value());
    EXPECT_TRUE(
        read_prompt(Endpoint::messages, R"({"model":"m","max_tokens":5,"n":"?","max_output_tokens":0})").has_value());
    EXPECT_TRUE(read_prompt(Endpoint::responses, R"({"model":"m","max_tokens":0})").has_value());
}

TEST(Body, what_a_call_asks_for) {
    const std::string body =
        R"({"model":"gpt-\u0034o","stream":true,"n":3,"max_tokens":77,"service_tier":"flex","stream_options":{"include_usage":true}})";
    const auto prompt = read_prompt(chat, body);
    ASSERT_TRUE(prompt.has_value());
    EXPECT_EQ(prompt->model, "gpt-4o");
    EXPECT_EQ(body.substr(prompt->model_at.begin, prompt->model_at.end - prompt->model_at.begin), R"("gpt-\u0034o")");
    EXPECT_TRUE(prompt->stream);
    EXPECT_TRUE(prompt->usage_asked);
    EXPECT_EQ(prompt->choices, 3);
    EXPECT_EQ(prompt->max_tokens, 77);
    EXPECT_EQ(prompt->max_tokens_field, "max_tokens");
    EXPECT_EQ(prompt->service_tier, "flex");
}

TEST(Body, the_token_limit_has_the_name_of_its_endpoint) {
    const std::map<Endpoint, std::string> names = {{chat, "max_completion_tokens"},
                                                   {Endpoint::completions, "max_tokens"},
                                                   {Endpoint::responses, "max_output_tokens"},
                                                   {Endpoint::messages, "max_tokens"},
                                                   {Endpoint::embeddings, ""},
                                                   {Endpoint::count_tokens, ""}};
    for (const auto& [endpoint, name] : names)
        EXPECT_EQ(read_prompt(endpoint, R"({"model":"m"})")->max_tokens_field, name);
}

TEST(Body, legacy_completions_have_a_limit_without_saying_so) {
    const std::string body = R"({"model":"m","prompt":"a"})";
    const auto prompt = read_prompt(Endpoint::completions, body);
    ASSERT_TRUE(prompt.has_value());
    EXPECT_EQ(prompt->max_tokens, 16);
    EXPECT_EQ(joined(splice(body, *prompt, {})), body);
    EXPECT_EQ(joined(splice(body, *prompt, {.max_tokens = 16})), R"({"max_tokens":16,)" + std::string(body).substr(1));
    EXPECT_EQ(joined(splice(body, *prompt, {.max_tokens = 9})), R"({"max_tokens":9,"model":"m","prompt":"a"})");

    EXPECT_EQ(read_prompt(Endpoint::completions, R"({"model":"m","max_tokens":5})")->max_tokens, 5);
    // vLLM takes null for as much as fits.
    EXPECT_FALSE(read_prompt(Endpoint::completions, R"({"model":"m","max_tokens":null})")->max_tokens.has_value());
    EXPECT_FALSE(read_prompt(chat, R"({"model":"m"})")->max_tokens.has_value());
}

TEST(Body, null_stands_for_absent_and_is_replaced_in_place) {
    const std::string body =
        R"({"model":"m","max_tokens":null,"stream":null,"n":null,"stream_options":null,"service_tier":null})";
    const auto prompt = read_prompt(chat, body);
    ASSERT_TRUE(prompt.has_value());
    EXPECT_FALSE(prompt->max_tokens.has_value());
    EXPECT_EQ(
        joined(splice(body, *prompt, {.max_tokens = 9, .ask_usage = true})),
        R"({"model":"m","max_tokens":9,"stream":null,"n":null,"stream_options":{"include_usage":true},"service_tier":null})");
}

TEST(Body, of_two_token_limits_the_one_with_a_value_counts_in_either_order) {
    for (const std::string body : {R"({"model":"m","max_tokens":null,"max_completion_tokens":5})",
                                   R"({"model":"m","max_completion_tokens":5,"max_tokens":null})"}) {
        const auto prompt = read_prompt(chat, body);
        ASSERT_TRUE(prompt.has_value());
        EXPECT_EQ(prompt->max_tokens, 5);
        EXPECT_EQ(prompt->max_tokens_field, "max_completion_tokens");
    }
}

TEST(Body, every_prompt_of_a_list_is_answered_n_times) {
    EXPECT_EQ(read_prompt(Endpoint::completions, R"({"model":"m","prompt":["a","b"],"n":3})")->choices, 6);
    EXPECT_EQ(read_prompt(Endpoint::completions, R"({"model":"m","prompt":["a"],"n":2,"best_of":5})")->choices, 5);
    EXPECT_EQ(read_prompt(Endpoint::completions, R"({"model":"m","prompt":[1,2,3,4]})")->choices, 1);
    EXPECT_EQ(read_prompt(Endpoint::completions, R"({"model":"m","prompt":[[1,2],[3]]})")->choices, 2);
    EXPECT_EQ(read_prompt(Endpoint::completions, R"({"model":"m","prompt":"a"})")->choices, 1);
}

// ---- the bound on input tokens

const std::string payload(100'000, 'A');

struct Bound {
    std::string name;
    Endpoint endpoint;
    std::string body;
    bool payload_is_text;
    Tokens images;
    bool elsewhere = false;
};

const std::vector<Bound> bounds = {
    {"text counts by the byte", chat, R"({"model":"m","messages":[{"role":"user","content":")" + payload + R"("}]})",
     true, 0},
    {"a picture in a chat", chat,
     R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
         payload + R"("}}]}]})",
     false, 1},
    {"a picture in a response's input", Endpoint::responses,
     R"({"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,)" +
         payload + R"("}]}]})",
     false, 1},
    {"a screenshot that a tool gave back", Endpoint::responses,
     R"({"model":"m","input":[{"type":"computer_call_output","output":{"type":"computer_screenshot","image_url":"data:image/png;base64,)" +
         payload + R"("}}]})",
     false, 1},
    {"a picture that was generated before", Endpoint::responses,
     R"({"model":"m","input":[{"type":"image_generation_call","result":")" + payload + R"("}]})", false, 1},
    {"a picture in a message, kind last", Endpoint::messages,
     R"({"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"data":")" + payload +
         R"(","media_type":"image/jpeg","type":"base64"}}]}]})",
     false, 1},
    {"a picture in a tool's result", Endpoint::messages,
     R"({"model":"m","messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":")" +
         payload + R"("}}]}]}]})",
     false, 1},
    {"a text document that calls itself a source", Endpoint::messages,
     R"({"model":"m","messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":")" +
         payload + R"("}}]}]})",
     true, 0},
    {"text that looks like a picture", chat,
     R"({"model":"m","messages":[{"role":"user","content":"data:image/png;base64,)" + payload + R"("}]})", true, 0},
    {"a picture within a tool's arguments is text", Endpoint::messages,
     R"({"model":"m","messages":[{"role":"assistant","content":[{"type":"tool_use","input":{"source":{"type":"base64","media_type":"image/png","data":")" +
         payload + R"("}}}]}]})",
     true, 0},
    {"a picture outside of the messages is text", chat,
     R"({"model":"m","metadata":{"content":[{"image_url":{"url":")" + payload + R"("}}]}})", true, 0},
    {"a picture by address", chat,
     R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]}]})",
     true, 1},
    // How long that is, whoever remembers it knows: the gateway.
    {"a stored conversation", Endpoint::responses, R"({"model":"m","input":"x","previous_response_id":"resp_1"})", true,
     0, false},
    {"no stored conversation", Endpoint::responses, R"({"model":"m","input":"x","previous_response_id":null})", true, 0,
     false},
    {"a stored file", chat,
     R"({"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]})", true, 0, true},
    {"a search by the provider", Endpoint::responses, R"({"model":"m","input":"x","tools":[{"type":"web_search"}]})",
     true, 0, true},
    {"a conversation that may be compacted", Endpoint::messages,
     R"({"model":"m","messages":[],"context_management":{"edits":[{"type":"compact_20260112"}]}})", true, 0, true},
    {"a context that is only trimmed", Endpoint::messages,
     R"({"model":"m","messages":[],"context_management":{"edits":[{"type":"clear_thinking_20251015"}]}})", true, 0,
     false},
    {"a tool of the caller", Endpoint::responses,
     R"({"model":"m","input":"x","tools":[{"type":"function","name":"web_search"}]})", true, 0, false},
};

TEST(Body, the_input_bound_holds_and_is_not_absurd) {
    for (const auto& bound : bounds) {
        SCOPED_TRACE(bound.name);
        const auto prompt = read_prompt(bound.endpoint, bound.body);
        ASSERT_TRUE(prompt.has_value()) << prompt.error().for_caller;
        const auto all = static_cast<Tokens>(bound.body.size());
        const bool has_payload = bound.body.size() > payload.size();
        const Tokens text = has_payload && !bound.payload_is_text ? all - static_cast<Tokens>(payload.size()) : all;
        EXPECT_LE(prompt->input_at_most, text + bound.images * 10'000);
        EXPECT_GE(prompt->input_at_most, text - 100 + bound.images * 10'000);
        EXPECT_EQ(prompt->input_elsewhere, bound.elsewhere);
    }
}

TEST(Body, is_read_the_same_where_it_is_whatever_stands_behind_it) {
    for (const char behind : {'9', '}', '"', '\\', ' ', '\0'}) {
        const auto read_in_place = [&](Endpoint endpoint, std::string_view body) {
            const std::string text = std::string(body) + std::string(64, behind);
            return read_prompt(endpoint, std::string_view(text).substr(0, body.size()), 64);
        };
        for (const auto& refusal : refusals) {
            const auto in_place = read_in_place(refusal.endpoint, refusal.body);
            ASSERT_FALSE(in_place.has_value()) << refusal.name;
            EXPECT_EQ(in_place.error().for_caller, read_prompt(refusal.endpoint, refusal.body).error().for_caller);
        }
        for (const auto& bound : bounds) {
            const auto in_place = read_in_place(bound.endpoint, bound.body);
            ASSERT_TRUE(in_place.has_value()) << bound.name;
            EXPECT_EQ(in_place->input_at_most, read_prompt(bound.endpoint, bound.body)->input_at_most) << bound.name;
        }
    }
}

TEST(Body, tells_what_the_provider_does_itself) {
    const auto read = [](Endpoint endpoint, std::string_view rest) {
        auto prompt = read_prompt(endpoint, R"({"model":"m",)" + std::string(rest) + "}");
        EXPECT_TRUE(prompt.has_value()) << (prompt ? "" : prompt.error().for_caller);
        return prompt.value_or(Prompt{});
    };
    const Prompt two = read(Endpoint::messages,
                            R"("tools":[{"max_uses":3,"type":"web_search_20250305","name":"web_search"},)"
                            R"({"type":"web\u005fsearch_20260101","max_uses":5},{"name":"mine","input_schema":{}}])");
    EXPECT_TRUE(two.web_search);
    EXPECT_EQ(two.searches_max, 8);
    EXPECT_GE(two.input_at_most, 3'600) << "the provider's prompt for tools, and two tools that it defines";
    const Prompt unbounded = read(Endpoint::messages, R"("tools":[{"type":"web_search_20250305"},)"
                                                      R"({"type":"web_search_20250305","max_uses":5}])");
    EXPECT_TRUE(unbounded.web_search);
    EXPECT_FALSE(unbounded.searches_max);
    EXPECT_FALSE(read(Endpoint::messages, R"("tools":[{"name":"web_search"}])").web_search) << "the caller's own";
    EXPECT_EQ(read(Endpoint::responses, R"("tools":[{"type":"code_interpreter"}])").tool_unpriced, "code_interpreter");
    EXPECT_EQ(read(Endpoint::responses, R"("tools":[{"type":"function","name":"file_search"}])").tool_unpriced, "");
    const Prompt response = read(Endpoint::responses, R"("tools":[{"type":"web_search"}],"max_tool_calls":7)");
    EXPECT_EQ(response.searches_max, 7);
    EXPECT_TRUE(read(Endpoint::chat_completions, R"("web_search_options":{})").web_search);
    EXPECT_FALSE(read(Endpoint::chat_completions, R"("web_search_options":null)").web_search);
    EXPECT_EQ(read(Endpoint::messages, R"("thinking":{"type":"enabled","budget_tokens":4000})").output_min, 4'000);
    EXPECT_EQ(read(Endpoint::messages, R"("thinking":{"budget_tokens":"many"})").output_min, 0);
    EXPECT_FALSE(read_prompt(Endpoint::responses, R"({"model":"m","max_tool_calls":-1})"));
}

TEST(Body, audio_counts_by_its_length) {
    const auto prompt = read_prompt(
        chat,
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"format":"wav","data":")" +
            payload + R"("}}]}]})");
    ASSERT_TRUE(prompt.has_value());
    EXPECT_GT(prompt->input_at_most, 100'000 / 100);
    EXPECT_LT(prompt->input_at_most, 100'000 / 10);
}

// ---- splice

TEST(Body, a_splice_that_changes_nothing_is_the_body_itself) {
    const std::string body = R"({"model":"m","stream_options":{"include_usage":true},"stream":true,"max_tokens":5})";
    const auto pieces = splice(body, *read_prompt(chat, body), {.model = "m", .max_tokens = 5, .ask_usage = true});
    ASSERT_EQ(pieces.views().size(), 1U);
    EXPECT_EQ(pieces.views()[0].data(), body.data());
}

TEST(Body, a_large_body_is_never_copied) {
    const std::string body = R"({"model":"m","messages":[{"role":"user","content":")" + payload + R"("}]})";
    const auto pieces =
        splice(body, *read_prompt(chat, body), {.model = "the-other", .max_tokens = 5, .ask_usage = true});
    std::size_t inside = 0;
    for (const auto view : pieces.views())
        if (view.data() >= body.data() && view.data() < body.data() + body.size()) inside += view.size();
    EXPECT_GE(inside, body.size() - 3);
    EXPECT_LE(pieces.views().size(), 5U);
}

TEST(Body, a_name_that_needs_escapes_stays_one_value) {
    const std::string body = R"({"model":"m"})";
    EXPECT_EQ(joined(splice(body, *read_prompt(chat, body), {.model = "a\"b\\c"})), R"({"model":"a\"b\\c"})");
}

TEST(Body, limits_are_written_as_this_provider_reads_them) {
    const std::string body = R"({"model":"m"})";
    EXPECT_EQ(joined(splice(body, *read_prompt(chat, body), {.max_tokens = 9, .max_tokens_name = "max_tokens"})),
              R"({"max_tokens":9,"model":"m"})");
    const std::string own = R"({"model":"m","max_completion_tokens":12})";
    EXPECT_EQ(joined(splice(own, *read_prompt(chat, own), {.max_tokens = 9, .max_tokens_name = "max_tokens"})),
              R"({"model":"m","max_completion_tokens":9})");
    const std::string none = R"({"model":"m","max_tool_calls": null})";
    EXPECT_EQ(joined(splice(none, *read_prompt(Endpoint::responses, none), {.max_tool_calls = 5})),
              R"({"model":"m","max_tool_calls": 5})");
    EXPECT_EQ(joined(splice(body, *read_prompt(Endpoint::responses, body), {.max_tool_calls = 5})),
              R"({"max_tool_calls":5,"model":"m"})");
}

using Members = std::map<std::string, std::string>;

Members members_of(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    EXPECT_EQ(parser.parse(json).get_object().get(object), simdjson::SUCCESS) << json;
    Members members;
    for (const auto [key, value] : object)
        EXPECT_TRUE(members.emplace(std::string(key), simdjson::minify(value)).second) << json;
    return members;
}

/// A body from random members in random order with random white space.
std::string random_body(std::mt19937& random, Members& members) {
    const auto pick = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
    };
    const std::vector<std::pair<std::string, std::vector<std::string>>> offers = {
        {"messages",
         {"[]", R"([{"role":"user","content":"hé \\\" } ] , {"}])",
          R"([{"content":[{"type":"text","text":"model"}]}])"}},
        {"stream", {"true", "false", "null"}},
        {"max_tokens", {"5", "null"}},
        {"n", {"1", "2"}},
        {"stream_options",
         {"null", "{}", R"({"include_usage":true})", R"({"include_usage":false})",
          R"({"include_usage":null,"x":{"y":[1,2]}})", R"({"x":[{}]})"}},
        {"unknown", {"1e400", R"("model")", R"({"model":"x","stream_options":{}})", "[[[[]]]]", "-0.0"}},
    };
    members = {{"model", R"("m")"}};
    for (const auto& [key, values] : offers)
        if (pick(3) != 0) members[key] = values[pick(values.size())];
    std::vector<std::string> keys;
    for (const auto& [key, value] : members) keys.push_back(key);
    std::shuffle(keys.begin(), keys.end(), random);
    const auto space = [&] { return std::string(std::vector<const char*>{"", "", " ", "\n\t"}[pick(4)]); };
    std::string body = space() + "{" + space();
    for (std::size_t i = 0; i < keys.size(); ++i)
        body +=
            (i > 0 ? "," + space() : "") + '"' + keys[i] + '"' + space() + ":" + space() + members[keys[i]] + space();
    return body + "}" + space();
}

TEST(Body, a_splice_changes_what_it_says_and_nothing_else) {
    std::mt19937 random(20261124);
    for (int round = 0; round < 5000; ++round) {
        Members members;
        const std::string body = random_body(random, members);
        if (members.contains("unknown") && members["unknown"] == "1e400") continue;  // the referee cannot read it
        SCOPED_TRACE(body);
        const auto prompt = read_prompt(chat, body);
        ASSERT_TRUE(prompt.has_value()) << prompt.error().for_caller;
        Rewrite rewrite;
        auto expected = members_of(body);
        if (random() % 2 == 0) {
            rewrite.model = "provider/model-2";
            expected["model"] = R"("provider/model-2")";
        }
        if (random() % 2 == 0) {
            rewrite.max_tokens = 4711;
            expected[expected.contains("max_tokens") ? "max_tokens" : "max_completion_tokens"] = "4711";
        }
        rewrite.ask_usage = random() % 2 == 0;
        const auto spliced = joined(splice(body, *prompt, rewrite));
        const auto again = read_prompt(chat, spliced);
        ASSERT_TRUE(again.has_value()) << again.error().for_caller << spliced;
        auto actual = members_of(spliced);
        if (rewrite.ask_usage) {
            EXPECT_TRUE(again->usage_asked || !again->stream) << spliced;
            EXPECT_NE(actual["stream_options"].find(R"("include_usage":true)"), std::string::npos) << spliced;
            actual.erase("stream_options");
            expected.erase("stream_options");
        }
        EXPECT_EQ(actual, expected);
    }
}

TEST(Body, options_beside_the_usage_option_survive) {
    const std::string body = R"({"model":"m","stream":true,"stream_options":{"chunk_include":[1,{"a":"}"}]}})";
    EXPECT_EQ(joined(splice(body, *read_prompt(chat, body), {.ask_usage = true})),
              R"({"model":"m","stream":true,"stream_options":{"include_usage":true,"chunk_include":[1,{"a":"}"}]}})");
}

TEST(Body, what_an_agent_says_of_whom_to_charge_never_reaches_a_provider) {
    struct Case {
        const char* name;
        const char* body;
        const char* sent;
    };
    const Case cases[] = {
        {"first", R"({"tags":{"a":"b"},"model":"m"})", R"({"max_tokens":9,"model":"m"})"},
        {"first, with blanks", R"({ "tags" : { "a" : "}," } , "model":"m"})", R"({"max_tokens":9,  "model":"m"})"},
        {"in the middle", R"({"model":"m","tags":[1,{"x":[]}],"stream":true})",
         R"({"max_tokens":9,"model":"m","stream":true})"},
        {"last", R"({"model":"m","tags":{}})", R"({"max_tokens":9,"model":"m"})"},
        {"last, with blanks", R"({"model":"m" , "tags": {} })", R"({"max_tokens":9,"model":"m"  })"},
        {"a text", R"({"model":"m","tags": "a,\"b" ,"stream":true})", R"({"max_tokens":9,"model":"m","stream":true})"},
        {"null at the end", R"({"model":"m","tags":null})", R"({"max_tokens":9,"model":"m"})"},
        {"an escaped name", R"({"model":"m","t\u0061gs":1})", R"({"max_tokens":9,"model":"m"})"},
        {"behind the limit", R"({"model":"m","max_tokens":5,"tags":{}})", R"({"model":"m","max_tokens":9})"},
        {"only at the top", R"({"model":"m","metadata":{"tags":1}})",
         R"({"max_tokens":9,"model":"m","metadata":{"tags":1}})"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.name);
        const auto prompt = read_prompt(Endpoint::messages, one.body);
        ASSERT_TRUE(prompt.has_value()) << prompt.error().for_caller;
        EXPECT_EQ(joined(splice(one.body, *prompt, {.max_tokens = 9})), one.sent);
    }
    EXPECT_FALSE(read_prompt(Endpoint::messages, R"({"model":"m","tags":{"a" 1}})").has_value());
    const std::string chat_body = R"({"model":"m","tags":{}})";
    EXPECT_EQ(joined(splice(chat_body, *read_prompt(chat, chat_body), {})), chat_body) << "a field of another dialect";
}

TEST(Body, a_body_of_32_MiB_is_read_and_a_small_one_after_it) {
    const std::string body =
        R"({"model":"m","messages":[{"role":"user","content":")" + std::string(32U << 20U, 'x') + R"("}]})";
    ASSERT_TRUE(read_prompt(chat, body).has_value());
    EXPECT_EQ(read_prompt(chat, R"({"model":"small"})")->model, "small");
}

}  // namespace
}  // namespace bursar::providers
