#pragma once

#include "policies/documents.h"

#include <string>
#include <string_view>
#include <vector>

// What several tests of policies need: documents from text, and a company that works.
namespace bursar::policies::testing {

inline Parsed parse_text(std::string_view text) { return parse({}, {{"policy.yaml", std::string(text)}}, 1); }

/// All problems, a line each.
inline std::string problems_of(const Parsed& parsed) {
    std::string out;
    for (const Problem& problem : parsed.problems) out += problem.message() + "\n";
    return out;
}

/// The models that the team may use, by name.
inline std::vector<std::string> models_for(const Snapshot& rules, std::string_view team) {
    std::vector<std::string> out;
    for (const auto& [name, model] : rules.models)
        if (name == model->name && rules.teams.find(team)->second->may(*model)) out.push_back(name);
    return out;
}

struct WrongDocument {
    std::string_view name;
    std::string_view text;
    std::string_view problems;  ///< all of them, a line each
};

inline std::string said_of(const WrongDocument& wrong) {
    std::string out;
    for (const Problem& problem : parse({}, {{"a.yaml", std::string(wrong.text)}}, 1).problems)
        out += (out.empty() ? "" : "\n") + problem.message();
    return out;
}

constexpr std::string_view company = R"(
organisation: {name: Example GmbH, time_zone: Europe/Berlin, budgets: [{limit: 10000 USD, per: month}]}
providers:
  openai: {dialect: openai, base_url: "https://api.openai.com/v1", keys: [{secret: openai-a, weight: 3}, {secret: openai-b}]}
  azure: {dialect: openai, base_url: "https://azure.example.com/openai", keys: [{secret: azure}], catalogue: openai}
  anthropic: {dialect: anthropic, base_url: "https://api.anthropic.com", keys: [{secret: anthropic}]}
  local: {dialect: openai, base_url: "http://10.0.0.5:8000/v1"}
models:
  gpt: {tier: frontier, channels: [{provider: openai, model: gpt-4o}, {provider: azure, model: gpt-4o-prod, priority: 2}]}
  claude: {tier: frontier, output_tokens_max: 32000, channels: [{provider: anthropic, model: claude-opus}]}
  both: {channels: [{provider: openai, model: gpt-4o}, {provider: anthropic, model: claude-opus}]}
  embed: {tier: small, channels: [{provider: openai, model: embed-3}]}
  thinker: {tier: small, hidden_reasoning: true, channels: [{provider: openai, model: gpt-4o}]}
  llama: {tier: small, channels: [{provider: local, model: llama3}]}
  priceless: {tier: small, channels: [{provider: local, model: unpriced}]}
teams:
  rnd: {budgets: [{limit: 5000 USD, per: month}], per_person: [{limit: 100 USD, per: week}]}
  research: {parent: rnd, models: [tier:frontier, tier:small, both], budgets: [{limit: 2000 USD, per: month, warn: [80%, 50%]}],
             per_person: [{limit: 20 USD, per: day}], groups: ["cn=research,ou=groups,dc=example,dc=com"]}
  sales: {models: [gpt], on_short: refuse}
people:
  alice: {budgets: [{limit: 300 USD, per: month, hard: false}]}
prices:
  openai:
    gpt-4o: {input: 2.50, cached_input: 1.25, output: 10.00, priority: 1.7, batch: 0.5, per_web_search: 0.01, hidden_reasoning: false}
    gpt-4o-prod: {input: 2.75, cached_input: 1.375, output: 11.00, hidden_reasoning: false}
    embed-3: {input: 0.13}
  anthropic:
    claude-opus: {input: 5, cache_read: 0.5, cache_write_5m: 6.25, cache_write_1h: 10, output: 25, regions: {us: 1.1}, fast: 2,
                  per_web_search: 0.01}
  local:
    llama3: {input: 0, output: 0}
)";

}  // namespace bursar::policies::testing
