#include "service/ctl/arguments.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::ctl {
namespace {

std::string option_lines(std::span<const Option> options) {
    std::string text;
    for (const Option& option : options) {
        const std::string left =
            option.value.empty() ? std::string(option.name) : fmt::format("{} {}", option.name, option.value);
        text += fmt::format("  {:<30} {}\n", left, option.about);
    }
    return text;
}

std::string command_lines(std::string_view group, std::span<const Command> commands) {
    std::string text;
    for (const Command& command : commands) {
        if (!group.empty() && command.words.substr(0, command.words.find(' ')) != group) continue;
        const std::string left =
            fmt::format("{}{}{}", command.words, command.arguments.empty() ? "" : " ", command.arguments);
        text += fmt::format("  {:<30} {}\n", left, command.about);
    }
    return text;
}

/// Whether its words begin with this command and go on: "reconcile list" of "reconcile".
bool goes_on(const Command& command, std::string_view shorter) {
    return command.words.starts_with(shorter) && command.words.substr(shorter.size()).starts_with(' ');
}

std::string help_of_one(const Command& command, std::span<const Command> commands) {
    std::string text =
        fmt::format("usage: bursarctl {}{}{}{}\n\n{}\n", command.words, command.arguments.empty() ? "" : " ",
                    command.arguments, command.options.empty() ? "" : " [options]", command.about);
    if (!command.options.empty()) text += "\noptions:\n" + option_lines(command.options);
    if (std::ranges::any_of(commands, [&](const Command& other) { return goes_on(other, command.words); }))
        text += "\nall commands with that word:\n" + command_lines(command.words, commands);
    return text + "\noptions of every command:\n" + option_lines(global_options());
}

/// What may follow these words to make a longer command.
std::string further_words(std::string_view shorter, std::span<const Command> commands) {
    std::string text;
    for (const Command& command : commands)
        if (goes_on(command, shorter)) text += fmt::format("{} ", command.words.substr(shorter.size() + 1));
    return text;
}

std::string words_for_completion(std::span<const Option> options) {
    std::string text;
    for (const Option& option : options) text += fmt::format("{} ", option.name);
    return text;
}

}  // namespace

std::string help_text(std::string_view topic, std::span<const Command> commands) {
    for (const Command& command : commands)
        if (command.words == topic) return help_of_one(command, commands);
    std::string text =
        fmt::format("usage: bursarctl {} [options]\n\n", topic.empty() ? "COMMAND" : fmt::format("{} COMMAND", topic));
    if (topic.empty()) text += "Bursar's command line. It speaks to bursard by its API.\n\ncommands:\n";
    text += command_lines(topic, commands);
    text += "\noptions of every command:\n" + option_lines(global_options());
    return text + "\nExit codes: 0 ok, 1 failed, 2 wrong usage, 3 waits for a second person, 78 wrong configuration.\n";
}

std::string bash_completion(std::span<const Command> commands) {
    std::string text =
        "# bursarctl completion bash > /etc/bash_completion.d/bursarctl\n_bursarctl() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} typed=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\" words\n"
        "    case \"$typed\" in\n";
    // Longer commands first: the shell takes the first pattern that fits.
    std::vector<const Command*> sorted;
    for (const Command& command : commands) sorted.push_back(&command);
    std::ranges::sort(sorted, std::greater<>{}, [](const Command* command) { return command->words.size(); });
    for (const Command* command : sorted)
        text += fmt::format("    '{}'*) words='{}{}{}' ;;\n", command->words, further_words(command->words, commands),
                            words_for_completion(command->options), words_for_completion(global_options()));
    std::vector<std::string_view> groups;
    for (const Command& command : commands) {
        const auto space = command.words.find(' ');
        const auto group = command.words.substr(0, space);
        if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
    }
    for (const std::string_view group : groups) {
        const std::string seconds = further_words(group, commands);
        if (!seconds.empty()) text += fmt::format("    '{}'*) words='{}' ;;\n", group, seconds);
    }
    std::string firsts;
    for (const std::string_view group : groups) firsts += fmt::format("{} ", group);
    text += fmt::format("    *) words='{}{}' ;;\n    esac\n", firsts, words_for_completion(global_options()));
    text +=
        "    case \"${COMP_WORDS[COMP_CWORD-1]}\" in --*file|--quickstart) words= ;; esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\n"
        "complete -o default -F _bursarctl bursarctl\n";
    return text;
}

}  // namespace bursar::ctl
