#include "service/ctl/arguments.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::array globals = {
    Option{"--url", "URL", "where bursard listens (BURSAR_URL; default https://127.0.0.1:8443)"},
    Option{"--token-file", "FILE",
           "file with the token (BURSAR_TOKEN_FILE, or BURSAR_TOKEN itself; default: as bursarctl login left it)"},
    Option{"--ca-file", "FILE", "certificates to trust, PEM (BURSAR_CA_FILE; default: the system's)"},
    Option{"--quickstart", "FILE", "take address, token and certificates from a quickstart.json (BURSAR_QUICKSTART)"},
    Option{"--json", "", "print the service's JSON instead of a table"},
    Option{"--help", "", "say what a command does and takes"},
    Option{"--version", "", "print the version"},
};

const Option* find_option(std::string_view name, const Command* command) {
    const auto by_name = [name](const Option& option) { return option.name == name; };
    if (command != nullptr)
        if (const auto found = std::ranges::find_if(command->options, by_name); found != command->options.end())
            return &*found;
    const auto found = std::ranges::find_if(globals, by_name);
    return found == globals.end() ? nullptr : &*found;
}

/// Any command's option: needed to know how many words it takes before the command is known.
const Option* find_option_of_any(std::string_view name, std::span<const Command> commands) {
    for (const Command& command : commands)
        if (const Option* found = find_option(name, &command)) return found;
    return find_option(name, nullptr);
}

std::string_view first_word(std::string_view words) { return words.substr(0, words.find(' ')); }

std::size_t words_of(std::string_view text) { return static_cast<std::size_t>(std::ranges::count(text, ' ')) + 1; }

bool begins_with(std::span<const std::string> words, std::string_view command) {
    for (const std::string& word : words) {
        const std::string_view part = first_word(command);
        if (part != word) return false;
        if (part.size() == command.size()) return true;
        command.remove_prefix(part.size() + 1);
    }
    return false;
}

/// The command with the most words that the given ones begin with.
const Command* find_command(std::span<const std::string> words, std::span<const Command> commands) {
    const Command* best = nullptr;
    for (const Command& command : commands)
        if (begins_with(words, command.words) && (best == nullptr || command.words.size() > best->words.size()))
            best = &command;
    return best;
}

bool is_group(std::string_view word, std::span<const Command> commands) {
    return std::ranges::any_of(commands, [word](const Command& command) { return first_word(command.words) == word; });
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string joined(std::span<const std::string> words) {
    std::string text;
    for (const std::string& word : words) text += text.empty() ? word : " " + word;
    return text;
}

std::unexpected<Failure> unknown_command(std::span<const std::string> words, std::span<const Command> commands) {
    constexpr std::size_t letters_apart_max = 3;
    if (is_group(words.front(), commands) && words.size() == 1)
        return wrong_usage(fmt::format("'{0}' needs one word more. See: bursarctl {0} --help", words.front()));
    const Command* nearest = nullptr;
    std::size_t distance = letters_apart_max + 1;
    for (const Command& command : commands) {
        const auto count = std::min(words.size(), words_of(command.words));
        if (const auto apart = edit_distance(joined(words.first(count)), command.words); apart < distance) {
            distance = apart;
            nearest = &command;
        }
    }
    const std::string hint =
        nearest != nullptr ? fmt::format("Did you mean 'bursarctl {}'?", nearest->words) : "See: bursarctl --help";
    return wrong_usage(
        fmt::format("There is no command '{}'. {}", joined(words.first(std::min<std::size_t>(words.size(), 2))), hint));
}

struct Sorted {
    std::vector<std::string> words;
    std::vector<std::pair<std::string, std::string>> options;
};

/// Parts options from words. Whether an option takes a value does not depend on the command: a name means one thing in
/// the whole table.
Outcome<Sorted> sort_words(std::span<const std::string> given, std::span<const Command> commands) {
    Sorted sorted;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const std::string& word = given[i];
        if (word == "--") {
            sorted.words.insert(sorted.words.end(), given.begin() + static_cast<std::ptrdiff_t>(i) + 1, given.end());
            break;
        }
        if (word == "-h") {
            sorted.options.emplace_back("--help", "");
            continue;
        }
        if (word.size() < 2 || word.front() != '-') {
            sorted.words.push_back(word);
            continue;
        }
        const auto equals = word.find('=');
        const std::string name = word.substr(0, equals);
        const Option* option = find_option_of_any(name, commands);
        if (option == nullptr) return wrong_usage(fmt::format("There is no option '{}'. See: bursarctl --help", name));
        if (option->value.empty()) {
            if (equals != std::string::npos) return wrong_usage(fmt::format("{} takes no value.", name));
            sorted.options.emplace_back(name, "");
        } else if (equals != std::string::npos) {
            sorted.options.emplace_back(name, word.substr(equals + 1));
        } else if (i + 1 < given.size()) {
            sorted.options.emplace_back(name, given[++i]);
        } else {
            return wrong_usage(fmt::format("{} needs a value: {} {}.", name, name, option->value));
        }
    }
    return sorted;
}

