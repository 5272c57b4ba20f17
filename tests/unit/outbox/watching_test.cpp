// Hunts: an issue that answers a request that is closed or another one, a move that is judged twice or never, and one
// that gets two comments because something died in between.
#include "service/outbox/watching.h"

#include "tests/unit/outbox/bureau.h"

namespace bursar::outbox::test {
namespace {

class Watching : public testing::Test {
  protected:
    void SetUp() override {
        bureau_.put([](policies::Snapshot& rules) {
            Bureau::add_target(rules, "tickets", "jira");
            rules.alerts.routes = {Bureau::at_once({"tickets"})};
        });
        bureau_.answer = [this](const integrations::Delivery&) {
            return Receipt{.outcome = Outcome::sent, .thread = {{"key", "OPS-" + std::to_string(++issues_)}}};
        };
        bureau_.step();
    }
    void asks(int number) {
        bureau_.happens("request.made", {.incident = "request:" + std::to_string(number)});
        bureau_.step();
    }
    std::vector<Ticket> tickets() {
        auto all = bureau_.clerk->tickets("tickets", bureau_.clock.now());
        EXPECT_TRUE(all);
        return all.value_or(std::vector<Ticket>{});
    }

    Bureau bureau_;
    int issues_ = 0;
};

TEST_F(Watching, who_may_answer_is_read_from_the_policy_s_words) {
    policies::AlertTarget target{.name = "tickets", .kind = "jira", .settings = {}, .secrets = {}};
    EXPECT_FALSE(approvals_of(target));
    target.settings = {{"approve", "Approved"},
                       {"decline", "7"},
                       {"approve_by", R"(["*leads*","5b10"])"},
                       {"approve_people", R"({"5b10":"lea"})"}};
    const auto read = approvals_of(target);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->approve + read->decline, "Approved7");
    EXPECT_EQ(read->by, (std::vector<std::string>{"*leads*", "5b10"}));
    EXPECT_EQ(read->people.at("5b10"), "lea");
    target.kind = "slack";
    EXPECT_FALSE(approvals_of(target));
}

TEST_F(Watching, only_issues_of_open_requests_are_looked_at) {
    asks(7);
    bureau_.happens("channel.down", {.incident = "request:8"});
    bureau_.happens("request.expiring", {.incident = "raise:9"});
    bureau_.step();
    ASSERT_EQ(tickets().size(), 1U);
    EXPECT_EQ(tickets()[0].request, 7);
    EXPECT_EQ(tickets()[0].key, "OPS-1");
    EXPECT_EQ(tickets()[0].label.substr(0, 10), "request:7#");
    bureau_.happens("request.declined", {.incident = "request:7"});
    bureau_.step();
    EXPECT_TRUE(tickets().empty());
}

TEST_F(Watching, a_request_without_an_issue_is_not_looked_for) {
    bureau_.answer = [](const integrations::Delivery&) { return Receipt{.outcome = Outcome::later}; };
    asks(7);
    EXPECT_TRUE(tickets().empty());
}

TEST_F(Watching, what_was_judged_is_remembered_with_its_one_comment_whatever_dies) {
    asks(7);
    ASSERT_TRUE(bureau_.clerk->answer(tickets().at(0), "10101", "Bob may not.", bureau_.clock.now()));
    bureau_.restart();
    bureau_.step();
    ASSERT_EQ(bureau_.told.size(), 2U);
    EXPECT_EQ(bureau_.told[1].message.title, "Request 7 is still open");
    EXPECT_EQ(bureau_.told[1].message.text, "Bob may not.");
    EXPECT_EQ(bureau_.told[1].message.state, integrations::State::news) << "the issue would be moved";
    EXPECT_EQ(bureau_.told[1].message.incident, bureau_.told[0].message.incident);
    EXPECT_EQ(bureau_.told[1].thread.at("key"), "OPS-1");
    EXPECT_EQ(tickets().at(0).answered, "10101");
    bureau_.restart();
    EXPECT_EQ(tickets().at(0).answered, "10101");
    bureau_.run(1h, 1min);
    EXPECT_EQ(bureau_.told.size(), 2U);
}

TEST_F(Watching, without_a_sentence_nothing_is_said) {
    asks(7);
    ASSERT_TRUE(bureau_.clerk->answer(tickets().at(0), "10101", "", bureau_.clock.now()));
    bureau_.step();
    EXPECT_EQ(bureau_.told.size(), 1U);
}

}  // namespace
}  // namespace bursar::outbox::test
