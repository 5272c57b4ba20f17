// Hunts: a policy that is small to send and fills the memory or a processor of whoever reads it. Anybody who may plan
// can send one.
#include "policies/admit.h"
#include "policies/fields.h"
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

constexpr std::string_view routes = R"(
providers: {p: {dialect: openai, base_url: "https://p.example"}}
prices: {p: {m: {input: 1}}}
models:
)";

std::string models(int count, std::string_view name = "m") {
    std::string text(routes);
    for (int i = 0; i < count; ++i)
        text += fmt::format("  {}{}: {{tier: t, channels: [{{provider: p, model: m}}]}}\n", name, i);
    return text;
}

TEST(Size, what_many_teams_may_use_is_not_copied_into_each) {
    std::string text = models(2'500) + "teams:\n";
    for (int i = 0; i < 2'500; ++i)
        text += fmt::format("  t{}: {{models: [{}]}}\n", i, i % 2 == 0 ? "'*'" : "'tier:t', m7, m7");
    const Parsed parsed = parse_text(text);
    ASSERT_EQ(problems_of(parsed), "");
    std::size_t names = 0;
    for (const auto& [name, team] : parsed.snapshot->teams) {
        names += team->may_models.size() + team->may_tiers.size();
        EXPECT_TRUE(team->may(*parsed.snapshot->models.at("m2499")));
    }
    EXPECT_EQ(names, 1'250U * 2);
    const Caller caller{.key_id = "k", .team = "t0"};
    EXPECT_EQ(models_of(*parsed.snapshot, caller).size(), 2'500U);
}

TEST(Size, a_mapping_and_a_section_have_an_end) {
    EXPECT_EQ(problems_of(parse_text(models(10'000))), "");
    EXPECT_EQ(problems_of(parse_text(models(10'001))), "policy.yaml:5:3: models has more than 10000 entries\n");
    const Parsed parsed =
        parse({}, {{"a.yaml", models(6'000)}, {"b.yaml", models(4'001, "n").substr(routes.find("models"))}}, 1);
    ASSERT_EQ(parsed.problems.size(), 1U) << problems_of(parsed);
    EXPECT_NE(problems_of(parsed).find("is one too many; a policy has at most 10000 of a kind"), std::string::npos);
}

TEST(Size, all_documents_together_have_an_end) {
    std::string list = "alerts: [";
    for (int i = 0; i < 300'000; ++i) list += "1,";
    list += "]";
    const Parsed parsed = parse({}, {{"a.yaml", list}, {"b.yaml", list}, {"c.yaml", list}}, 1);
    EXPECT_NE(problems_of(parsed).find(": the policy has more than 800000 values; make it smaller"), std::string::npos)
        << problems_of(parsed);
}

TEST(Size, hints_are_for_the_first_problems_and_look_at_some_names) {
    const std::string long_name(60, 'n');
    std::string text = models(5'000, long_name) + "teams:\n  t:\n    models:\n";
    for (int i = 0; i < 9'000; ++i) text += fmt::format("      - {}x{}\n", long_name, i % 100);
    const Parsed parsed = parse_text(text);
    ASSERT_EQ(parsed.problems.size(), 501U);
    std::size_t hints = 0;
    for (const Problem& problem : parsed.problems) hints += problem.text.contains("did you mean") ? 1 : 0;
    EXPECT_EQ(hints, 50U);
}

TEST(Size, a_list_that_is_too_long_is_one_problem) {
    std::string text(routes);
    text += "  a: {channels: [";
    for (int i = 0; i < 5'000; ++i) text += "{provider: p, model: m},";
    EXPECT_EQ(problems_of(parse_text(text + "]}\n")),
              "policy.yaml:5:17: model \"a\" channels has more than 32 channels\n");
}

}  // namespace
}  // namespace bursar::policies::testing