Outcome<void> take_options(const Sorted& sorted, Arguments& arguments) {
    for (const auto& [name, value] : sorted.options) {
        const Option* option = find_option(name, arguments.command);
        if (option == nullptr) {
            if (arguments.help) continue;
            return wrong_usage(
                fmt::format("'{0}' does not take {1}. See: bursarctl {0} --help", arguments.command->words, name));
        }
        if (!option->repeats && arguments.has(name))
            return wrong_usage(fmt::format("{} was given twice; give it once.", name));
        arguments.options.emplace_back(option->name, value);
    }
    return {};
}

}  // namespace

bool Arguments::has(std::string_view option) const {
    return std::ranges::any_of(options, [option](const auto& given) { return given.first == option; });
}

std::optional<std::string> Arguments::one(std::string_view option) const {
    for (const auto& [name, value] : options)
        if (name == option) return value;
    return std::nullopt;
}

std::vector<std::string> Arguments::all(std::string_view option) const {
    std::vector<std::string> values;
    for (const auto& [name, value] : options)
        if (name == option) values.push_back(value);
    return values;
}

std::span<const Option> global_options() { return globals; }

Outcome<Arguments> read_arguments(std::span<const std::string> words, std::span<const Command> commands) {
    TRY(Sorted sorted, sort_words(words, commands));
    // Who tries one target says "alert test".
    if (!sorted.words.empty() && sorted.words.front() == "alert") sorted.words.front() = "alerts";
    Arguments arguments;
    const auto asked = [&sorted](std::string_view name) {
        return std::ranges::any_of(sorted.options, [name](const auto& option) { return option.first == name; });
    };
    arguments.version = asked("--version");
    arguments.help = asked("--help") || (sorted.words.empty() && !arguments.version);
    if (sorted.words.empty()) {
        TRY_VOID(take_options(sorted, arguments));
        return arguments;
    }
    arguments.command = find_command(sorted.words, commands);
    if (arguments.command == nullptr) {
        if (!arguments.help || !is_group(sorted.words.front(), commands))
            return unknown_command(sorted.words, commands);
        arguments.topic = sorted.words.front();
        return arguments;
    }
    const Command& command = *arguments.command;
    arguments.topic = command.words;
    const auto own = static_cast<std::ptrdiff_t>(words_of(command.words));
    arguments.words.assign(sorted.words.begin() + own, sorted.words.end());
    TRY_VOID(take_options(sorted, arguments));
    if (arguments.help || arguments.version) return arguments;
    if (arguments.words.size() < command.arguments_min)
        return wrong_usage(fmt::format("'{0}' needs {1}. See: bursarctl {0} --help", command.words, command.arguments));
    if (arguments.words.size() > command.arguments_max)
        return wrong_usage(fmt::format("'{0}' does not know what to do with '{1}'. See: bursarctl {0} --help",
                                       command.words, arguments.words[command.arguments_max]));
    return arguments;
}

}  // namespace bursar::ctl
