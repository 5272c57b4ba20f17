// Hunts: a word that is taken for the wrong thing: an option's value read as a command, a flag that swallows the next
// word, a wrong command line that runs something.
#include "service/ctl/arguments.h"

#include "service/ctl/command.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::ctl {
namespace {

struct Case {
    std::string name;
    std::vector<std::string> words;
    std::string command;  ///< empty: refused as wrong usage
    std::vector<std::string> arguments;
    std::string text;  ///< of the refusal, in part
};

const std::vector<Case> cases = {
    {"a command of two words", {"vault", "status"}, "vault status", {}, ""},
    {"a command of one word", {"usage"}, "usage", {}, ""},
    {"options before the command", {"--url", "https://a", "secret", "put", "openai"}, "secret put", {"openai"}, ""},
    {"options between its words", {"secret", "--json", "put", "openai"}, "secret put", {"openai"}, ""},
    {"a value with an equals sign", {"key", "issue", "n", "--team=a=b"}, "key issue", {"n"}, ""},
    {"a flag does not swallow the next word", {"policy", "apply", "--yes", "dir"}, "policy apply", {"dir"}, ""},
    {"two dashes end the options", {"secret", "put", "--", "--json"}, "secret put", {"--json"}, ""},
    {"an option that repeats", {"key", "issue", "n", "--model", "a", "--model", "b"}, "key issue", {"n"}, ""},
    {"an option that does not repeat", {"usage", "--by", "a", "--by", "b"}, "", {}, "twice"},
    {"a misspelt command names the nearest", {"valt", "status"}, "", {}, "Did you mean 'bursarctl vault status'?"},
    {"a group alone", {"vault"}, "", {}, "one word more"},
    {"alert is alerts", {"alert", "test", "ops"}, "alerts test", {"ops"}, ""},
    {"nothing near", {"frobnicate"}, "", {}, "bursarctl --help"},
    {"an unknown option", {"usage", "--bye", "x"}, "", {}, "no option '--bye'"},
    {"an option of another command", {"vault", "status", "--team", "x"}, "", {}, "does not take --team"},
    {"a value that is missing", {"usage", "--by"}, "", {}, "needs a value"},
    {"a flag with a value", {"usage", "--json=yes"}, "", {}, "takes no value"},
    {"an argument too few", {"secret", "put"}, "", {}, "needs NAME"},
    {"an argument too many", {"secret", "put", "a", "b"}, "", {}, "'b'"},
    {"a secret on the command line is refused, not stored",
     {"secret", "put", "openai", "sk-123"},
     "",
     {},
     "does not know what to do"},
};

TEST(Arguments, Table) {
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const auto read = read_arguments(c.words, all_commands());
        if (c.command.empty()) {
            ASSERT_FALSE(read);
            EXPECT_EQ(read.error().exit, Exit::wrong_usage);
            EXPECT_NE(read.error().text.find(c.text), std::string::npos) << read.error().text;
            continue;
        }
        ASSERT_TRUE(read) << read.error().text;
        EXPECT_EQ(read->command->words, c.command);
        EXPECT_EQ(read->words, c.arguments);
    }
}

TEST(Arguments, HelpIsGivenWhateverElseIsWrong) {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"secret", "put", "--help"}, {"--help", "vault"}, {"-h"}, {}, {"vault", "-h"}}) {
        const auto read = read_arguments(words, all_commands());
        ASSERT_TRUE(read) << read.error().text;
        EXPECT_TRUE(read->help);
        EXPECT_NE(help_text(read->topic, all_commands()).find("usage: bursarctl"), std::string::npos);
    }
}

TEST(Arguments, AnOptionMeansTheSameKindOfThingInEveryCommand) {
    // The words are sorted before the command is known, so a name may not be a flag here and take a value there.
    std::set<std::string_view> flags, valued;
    for (const Command& command : all_commands())
        for (const Option& option : command.options) (option.value.empty() ? flags : valued).insert(option.name);
    for (const Option& option : global_options()) (option.value.empty() ? flags : valued).insert(option.name);
    for (const std::string_view flag : flags) EXPECT_FALSE(valued.contains(flag)) << flag;
}

TEST(Arguments, EveryCommandIsInTheHelpAndInTheCompletion) {
    const std::string help = help_text("", all_commands());
    const std::string completion = bash_completion(all_commands());
    for (const Command& command : all_commands()) {
        EXPECT_NE(command.run, nullptr) << command.words;
        EXPECT_NE(help.find(command.words), std::string::npos) << command.words;
        EXPECT_NE(completion.find(command.words), std::string::npos) << command.words;
        const std::string own = help_text(command.words, all_commands());
        for (const Option& option : command.options) EXPECT_NE(own.find(option.name), std::string::npos) << option.name;
    }
}

TEST(Arguments, ACommandThatOthersBeginWithTellsOfThem) {
    const std::string help = help_text("reconcile", all_commands());
    EXPECT_NE(help.find("--provider"), std::string::npos);
    EXPECT_NE(help.find("reconcile apply NUMBER"), std::string::npos);
    const std::string completion = bash_completion(all_commands());
    EXPECT_NE(completion.find("'reconcile'*) words='list show apply --provider"), std::string::npos) << completion;
    EXPECT_NE(completion.find("'budget'*) words='list mine forecast ask"), std::string::npos) << completion;
}

}  // namespace
}  // namespace bursar::ctl
