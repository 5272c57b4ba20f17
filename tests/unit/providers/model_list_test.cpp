// Hunts: a list of models that is taken for none, or none for one; a refusal that shows a key.
#include "service/providers/model_list.h"

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

using Names = std::vector<std::string>;

TEST(ModelList, is_read_in_every_shape_that_providers_have) {
    struct Case {
        const char* name;
        const char* json;
        std::optional<Names> names;
    };
    const Case cases[] = {
        {"OpenAI's", R"({"object":"list","data":[{"id":"a"},{"id":"b"}]})", Names{"a", "b"}},
        {"Anthropic's", R"({"data":[{"type":"model","id":"a","display_name":"A"}],"has_more":false})", Names{"a"}},
        {"a bare list", R"([{"id":"a"},{"id":"b"}])", Names{"a", "b"}},
        {"by name", R"({"models":[{"name":"models/a"}]})", Names{"models/a"}},
        {"an empty one", R"({"data":[]})", Names{}},
        {"items without names", R"({"data":[{"x":1}]})", std::nullopt},
        {"an object of something else", R"({"ok":true})", std::nullopt},
        {"text", R"("models")", std::nullopt},
        {"no JSON", "<html>", std::nullopt},
        {"nothing", "", std::nullopt},
    };
    for (const Case& each : cases) EXPECT_EQ(read_model_list(each.json), each.names) << each.name;
}

TEST(ModelList, finds_a_model_under_the_names_that_lists_use) {
    EXPECT_TRUE(lists({"a", "b"}, "b"));
    EXPECT_TRUE(lists({"models/gemini"}, "gemini"));
    EXPECT_TRUE(lists({"llama3:latest"}, "llama3"));
    EXPECT_FALSE(lists({"llama3:8b"}, "llama3"));
    EXPECT_FALSE(lists({"gpt-4o-mini"}, "gpt-4o"));
    EXPECT_FALSE(lists({}, "a"));
}

TEST(Refusal, is_what_the_provider_says_without_what_may_be_a_key) {
    EXPECT_EQ(read_refusal(R"({"error":{"message":"The model does not exist.","code":"x"}})", {}),
              "The model does not exist.");
    EXPECT_EQ(read_refusal(R"({"message":"no"})", {}), "no");
    EXPECT_EQ(read_refusal(R"({"detail":"no"})", {}), "no");
    EXPECT_EQ(read_refusal(R"({"error":"no"})", {}), "no");
    EXPECT_EQ(read_refusal(R"([{"error":{"message":"no"}}])", {}), "no");
    EXPECT_EQ(read_refusal("<html>", {}), "");
    EXPECT_EQ(read_refusal(R"({"error":{"message":"Incorrect key sk-proj-0123456789abcdef given"}})", {}),
              "Incorrect key … given");
    EXPECT_EQ(read_refusal(R"({"error":{"message":"no gpt-4o-2024-08-06-preview here"}})", "gpt-4o-2024-08-06-preview"),
              "no gpt-4o-2024-08-06-preview here");
    EXPECT_EQ(read_refusal(R"({"error":{"message":"two\nlines\u001b[31m"}})", {}), "two lines[31m");
    const std::string longer =
        read_refusal(R"({"message":")" + std::string(150, 'a') + " " + std::string(300, 'b') + "\"}", {});
    EXPECT_LE(longer.size(), 210U);
    EXPECT_TRUE(longer.ends_with("…"));
}

}  // namespace
}  // namespace bursar::providers
