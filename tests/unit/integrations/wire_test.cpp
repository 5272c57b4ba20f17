// Hunts: words between service and courier that arrive changed, frames that are taken apart wrongly however the bytes
// come, and values beyond their limits that are taken.
#include "integrations/wire.h"

#include "tests/unit/integrations/sample.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::integrations {
namespace {

Delivery full_delivery() {
    Delivery out{.id = "dlv_1", .message = test::budget_message(), .thread = {{"key", "OPS-7"}}, .perhaps_sent = true};
    out.target = {.name = "jira-ops",
                  .kind = TargetKind::jira,
                  .settings = {{"url", "https://jira.example.com"}, {"ca", "a\nb"}}};
    out.target.secrets.emplace("token", Secret::copy_of("s3cr\"et\x01"));
    out.message.items = test::digest_message(3).items;
    for (Item& each : out.message.items) each.at = out.message.at;
    out.message.items_left_out = 4;
    out.message.attachments = {{"usage.csv", "text/csv", std::string("\0\xff,\n", 4)}};
    return out;
}

TEST(Wire, ADeliveryArrivesAsItWasSent) {
    const Delivery sent = full_delivery();
    const Secret json = write_delivery(sent);
    const auto read = read_delivery(json.reveal());
    ASSERT_TRUE(read) << read.error().for_caller;
    EXPECT_EQ(read->id, sent.id);
    EXPECT_EQ(read->target.name, sent.target.name);
    EXPECT_EQ(read->target.kind, sent.target.kind);
    EXPECT_EQ(read->target.settings, sent.target.settings);
    ASSERT_EQ(read->target.secrets.size(), 1U);
    EXPECT_EQ(read->target.secrets.at("token").reveal(), "s3cr\"et\x01");
    EXPECT_EQ(read->message, sent.message);
    EXPECT_EQ(read->thread, sent.thread);
    EXPECT_TRUE(read->perhaps_sent);
}

TEST(Wire, AReceiptArrivesAsItWasSent) {
    for (const Outcome outcome : {Outcome::sent, Outcome::later, Outcome::refused, Outcome::closed}) {
        const Receipt sent{.id = "dlv_1",
                           .outcome = outcome,
                           .thread = {{"channel", "C1"}, {"ts", "1.2"}},
                           .wait = std::chrono::seconds(30),
                           .reason = "It is busy.",
                           .answer = "HTTP 429: slow",
                           .perhaps_sent = true};
        const auto read = read_receipt(write_receipt(sent));
        ASSERT_TRUE(read) << read.error().for_caller;
        EXPECT_EQ(read->id, sent.id);
        EXPECT_EQ(read->outcome, outcome);
        EXPECT_EQ(read->thread, sent.thread);
        EXPECT_EQ(read->wait, sent.wait);
        EXPECT_EQ(read->reason, sent.reason);
        EXPECT_EQ(read->answer, sent.answer);
        EXPECT_TRUE(read->perhaps_sent);
    }
}

TEST(Wire, AnAnswerThatIsTooLongIsCut) {
    const auto read = read_receipt(write_receipt({.id = "d", .answer = std::string(1'000'000, 'x')}));
    ASSERT_TRUE(read) << read.error().for_caller;
    EXPECT_EQ(read->answer.size(), receipt_text_bytes_max);
}

TEST(Wire, TheHelloSaysVersionAndHowManyAtOnce) {
    EXPECT_EQ(write_hello({.version = "0.1.0"}), R"({"courier":{"wire":2,"version":"0.1.0","at_once":8}})");
    const auto read = read_hello(write_hello({.version = "0.1.0", .at_once = 3}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->at_once, 3);
    EXPECT_FALSE(read_hello(R"({"courier":{"wire":1,"version":"","at_once":0}})"));
    EXPECT_FALSE(read_hello(R"({"courier":[]})"));
}

TEST(Wire, AWrongDeliveryIsRefusedWithTheNameOfTheField) {
    struct Case {
        const char* sentence;
        std::string_view from, to, named;
    };
    const Case cases[] = {
        {"an id is missing", R"("id":"dlv_1",)", "", "\"id\""},
        {"a kind that is not there", R"("kind":"jira")", R"("kind":"pager")", "\"kind\""},
        {"a setting that is no text", R"("url":"https://jira.example.com")", R"("url":7)", "\"url\""},
        {"an incident that is empty", R"("incident":"budget:)", R"("incident":"","x":")", "\"incident\""},
        {"an incident that is no ASCII", R"("incident":"budget:)", R"("incident":"ü)", "\"incident\""},
        {"a state that is not there", R"("state":"firing")", R"("state":"burning")", "\"state\""},
        {"a severity that is not there", R"("severity":"warning")", R"("severity":"bad")", "\"severity\""},
        {"a percentage below nothing", R"("percent":81)", R"("percent":-1)", "\"percent\""},
        {"an attachment that is no base64", R"("bytes":")", R"("bytes":"?)", "\"bytes\""},
        {"facts that are no list", R"("facts":[)", R"("facts":7,"x":[)", "\"facts\""},
        {"a name twice", R"("id":"dlv_1")", R"("id":"dlv_1","id":"dlv_2")", "no JSON"},
        {"an answer to a question that nobody asked", R"("perhaps_sent":true)", R"("perhaps_sent":"yes")",
         "\"perhaps_sent\""},
    };
    const Secret json = write_delivery(full_delivery());
    for (const Case& each : cases) {
        std::string changed(json.reveal());
        const std::size_t at = changed.find(each.from);
        ASSERT_NE(at, std::string::npos) << each.sentence;
        changed.replace(at, each.from.size(), each.to);
        const auto read = read_delivery(changed);
        ASSERT_FALSE(read) << each.sentence;
        EXPECT_NE(read.error().for_caller.find(each.named), std::string::npos)
            << each.sentence << ": " << read.error().for_caller;
    }
}

TEST(Wire, WhoSentAWrongDeliveryCanBeToldWhichOneItWas) {
    EXPECT_EQ(delivery_id(R"({"delivery":{"id":"dlv_9","target":7}})"), "dlv_9");
    EXPECT_EQ(delivery_id(R"({"delivery":{"id":7}})"), "");
    EXPECT_EQ(delivery_id("{"), "");
}

TEST(Wire, AttachmentsOfMoreThanTheirLimitAreRefused) {
    Delivery delivery = full_delivery();
    delivery.message.attachments = {{"a", "text/csv", std::string(attachment_bytes_max, 'x')}};
    EXPECT_TRUE(read_delivery(write_delivery(delivery).reveal()));
    delivery.message.attachments.push_back({"b", "text/csv", "x"});
    EXPECT_FALSE(read_delivery(write_delivery(delivery).reveal()));
}

TEST(Frames, AreTakenApartHoweverTheBytesCome) {
    const std::string bytes = framed("{}") + framed("") + framed(std::string(3000, 'x')) + framed("[1]");
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, bytes.size()}) {
        Frames frames;
        std::vector<std::string> out;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            ASSERT_TRUE(frames.add(std::string_view(bytes).substr(at, step)));
            while (auto frame = frames.next()) out.push_back(*std::move(frame));
        }
        EXPECT_EQ(out, (std::vector<std::string>{"{}", "", std::string(3000, 'x'), "[1]"}))
            << step << " bytes at a time";
    }
}

TEST(Frames, OneThatIsTooLargeIsNotWaitedFor) {
    Frames frames;
    EXPECT_TRUE(frames.add(std::string_view("\x01\x00\x00\x00", 4))) << "16 MiB are allowed";
    Frames others;
    EXPECT_FALSE(others.add(std::string_view("\x01\x00\x00\x01", 4)));
    EXPECT_EQ(others.next(), std::nullopt);
}

}  // namespace
}  // namespace bursar::integrations
