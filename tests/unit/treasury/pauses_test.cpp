// Hunts: a pause that a restart forgets, one that outlives its end, and one that is in force but not stored.
#include "service/treasury/pauses.h"

#include "tests/unit/treasury/office.h"

namespace bursar::treasury {
namespace {

using namespace std::chrono_literals;
using test::Office;

class PausesTest : public testing::Test {
  protected:
    PausesTest() { open(); }
    void open() {
        office_.rules.change([](policies::InForce& in_force) { in_force = {}; });
        pauses_ = *Pauses::open(office_.desk);
    }
    bool is_paused(const char* key) {
        const auto rules = office_.rules.get();
        const auto found = rules->in_force->paused.find(key);
        return found != rules->in_force->paused.end() && office_.clock.now() < found->second.until;
    }
    Result<Pause> pause(const char* key, Timestamp until = Timestamp::max(), const Pauses::Also& also = {}) {
        return pauses_->pause(
            {.key_id = key, .reason = "it asks too much", .until = until, .by = "operator:ada", .at = {}}, also);
    }
    Office office_{{Pauses::schema()}};
    std::unique_ptr<Pauses> pauses_;
};

TEST_F(PausesTest, last_until_somebody_resumes_the_key_or_their_end) {
    ASSERT_TRUE(pause("k1"));
    ASSERT_TRUE(pause("k2", office_.clock.now() + 1h));
    for (int again = 0; again < 2; ++again) {
        EXPECT_TRUE(is_paused("k1"));
        EXPECT_TRUE(is_paused("k2"));
        EXPECT_EQ(office_.rules.get()->in_force->paused.at("k1").reason, "it asks too much");
        open();
    }
    office_.clock.advance(1h);
    EXPECT_TRUE(is_paused("k1"));
    EXPECT_FALSE(is_paused("k2"));
    EXPECT_EQ(pauses_->resume("k2", "operator:ada", {}).error().fault, Fault::conflict);
    ASSERT_TRUE(pauses_->resume("k1", "operator:ada", {}));
    EXPECT_FALSE(is_paused("k1"));
    open();
    EXPECT_FALSE(is_paused("k1"));
    EXPECT_EQ(pauses_->resume("k1", "operator:ada", {}).error().fault, Fault::conflict);
    ASSERT_TRUE(pause("k1")) << "again";
    const auto events = office_.events();
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(events[3].text, "operator:ada has paused key k1 until somebody resumes it: it asks too much");
    EXPECT_EQ(events[1].kind, "key.resumed");
}

TEST_F(PausesTest, the_end_by_the_time_alone_is_told_once) {
    ASSERT_TRUE(pause("k1", office_.clock.now() + 1h));
    ASSERT_TRUE(pause("k2"));
    ASSERT_TRUE(pauses_->tell_ended(office_.clock.now()));
    EXPECT_EQ(office_.events().size(), 2U) << "nothing is over";
    office_.clock.advance(1h);
    for (int again = 0; again < 2; ++again) {
        ASSERT_TRUE(pauses_->tell_ended(office_.clock.now()));
        open();
    }
    const auto events = office_.events();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].kind, "key.resumed");
    EXPECT_EQ(events[0].text, "The pause of key k1 is over");
    EXPECT_EQ(events[0].incident, events[2].incident) << "ends what the pause began";
    EXPECT_TRUE(is_paused("k2"));
}

TEST_F(PausesTest, of_somebody_is_news_and_of_the_service_itself_an_alarm) {
    office_.desk.team_of = [](std::string_view account) { return std::string(account) + "'s team"; };
    ASSERT_TRUE(pause("k1"));
    ASSERT_TRUE(pauses_->pause({.key_id = "k2", .reason = "runs away", .by = "service", .at = {}}, {}));
    const auto events = office_.events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].severity, Severity::info);
    EXPECT_EQ(events[0].severity, std::nullopt);
    EXPECT_EQ(events[0].team, "key:k2's team");
}

TEST_F(PausesTest, what_is_not_stored_is_not_in_force) {
    const auto no_audit = [](store::Transaction&) {
        return Result<void>(fail(Fault::storage_unavailable, "No audit."));
    };
    EXPECT_FALSE(pause("k1", Timestamp::max(), no_audit));
    EXPECT_FALSE(is_paused("k1"));
    ASSERT_TRUE(pause("k1"));
    EXPECT_FALSE(pauses_->resume("k1", "operator:ada", no_audit));
    EXPECT_TRUE(is_paused("k1"));
    EXPECT_EQ(pause("k2", office_.clock.now()).error().fault, Fault::invalid_request) << "over before it begins";
}

}  // namespace
}  // namespace bursar::treasury
