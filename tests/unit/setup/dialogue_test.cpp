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
    talk(host_answers + "magic\nself-signed\nstop\n");
    EXPECT_TRUE(said.contains("write one of: self-signed files acme"));
    EXPECT_EQ(answers.get("certificate.source"), "self-signed");
}

TEST_F(Conversation, a_dash_takes_an_answer_away) {
    ASSERT_TRUE(answers.set("team.groups", "cn=a"));
    ASSERT_TRUE(answers.set("host.organisation", "Example"));
    talk("b.example\n\nback\nback\n\n\n\n-\nstop\n");
    EXPECT_EQ(answers.get("host.organisation"), "Our organisation");
}

/// Up to the file with the provider's key: the host's name, Enter for all others, a directory there is none of.
class TypedSecret : public Conversation {
  protected:
    TypedSecret() {
        for (const auto& [key, value] : {std::pair{"master_key.source", "file"}, std::pair{"host.name", "b.example"},
                                         std::pair{"recovery.make", "no"}, std::pair{"provider.name", "openai"},
                                         std::pair{"provider.base_url", "https://api.openai.com/v1"}})
            EXPECT_TRUE(answers.set(key, value));
        for (const Question& question : all_questions()) {
            if (question.key == "provider.key_file") break;
            if (!answers.is_given(question.key)) EXPECT_TRUE(answers.set(question.key, question.fallback));
        }
    }
    /// Of the questions before, one has neither an answer nor a fallback: which issuer of OpenID Connect there is.
    void talk_of_provider(const std::string& typed) { talk("\n" + typed); }
    std::string typed_file() const { return (paths.typed() / "provider.key_file").string(); }
};

TEST_F(TypedSecret, lies_where_nobody_else_reads_it_and_is_not_shown_or_kept_among_the_answers) {
    talk_of_provider("!\n sk-typed \nstop\n");
    EXPECT_TRUE(said.contains("File with its key; empty if it wants none, or ! to type it []: ")) << said;
    EXPECT_EQ(answers.get("provider.key_file"), typed_file());
    const auto kept_secret = read_secret_file(typed_file());
    ASSERT_TRUE(kept_secret);
    EXPECT_EQ(kept_secret->reveal(), " sk-typed ") << "blanks may belong to it";
    EXPECT_FALSE(said.contains("sk-typed"));
    EXPECT_FALSE(kept.contains("sk-typed"));
}

TEST_F(TypedSecret, takes_the_place_of_the_one_before_of_which_nothing_is_left) {
    talk_of_provider("!\nsk-first\nback\n!\nsk-second\nstop\n");
    EXPECT_EQ(read_secret_file(typed_file())->reveal(), "sk-second");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(paths.typed()), {}), 1) << "no former one beside it";
}

TEST_F(TypedSecret, that_is_nothing_or_too_long_is_asked_for_again) {
    talk_of_provider("!\n\n!\n" + std::string(5000, 'x') + "\n!\nsk-third\nstop\n");
    EXPECT_EQ(count_of("That was nothing, or more than 4095 bytes"), 2U);
    EXPECT_EQ(read_secret_file(typed_file())->reveal(), "sk-third");
    talk_of_provider("back\n!\nhalf");
    EXPECT_EQ(read_secret_file(typed_file())->reveal(), "sk-third") << "a line without an end is no answer";
}

TEST_F(TypedSecret, is_a_mark_only_where_a_secret_is_asked_for) {
    talk_of_provider("\n!\nstop\n");
    EXPECT_EQ(answers.get("provider.models"), "!");
    EXPECT_FALSE(std::filesystem::exists(paths.typed()));
}

TEST_F(TypedSecret, is_forgotten_and_no_other_file_is) {
    talk_of_provider("!\nsk-typed\nstop\n");
    const auto own = folder.path() / "openai.key";
    ASSERT_TRUE(write_file({own, Secret::copy_of("sk"), Owner::root}, paths, system.now()));
    EXPECT_FALSE(forget_typed(own, paths));
    EXPECT_FALSE(forget_typed(paths.typed() / "../openai.key", paths));
    EXPECT_TRUE(std::filesystem::exists(own));
    EXPECT_TRUE(forget_typed(typed_file(), paths));
    EXPECT_FALSE(std::filesystem::exists(typed_file()));
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
