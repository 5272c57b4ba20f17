// Hunts: an outage that is told again with every look or after a restart, one that never ends, an end that nobody knows
// of.
#include "service/treasury/conditions.h"

#include "tests/unit/treasury/office.h"

#include <array>

namespace bursar::treasury {
namespace {

using namespace std::chrono_literals;
using test::Office;

constexpr std::array courses{Course{"channel.down", "channel.back"}, Course{"disk.low", "disk.ok"}};

class ConditionsTest : public testing::Test {
  protected:
    static Condition down(std::string channel, std::optional<Severity> severity = {}) {
        return {.kind = "channel.down", .subject = "channel:" + channel, .text = "It is out", .severity = severity};
    }
    bool look(Conditions& conditions, const std::vector<Condition>& holding) {
        office_.clock.advance(1s);
        return conditions
            .look(
                holding,
                [this](std::string_view, const std::string&) {
                    return known_ ? std::optional<std::string>("It is back") : std::nullopt;
                },
                office_.clock.now())
            .has_value();
    }
    /// Kinds of all events, oldest first.
    std::string told() {
        std::string out;
        for (const Event& event : office_.events()) out = event.kind + " " + out;
        return out;
    }
    Office office_{{}};
    bool known_ = true;
};

TEST_F(ConditionsTest, begin_and_end_once_each_in_one_incident) {
    Conditions conditions(office_.store, courses);
    for (int again = 0; again < 3; ++again) ASSERT_TRUE(look(conditions, {down("a")}));
    EXPECT_EQ(told(), "channel.down ");
    for (int again = 0; again < 3; ++again) ASSERT_TRUE(look(conditions, {}));
    EXPECT_EQ(told(), "channel.down channel.back ");
    EXPECT_EQ(office_.events()[0].incident, office_.events()[1].incident);
    ASSERT_TRUE(look(conditions, {down("a")}));
    EXPECT_EQ(told(), "channel.down channel.back channel.down ") << "a second outage is told, too";
    ASSERT_TRUE(look(conditions, {down("a"), down("b")}));
    EXPECT_NE(office_.events()[0].incident, office_.events()[1].incident) << "each channel has its own";
}

TEST_F(ConditionsTest, are_remembered_over_a_restart) {
    {
        Conditions first(office_.store, courses);
        ASSERT_TRUE(look(first, {down("a"), down("b")}));
        ASSERT_TRUE(look(first, {down("a")}));
    }
    Conditions again(office_.store, courses);
    ASSERT_TRUE(look(again, {down("a")}));
    EXPECT_EQ(told(), "channel.down channel.down channel.back ") << "nothing is told twice";
    Conditions third(office_.store, courses);
    ASSERT_TRUE(look(third, {}));
    EXPECT_EQ(told(), "channel.down channel.down channel.back channel.back ") << "what ended meanwhile";
}

TEST_F(ConditionsTest, go_on_while_nobody_can_tell) {
    Conditions conditions(office_.store, courses);
    ASSERT_TRUE(look(conditions, {down("a")}));
    known_ = false;
    ASSERT_TRUE(look(conditions, {}));
    EXPECT_EQ(told(), "channel.down ");
    known_ = true;
    ASSERT_TRUE(look(conditions, {}));
    EXPECT_EQ(told(), "channel.down channel.back ");
}

TEST_F(ConditionsTest, that_get_worse_are_told_again_and_those_that_get_better_are_not) {
    Conditions conditions(office_.store, courses);
    ASSERT_TRUE(look(conditions, {down("a")}));
    ASSERT_TRUE(look(conditions, {down("a", Severity::critical)}));
    ASSERT_TRUE(look(conditions, {down("a", Severity::critical)}));
    ASSERT_TRUE(look(conditions, {down("a", Severity::warning)}));
    ASSERT_EQ(told(), "channel.down channel.down ");
    EXPECT_EQ(office_.events()[0].severity, Severity::critical);
    EXPECT_EQ(office_.events()[0].incident, office_.events()[1].incident);
    Conditions again(office_.store, courses);
    ASSERT_TRUE(look(again, {down("a", Severity::critical)}));
    EXPECT_EQ(told(), "channel.down channel.down ") << "how bad it was is remembered";
}

TEST_F(ConditionsTest, that_could_not_be_stored_are_told_the_next_time) {
    Conditions conditions(office_.store, courses);
    ASSERT_TRUE(look(conditions, {}));
    office_.store.fail_statement(2);
    EXPECT_FALSE(look(conditions, {down("a")}));
    EXPECT_EQ(told(), "");
    EXPECT_TRUE(look(conditions, {down("a")}));
    EXPECT_EQ(told(), "channel.down ");
}

}  // namespace
}  // namespace bursar::treasury
