// Hunts: a limit, rate or charge that is written wrongly and taken, or a sentence that sends its author to the wrong
// place.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

/// Every document below begins with these, on two lines.
constexpr std::string_view routes =
    "providers: {p: {dialect: openai, base_url: \"https://p.example\"}}\n"
    "models: {big: {tier: frontier, aliases: [huge], channels: [{provider: p}]}, auto: {rules: [{use: big}]}}\n";

const std::vector<WrongDocument> wrong_limits = {
    {"a number that is not whole", "people: {eve: {budgets: [{limit: 1.5 tokens}]}}",
     R"(a.yaml:3:34: budget limit "1.5 tokens" is not a limit; write it like 2000 USD, 5M tokens or 600 calls)"},
    {"a small letter", "people: {eve: {budgets: [{limit: 5m tokens}]}}",
     R"(a.yaml:3:34: budget limit "5m tokens" is not a limit; write it like 2000 USD, 5M tokens or 600 calls)"},
    {"tokens below nothing", "people: {eve: {budgets: [{limit: -5 tokens}]}}",
     R"(a.yaml:3:34: budget limit "-5 tokens" must be from 0 to 1,000,000,000,000,000 tokens)"},
    {"more calls than there are", "people: {eve: {budgets: [{limit: 1000000001M calls}]}}",
     R"(a.yaml:3:34: budget limit "1000000001M calls" must be from 0 to 1,000,000,000,000,000 calls)"},
    {"a limit that is a list", "people: {eve: {budgets: [{limit: [5 USD]}]}}",
     "a.yaml:3:34: budget limit must be a single value"},
    {"dates as a period", "people: {eve: {budgets: [{limit: 5 USD, per: dates}]}}",
     R"(a.yaml:3:46: budget per "dates" must be one of: minute, hour, day, week, month, quarter, year or ever)"},
    {"a beginning without an end", "people: {eve: {budgets: [{limit: 5 USD, from: 2026-12-01}]}}",
     R"(a.yaml:3:47: budget from "2026-12-01" needs an "until" beside it)"},
    {"an end without a beginning", "people: {eve: {budgets: [{limit: 5 USD, until: 2026-12-01}]}}",
     R"(a.yaml:3:48: budget until "2026-12-01" needs a "from" beside it)"},
    {"dates and a period", "people: {eve: {budgets: [{limit: 5 USD, per: day, from: 2026-12-01, until: 2026-12-02}]}}",
     R"(a.yaml:3:46: budget per "day" cannot stand beside "from" and "until"; take it out)"},
    {"an end that comes first", "people: {eve: {budgets: [{limit: 5 USD, from: 2026-12-02, until: 2026-12-01}]}}",
     "a.yaml:3:26: budget until must be later than its from"},
    {"no time between", "people: {eve: {budgets: [{limit: 5 USD, from: 2026-12-02, until: 2026-12-02}]}}",
     "a.yaml:3:26: budget until must be later than its from"},
    {"an end that comes first only in the organisation's time zone",
     "organisation: {time_zone: Europe/Berlin}\n"
     "people: {eve: {budgets: [{limit: 5 USD, from: \"2026-12-01T23:30:00Z\", until: 2026-12-02}]}}",
     "a.yaml:4:26: budget until must be later than its from"},
    {"a day that there is not", "people: {eve: {budgets: [{limit: 5 USD, from: 2026-02-30, until: 2026-12-02}]}}",
     R"(a.yaml:3:47: budget from "2026-02-30" is not a date; write it like 2027-01-01 or 2027-01-01T08:00:00Z)"},
    {"rolling for good", "people: {eve: {budgets: [{limit: 5 USD, per: ever, rolling: true}]}}",
     R"(a.yaml:3:61: budget rolling "true" needs a length of time: per a minute, hour, day, week, month, quarter or year)"},
    {"rolling dates", "people: {eve: {budgets: [{limit: 5 USD, rolling: true, from: 2026-12-01, until: 2026-12-02}]}}",
     R"(a.yaml:3:50: budget rolling "true" needs a length of time: per a minute, hour, day, week, month, quarter or year)"},
    {"a measure that nobody knows", "people: {eve: {budgets: [{limit: 5 USD, measure: tokens}]}}",
     R"(a.yaml:3:50: budget measure "tokens" must be one of: money, cost)"},
    {"the cost of tokens", "people: {eve: {budgets: [{limit: 5 tokens, measure: cost}]}}",
     R"(a.yaml:3:53: budget measure "cost" is for limits in USD; take it out)"},
    {"of nothing", "people: {eve: {budgets: [{limit: 5 USD, of: frontier}]}}",
     R"(a.yaml:3:45: budget of "frontier" must be tier:NAME, model:NAME or tag:NAME)"},
    {"of a tag with a comma", "people: {eve: {budgets: [{limit: 5 USD, of: \"tag:a,b\"}]}}",
     R"(a.yaml:3:45: budget of "tag:a,b" must be tier:NAME, model:NAME or tag:NAME)"},
    {"of a tier with a slip of the pen", "people: {eve: {budgets: [{limit: 5 USD, of: tier:fronteir}]}}",
     R"(a.yaml:3:45: no model is of tier "fronteir"; did you mean "frontier"?)"},
    {"of a model that is not there", "people: {eve: {budgets: [{limit: 5 USD, of: model:gpt-9}]}}",
     R"(a.yaml:3:45: there is no model "gpt-9"; define it or take it out)"},
    {"of a virtual model, as which no call counts", "people: {eve: {budgets: [{limit: 5 USD, of: model:auto}]}}",
     R"(a.yaml:3:45: model "auto" has rules itself; name one that has channels)"},
    {"the same model under two names",
     "people: {eve: {budgets: [{limit: 5 USD, of: model:big}, {limit: 6 USD, of: model:huge}]}}",
     "a.yaml:3:57: budget per month of model:big stands twice; keep the smaller limit"},
    {"the same days twice, once as instants",
     "people: {eve: {budgets: [{limit: 5 USD, from: 2026-12-01, until: 2026-12-02}, {limit: 5 USD, from: "
     "\"2026-12-01T00:00:00Z\", until: \"2026-12-02T00:00:00Z\"}]}}",
     "a.yaml:3:79: budget from 2026-12-01 until 2026-12-02 stands twice; keep the smaller limit"},
    {"the organisation's cost twice",
     "organisation: {budgets: [{limit: 5 USD, per: day}, {limit: 5 USD, per: day, measure: cost}]}",
     "a.yaml:3:52: budget per day stands twice; keep the smaller limit"},
    {"tokens twice", "people: {eve: {budgets: [{limit: 5 tokens, per: day}, {limit: 6 tokens, per: day}]}}",
     "a.yaml:3:55: budget tokens per day stands twice; keep the smaller limit"},
};

