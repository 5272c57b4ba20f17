// Hunts: a conversation that loses an answer, that cannot be left, or that takes a recovery key which nobody has.
#include "installer/setup/dialogue.h"

#include "scripted_system.h"

#include <sstream>

#include <gtest/gtest.h>

namespace bursar::setup {
namespace {

class Conversation : public testing::Test {
  protected:
    Dialogue::Ended talk(const std::string& typed) {
        std::istringstream in(typed);
        std::ostringstream out;
        Dialogue dialogue(in, out);
        const auto ended = dialogue.ask_all(answers, {paths, system}, [this](const Answers& so_far) {
            kept = so_far.text();
            return Result<void>();
        });
        said = out.str();
        return ended.value_or(Dialogue::Ended::stopped);
    }
    std::size_t count_of(std::string_view part) const {
        std::size_t count = 0;
        for (auto at = said.find(part); at != std::string::npos; at = said.find(part, at + 1)) ++count;
        return count;
    }

    OwnFolder folder;
    Paths paths{.root = folder.path()};
    ScriptedSystem system;
    Answers answers;
    std::string said, kept;
};

const std::string host_answers = "b.example\n\n\n\n\n";
/// As many as there are questions at most.
const std::string enters(60, '\n');

TEST_F(Conversation, enter_takes_what_stands_in_brackets) {
    ASSERT_TRUE(answers.set("master_key.source", "file"));
    EXPECT_EQ(talk("b.example\n" + enters), Dialogue::Ended::complete) << said;
    EXPECT_EQ(answers.get("host.name"), "b.example");
    EXPECT_TRUE(answers.is_given("host.port"));
    EXPECT_TRUE(said.contains("Port [443]: "));
    EXPECT_FALSE(said.contains("File with the certificate")) << "nobody has one";
}

TEST_F(Conversation, a_question_mark_tells_more_and_asks_again) {
    talk("?\nb.example\nstop\n");
    EXPECT_TRUE(said.contains("A name that the company's DNS knows"));
    EXPECT_EQ(count_of("Host name of this service ["), 2U);
    EXPECT_EQ(answers.get("host.name"), "b.example");
}

TEST_F(Conversation, back_returns_to_the_question_before_and_shows_what_was_said) {
    talk("b.example\nback\nc.example\nstop\n");
    EXPECT_TRUE(said.contains("Host name of this service [b.example]: "));
    EXPECT_EQ(answers.get("host.name"), "c.example");
    EXPECT_EQ(talk("back\nback\nstop\n"), Dialogue::Ended::stopped) << "before the first question there is nothing";
}

TEST_F(Conversation, what_was_said_before_a_stop_is_not_asked_again) {
    EXPECT_EQ(talk("b.example\n192.0.2.1\nstop\n"), Dialogue::Ended::stopped);
    EXPECT_TRUE(kept.contains("address = 192.0.2.1\n"));
    const auto again = Answers::read(kept, "kept");
    ASSERT_TRUE(again);
    answers = *again;
    talk("8443\nstop\n");
    EXPECT_FALSE(said.contains("Host name of this service ["));
    EXPECT_EQ(answers.get("host.port"), "8443");
}

TEST_F(Conversation, the_end_of_input_stops_it) { EXPECT_EQ(talk("b.example"), Dialogue::Ended::stopped); }

TEST_F(Conversation, a_step_with_something_wrong_is_asked_once_more) {
    talk("Not A Host\n\n\n\n\nb.example\n\n\n\n\nstop\n");
    EXPECT_TRUE(said.contains("host.name is \"Not A Host\"; write a name in small letters"));
    EXPECT_EQ(count_of("Please answer these once more."), 1U);
    EXPECT_TRUE(said.contains("== certificate"));
    EXPECT_EQ(answers.get("host.name"), "b.example");
}

TEST_F(Conversation, a_word_that_is_no_choice_is_asked_for_again) {
    talk(host_answers + "acme\nself-signed\nstop\n");
    EXPECT_TRUE(said.contains("write one of: self-signed files"));
    EXPECT_EQ(answers.get("certificate.source"), "self-signed");
}

TEST_F(Conversation, a_dash_takes_an_answer_away) {
    ASSERT_TRUE(answers.set("team.groups", "cn=a"));
    ASSERT_TRUE(answers.set("host.organisation", "Example"));
    talk("b.example\n\nback\nback\n\n\n\n-\nstop\n");
    EXPECT_EQ(answers.get("host.organisation"), "Our organisation");
}

bool shows(const std::string& typed) {
    std::istringstream in(typed);
    std::ostringstream out;
    return Dialogue(in, out).show_recovery_key(Secret::copy_of("bsrr-abc123-def456\n"));
}

TEST(RecoveryKey, is_taken_as_people_copy_it_and_in_no_other_way) {
    EXPECT_TRUE(shows("bsrr-abc123-def456\n"));
    EXPECT_TRUE(shows("BSRR abc123 DEF456\n"));
    EXPECT_TRUE(shows("wrong\nwrong\nbsrr-abc123-def456\n")) << "the third try";
    EXPECT_FALSE(shows("wrong\nwrong\nwrong\nbsrr-abc123-def456\n"));
    EXPECT_FALSE(shows("bsrr-abc123-def45\n\n\n"));
    EXPECT_FALSE(shows(""));
}

}  // namespace
}  // namespace bursar::setup
