#pragma once

#include "service/base/clock.h"
#include "service/standby/ends.h"
#include "service/treasury/conditions.h"
#include "service/treasury/events.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What people are told of a pair, on the machine that serves. Pure.
namespace bursar::daemon {

/// A standby that has not asked for so long is lost; one that has lacked something for so long is behind.
inline constexpr std::chrono::seconds lost_after{10}, behind_after{30};

/// `started`: when this machine began to listen for its standby.
std::vector<treasury::Condition> pair_holding(const standby::PrimaryEnd::State& state, Moment started, Moment now);
/// As treasury::Conditions::End; none for what still holds, or is no part of this.
std::optional<std::string> pair_end(std::string_view begins, const standby::PrimaryEnd::State& state, Moment now);
treasury::Event took_over(std::uint64_t epoch, Timestamp now);

}  // namespace bursar::daemon
