// Hunts: a target that is sent to another place than was written, a route that hears less, a secret that nobody asks
// for.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view teams = "teams: {rnd: {}, research: {parent: rnd}}\n";

Alerts alerts_of(std::string_view text) {
    const Parsed parsed = parse_text(std::string(teams) + "alerts:\n" + std::string(text));
    EXPECT_EQ(problems_of(parsed), "");
    return parsed.snapshot ? parsed.snapshot->alerts : Alerts{};
}

using Texts = std::map<std::string, std::string>;

TEST(Alerts, have_targets_of_five_kinds_with_settings_and_names_of_secrets) {
    const Alerts alerts = alerts_of(R"(
  targets:
    ops: {slack: {webhook: slack-ops}, per_minute: 5}
    finance: {slack: {token: bot, channel: C0123, api: "https://chat.example/api", proxy: "http://proxy.example:3128"}}
    tickets:
      jira: {url: "https://example.atlassian.net", user: bot@example.com, token: jira, project: OPS, issue_type: Incident,
             labels: [bursar, ai], components: [Gateway, Cost control], assignees: {research: 5b10, rnd: 5b11},
             fields: {customfield_10010: {value: x}, customfield_10011: 7}, done: 31, reopen: indeterminate}
    own: {jira: {url: "https://jira.example.com/jira", flavour: data_center, token: pat, project: AI_2}}
    hook: {webhook: {url: "http://127.0.0.1:9000/in", key: hook-key, authorization: hook-auth}}
    mail: {mail: {server: "smtp://mail.example.com:587", from: bursar@example.com, to: [a@example.com, b@example.com],
                  user: bursar, password: smtp}}
    chat: {teams: {webhook: teams-hook}}
)");
    ASSERT_EQ(alerts.targets.size(), 7U);
    const auto settings = [&](const char* name) { return alerts.targets.at(name).settings; };
    const auto secrets = [&](const char* name) { return alerts.targets.at(name).secrets; };
    EXPECT_EQ(
        alerts.targets.at("ops"),
        (AlertTarget{
            .name = "ops", .kind = "slack", .settings = {}, .secrets = {{"webhook", "slack-ops"}}, .per_minute = 5}));
    EXPECT_EQ(
        settings("finance"),
        (Texts{{"api", "https://chat.example/api"}, {"channel", "C0123"}, {"proxy", "http://proxy.example:3128"}}));
    EXPECT_EQ(secrets("finance"), (Texts{{"token", "bot"}}));
    EXPECT_EQ(alerts.targets.at("finance").per_minute, 30);
    EXPECT_EQ(settings("tickets"), (Texts{{"url", "https://example.atlassian.net"},
                                          {"flavour", "cloud"},
                                          {"user", "bot@example.com"},
                                          {"project", "OPS"},
                                          {"issue_type", "Incident"},
                                          {"labels", "bursar,ai"},
                                          {"components", "Gateway,Cost control"},
                                          {"assignees", R"({"research":"5b10","rnd":"5b11"})"},
                                          {"fields", R"({"customfield_10010":{"value":"x"},"customfield_10011":7})"},
                                          {"done", "31"},
                                          {"reopen", "indeterminate"}}));
    EXPECT_EQ(settings("own"), (Texts{{"url", "https://jira.example.com/jira"},
                                      {"flavour", "data_center"},
                                      {"project", "AI_2"},
                                      {"issue_type", "Task"},
                                      {"done", "done"},
                                      {"reopen", "new"}}));
    EXPECT_EQ(settings("hook"), (Texts{{"url", "http://127.0.0.1:9000/in"}}));
    EXPECT_EQ(secrets("hook"), (Texts{{"key", "hook-key"}, {"authorization", "hook-auth"}}));
    EXPECT_EQ(settings("mail"), (Texts{{"server", "smtp://mail.example.com:587"},
                                       {"from", "bursar@example.com"},
                                       {"to", "a@example.com,b@example.com"},
                                       {"user", "bursar"}}));
    EXPECT_EQ(secrets("chat"), (Texts{{"webhook", "teams-hook"}}));
}

TEST(Alerts, say_whose_moves_of_an_issue_answer_a_request_and_nobody_s_unless_they_do) {
    const Alerts alerts = alerts_of(R"(
  targets:
    tickets:
      jira: {url: "https://example.atlassian.net", user: bot@example.com, token: jira, project: OPS,
             approvals: {approve: Approved, decline: 10004, by: ["*leads*", "5b10:a2", lea@example.com], people: {"5b10:a2": lea}}}
    plain: {jira: {url: "https://example.atlassian.net", user: bot@example.com, token: jira, project: OPS}}
)");
    const Texts& settings = alerts.targets.at("tickets").settings;
    EXPECT_EQ(settings.at("approve") + settings.at("decline"), "Approved10004");
    EXPECT_EQ(settings.at("approve_by"), R"(["*leads*","5b10:a2","lea@example.com"])");
    EXPECT_EQ(settings.at("approve_people"), R"({"5b10:a2":"lea"})");
    EXPECT_FALSE(alerts.targets.at("plain").settings.contains("approve"));
}

