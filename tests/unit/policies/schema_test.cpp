// Hunts: a schema that knows other settings than the parser, and examples that do not work.
#include "policies/draft.h"
#include "tests/unit/policies/policy.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <simdjson.h>

namespace bursar::policies::testing {
namespace {

simdjson::dom::element schema() {
    static simdjson::dom::parser parser;
    static const simdjson::dom::element root = parser.load(BURSAR_SOURCE_DIR "/policies/schema.json");
    return root;
}

std::set<std::string> keys_of(simdjson::dom::element element) {
    std::set<std::string> out;
    for (const auto field : simdjson::dom::object(element)) out.emplace(field.key);
    return out;
}

/// What the parser says it may have, where it meets a setting that nobody knows.
std::set<std::string> settings_at(std::string_view text) {
    for (const Problem& problem : parse_text(text).problems) {
        const std::size_t at = problem.text.find("; it may have: ");
        if (at == std::string::npos || !problem.text.contains("\"qqqqqqqq\"")) continue;
        std::set<std::string> out;
        std::string_view rest = std::string_view(problem.text).substr(at + 15);
        while (!rest.empty()) {
            const std::size_t comma = std::min(rest.find(", "), rest.size());
            out.emplace(rest.substr(0, comma));
            rest.remove_prefix(std::min(comma + 2, rest.size()));
        }
        return out;
    }
    return {};
}

TEST(Schema, KnowsTheSectionsOfTheParser) {
    const auto names = section_names();
    EXPECT_EQ(keys_of(schema()["properties"]), std::set<std::string>(names.begin(), names.end()));
}

struct PlaceCase {
    std::string_view definition;
    std::string_view text;
};

TEST(Schema, KnowsEachSettingOfTheParser) {
    const std::vector<PlaceCase> cases = {
        {"organisation", "organisation: {qqqqqqqq: 1}"},
        {"budget", "organisation: {budgets: [{qqqqqqqq: 1}]}"},
        {"call_rate", "teams: {t: {rate: {qqqqqqqq: 1}}}"},
        {"call_rate", "organisation: {rate: {qqqqqqqq: 1}}"},
        {"charge", "charging: [{qqqqqqqq: 1}]"},
        {"provider", "providers: {p: {qqqqqqqq: 1}}"},
        {"catalogue_entry", "catalogue: {c: {qqqqqqqq: 1}}"},
        {"key", "providers: {p: {keys: [{qqqqqqqq: 1}]}}"},
        {"tokens", "providers: {p: {tokens: {qqqqqqqq: 1}}}"},
        {"passthrough", "providers: {p: {passthrough: [{qqqqqqqq: 1}]}}"},
        {"deadlines", "providers: {p: {deadlines: {qqqqqqqq: 1}}}"},
        {"breaker", "providers: {p: {breaker: {qqqqqqqq: 1}}}"},
        {"model", "models: {m: {qqqqqqqq: 1}}"},
        {"fallbacks", "models: {m: {fallbacks: {qqqqqqqq: 1}}}"},
        {"rule", "models: {m: {rules: [{qqqqqqqq: 1}]}}"},
        {"when", "models: {m: {rules: [{when: {qqqqqqqq: 1}}]}}"},
        {"channel", "models: {m: {channels: [{qqqqqqqq: 1}]}}"},
        {"team", "teams: {t: {qqqqqqqq: 1}}"},
        {"person", "people: {p: {qqqqqqqq: 1}}"},
        {"allocation", "allocations: {a: {qqqqqqqq: 1}}"},
        {"share", "allocations: {a: {each: {qqqqqqqq: 1}}}"},
        {"roll_over", "allocations: {a: {roll_over: {qqqqqqqq: 1}}}"},
        {"lending", "allocations: {a: {lending: {qqqqqqqq: 1}}}"},
        {"watch", "watch: {qqqqqqqq: 1}"},
        {"unusual", "watch: {unusual: {qqqqqqqq: 1}}"},
        {"runaway", "watch: {runaway: {qqqqqqqq: 1}}"},
        {"alerts", "alerts: {qqqqqqqq: 1}"},
        {"alert_target", "alerts: {targets: {t: {qqqqqqqq: 1}}}"},
        {"slack_target", "alerts: {targets: {t: {slack: {qqqqqqqq: 1}}}}"},
        {"jira_target", "alerts: {targets: {t: {jira: {qqqqqqqq: 1}}}}"},
        {"ticket_approvals", "alerts: {targets: {t: {jira: {approvals: {qqqqqqqq: 1}}}}}"},
        {"webhook_target", "alerts: {targets: {t: {webhook: {qqqqqqqq: 1}}}}"},
        {"mail_target", "alerts: {targets: {t: {mail: {qqqqqqqq: 1}}}}"},
        {"teams_target", "alerts: {targets: {t: {teams: {qqqqqqqq: 1}}}}"},
        {"alert_route", "alerts: {routes: [{qqqqqqqq: 1}]}"},
        {"quiet_hours", "alerts: {routes: [{quiet: {qqqqqqqq: 1}}]}"},
        {"report", "reports: {r: {qqqqqqqq: 1}}"},
        {"currency", "organisation: {currency: {qqqqqqqq: 1}}"},
        {"retention", "retention: {qqqqqqqq: 1}"},
        {"identity", "identity: {qqqqqqqq: 1}"},
        {"directory", "identity: {directories: {d: {qqqqqqqq: 1}}}"},
        {"directory_bind", "identity: {directories: {d: {bind: {qqqqqqqq: 1}}}}"},
        {"directory_people", "identity: {directories: {d: {people: {qqqqqqqq: 1}}}}"},
        {"directory_groups", "identity: {directories: {d: {groups: {qqqqqqqq: 1}}}}"},
        {"sync", "identity: {directories: {d: {sync: {qqqqqqqq: 1}}}}"},
        {"identity_provider", "identity: {oidc: {p: {qqqqqqqq: 1}}}"},
        {"claims", "identity: {oidc: {p: {claims: {qqqqqqqq: 1}}}}"},
        {"workload", "identity: {workloads: {w: {qqqqqqqq: 1}}}"},
        {"scim_source", "identity: {scim: {s: {qqqqqqqq: 1}}}"},
        {"roles", "identity: {roles: {qqqqqqqq: 1}}"},
        {"sessions", "identity: {sessions: {qqqqqqqq: 1}}"},
        {"agents", "identity: {agents: {qqqqqqqq: 1}}"},
        {"price_version", "prices: {p: {m: {qqqqqqqq: 1}}}"},
        {"price_tier", "prices: {p: {m: {tiers: [{qqqqqqqq: 1}]}}}"},
        {"price_hours", "prices: {p: {m: {hours: [{qqqqqqqq: 1}]}}}"},
    };
    for (const PlaceCase& each : cases)
        EXPECT_EQ(keys_of(schema()["$defs"][each.definition]["properties"]), settings_at(each.text)) << each.definition;
}

TEST(Examples, ACompanyWorksWithWhatShipsInTheBox) {
    const auto defaults = read_folder(BURSAR_SOURCE_DIR "/policies/defaults");
    const auto documents = read_folder(BURSAR_SOURCE_DIR "/policies/examples");
    ASSERT_TRUE(defaults && documents);
    const Parsed parsed = parse(*defaults, *documents, 1);
    ASSERT_EQ(problems_of(parsed), "");
    EXPECT_EQ(parsed.warnings, std::vector<std::string>{});
    const Snapshot& rules = *parsed.snapshot;
    EXPECT_EQ(models_for(rules, "support"), (std::vector<std::string>{"auto", "claude-sonnet-5", "gpt-4o-mini",
                                                                      "llama3.2", "text-embedding-3-small"}));
    for (const auto& [name, model] : rules.models)
        for (const Channel& channel : model->channels) {
            EXPECT_NE(channel.prices->at(*parse_timestamp("2026-11-24T00:00:00Z")), nullptr) << channel.name();
            EXPECT_NE(channel.prices->at(*parse_timestamp("2027-06-01T00:00:00Z")), nullptr) << channel.name();
        }
}

// Hunts: an example of a page that a reader copies and that is refused, or whose calls would be.
TEST(Examples, what_the_pages_show_works) {
    const auto defaults = read_folder(BURSAR_SOURCE_DIR "/policies/defaults");
    ASSERT_TRUE(defaults);
    int blocks = 0;
    for (const char* page : {"/docs/use/providers.md", "/docs/operate/policy.md", "/docs/operate/directory.md",
                             "/docs/operate/directories.md"}) {
        std::ifstream file(std::string(BURSAR_SOURCE_DIR) + page);
        std::string text, block;
        bool inside = false;
        while (std::getline(file, text)) {
            if (text == "```yaml") {
                inside = true;
                block.clear();
            } else if (inside && text == "```") {
                inside = false;
                ++blocks;
                const Parsed parsed = parse(*defaults, {{page, block}}, 1);
                EXPECT_EQ(problems_of(parsed), "");
                EXPECT_EQ(parsed.warnings, std::vector<std::string>{}) << block;
            } else if (inside) {
                block += text + "\n";
            }
        }
    }
    EXPECT_GE(blocks, 3);
}

class ShippedPrices : public ::testing::Test {
  protected:
    void SetUp() override {
        const auto defaults = read_folder(BURSAR_SOURCE_DIR "/policies/defaults");
        ASSERT_TRUE(defaults);
        const Parsed parsed = parse(*defaults, {}, 1);
        ASSERT_EQ(problems_of(parsed), "");
        rules_ = parsed.snapshot;
    }
    NanoUsd cost_of(const char* catalogue, const char* model, std::string_view at) const {
        const Timestamp when = *parse_timestamp(at);
        return cost(*rules_->prices.at({catalogue, model})->at(when), {.input = 1'000'000, .output = 1'000'000}, {},
                    when);
    }
    std::shared_ptr<const Snapshot> rules_;
};

TEST_F(ShippedPrices, each_says_who_says_so_and_when) {
    EXPECT_GT(rules_->prices.size(), 150U);
    for (const auto& [key, book] : rules_->prices)
        for (const Price& price : book->versions)
            EXPECT_NE(price.source.find(" read on 2026-11-23"), std::string::npos) << key.first << "/" << key.second;
}

TEST_F(ShippedPrices, deepseek_costs_twice_as_much_while_beijing_works) {
    constexpr NanoUsd off_peak{880'000'000}, peak{1'760'000'000};
    const auto flash = [&](std::string_view at) { return cost_of("deepseek", "deepseek-v4-flash", at); };
    for (const char* at :
         {"2026-11-25T01:00:00Z", "2026-11-25T03:59:59Z", "2026-11-27T06:00:00Z", "2026-11-23T09:59:59Z"})
        EXPECT_EQ(flash(at), peak) << at;
    for (const char* at : {"2026-11-25T00:59:59Z", "2026-11-25T04:00:00Z", "2026-11-25T10:00:00Z",
                           "2026-11-28T02:00:00Z", "2026-11-29T07:00:00Z"})
        EXPECT_EQ(flash(at), off_peak) << at;
    EXPECT_EQ(cost_of("deepseek", "deepseek-v4-pro", "2026-11-25T07:00:00Z"), NanoUsd{5'280'000'000});
    EXPECT_EQ(cost_of("deepseek", "deepseek-chat", "2026-11-25T07:00:00Z"), NanoUsd{700'000'000});
}

}  // namespace
}  // namespace bursar::policies::testing
