#pragma once

#include "service/base/result.h"

#include <expected>
#include <string>
#include <utility>

namespace bursar::ctl {

/// What the shell hears. The numbers are part of the command line's contract (docs/man/bursarctl.1).
/// `waits` is no failure, and no success either: a script that goes on must not believe that the thing is done.
enum class Exit : int { ok = 0, failed = 1, wrong_usage = 2, waits = 3, wrong_configuration = 78 };

/// Why a command ended early. Not Error: the person at the terminal is caller and operator in one, and what differs
/// between two failures is the exit code, not a fault of the service.
struct [[nodiscard]] Failure {
    Exit exit = Exit::failed;
    std::string text;       ///< what is wrong and what to change
    std::string body = {};  ///< of `waits`: the answer, for --json
};

template <typename T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> failed(std::string text) {
    return std::unexpected(Failure{Exit::failed, std::move(text)});
}
inline std::unexpected<Failure> wrong_usage(std::string text) {
    return std::unexpected(Failure{Exit::wrong_usage, std::move(text)});
}
inline std::unexpected<Failure> wrong_configuration(std::string text) {
    return std::unexpected(Failure{Exit::wrong_configuration, std::move(text)});
}

}  // namespace bursar::ctl
