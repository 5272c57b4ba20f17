// Hunts: a change that a plan does not show, or shows in words that mislead.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

struct ChangeCase {
    std::string_view name;
    std::string_view from;  ///< in the text of `company`
    std::string_view to;
    std::vector<std::string> lines;
};

const std::vector<ChangeCase> change_cases = {
    {"nothing", "", "", {}},
    {"a larger budget",
     "limit: 2000 USD",
     "limit: 3000 USD",
     {"team research: budget 2,000.00 USD per month -> 3,000.00 USD per month"}},
    {"a budget that turns soft",
     "people:\n  alice: {budgets: [{limit: 300 USD, per: month, hard: false}]}",
     "people:\n  alice: {budgets: [{limit: 300 USD, per: month}]}",
     {"person alice: budget 300.00 USD per month (soft) is gone", "person alice: new budget 300.00 USD per month"}},
    {"other warnings",
     "warn: [80%, 50%]",
     "warn: [90%]",
     {"team research: budget 2,000.00 USD per month warns at 90%"}},
    {"a person's allowance",
     "per_person: [{limit: 20 USD, per: day}]",
     "per_person: [{limit: 25 USD, per: day}]",
     {"team research: budget of each person 20.00 USD per day -> 25.00 USD per day"}},
    {"a new allocation",
     "people:\n",
     "allocations: {rnd-monthly: {pool: team:rnd, each: {weight: 2, cap: 900 USD}, lending: {}}}\npeople:\n",
     {"allocation rnd-monthly: new", "allocation rnd-monthly: pool team:rnd", "allocation rnd-monthly: per month",
      "allocation rnd-monthly: among the teams directly below", "allocation rnd-monthly: by weight",
      "allocation rnd-monthly: share of each weight 2, at most 900.00 USD",
      "allocation rnd-monthly: lending up to 20%, a lender keeps 10%"}},
    {"the organisation", "name: Example GmbH", "name: Example AG", {"organisation: name Example GmbH -> Example AG"}},
    {"what counts as unusual",
     "people:",
     "watch: {unusual: {factor: 6}, runaway: {at_least: 7.50 USD, within: 5m, pause: 1h}}\npeople:",
     {"watch: unusual: 4 times the usual and at least 20.00 USD -> 6 times the usual and at least 20.00 USD",
      "watch: runaway: 10 times the usual and at least 5.00 USD within 10 min, not paused -> 10 times the usual and at "
      "least 7.50 USD within 5 min, paused for 60 min"}},
    {"a new team",
     "  sales: {",
     "  support: {models: [gpt]}\n  sales: {",
     {"team support: new", "team support: models gpt"}},
    {"a team that goes", "  sales: {models: [gpt], on_short: refuse}\n", "", {"team sales: gone"}},
    {"what a team may",
     "models: [gpt], on_short: refuse",
     "models: [gpt, claude]",
     {"team sales: models gpt -> gpt, claude", "team sales: when little is left: refuse -> lower"}},
    {"a key with another weight",
     "weight: 3",
     "weight: 4",
     {"provider openai: keys openai-a (weight 3), openai-b -> openai-a (weight 4), openai-b"}},
    {"another address",
     "https://azure.example.com/openai",
     "https://azure2.example.com/openai",
     {"provider azure: address https://azure.example.com/openai -> https://azure2.example.com/openai"}},
    {"a proxy",
     "keys: [{secret: azure}]",
     "keys: [{secret: azure}], proxy: \"http://proxy:3128\"",
     {"provider azure: proxy http://proxy:3128"}},
    {"what passes to a provider",
     "keys: [{secret: azure}]",
     "keys: [{secret: azure}], passthrough: [{name: stores, method: GET, path: /vector_stores, price: 0.1, allow: "
     "[sales]}]",
     {"provider azure: passthrough \"stores\" GET /vector_stores at 0.10 USD for sales"}},
    {"a deadline",
     "keys: [{secret: azure}]",
     "keys: [{secret: azure}], deadlines: {idle: 10s}",
     {"provider azure: deadlines connect 5000 ms, first byte 120000 ms, first token 120000 ms, idle 60000 ms, total "
      "900000 ms -> connect 5000 "
      "ms, first byte 120000 ms, "
      "first token 120000 ms, idle 10000 ms, total 900000 ms"}},
    {"another order of channels",
     "priority: 2",
     "priority: 3",
     {"model gpt: channels openai/gpt-4o (priority 1), azure/gpt-4o-prod (priority 2) -> openai/gpt-4o (priority 1), "
      "azure/gpt-4o-prod (priority 3)"}},
    {"a price",
     "cached_input: 1.375, output: 11.00",
     "cached_input: 1.375, output: 12.00",
     {"model gpt: the price of azure/gpt-4o-prod: output 11.00 -> 12.00", "prices: 1 changed (openai/gpt-4o-prod)"}},
    {"a price in several classes, and one that is no longer stated",
     "input: 2.75, cached_input: 1.375, output: 11.00",
     "input: 3, cached_input: 1.3",
     {"model gpt: the price of azure/gpt-4o-prod: input 2.75 -> 3.00; output 11.00 -> none; cache_read 1.375 -> 1.30",
      "prices: 1 changed (openai/gpt-4o-prod)"}},
    {"factors, fees, tiers, regions, hours and dates",
     "regions: {us: 1.1}, fast: 2,\n                  per_web_search: 0.01}",
     "regions: {us: 1.2, eu: 1.1}, per_web_search: 0.02, batch: 0.5, until: 2027-06-01, tiers: [{above: 200000, input: "
     "10}], hours: [{from: 1, until: 4, days: [monday, tuesday], factor: 2}]}",
     {"model both: the price of anthropic/claude-opus: per_web_search 0.01 -> 0.02; fast 2 -> none; region us 1.1 -> "
      "1.2; above 200000 tokens input none -> 10.00; batch none -> 0.5; region eu none -> 1.1; 1 to 4 UTC monday "
      "tuesday none "
      "-> 2; until none -> 2027-06-01T00:00:00.000Z",
      "model claude: the price of anthropic/claude-opus: per_web_search 0.01 -> 0.02; fast 2 -> none; region us 1.1 -> "
      "1.2; above 200000 tokens input none -> 10.00; batch none -> 0.5; region eu none -> 1.1; 1 to 4 UTC monday "
      "tuesday none "
      "-> 2; until none -> 2027-06-01T00:00:00.000Z",
      "prices: 1 changed (anthropic/claude-opus)"}},
    {"one version that becomes two",
     "    embed-3: {input: 0.13}",
     "    embed-3: [{input: 0.13, until: 2027-01-01}, {input: 0.10, from: 2027-01-01}]",
     {"model embed: the price of openai/embed-3: from the first: until none -> 2027-01-01T00:00:00.000Z; new from "
      "2027-01-01T00:00:00.000Z: input 0.10, from 2027-01-01T00:00:00.000Z",
      "prices: 1 changed (openai/embed-3)"}},
    {"whether a model shows all its output",
     "    embed-3: {input: 0.13}",
     "    embed-3: {input: 0.13, hidden_reasoning: false}",
     {"model embed: hidden reasoning yes -> no",
      "model embed: the price of openai/embed-3: hidden_reasoning none -> no", "prices: 1 changed (openai/embed-3)"}},
    {"the price of a model that nobody is sent to",
     "    embed-3: {input: 0.13}",
     "    embed-3: {input: 0.13}\n    other: {input: 7}",
     {"prices: 1 new (openai/other)"}},
    {"a price where there was none",
     "    llama3: {input: 0, output: 0}",
     "    llama3: {input: 0, output: 0}\n    unpriced: {input: 1, output: 1}",
     {"model priceless: local/unpriced has a price now: input 1.00, output 1.00", "prices: 1 new (local/unpriced)"}},
    {"a price that goes",
     "    llama3: {input: 0, output: 0}",
     "    other: {input: 0}",
     {"model llama: local/llama3 has no price any more; calls to it are refused", "prices: 1 new (local/other)",
      "prices: 1 gone (local/llama3)"}},
    {"more output",
     "output_tokens_max: 32000",
     "output_tokens_max: 64000",
     {"model claude: output tokens at most 32000 -> 64000"}},
    {"another way to send a key, and what sets a provider apart",
     "keys: [{secret: azure}]",
     "keys: [{secret: azure}], auth: api-key, deployments: true, api_version: 2024-10-21, stream_usage: false, "
     "responses: false, max_tokens_name: max_tokens, models_path: none, headers: {X-Team: a, X-Site: b}",
     {"provider azure: model in the path no -> yes", "provider azure: API version 2024-10-21",
      "provider azure: name of the token limit max_tokens",
      "provider azure: usage of streams asked for -> not asked for", "provider azure: Responses API yes -> by chat",
      "provider azure: headers X-Team: a, X-Site: b", "provider azure: models path /models -> none",
      "provider azure: key is sent as bearer -> api-key"}},
    {"probes and a breaker",
     "keys: [{secret: azure}]",
     "keys: [{secret: azure}], probe_every: 30s, breaker: {errors: 20%, calls: 3, key_last_retry: 1h}",
     {"provider azure: probed every 30000 ms",
      "provider azure: breaker opens at 50% errors of at least 5 calls in 10000 ms, tried again after 1000 to 30000 "
      "ms; "
      "a key after 60000 to 900000 ms -> at 20% errors of at least 3 calls in 10000 ms, tried again after 1000 to "
      "30000 ms; a key after 60000 to 3600000 ms"}},
    {"a base_url that has its version elsewhere",
     "keys: [{secret: anthropic}]",
     "keys: [{secret: anthropic}], version_in_path: false",
     {"provider anthropic: version added to the path yes -> no"}},
    {"aliases, said once", "  both: {", "  both: {aliases: [duo, pair], ", {"model both: aliases duo, pair"}},
    {"a strategy with weights",
     "channels: [{provider: openai, model: gpt-4o}, {provider: azure, model: gpt-4o-prod, priority: 2}]",
     "strategy: weighted, attempts_max: 5, channels: [{provider: openai, model: gpt-4o, weight: 3}, {provider: azure, "
     "model: gpt-4o-prod}]",
     {"model gpt: channels openai/gpt-4o (priority 1), azure/gpt-4o-prod (priority 2) -> openai/gpt-4o (priority 1, "
      "weight 3), azure/gpt-4o-prod (priority 1)",
      "model gpt: strategy priority -> weighted", "model gpt: attempts at most 3 -> 5"}},
    {"fallbacks",
     "  gpt: {",
     "  gpt: {fallbacks: {context_too_long: claude, content_refused: both}, ",
     {"model gpt: when the input is too long: claude", "model gpt: when the content is refused: both"}},
    {"a virtual model",
     "  both: {",
     "  auto: {rules: [{when: {input_tokens_above: 50000, tools: true, images: false, tags: [batch, night], "
     "budget_left_below: 20%}, use: claude}, {use: gpt}]}\n  both: {",
     {"model auto: new",
      "model auto: picks claude for more than 50000 input tokens and tools and no images and tag batch or night and "
      "less "
      "than 20% of the budget left, else gpt"}},
    {"limits of every kind",
     "budgets: [{limit: 2000 USD, per: month, warn: [80%, 50%]}]",
     "budgets: [{limit: 2000 USD, per: month, warn: [80%, 50%]}, {limit: 2M tokens, per: minute, rolling: true, of: "
     "tier:small}, {limit: 600 calls, per: day, hard: false}, {limit: 5 USD, from: 2026-12-01, until: 2027-01-01}, "
     "{limit: 7 USD, per: year, measure: cost, of: 'tag:nightly'}]",
     {"team research: new budget 2,000,000 tokens in any 60 seconds of tier:small",
      "team research: new budget 600 calls per day (soft)",
      "team research: new budget 5.00 USD from 2026-12-01 until 2027-01-01",
      "team research: new budget 7.00 USD of cost per year of tag:nightly"}},
    {"the organisation's limit of what is charged",
     "budgets: [{limit: 10000 USD, per: month}]",
     "budgets: [{limit: 10000 USD, per: month, measure: money}]",
     {"organisation: budget 10,000.00 USD per month is gone",
      "organisation: new budget 10,000.00 USD as charged per month"}},
    {"rates",
     "  sales: {models: [gpt], on_short: refuse}",
     "  sales: {models: [gpt], on_short: refuse, rate: {requests: 600/min, tokens: 2M/min, parallel: 50}, "
     "rate_per_person: {parallel: 2}, rate_per_key: {requests: 1K/min}}",
     {"team sales: rate 600 calls per minute, 2,000,000 tokens per minute, 50 calls at once",
      "team sales: rate of each person 2 calls at once", "team sales: rate of each key 1,000 calls per minute"}},
    {"a rate of everybody",
     "time_zone: Europe/Berlin, ",
     "time_zone: Europe/Berlin, rate: {parallel: 100}, ",
     {"organisation: rate 100 calls at once"}},
    {"a cost centre, of the teams below too",
     "  rnd: {",
     "  rnd: {cost_centre: 4711, ",
     {"team research: cost centre 4711", "team rnd: cost centre 4711"}},
    {"what is charged",
     "people:",
     "charging: [{team: rnd, of: tier:frontier, factor: 1.2, per_call: 0.001 USD}, {of: model:llama, factor: 0}, "
     "{per_call: 1 USD}]\npeople:",
     {"charging: team rnd for tier:frontier pays 1.2 times the cost, and 0.001 USD per call",
      "charging: every team for model:llama pays nothing of the cost",
      "charging: every team pays the cost, and 1.00 USD per call"}},
    {"reasoning that shows", "hidden_reasoning: true, ", "", {"model thinker: hidden reasoning yes -> no"}},
    {"abilities",
     "hidden_reasoning: true, ",
     "hidden_reasoning: true, abilities: [tools, images], ",
     {"model thinker: abilities not told -> images, tools"}},
};