const std::vector<WrongDocument> wrong_rates = {
    {"a rate per second", "teams: {a: {models: [big], rate: {requests: 10/s}}}",
     R"(a.yaml:3:45: team "a" rate requests "10/s" is not a rate; write it like 600/min)"},
    {"a rate without its time", "teams: {a: {models: [big], rate: {tokens: 10}}}",
     R"(a.yaml:3:43: team "a" rate tokens "10" is not a rate; write it like 2M/min)"},
    {"a rate of nothing", "teams: {a: {models: [big], rate: {requests: 0/min}}}",
     R"(a.yaml:3:45: team "a" rate requests "0/min" must be from 1/min to 1000M/min)"},
    {"a rate beyond all measure", "teams: {a: {models: [big], rate: {tokens: 1001M/min}}}",
     R"(a.yaml:3:43: team "a" rate tokens "1001M/min" must be from 1/min to 1000M/min)"},
    {"half a call at once", "teams: {a: {models: [big], rate_per_key: {parallel: 0.5}}}",
     R"(a.yaml:3:53: team "a" rate_per_key parallel "0.5" is not a rate; write it like 50)"},
    {"no call at once", "organisation: {rate: {parallel: 0}}",
     R"(a.yaml:3:33: organisation rate parallel "0" must be from 1 to 1000M)"},
    {"a rate that is one number", "teams: {a: {models: [big], rate_per_person: 600/min}}",
     R"(a.yaml:3:45: team "a" rate_per_person must be a mapping such as {name: value}, not a single value)"},
    {"a misspelt rate", "teams: {a: {models: [big], rate: {request: 600/min}}}",
     R"(a.yaml:3:35: team "a" rate has no setting "request"; did you mean "requests"?)"},
    {"a cost centre that would end a cell", "teams: {a: {models: [big], cost_centre: \"47,11\"}}",
     R"(a.yaml:3:41: team "a" cost_centre "47,11" must be one line of 1 to 64 bytes without commas, semicolons or quotes)"},
    {"a cost centre of two lines", "teams: {a: {models: [big], cost_centre: \"47\\n11\"}}",
     R"(a.yaml:3:41: team "a" cost_centre "47?11" must be one line of 1 to 64 bytes without commas, semicolons or quotes)"},
    {"a cost centre that is a list", "teams: {a: {models: [big], cost_centre: [4711]}}",
     R"(a.yaml:3:41: team "a" cost_centre must be a single value)"},
};

