#include "service/daemon/pair_conditions.h"

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

using standby::Post;

/// Whether somebody depends on the standby: before it had a whole copy, nobody did.
bool is_pair(const standby::PrimaryEnd::State& state) { return state.standing.post == Post::primary; }

bool is_lost(const standby::PrimaryEnd::State& state, Moment started, Moment now) {
    return now - state.pulled_at.value_or(started) >= lost_after;
}

bool is_behind(const standby::PrimaryEnd::State& state, Moment now) {
    return state.behind_since && now - *state.behind_since >= behind_after;
}

}  // namespace

std::vector<treasury::Condition> pair_holding(const standby::PrimaryEnd::State& state, Moment started, Moment now) {
    std::vector<treasury::Condition> out;
    if (!is_pair(state)) return out;
    const bool lost = is_lost(state, started, now);
    if (lost)
        out.push_back({.kind = "standby.lost",
                       .subject = "standby",
                       .text = "The standby does not ask any more. Until it does, a failure of this machine loses what "
                               "was written since; in synchronous mode nothing is spent without it"});
    // Of one that is lost nobody needs to hear that it is behind, too.
    if (!lost && is_behind(state, now))
        out.push_back(
            {.kind = "standby.behind",
             .subject = "standby",
             .text = fmt::format("The standby has lacked something for {} seconds. What it lacks would be lost "
                                 "if it had to take over",
                                 std::chrono::floor<std::chrono::seconds>(now - *state.behind_since).count())});
    return out;
}

std::optional<std::string> pair_end(std::string_view begins, const standby::PrimaryEnd::State& state, Moment now) {
    const bool gone = !is_pair(state);
    if (begins == "standby.lost") {
        if (gone) return "This machine does not depend on a standby any more";
        if (!state.pulled_at || now - *state.pulled_at >= lost_after) return {};
        return "The standby asks again";
    }
    if (begins == "standby.behind") {
        if (gone) return "This machine does not depend on a standby any more";
        if (state.behind_since || !state.pulled_at) return {};
        return "The standby has everything again";
    }
    return {};
}

treasury::Event took_over(std::uint64_t epoch, Timestamp now) {
    return {.number = 0,
            .at = now,
            .name = fmt::format("standby.took_over:{}", epoch),
            .kind = "standby.took_over",
            .subject = "standby",
            .text =
                "This machine was the standby and has taken over. There is no standby now: pair another one, or the "
                "former primary anew",
            .detail = fmt::format(R"({{"epoch":{}}})", epoch)};
}

}  // namespace bursar::daemon
