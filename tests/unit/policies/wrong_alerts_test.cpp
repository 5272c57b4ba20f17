// Hunts: a target that could never be told anything, a route that nothing fits, and a secret that an answer repeats.
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

struct WrongCase {
    std::string_view name;
    std::string text;
    std::string_view says;  ///< all of it, without places
};

void expect_said(const std::vector<WrongCase>& cases) {
    for (const WrongCase& each : cases) {
        const Parsed parsed = parse_text(each.text);
        std::string said;
        for (const Problem& problem : parsed.problems) {
            said += (said.empty() ? "" : "\n") + problem.text;
            EXPECT_GT(problem.line, 0) << each.name << ": " << problem.message();
        }
        EXPECT_EQ(said, each.says) << each.name;
        EXPECT_EQ(parsed.snapshot, nullptr) << each.name;
    }
}

std::string target(std::string_view content) { return fmt::format("alerts: {{targets: {{t: {{{}}}}}}}", content); }
std::string jira(std::string_view rest) {
    return target(fmt::format("jira: {{url: \"https://j.example\", token: j, project: P, {}}}", rest));
}
std::string cloud(std::string_view rest) { return jira(fmt::format("user: a@b, {}", rest)); }
std::string mail(std::string_view rest) { return target(fmt::format("mail: {{from: a@b, {}}}", rest)); }
std::string route(std::string_view content) {
    return fmt::format("alerts: {{targets: {{ops: {{slack: {{webhook: w}}}}}}, routes: [{{{}}}]}}", content);
}
std::string usual_route(std::string_view rest) { return route(fmt::format("name: r, to: [ops], {}", rest)); }