TEST(Compare, SaysEveryChangeAndNothingElse) {
    const Parsed before = parse_text(company);
    for (const ChangeCase& each : change_cases) {
        std::string text(company);
        if (!each.from.empty()) {
            const std::size_t at = text.find(each.from);
            ASSERT_NE(at, std::string::npos) << each.name;
            text.replace(at, each.from.size(), each.to);
        }
        const Parsed after = parse_text(text);
        ASSERT_EQ(problems_of(after), "") << each.name;
        EXPECT_EQ(compare(*before.snapshot, *after.snapshot), each.lines) << each.name;
    }
}

TEST(Compare, charges_that_go_and_charges_in_another_order) {
    const auto with = [](std::string_view rules) { return parse_text("charging: " + std::string(rules)).snapshot; };
    const auto both = with("[{factor: 1.5}, {per_call: 1 USD}]");
    EXPECT_EQ(compare(*both, *with("[{factor: 1.5}]")),
              (std::vector<std::string>{"charging: no longer every team pays the cost, and 1.00 USD per call"}));
    EXPECT_EQ(compare(*both, *with("[{per_call: 1 USD}, {factor: 1.5}]")),
              (std::vector<std::string>{"charging: the rules stand in another order; the first that fits counts"}));
    EXPECT_EQ(compare(*both, *both), std::vector<std::string>{});
}

