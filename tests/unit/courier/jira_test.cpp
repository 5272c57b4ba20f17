// Hunts: an incident with two issues, a text that is told twice because a try ended without an answer, an issue that is
// lost with its attachment, and a Jira that is asked more than it needs to be.
#include "integrations/jira/issue.h"
#include "tests/unit/courier/scripted.h"

#include <gtest/gtest.h>

namespace bursar::courier {
namespace {

using integrations::State;
using test::Bench;

Delivery delivery() {
    Delivery out = test::delivery_to(integrations::TargetKind::jira);
    out.target.settings = {{"url", "https://jira.example.com"}, {"flavour", "data_center"}, {"project", "OPS"}};
    out.target.secrets.emplace("token", Secret::copy_of("personal-token"));
    return out;
}

Answer json(std::string body, int status = 200) { return {.status = status, .body = std::move(body)}; }

const char* const nothing = R"({"issues":[]})";
const char* const closed_issue =
    R"({"issues":[{"key":"OPS-7","fields":{"status":{"statusCategory":{"key":"done"}}}}]})";
const char* const open_issue = R"({"issues":[{"key":"OPS-7","fields":{"status":{"statusCategory":{"key":"new"}}}}]})";
const char* const moves =
    R"({"transitions":[{"id":"5","to":{"statusCategory":{"key":"new"}}},{"id":"9","to":{"statusCategory":{"key":"done"}}}]})";
constexpr const char *search = "/rest/api/2/search", *issue = "/rest/api/2/issue",
                     *types = "/issuetypes?maxResults=100", *comment = "/OPS-7/comment",
                     *transitions = "/OPS-7/transitions?expand=transitions.fields", *move = "/OPS-7/transitions",
                     *property = "/OPS-7/properties/bursar.delivery",
                     *comments = "/OPS-7/comment?orderBy=-created&maxResults=20&expand=properties";

void expect_created(Bench& bench) {
    bench.http.answer("GET", types, json("{}", 404));
    bench.http.answer("POST", issue, json(R"({"key":"OPS-8"})", 201));
}

TEST(JiraSender, CreatesAnIssueWhenTheSearchFindsNone) {
    Bench bench;
    bench.http.answer("POST", search, json(nothing));
    expect_created(bench);
    const Receipt receipt = bench.tell(delivery());
    EXPECT_EQ(receipt.outcome, Outcome::sent) << receipt.reason;
    EXPECT_EQ(receipt.thread, (std::map<std::string, std::string>{{"key", "OPS-8"}}));
    for (const auto& each : bench.http.asked) EXPECT_EQ(each.authorization, "Bearer personal-token");
}

TEST(JiraSender, CommentsTheIssueThatTheSearchFinds) {
    Bench bench;
    bench.http.answer("POST", search, json(open_issue));
    bench.http.answer("POST", comment, json("{}", 201));
    const Receipt receipt = bench.tell(delivery());
    EXPECT_EQ(receipt.outcome, Outcome::sent) << receipt.reason;
    EXPECT_EQ(receipt.thread.at("key"), "OPS-7");
}

TEST(JiraSender, DoesNotTellTwiceWhatAnEarlierTryOfThisDeliveryMade) {
    Bench bench;
    Delivery again = delivery();
    again.perhaps_sent = true;
    bench.http.answer("POST", search, json(open_issue));
    bench.http.answer("GET", property, json(R"({"key":"bursar.delivery","value":{"id":"dlv_1"}})"));
    const Receipt receipt = bench.tell(again);
    EXPECT_EQ(receipt.outcome, Outcome::sent) << receipt.reason;
    EXPECT_EQ(receipt.thread.at("key"), "OPS-7");
    EXPECT_EQ(bench.http.count("POST", comment), 0U);
}

TEST(JiraSender, TellsWhatAnotherDeliveryMadeTheIssueFor) {
    Bench bench;
    Delivery again = delivery();
    again.perhaps_sent = true;
    bench.http.answer("POST", search, json(open_issue));
    bench.http.answer("GET", property, json(R"({"key":"bursar.delivery","value":{"id":"dlv_0"}})"));
    bench.http.answer("GET", comments, json(R"({"comments":[{"properties":[{"value":{"id":"dlv_0"}}]}]})"));
    bench.http.answer("POST", comment, json("{}", 201));
    EXPECT_EQ(bench.tell(again).outcome, Outcome::sent);
    EXPECT_EQ(bench.http.count("POST", comment), 1U);
}

TEST(JiraSender, DoesNotRepeatACommentThatIsThere) {
    Bench bench;
    Delivery again = delivery();
    again.perhaps_sent = true;
    again.thread = {{"key", "OPS-7"}};
    bench.http.answer("GET", "/OPS-7?fields=status", json(R"({"key":"OPS-7"})"));
    bench.http.answer("GET", comments, json(R"({"comments":[{"properties":[{"value":{"id":"dlv_1"}}]}]})"));
    EXPECT_EQ(bench.tell(again).outcome, Outcome::sent);
    EXPECT_EQ(bench.http.count("POST", comment), 0U);
}

TEST(JiraSender, LooksMoreThanOnceForWhatMayBeThere) {
    Bench bench;
    Delivery again = delivery();
    again.perhaps_sent = true;
    bench.http.answer("POST", search, json(nothing));
    bench.http.answer("POST", search, json(nothing));
    bench.http.answer("POST", search, json(open_issue));
    bench.http.answer("GET", property, json(R"({"value":{"id":"dlv_1"}})"));
    EXPECT_EQ(bench.tell(again).outcome, Outcome::sent);
    EXPECT_EQ(bench.pauses, 2);
}

TEST(JiraSender, OpensAClosedIssueAgainBeforeItSaysWhy) {
    Bench bench;
    bench.http.answer("POST", search, json(closed_issue));
    bench.http.answer("GET", transitions, json(moves));
    bench.http.answer("POST", move, {.status = 204});
    bench.http.answer("POST", comment, json("{}", 201));
    EXPECT_EQ(bench.tell(delivery()).outcome, Outcome::sent);
    ASSERT_EQ(bench.http.asked.size(), 4U);
    EXPECT_EQ(bench.http.asked[2].body, R"({"transition":{"id":"5"}})");
    EXPECT_TRUE(bench.http.asked[3].url.ends_with(comment));
}

TEST(JiraSender, ClosesAnIssueAfterItSaidWhy) {
    Bench bench;
    Delivery over = delivery();
    over.message.state = State::resolved;
    bench.http.answer("POST", search, json(open_issue));
    bench.http.answer("POST", comment, json("{}", 201));
    bench.http.answer("GET", transitions, json(moves));
    bench.http.answer("POST", move, {.status = 204});
    EXPECT_EQ(bench.tell(over).outcome, Outcome::sent);
    EXPECT_EQ(bench.http.asked.back().body, R"({"transition":{"id":"9"}})");
}

TEST(JiraSender, WhatWasToldIsNotToldAgainWhenOnlyTheTransitionFailed) {
    Bench bench;
    Delivery over = delivery();
    over.message.state = State::resolved;
    bench.http.answer("POST", search, json(open_issue));
    bench.http.answer("POST", comment, json("{}", 201));
    bench.http.answer("GET", transitions, json(moves));
    bench.http.answer("POST", move, {.status = 503});
    const Receipt first = bench.tell(over);
    EXPECT_EQ(first.outcome, Outcome::later);
    over.thread = first.thread;
    bench.http.answer("GET", "/OPS-7?fields=status", json(R"({"key":"OPS-7"})"));
    bench.http.answer("GET", transitions, json(moves));
    bench.http.answer("POST", move, {.status = 204});
    const Receipt second = bench.tell(over);
    EXPECT_EQ(second.outcome, Outcome::sent) << second.reason;
    EXPECT_EQ(second.thread, (std::map<std::string, std::string>{{"key", "OPS-7"}}));
    EXPECT_EQ(bench.http.count("POST", comment), 1U);
}

TEST(JiraSender, WhatIsOverWithoutAnIssueNeedsNone) {
    Bench bench;
    Delivery over = delivery();
    over.message.state = State::resolved;
    bench.http.answer("POST", search, json(nothing));
    EXPECT_EQ(bench.tell(over).outcome, Outcome::sent);
    EXPECT_EQ(bench.http.asked.size(), 1U);
}

TEST(JiraSender, AFileThatFailsKeepsTheIssueAndIsTriedAlone) {
    Bench bench;
    Delivery report = delivery();
    report.message.attachments = {{"a.csv", "text/csv", "1"}, {"b.csv", "text/csv", "2"}};
    bench.http.answer("POST", search, json(nothing));
    expect_created(bench);
    bench.http.answer("GET", "/OPS-8?fields=attachment", json("{}"));
    bench.http.answer("POST", "/OPS-8/attachments", json("[]"));
    bench.http.answer("POST", "/OPS-8/attachments", {.trouble = "time: too slow", .perhaps_arrived = true});
    const Receipt first = bench.tell(report);
    EXPECT_EQ(first.outcome, Outcome::later);
    EXPECT_TRUE(first.perhaps_sent);
    EXPECT_EQ(bench.http.asked.back().header("X-Atlassian-Token"), "no-check");
    report.thread = first.thread;
    report.perhaps_sent = true;
    bench.http.answer("GET", "/OPS-8?fields=status", json(R"({"key":"OPS-8"})"));
    bench.http.answer("GET", "/OPS-8?fields=attachment", json(R"({"fields":{"attachment":[{"filename":"a.csv"}]}})"));
    bench.http.answer("POST", "/OPS-8/attachments", json("[]"));
    EXPECT_EQ(bench.tell(report).outcome, Outcome::sent);
    EXPECT_TRUE(bench.http.asked.back().body.contains("filename=\"b.csv\""));
    EXPECT_EQ(bench.http.count("POST", issue), 1U);
}

TEST(JiraSender, ADeletedIssueIsFollowedByAnother) {
    Bench bench;
    Delivery next = delivery();
    next.thread = {{"key", "OPS-7"}};
    bench.http.answer("GET", "/OPS-7?fields=status", json("{}", 404));
    bench.http.answer("POST", search, json(nothing));
    expect_created(bench);
    EXPECT_EQ(bench.tell(next).thread.at("key"), "OPS-8");
}

TEST(JiraSender, ARequiredFieldIsNamedBeforeAnythingIsMade) {
    Bench bench;
    bench.http.answer("POST", search, json(nothing));
    bench.http.answer("GET", types, json(R"({"values":[{"id":"3","name":"Task"}]})"));
    bench.http.answer(
        "GET", "/issuetypes/3?maxResults=200",
        json(
            R"({"values":[{"fieldId":"labels","name":"Labels"},{"fieldId":"customfield_2","name":"Cost centre","required":true}]})"));
    const Receipt receipt = bench.tell(delivery());
    EXPECT_EQ(receipt.outcome, Outcome::refused);
    EXPECT_TRUE(receipt.reason.contains("Cost centre (customfield_2)")) << receipt.reason;
}

TEST(JiraSender, ACloudIsAskedInItsOwnWay) {
    Bench bench;
    Delivery cloud = delivery();
    cloud.target.settings["flavour"] = "cloud";
    cloud.target.settings["user"] = "bot@example.com";
    bench.http.answer("POST", "/rest/api/3/search/jql", json(nothing));
    bench.http.answer("GET", types, json("{}", 404));
    bench.http.answer("POST", "/rest/api/3/issue", json(R"({"key":"OPS-8"})", 201));
    EXPECT_EQ(bench.tell(cloud).outcome, Outcome::sent);
    EXPECT_EQ(bench.http.asked.front().authorization, "Basic Ym90QGV4YW1wbGUuY29tOnBlcnNvbmFsLXRva2Vu");
}

TEST(JiraSender, AnAnswerThatIsLostIsSaidToBe) {
    Bench bench;
    bench.http.answer("POST", search, json(nothing));
    bench.http.answer("GET", types, json("{}", 404));
    bench.http.answer("POST", issue, {.trouble = "time: too slow", .perhaps_arrived = true});
    const Receipt receipt = bench.tell(delivery());
    EXPECT_EQ(receipt.outcome, Outcome::later);
    EXPECT_TRUE(receipt.perhaps_sent);
    EXPECT_TRUE(receipt.thread.empty());
}

}  // namespace
}  // namespace bursar::courier
