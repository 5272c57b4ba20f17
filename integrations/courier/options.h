#pragma once

#include "service/base/log.h"
#include "service/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::courier {

struct Options {
    bool help = false, version = false;
    std::string socket;  ///< absolute, or relative to the folder of the configuration
    std::string user;    ///< whom to become; empty: stay who we are
    log::Level level = log::Level::info;
};

extern const std::string_view help_text;

/// invalid_request: wrong usage. wrong_configuration: the file that --config names.
Result<Options> read_options(const std::vector<std::string>& words);

}  // namespace bursar::courier
