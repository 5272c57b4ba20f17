// Hunts: a wrong document that is taken, or a sentence that sends its author to the wrong place.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

const std::vector<WrongDocument> wrong_documents = {
    {"the document is a list", "- a", "a.yaml:1:1: the document must be a mapping such as {name: value}, not a list"},
    {"the document is a single value", "just words",
     "a.yaml:1:1: the document must be a mapping such as {name: value}, not a single value"},
    {"a quote that never ends", R"(organisation: {name: "Example)",
     "a.yaml:1:30: this is not YAML: illegal EOF in scalar"},
    {"a bracket that never closes", "models: {m: {channels: [",
     "a.yaml:1:1: this is not YAML: end of sequence flow not found"},
    {"a tab as indentation",
     R"(teams:
	research: {})",
     "a.yaml:2:10: this is not YAML: illegal map value; indent with blanks, not with tabs"},
    {"a comma at the beginning, at which the parser stands still", ",",
     "a.yaml:1:1: this is not YAML: nothing can begin like this"},
    {"a bracket that closes nothing", "}", "a.yaml:1:1: this is not YAML: illegal flow end"},
    {"bytes of another encoding", "organisation: {name: M\xfcller}",
     "a.yaml:1:23: the byte 0xfc cannot stand here; save the file as UTF-8 text"},
    {"half a character", "organisation:\n  name: \xe2\x82",
     "a.yaml:2:9: the byte 0xe2 cannot stand here; save the file as UTF-8 text"},
    {"a character in more bytes than it needs", "a: \xc0\xaf",
     "a.yaml:1:4: the byte 0xc0 cannot stand here; save the file as UTF-8 text"},
    {"half of a surrogate pair", "a: \xed\xa0\x80",
     "a.yaml:1:4: the byte 0xed cannot stand here; save the file as UTF-8 text"},
    {"a control character", "a: \x1b[31m", "a.yaml:1:4: the byte 0x1b cannot stand here; save the file as UTF-8 text"},
    {"a NUL", std::string_view("a\0b", 3), "a.yaml:1:2: the byte 0x00 cannot stand here; save the file as UTF-8 text"},
    {"a second document in the file",
     R"(organisation: {name: A}
---
organisation: {name: B})",
     "a.yaml:2:1: a second document begins here; put it into a file of its own"},
    {"an anchor", "organisation: {name: &n Example}",
     "a.yaml:1:22: anchors (&name) are not read; write the value out where it is needed"},
    {"an alias",
     R"(organisation: &o {name: Example}
teams: *o)",
     R"(a.yaml:1:15: anchors (&name) are not read; write the value out where it is needed
