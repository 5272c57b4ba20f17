// Hunts: a Jira that is asked for every issue at each look, a limit of its rate that is not told on, a move that is
// told although the look failed, and more looks at once than was said.
#include "integrations/courier/lookout.h"
#include "tests/unit/courier/scripted.h"

#include <gtest/gtest.h>

namespace bursar::courier {
namespace {

using test::Bench;

Watch watch() {
    Watch out{.id = "wch_1", .target = {.name = "tickets", .kind = integrations::TargetKind::jira}};
    out.target.settings = {{"url", "https://jira.example.com"}, {"flavour", "data_center"}, {"project", "OPS"}};
    out.target.secrets.emplace("token", Secret::copy_of("personal-token"));
    for (int i = 1; i <= 30; ++i)
        out.issues.push_back({.key = "OPS-" + std::to_string(i), .incident = "request:" + std::to_string(i)});
    out.statuses = {"Approved", "Declined"};
    return out;
}

Answer json(std::string body, int status = 200) { return {.status = status, .body = std::move(body)}; }
constexpr const char *search = "/rest/api/2/search", *second = "/rest/api/2/issue/OPS-2?fields=status&expand=changelog",
                     *third = "/rest/api/2/issue/OPS-3?fields=status&expand=changelog";
const char* const two_moved =
    R"({"issues":[{"key":"OPS-1","fields":{"status":{"id":"1","name":"Open"}}},{"key":"OPS-2","fields":{"status":{"id":"7","name":"Approved"}}},{"key":"OPS-3","fields":{"status":{"id":"8","name":"Declined"}}}]})";
std::string moved(const std::string& key, const std::string& id, const std::string& name) {
    return R"({"key":")" + key + R"(","fields":{"status":{"id":")" + id + R"(","name":")" + name +
           R"("}},"changelog":{"histories":[{"id":"5","author":{"name":"lea","displayName":"Lea"},"created":"2026-11-30T08:00:00.000+0000","items":[{"field":"status","to":")" +
           id + R"("}]}]}})";
}

Sighting look(Bench& bench, const Watch& asked) {
    Sighting out;
    begin<Sighting>(look_at_jira(bench.means, asked), [&](Sighting sighting) { out = std::move(sighting); });
    return out;
}

TEST(JiraWatch, AsksOnceForAllIssuesAndForTheHistoryOfThoseThatWereMoved) {
    Bench bench;
    bench.http.answer("POST", search, json(two_moved));
    bench.http.answer("GET", second, json(moved("OPS-2", "7", "Approved")));
    bench.http.answer("GET", third, json(moved("OPS-3", "8", "Declined")));
    const Sighting seen = look(bench, watch());
    EXPECT_EQ(seen.id, "wch_1");
    EXPECT_EQ(seen.outcome, Outcome::sent) << seen.reason;
    ASSERT_EQ(seen.moves.size(), 2U);
    EXPECT_EQ(seen.moves[0].status + seen.moves[1].status, "ApprovedDeclined");
    EXPECT_EQ(bench.http.asked.size(), 3U);
    for (const auto& each : bench.http.asked) EXPECT_EQ(each.authorization, "Bearer personal-token");
}

TEST(JiraWatch, AsksForNothingMoreWhereNothingWasMoved) {
    Bench bench;
    bench.http.answer("POST", search, json(R"({"issues":[]})"));
    const Sighting seen = look(bench, watch());
    EXPECT_EQ(seen.outcome, Outcome::sent);
    EXPECT_TRUE(seen.moves.empty());
    EXPECT_EQ(bench.http.asked.size(), 1U);
}

TEST(JiraWatch, TellsOnWhatJiraAsksForWhenItIsBusyAndNoMoves) {
    Bench bench;
    bench.http.answer("POST", search, json(two_moved));
    bench.http.answer("GET", second, json(moved("OPS-2", "7", "Approved")));
    Answer busy = json("personal-token is too fast", 429);
    busy.headers = {{"retry-after", "40"}};
    bench.http.answer("GET", third, std::move(busy));
    const Sighting seen = look(bench, watch());
    EXPECT_EQ(seen.outcome, Outcome::later);
    EXPECT_EQ(seen.wait, std::chrono::seconds(40));
    EXPECT_TRUE(seen.moves.empty());
    EXPECT_EQ(seen.answer.find("personal-token"), std::string::npos) << seen.answer;
}

TEST(JiraWatch, PassesOverAnIssueThatIsGone) {
    Bench bench;
    bench.http.answer("POST", search, json(two_moved));
    bench.http.answer("GET", second, json("{}", 404));
    bench.http.answer("GET", third, json(moved("OPS-3", "8", "Declined")));
    const Sighting seen = look(bench, watch());
    EXPECT_EQ(seen.outcome, Outcome::sent);
    ASSERT_EQ(seen.moves.size(), 1U);
    EXPECT_EQ(seen.moves[0].key, "OPS-3");
}

TEST(JiraWatch, OfATargetWithoutATokenNothingIsAsked) {
    Bench bench;
    Watch poor = watch();
    poor.target.secrets.clear();
    EXPECT_EQ(look(bench, poor).outcome, Outcome::closed);
    EXPECT_TRUE(bench.http.asked.empty());
}

/// Looks that end when the test says so.
class Looks : public testing::Test {
  protected:
    struct Waiting {
        std::vector<std::coroutine_handle<>>& all;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) const { all.push_back(handle); }
        void await_resume() const noexcept {}
    };
    Task<Sighting> look(const Watch& watch) {
        const std::string id = watch.id;
        co_await Waiting{waiting_};
        co_return Sighting{.id = id, .outcome = Outcome::sent, .moves = {}};
    }
    void take(const std::string& id, const std::string& target,
              integrations::TargetKind kind = integrations::TargetKind::jira) {
        lookout_.take({.id = id, .target = {.name = target, .kind = kind}, .issues = {}, .statuses = {}});
    }
    std::vector<std::coroutine_handle<>> waiting_;
    std::vector<std::string> heard_;
    Lookout lookout_{[this](const Watch& watch) { return look(watch); },
                     [this](const Sighting& each) {
                         heard_.push_back(each.id + (each.outcome == Outcome::sent ? "" : " not seen"));
                     }};
    using Words = std::vector<std::string>;
};

TEST_F(Looks, OneOfATargetIsUnderWayAndEachWatchIsAnswered) {
    take("1", "a");
    take("2", "a");
    take("3", "b");
    take("4", "c", integrations::TargetKind::slack);
    EXPECT_EQ(heard_, (Words{"2 not seen", "4 not seen"}));
    for (const auto handle : std::exchange(waiting_, {})) handle.resume();
    EXPECT_EQ(heard_, (Words{"2 not seen", "4 not seen", "1", "3"}));
    EXPECT_EQ(lookout_.under_way(), 0U);
}

TEST_F(Looks, NotMoreThanFourAreUnderWayAndNoneBeginsWhenItCloses) {
    for (const char* id : {"1", "2", "3", "4", "5"}) take(id, id);
    EXPECT_EQ(heard_, Words{"5 not seen"});
    lookout_.close();
    for (const auto handle : std::exchange(waiting_, {})) handle.resume();
    take("6", "a");
    EXPECT_EQ(heard_.back(), "6 not seen");
    EXPECT_TRUE(waiting_.empty());
}

}  // namespace
}  // namespace bursar::courier
