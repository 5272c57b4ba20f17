#pragma once

#include "service/ctl/outcome.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The command line as a table: what there is, what it takes, and how the words of one run fall into it. Pure.
namespace bursar::ctl {

/// "--limit N" or, without a value's name, a flag.
struct Option {
    std::string_view name;   ///< with its dashes
    std::string_view value;  ///< how the help names the value; empty: a flag
    std::string_view about;
    bool repeats = false;
};

struct Context;

struct Command {
    std::string_view words;      ///< "vault unseal"
    std::string_view arguments;  ///< "NAME", "DIR…"; for the help
    std::string_view about;
    std::span<const Option> options;
    std::size_t arguments_min = 0;
    std::size_t arguments_max = 0;
    Outcome<Exit> (*run)(Context&) = nullptr;
    bool offline = false;  ///< needs neither settings nor the service
    bool signs = false;    ///< looks by itself at what an earlier sign-in left
};

/// What one run was asked for.
struct Arguments {
    const Command* command = nullptr;  ///< null: only --help or --version
    std::vector<std::string> words;    ///< behind the command's own
    std::vector<std::pair<std::string_view, std::string>> options;
    bool help = false;
    bool version = false;
    std::string topic;  ///< for --help of a group: "vault"

    bool has(std::string_view option) const;
    std::optional<std::string> one(std::string_view option) const;
    std::vector<std::string> all(std::string_view option) const;
};

/// Options that every command takes.
std::span<const Option> global_options();

/// Options may stand anywhere; "--name value" and "--name=value" are the same; "--" ends them. Refuses with wrong_usage
/// and names the nearest command when there is one.
Outcome<Arguments> read_arguments(std::span<const std::string> words, std::span<const Command> commands);

/// Help of one command, of a group such as "vault", or (empty topic) of all.
std::string help_text(std::string_view topic, std::span<const Command> commands);

/// A bash completion script, made from the same table.
std::string bash_completion(std::span<const Command> commands);

}  // namespace bursar::ctl