TEST(Compare, NamesSomeOfManyPricesAndCountsAll) {
    const auto prices = [](int count, std::string_view rate) {
        std::string text = "prices:\n  p:\n";
        for (int i = 0; i < count; ++i)
            text += "    m" + std::to_string(100 + i) + ": {input: " + std::string(rate) + "}\n";
        return parse_text(text).snapshot;
    };
    const auto lines = compare(*prices(30, "1"), *prices(25, "2"));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(lines[0].starts_with("prices: 25 changed (p/m100, p/m101,") && lines[0].ends_with("p/m119 and 5 more)"))
        << lines[0];
    EXPECT_EQ(lines[1], "prices: 5 gone (p/m125, p/m126, p/m127, p/m128, p/m129)");
}

TEST(Compare, AFirstPolicyIsNewThroughout) {
    const Parsed parsed = parse_text(R"(
organisation: {name: A, budgets: [{limit: 5 USD, per: ever}]}
providers: {p: {dialect: openai, base_url: "http://127.0.0.1:1", keys: [{secret: k}]}}
models: {m: {tier: t, channels: [{provider: p}]}}
teams: {a: {models: [m], budgets: [{limit: 0.001 USD, per: hour}]}})");
    EXPECT_EQ(
        compare(Snapshot{}, *parsed.snapshot),
        (std::vector<std::string>{"organisation: name A", "organisation: new budget 5.00 USD for good",
                                  "provider p: new", "provider p: address http://127.0.0.1:1", "provider p: keys k",
                                  "model m: new", "model m: tier t", "model m: channels p/m (priority 1)",
                                  "team a: new", "team a: models m", "team a: new budget 0.001000 USD per hour"}));
}

