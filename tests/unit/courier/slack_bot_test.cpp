// Hunts: an incident in Slack that has two messages, a message that is told again because of a file, and bytes of a
// file that go to somebody else than Slack.
#include "tests/unit/courier/scripted.h"

#include <gtest/gtest.h>

namespace bursar::courier {
namespace {

using integrations::State;
using test::Bench;
using Thread = std::map<std::string, std::string>;

Delivery delivery() {
    Delivery out = test::delivery_to(integrations::TargetKind::slack);
    out.target.settings = {{"channel", "C1"}};
    out.target.secrets.emplace("token", Secret::copy_of("xoxb-token"));
    return out;
}

Answer says(std::string body) { return {.status = 200, .body = std::move(body)}; }
constexpr const char *post = "/chat.postMessage", *update = "/chat.update", *offer = "/files.getUploadURLExternal",
                     *complete = "/files.completeUploadExternal";

TEST(SlackBot, PostsTheFirstMessageAndKeepsItsPlace) {
    Bench bench;
    bench.http.answer("POST", post, says(R"({"ok":true,"channel":"C0123","ts":"1.2"})"));
    const Receipt receipt = bench.tell(delivery());
    EXPECT_EQ(receipt.outcome, Outcome::sent) << receipt.reason;
    EXPECT_EQ(receipt.thread, (Thread{{"channel", "C0123"}, {"ts", "1.2"}}));
    EXPECT_EQ(bench.http.asked[0].url, "https://slack.com/api/chat.postMessage");
    EXPECT_EQ(bench.http.asked[0].authorization, "Bearer xoxb-token");
}

TEST(SlackBot, ChangesTheFirstMessageAndAnswersIt) {
    Bench bench;
    Delivery next = delivery();
    next.thread = {{"channel", "C0123"}, {"ts", "1.2"}};
    next.message.state = State::resolved;
    bench.http.answer("POST", update, says(R"({"ok":true})"));
    bench.http.answer("POST", post, says(R"({"ok":true,"channel":"C0123","ts":"1.3"})"));
    const Receipt receipt = bench.tell(next);
    EXPECT_EQ(receipt.outcome, Outcome::sent);
    EXPECT_EQ(receipt.thread.at("ts"), "1.2") << "the next message belongs to the first, not to its answer";
    EXPECT_TRUE(bench.http.asked[0].body.contains(R"("ts":"1.2")"));
    EXPECT_TRUE(bench.http.asked[1].body.contains(R"("thread_ts":"1.2")"));
}

TEST(SlackBot, ADeletedMessageIsFollowedByAnother) {
    Bench bench;
    Delivery next = delivery();
    next.thread = {{"channel", "C0123"}, {"ts", "1.2"}};
    bench.http.answer("POST", update, says(R"({"ok":false,"error":"message_not_found"})"));
    bench.http.answer("POST", post, says(R"({"ok":true,"channel":"C0123","ts":"9.9"})"));
    const Receipt receipt = bench.tell(next);
    EXPECT_EQ(receipt.outcome, Outcome::sent);
    EXPECT_EQ(receipt.thread.at("ts"), "9.9");
    EXPECT_FALSE(bench.http.asked[1].body.contains("thread_ts"));
}

TEST(SlackBot, ATroubleWithTheChangeIsNotADeletedMessage) {
    Bench bench;
    Delivery next = delivery();
    next.thread = {{"channel", "C0123"}, {"ts", "1.2"}};
    bench.http.answer("POST", update, {.status = 429, .headers = {{"retry-after", "3"}}});
    const Receipt receipt = bench.tell(next);
    EXPECT_EQ(receipt.outcome, Outcome::later);
    EXPECT_EQ(receipt.wait, std::chrono::seconds(3));
    EXPECT_EQ(receipt.thread.at("ts"), "1.2");
}

TEST(SlackBot, AFileThatFailsIsTriedAloneTheNextTime) {
    Bench bench;
    Delivery report = delivery();
    report.message.state = State::news;
    report.message.attachments = {{"a b.csv", "text/csv", "12345"}};
    bench.http.answer("POST", post, says(R"({"ok":true,"channel":"C0123","ts":"1.2"})"));
    bench.http.answer("POST", offer, says(R"({"ok":false,"error":"internal_error"})"));
    const Receipt first = bench.tell(report);
    EXPECT_EQ(first.outcome, Outcome::later);
    report.thread = first.thread;
    bench.http.answer("POST", offer,
                      says(R"({"ok":true,"upload_url":"https://files.slack.com/upload/v1/x","file_id":"F1"})"));
    bench.http.answer("POST", "/upload/v1/x", says("OK - 5"));
    bench.http.answer("POST", complete, says(R"({"ok":true})"));
    const Receipt second = bench.tell(report);
    EXPECT_EQ(second.outcome, Outcome::sent) << second.reason;
    EXPECT_EQ(second.thread, (Thread{{"channel", "C0123"}, {"ts", "1.2"}}));
    EXPECT_EQ(bench.http.count("POST", post), 1U);
    EXPECT_EQ(bench.http.asked[2].body, "filename=a%20b.csv&length=5");
    EXPECT_TRUE(bench.http.asked[3].authorization.empty()) << "the address is enough";
    EXPECT_TRUE(bench.http.asked[4].body.contains(R"("thread_ts":"1.2")"));
}

TEST(SlackBot, AFileGoesNowhereButToSlack) {
    for (const char* url : {"https://evil.example.com/upload", "https://evilslack.com/x", "http://files.slack.com/x",
                            "https://files.slack.com@evil.example.com/"}) {
        Bench bench;
        Delivery report = delivery();
        report.message.attachments = {{"a.csv", "text/csv", "12345"}};
        bench.http.answer("POST", post, says(R"({"ok":true,"channel":"C0123","ts":"1.2"})"));
        bench.http.answer("POST", offer,
                          says(R"({"ok":true,"upload_url":")" + std::string(url) + R"(","file_id":"F1"})"));
        EXPECT_EQ(bench.tell(report).outcome, Outcome::refused) << url;
        EXPECT_EQ(bench.http.asked.size(), 2U) << url;
    }
}

}  // namespace
}  // namespace bursar::courier
