// Hunts: a call that its model cannot serve and that goes out, one that is refused without need, and a model that is
// named in its place and would not take it either.
#include "policies/admit.h"
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

const Timestamp now = *parse_timestamp("2026-11-24T12:00:00Z");

constexpr std::string_view documents = R"(
organisation: {name: Example}
providers:
  openai: {dialect: openai, base_url: "https://api.openai.com/v1"}
  anthropic: {dialect: anthropic, base_url: "https://api.anthropic.com"}
models:
  words: {abilities: [], channels: [{provider: openai, model: m}], fallbacks: {context_too_long: words-long}}
  words-long: {abilities: [], channels: [{provider: openai, model: m}]}
  untold: {channels: [{provider: openai, model: m}]}
  aaa-hidden: {abilities: [images, tools], channels: [{provider: openai, model: m}]}
  messages-only: {abilities: [images], channels: [{provider: anthropic, model: m}]}
  seeing: {abilities: [images, tools], channels: [{provider: openai, model: m}]}
  auto: {rules: [{use: words}]}
teams:
  all: {models: ["*"]}
  some: {models: [words, words-long, untold, messages-only, seeing, auto]}
  few: {models: [words, untold]}
prices:
  openai: {m: {input: 1, output: 1}}
  anthropic: {m: {input: 1, output: 1}}
)";

std::shared_ptr<const Snapshot> rules() {
    static const Parsed parsed = parse_text(documents);
    EXPECT_EQ(problems_of(parsed), "");
    return parsed.snapshot;
}

std::string refusal(std::string team, Ask ask) {
    const Caller caller{.key_id = "k", .name = "n", .team = std::move(team), .person = "", .models = {}, .budgets = {}};
    const auto route = admit(*rules(), caller, ask, now);
    if (route) return "";
    EXPECT_EQ(route.error().fault, Fault::invalid_request);
    return route.error().for_caller;
}

Abilities of(std::initializer_list<Ability> abilities) {
    Abilities out;
    for (const Ability ability : abilities) out.add(ability);
    return out;
}

TEST(ModelAbilities, a_call_is_refused_by_the_name_of_a_model_that_can) {
    const Abilities images = of({Ability::images});
    EXPECT_EQ(refusal("some", {.model = "words"}), "");
    EXPECT_EQ(refusal("some", {.model = "untold", .needs = images}), "") << "nothing is known, so nothing is refused";
    EXPECT_EQ(refusal("some", {.model = "seeing", .needs = images}), "");
    EXPECT_EQ(refusal("some", {.endpoint = Endpoint::completions, .model = "words", .needs = images}),
              "The model \"words\" takes no images. Call \"seeing\", which does, or leave that out.")
        << "messages-only cannot be asked for a completion";
    EXPECT_EQ(refusal("all", {.model = "words", .needs = images}),
              "The model \"words\" takes no images. Call \"aaa-hidden\", which does, or leave that out.");
    EXPECT_EQ(refusal("some", {.model = "words", .needs = of({Ability::images, Ability::tools})}),
              "The model \"words\" takes no images and no tools. Call \"seeing\", which does, or leave that out.");
    EXPECT_EQ(refusal("few", {.model = "words", .needs = images}),
              "The model \"words\" takes no images. No other model of this key is known to; ask your operator for one, "
              "or leave that out.");
    EXPECT_EQ(refusal("some", {.model = "seeing", .needs = of({Ability::structured_output})}),
              "The model \"seeing\" takes no JSON schema for its answer. No other model of this key is known to; ask "
              "your operator for one, or leave that out.");
}

TEST(ModelAbilities, hold_for_what_a_virtual_model_picks_and_for_fallbacks) {
    const Abilities tools = of({Ability::tools});
    EXPECT_EQ(refusal("some", {.model = "auto", .needs = tools}),
              "The model \"words\" takes no tools. Call \"seeing\", which does, or leave that out.");
    const Caller caller{.key_id = "k", .name = "n", .team = "some", .person = "", .models = {}, .budgets = {}};
    EXPECT_FALSE(route_to(*rules(), "words-long", caller, {.model = "words", .needs = tools}, now));
    EXPECT_TRUE(route_to(*rules(), "words-long", caller, {.model = "words"}, now));
}

TEST(ModelAbilities, wrong_ones_are_told) {
    const auto said = [](std::string_view abilities) {
        std::string text(documents);
        text.replace(text.find("abilities: []"), 13, abilities);
        std::string out;
        for (const Problem& problem : parse_text(text).problems) out += problem.text + "\n";
        return out;
    };
    EXPECT_EQ(said("abilities: [sight]"),
              "ability \"sight\" must be one of: images, documents, audio, tools, structured_output, reasoning\n");
    EXPECT_EQ(said("abilities: [tools, tools]"), "ability \"tools\" stands twice; keep one\n");
    EXPECT_EQ(said("abilities: [reasoning]"), "");
    std::string text(documents);
    text.replace(text.find("auto: {"), 7, "auto: {abilities: [], ");
    EXPECT_NE(problems_of(parse_text(text)).find("has no effect on a model with rules"), std::string::npos);
}

}  // namespace
}  // namespace bursar::policies::testing
