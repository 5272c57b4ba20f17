// Hunts: a price that changes by a digit on its way in; a slip of the list that is taken for a price; an entry that
// vanishes unsaid.
#include "policies/litellm_entry.h"
#include "service/base/json.h"
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

const Timestamp day = *parse_timestamp("2026-11-24T12:00:00Z");

/// The one price of an entry, as the document writes it; or why it was skipped.
std::string taken(std::string_view key, std::string_view entry) {
    const std::string json =
        "{\"" + std::string(key) + "\": " + std::string(entry) +
        R"(, "keeper": {"litellm_provider": "x", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}})";
    const auto imported = import_litellm(json, "list.json", day);
    if (!imported) return imported.error().for_caller;
    if (imported->models == 1) return imported->skipped.empty() ? "vanished" : imported->skipped[0];
    const std::string& text = imported->document.text;
    constexpr std::string_view marker = "imported: true, ";
    for (std::size_t at = text.find(marker); at != std::string::npos; at = text.find(marker, at + 1)) {
        const std::size_t end = text.find(", source: ", at);
        const std::string price = text.substr(at + marker.size(), end - at - marker.size());
        if (price != "input: 1.00, output: 1.00")
            return imported->skipped.empty() ? price : price + " | " + imported->skipped[0];
    }
    return "not found";
}

struct EntryCase {
    std::string_view name;
    std::string_view key;
    std::string_view entry;
    std::string_view taken;
};

const std::vector<EntryCase> entry_cases = {
    {"decimal text stays what it is", "gpt",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 0.00001})",
     "input: 2.50, output: 10.00"},
    {"all classes", "m",
     R"({"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 5e-06, "output_cost_per_token": 2.5e-05,
      "cache_read_input_token_cost": 5e-07, "cache_creation_input_token_cost": 6.25e-06, "cache_creation_input_token_cost_above_1hr": 1e-05,
      "input_cost_per_audio_token": 3.2e-05, "output_cost_per_audio_token": 6.4e-05, "input_cost_per_image_token": 1e-6, "output_cost_per_image_token": 3E-5})",
     "input: 5.00, cached_input: 0.50, cache_write_5m: 6.25, cache_write_1h: 10.00, output: 25.00, audio_input: 32.00, "
     "audio_output: 64.00, "
     "image_input: 1.00, image_output: 30.00"},
    {"tiers", "m",
     R"({"litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
      "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05})",
     "input: 1.25, output: 10.00, tiers: [{above: 200000, input: 2.50, output: 15.00}]"},
    {"steps", "m", R"({"litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
      {"range": [0, 32000.0], "input_cost_per_token": 1.2e-06, "output_cost_per_token": 6e-06},
      {"range": [32000.0, 1.28e5], "input_cost_per_token": 2.4e-06, "output_cost_per_token": 1.2e-05}]})",
     "input: 1.20, output: 6.00, tiers: [{above: 32000, input: 2.40, output: 12.00}]"},
    {"factors of service tiers, by the dearest class", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.5e-07,
      "output_cost_per_token": 6e-07, "input_cost_per_token_priority": 2.5e-07, "output_cost_per_token_priority": 1e-06,
      "input_cost_per_token_flex": 7.5e-08, "output_cost_per_token_flex": 4.5e-07, "input_cost_per_token_batches": 7.5e-08})",
     "input: 0.15, output: 0.60, batch: 0.5, flex: 0.75, priority: 5/3"},
    {"regions and speed", "m",
     R"({"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 5e-06, "output_cost_per_token": 2.5e-05,
      "provider_specific_entry": {"us": 1.1, "fast": 6.0}})",
     "input: 5.00, output: 25.00, fast: 6, regions: {\"us\": 1.1}"},
    {"searches, at the dearest size", "m",
     R"({"litellm_provider": "openai", "mode": "responses", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06,
      "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_medium": 0.01, "search_context_size_high": 0.025}})",
     "input: 2.00, output: 8.00, per_web_search: 0.025"},
    {"embeddings need no output", "e",
     R"({"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 1.3e-07, "output_cost_per_token": 0.0})",
     "input: 0.13, output: 0.00"},
    {"other costs are named", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06,
      "file_search_cost_per_1k_calls": 0.0025, "code_interpreter_cost_per_session": 0.0})",
     "input: 2.00, output: 8.00 | m: taken without file_search_cost_per_1k_calls"},
    {"a text that tries to become YAML", "a\\\": {}\\n",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 8e-06})",
     "a\\\": {}\\n: its name or provider has characters that a policy's names do not have"},
    {"free of charge", "m",
     R"({"litellm_provider": "ollama", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0})",
     "m: the list says it is free, as it says of models whose price it does not know; write the price yourself"},
    {"a price below nothing", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": -1e-06, "output_cost_per_token": 8e-06})",
     "m: input_cost_per_token is -1e-06, which is no price up to 2,000.00 USD"},
    {"a thousand times too dear", "m",
     R"({"litellm_provider": "cohere", "mode": "embedding", "input_cost_per_token": 0.0001})",
     "m: input_cost_per_token is 0.0001, which is no price up to 10.00 USD"},
    {"a price for a million where one for a token belongs", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5, "output_cost_per_token": 10})",
     "m: input_cost_per_token is 2.5, which is no price up to 2,000.00 USD"},
    {"more digits than prices have", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.0000000000000001e-06, "output_cost_per_token": 1e-06})",
     "m: input_cost_per_token is 1.0000000000000001e-06, which is no price up to 2,000.00 USD"},
    {"fifty times for priority", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07,
      "input_cost_per_token_priority": 2.5e-06})",
     "m: input_cost_per_token_priority is more than 10 times its base price"},
    {"cached input dearer than input", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "cache_read_input_token_cost": 2e-06})",
     "m: its cached input is dearer than its input"},
    {"thinking at its own price", "m",
     R"({"litellm_provider": "dashscope", "mode": "chat", "input_cost_per_token": 4e-07, "output_cost_per_token": 1.2e-06, "output_cost_per_reasoning_token": 4e-06})",
     "m: it bills thinking at a price of its own, which an answer does not tell from other output"},
    {"no price for output", "m", R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06})",
     "m: it has no price per output token"},
    {"no price at all", "m", R"({"litellm_provider": "openai", "mode": "chat"})", "m: it has no price per input token"},
    {"another mode", "m",
     R"({"litellm_provider": "openai", "mode": "image_generation", "output_cost_per_image": 0.04})",
     "m: its mode \"image_generation\" is not served here"},
    {"past its end", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "deprecation_date": "2026-11-24", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06})",
     "m: it ended on 2026-11-24"},
    {"a number that is none", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.2.3, "output_cost_per_token": 2e-06})",
     "m: input_cost_per_token is 1.2.3, which is no price up to 2,000.00 USD"},
    {"a price as a word", "m",
     R"({"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": "1e-6", "output_cost_per_token": 2e-06})",
     "m: it has no price per input token"},
};

