#pragma once

#include "service/base/secret.h"
#include "service/ctl/outcome.h"

#include <filesystem>
#include <string>
#include <string_view>

// The person at the terminal, and files that they name. Standard output is for results, standard error for questions
// and remarks.
namespace bursar::ctl {

/// Results. Ends the program with exit code 1 if they cannot be written (a full disk must not look like success).
void print(std::string_view text);
/// Remarks that a script does not want in its pipe.
void remark(std::string_view line);

bool stdin_is_terminal();
bool stdout_is_terminal();

/// Asks on the terminal without showing what is typed. wrong_usage without a terminal; `instead` says what to use then.
Outcome<Secret> ask_secret(std::string_view question, std::string_view instead);
/// Whether the answer begins with y. Without a terminal: wrong_usage that names --yes.
Outcome<bool> confirm(std::string_view question);

/// One value from a file or, for an empty path, from standard input; a single line end behind it does not belong to it.
/// Refuses an empty value, more than 64 KiB, and bytes that are not UTF-8.
Outcome<Secret> read_secret(const std::filesystem::path& file);

/// A text file of at most `bytes_max`.
Outcome<std::string> read_text(const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace bursar::ctl
