// Hunts: documents that are read otherwise than they are written, or defaults that do not give way.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

TEST(Parse, ACompanyIsReadWhole) {
    const Parsed parsed = parse_text(company);
    ASSERT_EQ(problems_of(parsed), "");
    const Snapshot& rules = *parsed.snapshot;
    EXPECT_EQ(rules.revision, 1);
    EXPECT_EQ(rules.organisation.name, "Example GmbH");
    EXPECT_EQ(rules.organisation.time_zone, "Europe/Berlin");
    ASSERT_EQ(rules.organisation.budgets.size(), 1U);
    EXPECT_EQ(rules.organisation.budgets[0], (Budget{.limit = NanoUsd::dollars(10'000), .per = Per::month}));
    const Provider& azure = *rules.providers.at("azure");
    EXPECT_EQ(azure.base_url.text(), "https://azure.example.com/openai");
    EXPECT_EQ(azure.catalogue, "openai");
    EXPECT_EQ(rules.providers.at("openai")->keys, (std::vector<ProviderKey>{{"openai-a", 3}, {"openai-b", 1}}));
    EXPECT_EQ(rules.providers.at("local")->base_url,
              (Url{.tls = false, .host = "10.0.0.5", .port = 8000, .path = "/v1"}));
    const Model& gpt = *rules.models.at("gpt");
    ASSERT_EQ(gpt.channels.size(), 2U);
    EXPECT_EQ(gpt.channels[1].name(), "azure/gpt-4o-prod");
    EXPECT_EQ(gpt.channels[1].prices->versions[0].rates.output, NanoUsd::dollars(11));
    const Team& research = *rules.teams.at("research");
    EXPECT_EQ(research.may, (std::set<std::string>{"gpt", "claude", "both", "embed", "thinker", "llama", "priceless"}));
    EXPECT_EQ(research.budgets[0].warn_percent, (std::vector<int>{50, 80}));
    EXPECT_EQ(rules.teams.at("sales")->on_short, OnShort::refuse);
    EXPECT_FALSE(rules.people.at("alice")[0].hard);
    EXPECT_EQ(secrets_of(rules), (std::vector<std::string>{"anthropic", "azure", "openai-a", "openai-b"}));
    EXPECT_EQ(parsed.warnings,
              (std::vector<std::string>{"model priceless: there is no price of local/unpriced, so calls to it "
                                        "are refused; add it under prices"}));
}

TEST(Parse, WhatShipsInTheBoxIsRead) {
    const auto defaults = read_folder(BURSAR_SOURCE_DIR "/policies/defaults");
    ASSERT_TRUE(defaults);
    const Parsed parsed = parse(*defaults, {{"a.yaml", R"(
providers: {openai: {dialect: openai, base_url: "https://api.openai.com/v1"}}
models: {gpt-4o-mini: {channels: [{provider: openai}]}})"}},
                                1);
    ASSERT_EQ(problems_of(parsed), "");
    EXPECT_TRUE(parsed.warnings.empty());
    const Price& price = parsed.snapshot->models.at("gpt-4o-mini")->channels[0].prices->versions.at(0);
    EXPECT_EQ(price.rates.cache_read, NanoUsd{75'000'000});
    EXPECT_EQ(price.priority, (Factor{5, 3}));
}

}  // namespace
}  // namespace bursar::policies::testing