TEST(Compare, says_what_changes_of_an_allocation) {
    const auto with = [](std::string_view allocation) {
        return parse_text(
                   "teams: {rnd: {}, a: {parent: rnd, models: []}, b: {parent: rnd, models: []}}\nallocations: {x: "
                   "{pool: team:rnd, amount: 100 USD" +
                   std::string(allocation) + "}}")
            .snapshot;
    };
    EXPECT_EQ(compare(*with(""), *with("")), std::vector<std::string>{});
    EXPECT_EQ(
        compare(*with(", shares: {team:a: {fixed: 5 USD}}, warn: [80%]"),
                *with(", per: week, by: use, among: [team:b, team:a], shares: {team:b: {heads: 3}}, roll_over: {up_to: "
                      "50%, ceiling: 9 USD}")),
        (std::vector<std::string>{
            "allocation x: per month -> week",
            "allocation x: among the teams directly below -> team:b, team:a",
            "allocation x: by weight -> use",
            "allocation x: share of team:a fixed 5.00 USD -> weight 1",
            "allocation x: share of team:b weight 1 -> weight 1, 3 heads",
            "allocation x: roll-over up to 50%, at most 9.00 USD",
            "allocation x: no longer warns at 80%",
        }));
}

}  // namespace
}  // namespace bursar::policies::testing
