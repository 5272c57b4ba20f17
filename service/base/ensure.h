#pragma once

#include <source_location>

namespace bursar {

/// Writes one line to stderr and aborts.
[[noreturn]] void ensure_failed(const char* condition, std::source_location where) noexcept;

}  // namespace bursar

/// Guards our own invariants, always compiled in. Never for input, network or disk: those return an Error.
#define ENSURE(condition)                                                         \
    do {                                                                          \
        if (!(condition)) [[unlikely]]                                            \
            ::bursar::ensure_failed(#condition, std::source_location::current()); \
    } while (false)