TEST(WrongTarget, says_what_is_wrong_and_what_to_change) {
    expect_said({
        {"no kind", target("per_minute: 3"),
         R"(target "t" must be one of slack, jira, webhook, mail, teams; it is none)"},
        {"two kinds", target("slack: {webhook: w}, teams: {webhook: w}"),
         R"(target "t" must be one of slack, jira, webhook, mail, teams; it is several)"},
        {"a kind that nobody knows", target("slak: {webhook: w}"),
         "target \"t\" must be one of slack, jira, webhook, mail, teams; it is none\n"
         "target \"t\" has no setting \"slak\"; did you mean \"slack\"?"},
        {"too many a minute", target("slack: {webhook: w}, per_minute: 601"),
         R"(target "t" per_minute "601" must be a whole number from 1 to 600)"},
        {"a name with a slash", "alerts: {targets: {a/b: {slack: {webhook: w}}}}",
         R"(target name "a/b" becomes part of addresses; use letters, digits or . _ -)"},
        {"nothing of Slack", target("slack: {}"),
         R"(target "t" slack needs one of webhook and token; write the name of its secret in the vault)"},
        {"a token without a channel", target("slack: {token: b}"),
         R"(target "t" slack has no channel; with a token write the channel, too, and a webhook knows its own)"},
        {"a webhook with a channel", target("slack: {webhook: w, channel: C1}"),
         R"(target "t" slack has a channel without a token; with a token write the channel, too, and a webhook knows its own)"},
        {"an API without a token", target("slack: {webhook: w, api: \"https://chat.example/api\"}"),
         R"(target "t" slack has an api without a token; a webhook knows its own address)"},
        {"an API that nobody encrypts", target("slack: {token: b, channel: C1, api: \"http://chat.example/api\"}"),
         R"(target "t" slack api "http://chat.example/api" must begin with https://; http:// is for this machine itself)"},
        {"a webhook that nobody encrypts", target("webhook: {url: \"http://h.example\", key: k}"),
         R"(target "t" webhook url "http://h.example" must begin with https://; http:// is for this machine itself)"},
        {"a password in an address", target("webhook: {url: \"https://u:p@h.example\", key: k}"),
         R"(target "t" webhook url must name no user or password; keys belong into the vault)"},
        {"a webhook without a key", target("webhook: {url: \"https://h.example\"}"),
         R"(target "t" webhook has no "key"; add it)"},
        {"cloud without a user", jira("labels: [a]"),
         R"(target "t" jira has no "user"; add the e-mail address whose token it is)"},
        {"a data center with a user", cloud("flavour: data_center"),
         R"(target "t" jira has a user, which a token of a data center does without; take it out)"},
        {"a project's name", target("jira: {url: \"https://j.example\", user: a@b, token: j, project: Ops team}"),
         R"(target "t" jira project "Ops team" is not the key of a project; write it like OPS)"},
        {"a label with a blank", cloud("labels: [a b]"),
         R"(label "a b" must be one word, without blanks, commas or quotes)"},
        {"a component twice", cloud("components: [a, a]"), R"(component "a" stands twice; keep one of them)"},
        {"a status by its name", cloud("done: Closed"),
         R"(target "t" jira done "Closed" must be new, indeterminate or done (the category of a status), or a transition's number)"},
        {"an assignee of no team", cloud("assignees: {nobody: 5b10}"),
         R"(there is no team "nobody"; define it or take it out)"},
        {"approvals by nobody", cloud("approvals: {approve: Yes, by: []}"),
         R"(target "t" jira approvals by is empty, so nobody could answer; name accounts, or write *leads*)"},
        {"approvals that do not say by whom", cloud("approvals: {approve: Yes}"),
         R"(target "t" jira approvals has no "by"; add it)"},
        {"one status for both answers", cloud("approvals: {approve: Done, decline: Done, by: [a]}"),
         R"(target "t" jira approvals has the same status for both answers; write two)"},
        {"a word that names nobody", cloud("approvals: {approve: Yes, by: [\"*\"]}"),
         R"(account "*" is no account; the only word is *leads*: whoever may answer the request here)"},
        {"an account twice", cloud("approvals: {approve: Yes, by: [a, a]}"),
         R"(account "a" stands twice; keep one of them)"},
        {"a mail server by the web", mail("to: [c@d], server: \"https://m\""),
         R"(target "t" mail server "https://m" is not a mail server; write it like smtps://mail.example.com or smtp://mail.example.com:587)"},
        {"an address with a name, which could be a header", mail("to: [\"C <c@d>\"], server: \"smtps://m\""),
         R"(address "C <c@d>" is not an address; write it like finance@example.com)"},
        {"a user without a password", mail("to: [c@d], server: \"smtps://m\", user: u"),
         R"(target "t" mail needs user and password, or neither)"},
    });
}

TEST(WrongTarget, a_secret_in_the_place_of_its_name_is_never_repeated) {
    for (const std::string_view secret :
         {"https://hooks.slack.com/services/T0/B0/abcdef", "xoxb-123-abc", "ATATT3xFfGF0", "a b",
          "0123456789012345678901234567890123456789012345678901234567890123456789"}) {
        const Parsed parsed = parse_text(target(fmt::format("slack: {{webhook: \"{}\"}}", secret)));
        ASSERT_EQ(parsed.problems.size(), 1U) << secret;
        EXPECT_EQ(
            parsed.problems[0].text,
            "target \"t\" slack webhook must be the name of a secret in the vault, of letters, digits or . _ -; put "
            "the secret itself there: bursarctl secret put NAME");
    }
}

TEST(WrongRoute, says_what_is_wrong_and_what_to_change) {
    expect_said({
        {"no name", route("to: [ops]"), R"(route has no "name"; add it)"},
        {"no target", route("name: r"), R"(route has no "to"; add it)"},
        {"an empty list of targets", route("name: r, to: []"),
         "route to names no target; add one, or take the route out"},
        {"a target that is not there", route("name: r, to: [opps]"),
         R"(there is no target "opps"; did you mean "ops"?)"},
        {"routes without targets", "alerts: {routes: [{name: r, to: [ops]}]}",
         "alerts has routes and no targets; add the targets that they lead to"},
        {"an event that is misspelt", usual_route("events: [budget.exausted]"),
         R"(route event "budget.exausted" is no kind of event; did you mean "budget.exhausted"?)"},
        {"an event that is like none", usual_route("events: [weather]"),
         R"(route event "weather" is no kind of event; see docs/operate/events.md)"},
        {"half a first word", usual_route("events: [budge]"),
         R"(route event "budge" is no kind of event; did you mean "budget"?)"},
        {"a team that is not there", usual_route("teams: [research]"),
         R"(there is no team "research"; define it or take it out)"},
        {"a severity that nobody knows", usual_route("at_least: fatal"),
         R"(route at_least "fatal" must be one of: info, warning, critical)"},
        {"news without a pause", usual_route("group_interval: 1s"),
         R"(route group_interval "1s" must be from 10s to 1d)"},
        {"reminders sooner than news", usual_route("repeat_interval: 1m"),
         R"(route "r" repeats after 1m, sooner than its group_interval of 5m; make it longer, or 0s for never)"},
        {"a route twice",
         "alerts: {targets: {ops: {slack: {webhook: w}}}, routes: [{name: r, to: [ops]}, {name: r, to: [ops]}]}",
         R"(route "r" stands twice; give one of them another name)"},
        {"quiet from nothing", usual_route("quiet: {to: \"07:00\"}"), "route quiet needs from and to"},
        {"quiet never", usual_route("quiet: {weekends: false}"),
         R"(route quiet names no time; write it like {from: "20:00", to: "07:00", weekends: true})"},
        {"an hour that no day has", usual_route("quiet: {from: \"24:00\", to: \"07:00\"}"),
         R"(route quiet from "24:00" is not a time of day; write it like "20:00")"},
        {"no time at all", usual_route("quiet: {from: \"07:00\", to: \"07:00\"}"),
         R"(route quiet to "07:00" is the same as from; write hours between them)"},
        {"trouble that nobody hears of", "alerts: {targets: {ops: {slack: {webhook: w}}}, trouble: op}",
         R"(there is no target "op"; did you mean "ops"?)"},
    });
}

TEST(WrongAlerts, there_is_one_section_and_it_has_an_end) {
    const Parsed twice = parse({}, {{"a.yaml", "alerts: {}"}, {"b.yaml", "alerts: {}"}}, 1);
    EXPECT_EQ(problems_of(twice), "b.yaml:1:9: alerts is defined twice; the other one is at a.yaml:1:9\n");
    std::string targets, routes;
    for (int i = 0; i < 51; ++i) targets += fmt::format("t{}: {{slack: {{webhook: w}}}},", i);
    for (int i = 0; i < 101; ++i) routes += fmt::format("{{name: r{}, to: [t1]}},", i);
    EXPECT_EQ(problems_of(parse_text("alerts: {targets: {" + targets + "}}")),
              "policy.yaml:1:19: alerts targets has more than 50 entries\n");
    EXPECT_EQ(problems_of(parse_text("alerts: {targets: {t1: {slack: {webhook: w}}}, routes: [" + routes + "]}")),
              "policy.yaml:1:56: alerts routes has more than 100 routes\n");
}

}  // namespace
}  // namespace bursar::policies::testing