TEST(Alerts, have_routes_in_the_order_in_which_they_are_written) {
    const Alerts alerts = alerts_of(R"(
  targets: {ops: {slack: {webhook: a}}, mail: {slack: {webhook: b}}}
  routes:
    - {name: z, events: [budget, request.made], teams: [rnd], at_least: critical, to: [mail, ops], continue: true,
       group_wait: 0s, group_interval: 1m, repeat_interval: 0s, resolved: false, quiet: {from: "20:30", to: "07:00", weekends: true}}
    - {name: a, to: [ops]}
    - {name: b, to: [ops], quiet: {weekends: true}}
  trouble: mail
)");
    ASSERT_EQ(alerts.routes.size(), 3U);
    EXPECT_EQ(alerts.routes[0], (AlertRoute{.name = "z",
                                            .kinds = {"budget", "request.made"},
                                            .teams = {"rnd"},
                                            .at_least = Severity::critical,
                                            .targets = {"mail", "ops"},
                                            .goes_on = true,
                                            .group_wait = 0s,
                                            .group_interval = 60s,
                                            .repeat_interval = 0s,
                                            .resolved = false,
                                            .quiet = QuietHours{.from = 20h + 30min, .to = 7h, .weekends = true}}));
    EXPECT_EQ(alerts.routes[1], (AlertRoute{.name = "a", .targets = {"ops"}}));
    EXPECT_EQ(alerts.routes[2].quiet, (QuietHours{.from = 0min, .to = 0min, .weekends = true}));
    EXPECT_EQ(alerts.trouble, "mail");
}

TEST(Alerts, are_none_where_nothing_is_said_and_need_no_routes) {
    EXPECT_EQ(alerts_of("  {}\n"), Alerts{});
    EXPECT_EQ(alerts_of("  targets: {ops: {slack: {webhook: a}}}\n").routes, std::vector<AlertRoute>{});
}

TEST(Alerts, secrets_are_asked_for_by_the_policy) {
    const Parsed parsed = parse_text(
        "alerts: {targets: {a: {slack: {webhook: w}}, b: {webhook: {url: \"https://h.example\", key: k, authorization: "
        "o}}}}\n");
    ASSERT_EQ(problems_of(parsed), "");
    EXPECT_EQ(secrets_of(*parsed.snapshot), (std::vector<std::string>{"k", "o", "w"}));
}

TEST(Alerts, warn_of_a_target_that_hears_nothing) {
    const auto warnings = [](std::string_view rest) {
        return parse_text("alerts:\n  targets: {a: {slack: {webhook: w}}, b: {slack: {webhook: w}}}\n" +
                          std::string(rest))
            .warnings;
    };
    EXPECT_EQ(warnings(""), std::vector<std::string>{});
    EXPECT_EQ(warnings("  routes: [{name: r, to: [a]}]\n"),
              std::vector<std::string>{"alerts: no route leads to the target b"});
    EXPECT_EQ(warnings("  routes: [{name: r, to: [a]}]\n  trouble: b\n"), std::vector<std::string>{});
}

TEST(Alerts, changes_are_lines_for_people) {
    const auto rules = [](std::string_view text) {
        const Parsed parsed = parse_text(std::string(teams) + "alerts:\n" + std::string(text));
        EXPECT_EQ(problems_of(parsed), "");
        return parsed.snapshot;
    };
    const auto none = rules("  {}\n");
    const auto one = rules(
        "  targets: {ops: {slack: {webhook: w}}, x: {slack: {webhook: w}}}\n"
        "  routes: [{name: a, to: [ops]}, {name: b, at_least: warning, to: [x]}]\n");
    const auto two = rules(
        "  targets: {ops: {slack: {webhook: v}, per_minute: 5}, x: {mail: {server: \"smtps://m\", from: a@b, to: "
        "[c@d]}}}\n"
        "  routes: [{name: b, events: [budget], teams: [rnd], at_least: critical, to: [x], resolved: false, continue: "
        "true, repeat_interval: 0s, quiet: {from: \"20:00\", to: \"07:30\", weekends: true}}, {name: a, to: [ops]}]\n"
        "  trouble: x\n");
    EXPECT_EQ(compare(*none, *one),
              (std::vector<std::string>{
                  "alert target ops: new", "alert target ops: kind slack", "alert target ops: secret of its webhook w",
                  "alert target x: new", "alert target x: kind slack", "alert target x: secret of its webhook w",
                  "alert route a: new", "alert route a: tells of every event, from info on", "alert route a: to ops",
                  "alert route a: waits 30s, news every 5m, reminders every 4h", "alert route b: new",
                  "alert route b: tells of every event, from warning on", "alert route b: to x",
                  "alert route b: waits 30s, news every 5m, reminders every 4h"}));
    EXPECT_EQ(compare(*one, *two),
              (std::vector<std::string>{
                  "alert target ops: secret of its webhook w -> v",
                  "alert target ops: at most 30 messages a minute -> 5 messages a minute",
                  "alert target x: kind slack -> mail", "alert target x: from a@b", "alert target x: server smtps://m",
                  "alert target x: to c@d", "alert target x: no longer secret of its webhook w",
                  "alert route b: tells of every event, from warning on -> budget of rnd, from critical on",
                  "alert route b: waits 30s, news every 5m, reminders every 4h -> 30s, news every 5m, no reminders",
                  "alert route b: is quiet 20:00 to 07:30 and at weekends",
                  "alert route b: the next route is looked at, too", "alert route b: the end is not told",
                  "alerts: routes in the order a, b -> b, a", "alerts: trouble is told to x"}));
    EXPECT_EQ(compare(*two, *two), std::vector<std::string>{});
}

}  // namespace
}  // namespace bursar::policies::testing
