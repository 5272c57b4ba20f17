// Hunts: a move of an issue that is decided twice or by nobody, a comment that is told at every look, a busy Jira that
// is asked all the same, and an answer to a question that nobody asked.
#include "tests/unit/outbox/office.h"

#include <atomic>
#include <thread>

#include <fmt/format.h>

namespace bursar::outbox::test {
namespace {

class WatchOffice : public Office {
  protected:
    void asked_for(int number) {
        ASSERT_TRUE(store_->write([&](store::Transaction& transaction) -> Result<void> {
            TRY_VOID(treasury::raise(transaction, {.at = clock_.now(),
                                                   .name = fmt::format("request:{}|made", number),
                                                   .kind = "request.made",
                                                   .subject = "team:research",
                                                   .text = "alice asks for more",
                                                   .detail = "{}",
                                                   .incident = fmt::format("request:{}", number)}));
            return {};
        }));
    }
    /// Takes the message of a request, as Jira does.
    void becomes(FakeCourier& courier, const char* key) {
        const auto delivery = courier.next();
        ASSERT_TRUE(delivery);
        ASSERT_EQ(delivery->target.name, "tickets");
        courier.say(integrations::write_receipt(
            {.id = delivery->id, .outcome = integrations::Outcome::sent, .thread = {{"key", key}}}));
    }
    static integrations::Sighting moved(const integrations::Watch& watch, const char* change) {
        return {.id = watch.id,
                .outcome = integrations::Outcome::sent,
                .moves = {{.key = watch.issues.at(0).key,
                           .change = change,
                           .status = watch.statuses.at(0),
                           .account = "5b10",
                           .email = "bob@example.com",
                           .name = "Bob",
                           .at = {}}}};
    }
    Result<std::string> decide(const Moved& moved) override {
        ++decisions_;
        EXPECT_EQ(moved.request, 7);
        EXPECT_EQ(moved.move.account, "5b10");
        if (decisions_ == fails_at_) return fail(Fault::internal, "The disk is full.");
        return std::string("Bob may not.");
    }
    std::atomic<int> decisions_ = 0;
    int fails_at_ = 0;
};

TEST_F(WatchOffice, asks_how_the_issues_of_open_requests_stand_with_the_secret_of_their_target) {
    FakeCourier courier(socket());
    courier.hello();
    asked_for(7);
    becomes(courier, "OPS-1");
    const auto watch = courier.next_watch();
    ASSERT_TRUE(watch);
    ASSERT_EQ(watch->issues.size(), 1U);
    EXPECT_EQ(watch->issues[0].key, "OPS-1");
    EXPECT_EQ(watch->statuses, (std::vector<std::string>{"Approved", "Declined"}));
    EXPECT_EQ(watch->target.secrets.size(), 1U);
}

TEST_F(WatchOffice, a_move_is_judged_once_and_told_once) {
    FakeCourier courier(socket());
    courier.hello();
    asked_for(7);
    becomes(courier, "OPS-1");
    auto watch = courier.next_watch();
    ASSERT_TRUE(watch);
    courier.say(integrations::write_sighting(moved(*watch, "10101")));
    const auto comment = courier.next();
    ASSERT_TRUE(comment);
    EXPECT_EQ(comment->message.text, "Bob may not.");
    EXPECT_EQ(comment->thread.at("key"), "OPS-1");
    courier.say(integrations::write_receipt({.id = comment->id, .outcome = integrations::Outcome::sent, .thread = {}}));
    // The same again, as it is seen at every look.
    for (int i = 0; i < 2; ++i) {
        watch = courier.next_watch();
        ASSERT_TRUE(watch);
        courier.say(integrations::write_sighting(moved(*watch, "10101")));
    }
    EXPECT_EQ(decisions_, 1);
    watch = courier.next_watch();
    ASSERT_TRUE(watch);
    courier.say(integrations::write_sighting(moved(*watch, "10102")));
    ASSERT_TRUE(courier.next()) << "another move is another one";
    EXPECT_EQ(decisions_, 2);
}

TEST_F(WatchOffice, what_could_not_be_decided_is_looked_at_again) {
    fails_at_ = 1;
    FakeCourier courier(socket());
    courier.hello();
    asked_for(7);
    becomes(courier, "OPS-1");
    for (int i = 0; i < 2; ++i) {
        const auto watch = courier.next_watch();
        ASSERT_TRUE(watch);
        courier.say(integrations::write_sighting(moved(*watch, "10101")));
    }
    const auto comment = courier.next();
    ASSERT_TRUE(comment);
    EXPECT_EQ(comment->message.text, "Bob may not.");
    EXPECT_EQ(decisions_, 2);
}

TEST_F(WatchOffice, another_courier_is_asked_again_and_the_answer_of_none_is_believed) {
    asked_for(7);
    {
        FakeCourier first(socket());
        first.hello();
        becomes(first, "OPS-1");
        ASSERT_TRUE(first.next_watch());
    }
    FakeCourier second(socket());
    second.hello();
    const auto watch = second.next_watch();
    ASSERT_TRUE(watch);
    auto strange = moved(*watch, "10101");
    strange.id = "wch_0";
    second.say(integrations::write_sighting(strange));
    auto other = moved(*watch, "10101");
    other.moves[0].key = "OPS-2";
    second.say(integrations::write_sighting(other));
    ASSERT_TRUE(second.next_watch());
    EXPECT_EQ(decisions_, 0);
}

TEST_F(WatchOffice, while_jira_asks_for_a_pause_it_says_so_and_asks_nothing) {
    FakeCourier courier(socket());
    courier.hello();
    asked_for(7);
    becomes(courier, "OPS-1");
    const auto watch = courier.next_watch();
    ASSERT_TRUE(watch);
    courier.say(integrations::write_sighting({.id = watch->id,
                                              .outcome = integrations::Outcome::later,
                                              .moves = {},
                                              .wait = std::chrono::hours(1),
                                              .reason = "Jira is busy (HTTP 429).",
                                              .answer = "HTTP 429"}));
    // The next frame is a message, not a watch.
    asked_for(8);
    const auto delivery = courier.next();
    ASSERT_TRUE(delivery);
    // The facts are told once the look that handed out the message is over.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!office_->facts().unwatched.contains("tickets") && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    EXPECT_EQ(office_->facts().unwatched["tickets"], "Jira is busy (HTTP 429).");
}

TEST_F(WatchOffice, puts_out_whoever_talks_nonsense_about_issues) {
    FakeCourier courier(socket());
    courier.hello();
    courier.say(R"({"sighting":{"id":"wch_1","outcome":"sent","moves":7}})");
    EXPECT_TRUE(courier.is_put_out());
}

}  // namespace
}  // namespace bursar::outbox::test
