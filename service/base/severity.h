#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bursar {

/// How much an event matters: news; somebody should look today; somebody should look now.
enum class Severity : std::uint8_t { info, warning, critical };

constexpr std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::info:
            return "info";
        case Severity::warning:
            return "warning";
        case Severity::critical:
            return "critical";
    }
    return "";
}

constexpr std::optional<Severity> severity_of(std::string_view name) {
    for (const Severity each : {Severity::info, Severity::warning, Severity::critical})
        if (name_of(each) == name) return each;
    return {};
}

}  // namespace bursar
