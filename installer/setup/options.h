#pragma once

#include "service/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::setup {

struct Options {
    bool help = false, version = false, list = false, json = false;
    bool starts = true;
    bool renews = false;  ///< the certificate of a CA, and nothing else
    std::string check;    ///< a step, or "all"; empty: set up
    std::string answers;  ///< a file; empty: ask
    std::string root = "/";
    std::string bursard, bursarctl = "bursarctl", url;
    std::string request;                                  ///< of renew: another file with the CA's request
    std::string challenge = "/usr/lib/bursar/challenge";  ///< the program that answers a CA
};

extern const std::string_view help_text;

/// invalid_request: wrong usage, in one sentence.
Result<Options> read_options(const std::vector<std::string>& words);
/// What --list prints: every step, and below it the answers that it takes.
std::string list_text();

}  // namespace bursar::setup
