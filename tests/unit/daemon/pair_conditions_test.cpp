// Hunts: a lost standby that nobody hears of, a lag that is told of with every breath, and an end that never comes.
#include "service/daemon/pair_conditions.h"

#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;
using standby::Post;

constexpr Moment started{1000s};

standby::PrimaryEnd::State state_of(Post post, std::optional<Moment> pulled_at, std::optional<Moment> behind_since) {
    return {.standing = {.post = post}, .pulled_at = pulled_at, .behind_since = behind_since};
}

struct Case {
    const char* name;
    standby::PrimaryEnd::State state;
    std::string kinds;
};

TEST(PairConditions, what_holds) {
    const Moment now = started + 60s;
    const std::vector<Case> cases = {
        {"a machine without a standby lacks nothing", state_of(Post::alone, {}, {}), ""},
        {"a standby that asks and has all is well", state_of(Post::primary, now - 1s, {}), ""},
        {"one that has just begun to lag is well", state_of(Post::primary, now - 1s, now - 29s), ""},
        {"one that lags for long is behind", state_of(Post::primary, now, now - 30s), "standby.behind "},
        {"one that is silent is lost, and no more than that", state_of(Post::primary, now - 10s, now - 60s),
         "standby.lost "},
        {"one that was never heard since the start is lost", state_of(Post::primary, {}, {}), "standby.lost "},
        {"a machine that handed over tells nothing", state_of(Post::retired, {}, {}), ""},
    };
    for (const Case& each : cases) {
        std::string kinds;
        for (const auto& condition : pair_holding(each.state, started, now)) kinds.append(condition.kind).append(" ");
        EXPECT_EQ(kinds, each.kinds) << each.name;
    }
    EXPECT_TRUE(pair_holding(state_of(Post::primary, {}, {}), now - 9s, now).empty())
        << "after a start the standby has some seconds";
}

TEST(PairConditions, an_end_comes_only_with_what_ends_it) {
    const Moment now = started + 60s;
    EXPECT_FALSE(pair_end("standby.lost", state_of(Post::primary, {}, {}), now));
    EXPECT_FALSE(pair_end("standby.lost", state_of(Post::primary, now - 10s, {}), now));
    EXPECT_TRUE(pair_end("standby.lost", state_of(Post::primary, now - 1s, {}), now));
    EXPECT_TRUE(pair_end("standby.lost", state_of(Post::alone, {}, {}), now)) << "somebody gave his word";
    EXPECT_FALSE(pair_end("standby.behind", state_of(Post::primary, now, now - 1s), now));
    EXPECT_TRUE(pair_end("standby.behind", state_of(Post::primary, now, {}), now));
    EXPECT_FALSE(pair_end("vault.sealed", state_of(Post::primary, now, {}), now));
}

TEST(PairConditions, each_take_over_is_an_event_of_its_own) {
    const Timestamp now{};
    EXPECT_NE(took_over(3, now).name, took_over(5, now).name);
    EXPECT_EQ(took_over(3, now).kind, "standby.took_over");
}

}  // namespace
}  // namespace bursar::daemon