const std::vector<WrongDocument> wrong_charges = {
    {"charges as a mapping", "charging: {research: 1.2}", "a.yaml:3:11: charging must be a list such as [a, b]"},
    {"a charge that changes nothing", "charging: [{of: tier:frontier}]",
     R"(a.yaml:3:12: charge has neither "factor" nor "per_call"; add one of them)"},
    {"a charge that is a number", "charging: [1.2]",
     "a.yaml:3:12: charge must be a mapping such as {name: value}, not a single value"},
    {"a factor below nothing", "charging: [{factor: -1}]",
     R"(a.yaml:3:21: charge factor "-1" must be from 0 to 1000, with at most six digits after the point; write it like 1.2)"},
    {"a factor that is too fine", "charging: [{factor: 1.2345678}]",
     R"(a.yaml:3:21: charge factor "1.2345678" must be from 0 to 1000, with at most six digits after the point; write it like 1.2)"},
    {"a factor that is too large", "charging: [{factor: 1000.000001}]",
     R"(a.yaml:3:21: charge factor "1000.000001" must be from 0 to 1000, with at most six digits after the point; write it like 1.2)"},
    {"a factor as a percentage", "charging: [{factor: 120%}]",
     R"(a.yaml:3:21: charge factor "120%" must be from 0 to 1000, with at most six digits after the point; write it like 1.2)"},
    {"a fee in another currency", "charging: [{per_call: 1 EUR}]",
     R"(a.yaml:3:23: charge per_call "1 EUR" is not an amount; write it like 2000 USD)"},
    {"a team that is not there", "teams: {research: {models: [big]}}\ncharging: [{team: reserch, factor: 2}]",
     R"(a.yaml:4:19: there is no team "reserch"; did you mean "research"?)"},
    {"a tier that is not there", "charging: [{of: tier:small, factor: 2}]",
     R"(a.yaml:3:17: no model is of tier "small"; define it or take it out)"},
    {"a tag, which a charge does not look at", "charging: [{of: tag:nightly, factor: 2}]",
     R"(a.yaml:3:17: charge of "tag:nightly" must be tier:NAME or model:NAME)"},
};

void expect_said(const std::vector<WrongDocument>& documents) {
    for (const WrongDocument& each : documents) {
        const std::string text = std::string(routes) + std::string(each.text);
        EXPECT_EQ(said_of({each.name, text, each.problems}), each.problems) << each.name;
    }
}

TEST(WrongLimits, each_says_what_is_wrong_where_and_what_to_change) { expect_said(wrong_limits); }
TEST(WrongRates, each_says_what_is_wrong_where_and_what_to_change) { expect_said(wrong_rates); }
TEST(WrongCharges, each_says_what_is_wrong_where_and_what_to_change) { expect_said(wrong_charges); }

TEST(WrongCharges, stand_in_one_document_only) {
    const Parsed parsed = parse({}, {{"a.yaml", "charging: [{factor: 2}]"}, {"b.yaml", "charging: [{factor: 3}]"}}, 1);
    EXPECT_EQ(problems_of(parsed), "b.yaml:1:11: charging is defined twice; the other one is at a.yaml:1:11\n");
}

}  // namespace
}  // namespace bursar::policies::testing
