// Hunts: answers that are taken though nobody could have meant them, that come back as others, or that leak into the
// wrong question.
#include "installer/setup/answers.h"

#include "installer/setup/options.h"

#include <set>

#include <gtest/gtest.h>

namespace bursar::setup {
namespace {

TEST(Answers, what_is_written_is_read_back_the_same) {
    Answers answers;
    ASSERT_TRUE(answers.set("host.name", "bursar.corp.example"));
    ASSERT_TRUE(answers.set("team.groups", "cn=a,dc=x;cn=b = c,dc=x"));
    ASSERT_TRUE(answers.set("backup.keep", "3"));
    const auto again = Answers::read(answers.text(), "file");
    ASSERT_TRUE(again) << again.error().for_caller;
    EXPECT_EQ(again->text(), answers.text());
    EXPECT_EQ(again->get("team.groups"), "cn=a,dc=x;cn=b = c,dc=x");
}

TEST(Answers, what_was_not_answered_is_the_fallback_and_not_given) {
    const Answers answers;
    EXPECT_EQ(answers.get("host.port"), "443");
    EXPECT_FALSE(answers.is_given("host.port"));
    EXPECT_FALSE(answers.has("host.name"));
}

struct Case {
    const char* name;
    const char* text;
    const char* says;
};

class Refused : public testing::TestWithParam<Case> {};

TEST_P(Refused, with_the_line_and_the_reason) {
    const auto read = Answers::read(GetParam().text, "answers.ini");
    ASSERT_FALSE(read) << GetParam().name;
    EXPECT_NE(read.error().for_caller.find(GetParam().says), std::string::npos) << read.error().for_caller;
}

INSTANTIATE_TEST_SUITE_P(
    Answers, Refused,
    testing::Values(
        Case{"a key that no question has", "[host]\nnmae = x\n", "answers.ini:2: host.nmae is no question"},
        Case{"a word that is no choice", "[certificate]\nsource = magic\n", "write one of: self-signed files acme"},
        Case{"two answers to one question", "[host]\nport = 1\nport = 2\n",
             "answers.ini:3: host.port is answered twice"},
        Case{"a line that is no answer", "[host]\nbursar.corp.example\n", "answers.ini:2: this is no answer"},
        Case{"an answer before any section", "name = x\n", "write [section]"},
        Case{"what the reader of the configuration would expand", "[host]\norganisation = ${application.path}\n", "${"},
        Case{"a control character", "[host]\norganisation = a\x01z\n", "control character"}));

TEST(Answers, a_file_beyond_the_limit_is_refused) {
    EXPECT_FALSE(Answers::read(std::string(Answers::file_bytes_max + 1, '\n'), "file"));
}

TEST(Answers, a_question_below_one_that_is_not_asked_is_not_asked_either) {
    Answers answers;
    const Question& file = *question_of("certificate.certificate");
    EXPECT_FALSE(answers.is_asked(file));
    ASSERT_TRUE(answers.set("certificate.source", "files"));
    EXPECT_TRUE(answers.is_asked(file));
    EXPECT_FALSE(answers.is_asked(*question_of("directory.name")));
    ASSERT_TRUE(answers.set("directory.kind", "openldap"));
    EXPECT_TRUE(answers.is_asked(*question_of("directory.name")));
    ASSERT_TRUE(answers.set("backup.folder", "none"));
    EXPECT_FALSE(answers.is_asked(*question_of("backup.keep")));
}

TEST(Answers, every_question_has_its_texts_and_a_key_of_its_own) {
    std::set<std::string_view> keys;
    for (const Question& question : all_questions()) {
        EXPECT_TRUE(keys.insert(question.key).second) << question.key;
        EXPECT_FALSE(question.asks.empty() || question.why.empty() || question.more.empty()) << question.key;
        const std::string_view before = question.only_if.substr(0, question.only_if.find('='));
        EXPECT_TRUE(before.empty() || question_of(before) != nullptr) << question.key;
        EXPECT_NE(list_text().find(question.key), std::string::npos) << question.key << " belongs to no step";
    }
}

TEST(Answers, numbers_are_digits_and_nothing_else) {
    EXPECT_EQ(number_of("443"), 443);
    for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "12345678901"})
        EXPECT_EQ(number_of(text), -1) << text;
}

TEST(Options, wrong_usage_is_named) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"--anwers", "x"}, {"--answers"}, {"check", "hots"}, {"--root", "x"}})
        EXPECT_FALSE(read_options(words)) << words.front();
    const auto options = read_options({"check", "master-key", "--json"});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->check, "master-key");
    EXPECT_TRUE(options->json);
}

}  // namespace
}  // namespace bursar::setup