TEST(ImportLitellm, EachEntryIsTakenExactlyOrSkippedWithAReason) {
    for (const EntryCase& each : entry_cases) EXPECT_EQ(taken(each.key, each.entry), each.taken) << each.name;
}

TEST(ImportLitellm, NamesAreThoseOfTheProviders) {
    const auto name = [](std::string_view key, std::string_view provider) {
        ListEntry entry{.key = std::string(key), .numbers = {}, .words = {{"litellm_provider", std::string(provider)}}};
        const ListedName listed = listed_name(entry);
        return listed.catalogue + " " + listed.model;
    };
    EXPECT_EQ(name("gpt-4o", "openai"), "openai gpt-4o");
    EXPECT_EQ(name("azure/gpt-4o", "azure"), "azure gpt-4o");
    EXPECT_EQ(name("azure/us/gpt-4o", "azure"), "azure us/gpt-4o");
    EXPECT_EQ(name("azure_ai/grok-4", "azure_ai"), "azure-foundry grok-4");
    EXPECT_EQ(name("gemini/gemini-2.5-pro", "gemini"), "google-gemini gemini-2.5-pro");
    EXPECT_EQ(name("vertex_ai/claude-opus-5", "vertex_ai-anthropic_models"), "google-vertex claude-opus-5");
    EXPECT_EQ(name("anthropic.claude-v2", "bedrock_converse"), "aws-bedrock anthropic.claude-v2");
    EXPECT_EQ(name("fireworks_ai/accounts/fireworks/models/x", "fireworks_ai"),
              "fireworks accounts/fireworks/models/x");
    EXPECT_EQ(name("groq/openai/gpt-oss", "groq"), "groq openai/gpt-oss");
    EXPECT_EQ(name("newcomer/m", "newcomer"), "newcomer m");
}

TEST(ImportLitellm, TheDocumentIsAPolicyAndItsPricesAreThoseOfTheList) {
    const auto imported = import_litellm(R"({
 "sample_spec": {"mode": "one of: chat", "input_cost_per_token": 0.0},
 "gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-06},
 "openai/gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3e-06, "output_cost_per_token": 1e-05}
})",
                                         "a \"list\"\n.json", day);
    ASSERT_TRUE(imported) << imported.error().for_caller;
    EXPECT_EQ(imported->models, 1U);
    EXPECT_EQ(imported->document.name, "prices-litellm.yaml");
    EXPECT_EQ(imported->skipped,
              (std::vector<std::string>{"openai/gpt-4o: openai/gpt-4o stands in the list already, at another price"}));
    const Parsed parsed = parse({}, {imported->document, {"routes.yaml", R"(
providers: {openai: {dialect: openai, base_url: "https://api.openai.com/v1"}}
models: {gpt-4o: {channels: [{provider: openai}]}})"}},
                                1);
    ASSERT_EQ(problems_of(parsed), "");
    const Price& price = parsed.snapshot->models.at("gpt-4o")->channels[0].prices->versions[0];
    EXPECT_EQ(price.rates.cache_read->nanos(), 1'250'000'000);
    EXPECT_EQ(price.batch, Factor{}) << "a discount that the list does not state is not given";
    EXPECT_EQ(price.source, "LiteLLM, a \"list\" .json, taken over on 2026-11-24");
}

TEST(ImportLitellm, WhatIsNotTheListIsRefused) {
    for (const std::string_view json : {"", "[]", "3", "{", "{\"a\": 3}", "{\"a\": {}} x", "{\"a\": {\"b\": }}", "{}",
                                        "null", "{\"a\": [", "\xff\xfe"}) {
        const auto imported = import_litellm(json, "x", day);
        EXPECT_FALSE(imported) << json;
        if (!imported) EXPECT_EQ(imported.error().fault, Fault::invalid_request) << json;
    }
    std::string deep = "{\"a\": ";
    for (int i = 0; i < 900; ++i) deep += "[";
    EXPECT_FALSE(import_litellm(deep + std::string(900, ']') + "}", "x", day));
    EXPECT_EQ(import_litellm(std::string(17U << 20, ' '), "x", day).error().fault, Fault::too_large);
}

}  // namespace
}  // namespace bursar::policies::testing
