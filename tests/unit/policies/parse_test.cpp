// Hunts: documents that are read otherwise than they are written, or defaults that do not give way.
#include "tests/unit/policies/policy.h"

#include <filesystem>
#include <fstream>

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
    EXPECT_EQ(rules.organisation.budgets[0],
              (Budget{.limit = NanoUsd::dollars(10'000), .per = Per::month, .measure = Measure::cost}));
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
    EXPECT_EQ(models_for(rules, "research"),
              (std::vector<std::string>{"both", "claude", "embed", "gpt", "llama", "priceless", "thinker"}));
    EXPECT_EQ(models_for(rules, "sales"), (std::vector<std::string>{"gpt"}));
    EXPECT_TRUE(models_for(rules, "rnd").empty());
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

TEST(Parse, AnEmptyPolicyIsAPolicy) {
    EXPECT_EQ(problems_of(parse({}, {}, 7)), "");
    EXPECT_EQ(parse({}, {}, 7).snapshot->revision, 7);
    EXPECT_EQ(problems_of(parse_text("")), "");
    EXPECT_EQ(problems_of(parse_text("# nothing yet")), "");
    EXPECT_EQ(problems_of(parse_text("allocations: {}\nfilters: {}\nalerts: {}\nreports: []\nteams: {}")), "");
}

TEST(Parse, CompanyDocumentsReplaceDefaultsEntryByEntry) {
    const std::vector<Document> defaults = {{"prices.yaml", R"(
providers: {p: {dialect: openai, base_url: "https://default.example"}}
prices: {p: {a: {input: 1, output: 1}, b: {input: 1, output: 1}}})"}};
    const Parsed parsed = parse(defaults, {{"own.yaml", R"(
models: {a: {channels: [{provider: p}]}, b: {channels: [{provider: p}]}}
prices: {p: {a: {input: 2}}})"}},
                                1);
    ASSERT_EQ(problems_of(parsed), "");
    const auto price = [&](std::string_view model) {
        return parsed.snapshot->models.find(model)->second->channels[0].prices->versions[0];
    };
    EXPECT_EQ(price("a").rates.input, NanoUsd::dollars(2));
    EXPECT_FALSE(price("a").rates.output) << "the whole entry is replaced";
    EXPECT_EQ(price("b").rates.input, NanoUsd::dollars(1));
}

TEST(Parse, OwnPricesWinOverImportedOnesInWhicheverOrder) {
    const std::string routes = R"(
providers: {p: {dialect: openai, base_url: "https://p.example"}}
models: {a: {channels: [{provider: p}]}})";
    const Document imported = {"b-imported.yaml", "prices: {p: {a: {imported: true, input: 5, output: 5}}}"};
    for (const std::string_view own_name : {"a.yaml", "c.yaml"}) {
        const Parsed parsed = parse(
            {{"prices.yaml", "prices: {p: {a: {input: 9}}}"}},
            {{std::string(own_name), "prices: {p: {a: {input: 2, output: 2}}}"}, imported, {"routes.yaml", routes}}, 1);
        ASSERT_EQ(problems_of(parsed), "");
        EXPECT_EQ(parsed.snapshot->models.at("a")->channels[0].prices->versions[0].rates.input, NanoUsd::dollars(2));
    }
    const Parsed parsed =
        parse({{"prices.yaml", "prices: {p: {a: {input: 9}}}"}}, {imported, {"routes.yaml", routes}}, 1);
    EXPECT_EQ(parsed.snapshot->models.at("a")->channels[0].prices->versions[0].rates.input, NanoUsd::dollars(5));
}

TEST(Parse, TheSameEntryInTwoDocumentsIsAProblemThatNamesBoth) {
    const Parsed parsed =
        parse({},
              {{"a.yaml", "teams: {x: {models: []}}\norganisation: {name: A}\npeople: {eve: {budgets: []}}"},
               {"b.yaml", "teams: {x: {models: []}}\norganisation: {name: B}\npeople: {eve: {budgets: []}}"}},
              1);
    EXPECT_EQ(problems_of(parsed),
              "b.yaml:1:9: team \"x\" is defined twice; the other one is at a.yaml:1:9\n"
              "b.yaml:2:15: organisation is defined twice; the other one is at a.yaml:2:15\n"
              "b.yaml:3:10: person \"eve\" is defined twice; the other one is at a.yaml:3:10\n");
    EXPECT_EQ(problems_of(parse({}, {{"a.yaml", ""}, {"a.yaml", ""}}, 1)),
              "a.yaml: the file stands twice in this policy; keep one of them\n");
}

TEST(Parse, PricesAreReadAsDecimalText) {
    const Parsed parsed = parse_text(R"(
providers: {p: {dialect: openai, base_url: "https://p.example", catalogue: list}}
models: {a: {channels: [{provider: p}]}}
prices:
  list:
    a: {input: 0.1, cached_input: "0.000000001", cache_write_5m: 1.25e-1, cache_write_1h: 3, output: 999999.999999999,
        reasoning: 07.50, priority: 5/3, flex: 0.5, fast: 6, batch: 0.3333, regions: {us: 1.1},
        tiers: [{above: 400000, input: 4}, {above: 200000, input: 2}], per_request: 0.005, per_web_search: 0.01, per_image: 0.04,
        hours: [{from: 1, until: 4, days: [monday, sunday], factor: 2}], from: 2026-01-01, until: "2027-01-01T01:00:00+01:00",
        source: the contract of 2026}
)");
    ASSERT_EQ(problems_of(parsed), "");
    const Price& price = parsed.snapshot->models.at("a")->channels[0].prices->versions[0];
    EXPECT_EQ(price.rates.input->nanos(), 100'000'000);
    EXPECT_EQ(price.rates.cache_read->nanos(), 1);
    EXPECT_EQ(price.rates.cache_write_5m->nanos(), 125'000'000);
    EXPECT_EQ(price.rates.output->nanos(), 999'999'999'999'999);
    EXPECT_EQ(price.rates.reasoning->nanos(), 7'500'000'000);
    EXPECT_FALSE(price.rates.audio_input);
    EXPECT_EQ(price.priority, (Factor{5, 3}));
    EXPECT_EQ(price.batch, (Factor{3'333, 10'000}));
    EXPECT_EQ(price.flex, (Factor{1, 2}));
    EXPECT_EQ(price.fast, (Factor{6, 1}));
    ASSERT_EQ(price.tiers.size(), 2U);
    EXPECT_EQ(price.tiers[0].above, 200'000) << "tiers are put in order";
    EXPECT_EQ(price.hours[0].days, 0x41);
    EXPECT_EQ(to_text(price.until), "2027-01-01T00:00:00.000Z");
    EXPECT_EQ(price.source, "the contract of 2026");
    EXPECT_EQ(price.per_image.nanos(), 40'000'000);
    EXPECT_NE(price.version, 0U);
    EXPECT_EQ(price.canonical.find("contract"), std::string::npos);
}

TEST(Parse, LimitsHaveTheirSentences) {
    EXPECT_EQ(problems_of(parse_text(std::string(5U << 20, '#'))),
              "policy.yaml: the file has 5242880 bytes; at most 4194304 are read, so split it\n");
    std::string deep = "teams: ";
    for (int i = 0; i < 40; ++i) deep += "{a: ";
    EXPECT_EQ(
        problems_of(parse_text(deep + "x" + std::string(40, '}'))),
        "policy.yaml:1:13: team \"a\" has no setting \"a\"; it may have: parent, models, budgets, per_person, contact, "
        "on_short, groups, leads, cost_centre, rate, rate_per_person, rate_per_key\n"
        "policy.yaml:1:132: values are nested more than 32 deep; a policy needs less\n");
    std::string bottomless = "teams: ";
    for (int i = 0; i < 100'000; ++i) bottomless += "[";
    EXPECT_FALSE(parse_text(bottomless).problems.empty());
    std::string wide = "teams: {a: {models: [";
    for (int i = 0; i < 450'000; ++i) wide += "a,";
    EXPECT_NE(problems_of(parse_text(wide + "]}}")).find("there are more than 400000 values; split the file"),
              std::string::npos);
    std::vector<Document> many;
    for (int i = 0; i < 201; ++i) many.push_back({std::to_string(i), ""});
    EXPECT_EQ(problems_of(parse({}, many, 1)),
              "policy: the policy has 201 documents; at most 200 are read, so merge some\n");
    std::string wrong = "teams: {a: {models: [";
    for (int i = 0; i < 1'000; ++i) wrong += "no" + std::to_string(i) + ", ";
    const Parsed parsed = parse_text(wrong + "]}}");
    ASSERT_EQ(parsed.problems.size(), 501U);
    EXPECT_EQ(parsed.problems.back().message(), "policy.yaml: there are 500 more problems; fix these first");
}

TEST(Parse, WarnsOfWhatIsAllowedButUnwise) {
    const Parsed parsed = parse_text(R"(
providers: {p: {dialect: openai, base_url: "http://far.example", keys: [{secret: a}]}, q: {dialect: openai, base_url: "http://127.0.0.1:1", keys: [{secret: a}]}}
teams: {parent: {}, child: {parent: parent, models: []}})");
    EXPECT_EQ(parsed.warnings,
              (std::vector<std::string>{"provider p: its key travels unencrypted to far.example; use https if it can",
                                        "team child: it lists no models, so its keys may use none"}));
}

TEST(Url, TextIsWhatWasWritten) {
    for (const std::string_view text : {"https://api.openai.com/v1", "http://10.0.0.5:8000", "https://[::1]:8443/a/b",
                                        "https://h:80", "http://h:443/x"}) {
        const Parsed parsed = parse_text("providers: {p: {dialect: openai, base_url: \"" + std::string(text) + "\"}}");
        ASSERT_EQ(problems_of(parsed), "");
        EXPECT_EQ(parsed.snapshot->providers.at("p")->base_url.text(), text);
    }
}

TEST(ReadFolder, YamlFilesByNameAndNothingElse) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "bursar-policies-folder";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder / "sub.yaml");
    for (const std::string_view name : {"b.yml", "a.yaml", "notes.txt", ".hidden.yaml", "c.yaml~"})
        std::ofstream(folder / name) << name;
    const auto documents = read_folder(folder);
    ASSERT_TRUE(documents);
    EXPECT_EQ(*documents, (std::vector<Document>{{"a.yaml", "a.yaml"}, {"b.yml", "b.yml"}}));
    std::filesystem::remove_all(folder);
    const auto missing = read_folder(folder);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().fault, Fault::wrong_configuration);
}

}  // namespace
}  // namespace bursar::policies::testing
