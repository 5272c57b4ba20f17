// Hunts: a host that the policy names and a firewall made of it would close, and one that is open though nobody goes
// there.
#include "policies/egress.h"

#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

std::vector<std::string> said(const Egress& egress) {
    std::vector<std::string> out;
    for (const Destination& one : egress.destinations)
        out.push_back(fmt::format("{} {} {}{}", one.who == Goer::service ? "service" : "courier", one.host, one.port,
                                  one.by_srv ? " by SRV" : ""));
    return out;
}

std::vector<std::string> egress(std::string_view text) {
    const Parsed parsed = parse_text(text);
    EXPECT_EQ(problems_of(parsed), "");
    return parsed.snapshot ? said(egress_of(*parsed.snapshot)) : std::vector<std::string>{};
}

using Lines = std::vector<std::string>;

TEST(Egress, providers_and_proxies_in_their_place) {
    EXPECT_EQ(egress(R"(
providers:
  one: {dialect: openai, base_url: "https://one.example/v1"}
  same-host: {dialect: openai, base_url: "https://one.example/other"}
  local: {dialect: openai, base_url: "http://10.0.0.5:8000/v1"}
  six: {dialect: openai, base_url: "https://[2001:db8::5]:8443/v1"}
  behind: {dialect: openai, base_url: "https://never.example/v1", proxy: "http://proxy.example:3128"}
)"),
              (Lines{"service 10.0.0.5 8000", "service 2001:db8::5 8443", "service one.example 443",
                     "service proxy.example 3128"}));
}

TEST(Egress, a_policy_without_anybody_opens_nothing) { EXPECT_EQ(egress("organisation: {name: Example}\n"), Lines{}); }

TEST(Egress, targets_of_alerts_are_the_couriers) {
    const Parsed parsed = parse_text(R"(
alerts:
  targets:
    hook: {slack: {webhook: slack-hook}}
    bot: {slack: {token: slack-bot, channel: ops}}
    tickets: {jira: {url: "https://jira.example:8443/jira", project: OPS, user: jira@example.com, token: jira}}
    post: {mail: {server: "smtp://mail.example", from: bursar@example.com, to: [ops@example.com]}}
    chat: {teams: {webhook: teams-hook}}
)");
    EXPECT_EQ(problems_of(parsed), "");
    ASSERT_TRUE(parsed.snapshot);
    const Egress out = egress_of(*parsed.snapshot);
    EXPECT_EQ(said(out), (Lines{"courier hooks.slack.com 443", "courier jira.example 8443", "courier mail.example 587",
                                "courier slack.com 443"}));
    EXPECT_EQ(out.hidden, Lines{"chat"});
}

}  // namespace
}  // namespace bursar::policies::testing