a.yaml:2:8: aliases (*name) are not read; write the value out)"},
    {"a tag", "organisation: {name: !!str Example}",
     R"(a.yaml:1:22: tags are not read; write the value without "tag:yaml.org,2002:str")"},
    {"a name that stands twice", "teams: {a: {models: []}, a: {models: []}}",
     R"(a.yaml:1:26: "a" stands twice in the same place; keep one of them)"},
    {"a name that is a list", "teams: {[a]: {models: []}}",
     "a.yaml:1:9: a name is missing before the colon; names are plain text"},
    {"a name that is missing", "teams: {: {models: []}}",
     "a.yaml:1:9: a name is missing before the colon; names are plain text"},
    {"a section that nobody knows", "budget: {}",
     R"(a.yaml:1:1: the document has no setting "budget"; it may have: organisation, catalogue, providers, models, teams, people, prices, charging, allocations, watch, filters, alerts, reports, retention, identity)"},
    {"a section with a slip of the pen", "team: {}",
     R"(a.yaml:1:1: the document has no setting "team"; did you mean "teams"?)"},
    {"a section that is a list", "teams: [a]", "a.yaml:1:8: teams must be a mapping such as {name: …}"},
    {"a section that is not in force yet", "filters: {words: {block: x}}",
     "a.yaml:1:10: the section filters is not enforced by this version; take it out, so that nobody relies on it"},
    {"filters as a list are not in force either", "filters: [a]",
     "a.yaml:1:10: the section filters is not enforced by this version; take it out, so that nobody relies on it"},
    {"a setting of the organisation that nobody knows", "organisation: {nam: Example}",
     R"(a.yaml:1:16: organisation has no setting "nam"; did you mean "name"?)"},
    {"a factor that everything passes", "watch: {unusual: {factor: 1}}",
     R"(a.yaml:1:27: watch unusual factor "1" must be a whole number from 2 to 1000)"},
    {"an alarm at nothing", "watch: {runaway: {at_least: 0 USD}}",
     R"(a.yaml:1:29: watch runaway at_least "0 USD" must be more than nothing, or every cent is worth an alarm)"},
    {"half a minute", "watch: {runaway: {within: 90s}}",
     R"(a.yaml:1:27: watch runaway within "90s" must be whole minutes; write it like 10m or 1h)"},
    {"a time that is longer than what is looked at", "watch: {runaway: {within: 2h}}",
     R"(a.yaml:1:27: watch runaway within "2h" must be more than nothing and at most 3600s)"},
    {"a pause that is a word", "watch: {runaway: {pause: forever}}",
     R"(a.yaml:1:26: watch runaway pause "forever" is not a duration; write it like 250ms, 5s, 15m or 1h)"},
    {"a currency that is not counted in", "organisation: {currency: EUR}",
     R"(a.yaml:1:26: organisation currency "EUR" is not counted in, books are in USD; write it like {code: EUR, per_usd: "0.92"} to have reports in another currency, too)"},
    {"a time zone that does not exist", "organisation: {time_zone: Europe/Bonn}",
     R"(a.yaml:1:27: organisation time_zone "Europe/Bonn" is not a time zone; write it like Europe/Berlin or UTC)"},
    {"a time zone that leads out of its folder", "organisation: {time_zone: ../../etc/passwd}",
     R"(a.yaml:1:27: organisation time_zone "../../etc/passwd" is not a time zone; write it like Europe/Berlin or UTC)"},
    {"a name of two lines", R"(organisation: {name: "a\nb"})",
     R"(a.yaml:1:22: organisation name "a?b" must be one line of 1 to 1024 bytes)"},
    {"an amount in another currency", "organisation: {budgets: [{limit: 2000 EURO}]}",
     R"(a.yaml:1:34: budget limit "2000 EURO" is not a limit; write it like 2000 USD, 5M tokens or 600 calls)"},
    {"an amount without a currency", "organisation: {budgets: [{limit: 2000}]}",
     R"(a.yaml:1:34: budget limit "2000" is not a limit; write it like 2000 USD, 5M tokens or 600 calls)"},
    {"an amount below nothing", "organisation: {budgets: [{limit: -1 USD}]}",
     R"(a.yaml:1:34: budget limit "-1 USD" must be from 0 USD to 1,000,000,000 USD)"},
    {"an amount that is too large", "organisation: {budgets: [{limit: 2000000000 USD}]}",
     R"(a.yaml:1:34: budget limit "2000000000 USD" must be from 0 USD to 1,000,000,000 USD)"},
    {"an amount finer than money is counted", "organisation: {budgets: [{limit: 0.0000000001 USD}]}",
     R"(a.yaml:1:34: budget limit "0.0000000001 USD" is not a limit; write it like 2000 USD, 5M tokens or 600 calls)"},
    {"a budget without a limit", "organisation: {budgets: [{per: month}]}",
     R"(a.yaml:1:26: budget has no "limit"; add it)"},
    {"a budget that is not a mapping", "organisation: {budgets: [2000 USD]}",
     "a.yaml:1:26: budget must be a mapping such as {name: value}, not a single value"},
    {"budgets that are not a list", "organisation: {budgets: {limit: 1 USD}}",
     "a.yaml:1:25: organisation budgets must be a list such as [a, b]"},
    {"a period that does not exist", "organisation: {budgets: [{limit: 1 USD, per: fortnight}]}",
     R"(a.yaml:1:46: budget per "fortnight" must be one of: minute, hour, day, week, month, quarter, year or ever)"},
    {"the same period twice", "organisation: {budgets: [{limit: 1 USD, per: day}, {limit: 2 USD, per: day}]}",
     "a.yaml:1:52: budget per day stands twice; keep the smaller limit"},
    {"hard that is neither true nor false", "organisation: {budgets: [{limit: 1 USD, hard: yes}]}",
     R"(a.yaml:1:47: budget hard "yes" must be true or false)"},
    {"a warning without a percent sign", "organisation: {budgets: [{limit: 1 USD, warn: [80]}]}",
     R"(a.yaml:1:48: budget warning "80" is not a part of the limit; write it like 80%)"},
    {"nine limits",
     "organisation: {budgets: [{limit: 1 USD, per: hour}, {limit: 1 USD, per: day}, {limit: 1 USD, per: week}, {limit: "
     "1 USD, per: month}, {limit: 1 USD, per: quarter}, {limit: 1 USD, per: year}, {limit: 1 USD, per: ever}, {limit: "
     "1 USD, per: day, hard: false}, {limit: 1 USD, per: week, hard: false}]}",
     "a.yaml:1:25: organisation budgets has more than 8 limits; drop the widest"},
    {"a team of a parent that is not there", "teams: {a: {parent: b, models: []}}",
     R"(a.yaml:1:21: there is no team "b"; define it or take it out)"},
    {"a team above itself", "teams: {a: {parent: b}, b: {parent: a}}",
     R"(a.yaml:1:21: team "a" is above itself; change its parent "b"
a.yaml:1:37: team "b" is above itself; change its parent "a")"},
    {"a team that is its own parent", "teams: {a: {parent: a}}",
     R"(a.yaml:1:21: team "a" is above itself; change its parent "a")"},
    {"a model that is not there", "teams: {a: {models: [gpt-5]}}",
     R"(a.yaml:1:22: there is no model "gpt-5"; define it or take it out)"},
    {"a tier that no model is of", "teams: {a: {models: [tier:frontier]}}",
     R"(a.yaml:1:22: no model is of tier "frontier"; define it or take it out)"},
    {"what to do when short, in a word that nobody knows", "teams: {a: {models: [], on_short: beg}}",
     R"(a.yaml:1:35: team "a" on_short "beg" must be one of: lower, refuse)"},
    {"models that are one word", "teams: {a: {models: gpt}}",
     R"(a.yaml:1:21: team "a" models "gpt" must be a list such as [a, b])"},
    {"a group of two lines", R"(teams: {a: {models: [], groups: ["a\nb"]}})",
     R"(a.yaml:1:34: team group "a?b" must be one line of 1 to 1024 bytes)"},
    {"a person without budgets", "people: {alice: {}}", R"(a.yaml:1:17: person "alice" has no "budgets"; add it)"},
    {"a person's name with a blank", R"(people: {"Alice Example": {budgets: []}})",
     R"(a.yaml:1:10: person name "Alice Example" must be 1 to 128 letters, digits or . _ : / @ + -)"},
    {"an organisation that is a list", "organisation: [Example]",
     "a.yaml:1:15: organisation must be a mapping such as {name: value}, not a list"},
    {"a budget without a number", "organisation: {budgets: [{limit: USD}]}",
     R"(a.yaml:1:34: budget limit "USD" is not a limit; write it like 2000 USD, 5M tokens or 600 calls)"},
    {"everything that is wrong is said at once",
     R"(organisation: {budgets: [{limit: 1, per: x}]}
providers: {p: {dialect: x, base_url: y}}
teams: {a: {models: [m], parent: z}})",
     R"(a.yaml:1:34: budget limit "1" is not a limit; write it like 2000 USD, 5M tokens or 600 calls
a.yaml:1:42: budget per "x" must be one of: minute, hour, day, week, month, quarter, year or ever
a.yaml:2:26: provider "p" dialect "x" must be one of: openai, anthropic, gemini, bedrock, cohere
a.yaml:2:39: provider "p" base_url "y" must begin with https:// or http://
a.yaml:3:22: there is no model "m"; define it or take it out
a.yaml:3:34: there is no team "z"; define it or take it out)"},
};

TEST(WrongCompany, EachSaysWhatIsWrongWhereAndWhatToChange) {
    for (const WrongDocument& each : wrong_documents) EXPECT_EQ(said_of(each), each.problems) << each.name;
}

}  // namespace
}  // namespace bursar::policies::testing
