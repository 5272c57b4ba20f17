// Hunts: a body for Anthropic's models at Vertex that names a model, has no version, or is no JSON any more.
#include "service/providers/body.h"
#include "service/providers/translate/translate.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

std::string spliced(const std::string& body, const Rewrite& rewrite) {
    const auto prompt = read_prompt(Endpoint::messages, body);
    EXPECT_TRUE(prompt) << body;
    std::string text;
    for (const auto view : splice(body, *prompt, rewrite).views()) text += view;
    return text;
}

TEST(VertexBody, VersionStandsInThePlaceOfTheModel) {
    const std::vector<std::pair<std::string, std::string>> bodies = {
        {R"({"model":"m"})", R"({"anthropic_version":"v"})"},
        {R"({ "max_tokens":5, "mod\u0065l" :  "a:\"b" ,"x":1})",
         R"({ "max_tokens":5, "anthropic_version":"v" ,"x":1})"},
        {R"({"tags":["a"],"model":"m","max_tokens":5})", R"({"anthropic_version":"v","max_tokens":5})"},
    };
    for (const auto& [body, wanted] : bodies)
        EXPECT_EQ(spliced(body, {.model = "other", .version = "v", .without_model = true}), wanted);
}

TEST(VertexBody, VersionAndLimitAreWrittenSideBySide) {
    EXPECT_EQ(spliced(R"({"model":"m","messages":[]})", {.max_tokens = 9, .version = "v", .without_model = true}),
              R"({"max_tokens":9,"anthropic_version":"v","messages":[]})");
}

TEST(VertexBody, WhereTokensAreCountedTheModelStays) {
    EXPECT_EQ(spliced(R"({"model":"m","max_tokens":5})", {.model = "other", .version = "v"}),
              R"({"anthropic_version":"v","model":"other","max_tokens":5})");
}

TEST(VertexBody, CallOfAnotherDialectHasTheVersionAndNoModel) {
    const translate::Target to{
        .dialect = Dialect::anthropic, .model = "claude-opus-5", .max_tokens = 9, .version = "vertex-2023-10-16"};
    const auto body = translate::request(Endpoint::chat_completions,
                                         R"({"model":"claude","messages":[{"role":"user","content":"Hi"}]})", to);
    ASSERT_TRUE(body) << body.error().for_caller;
    EXPECT_TRUE(body->starts_with(R"({"anthropic_version":"vertex-2023-10-16","max_tokens":9,)")) << *body;
    EXPECT_EQ(body->find("model"), std::string::npos) << *body;
}

}  // namespace
}  // namespace bursar::providers
