// Hunts: a mark that is passed in silence, one that is told again and again, or told of what is only held.
#include "service/treasury/thresholds.h"

#include "tests/unit/treasury/office.h"

namespace bursar::treasury {
namespace {

using namespace std::chrono_literals;
using test::Office;

const TimeZone berlin = *TimeZone::load("Europe/Berlin");
const Timestamp noon = *parse_timestamp("2026-11-20T11:00:00Z");

ledger::Standing standing(Budget budget, NanoUsd spent, Timestamp at = noon) {
    const Period period = berlin.period_of(budget.per, at);
    ledger::Standing one;
    one.account = "team:research";
    one.budget = std::move(budget);
    one.spent = spent;
    one.period_start = period.start;
    one.period_end = period.end;
    return one;
}

std::string texts(const ledger::Standing& of, Timestamp now = noon) {
    std::string all;
    for (const Event& event : threshold_events(of, berlin, now)) all += (all.empty() ? "" : "\n") + event.text;
    return all;
}
std::string names(const ledger::Standing& of, Timestamp now = noon) {
    std::string all;
    for (const Event& event : threshold_events(of, berlin, now)) all += (all.empty() ? "" : "\n") + event.name;
    return all;
}

Budget month(std::vector<int> marks = {80, 100}) {
    return {.limit = NanoUsd::dollars(2'000), .warn_percent = std::move(marks)};
}

TEST(ThresholdEvents, begin_at_the_mark_to_the_nano_dollar_and_never_for_what_is_held) {
    EXPECT_EQ(texts(standing(month(), NanoUsd::dollars(1'600) - NanoUsd(1))), "");
    EXPECT_EQ(names(standing(month(), NanoUsd::dollars(1'600))),
              "budget:team:research|per month|2026-10-31T23:00:00.000Z|80");
    ledger::Standing held = standing(month(), NanoUsd{});
    held.held = NanoUsd::dollars(2'000);
    EXPECT_EQ(texts(held), "");
    EXPECT_EQ(texts(standing(month({}), NanoUsd::dollars(9'000))), "") << "nobody wants to know";
    EXPECT_EQ(threshold_events(standing(month({50, 80, 100}), NanoUsd::dollars(2'500)), berlin, noon).size(), 3U);
}

TEST(ThresholdEvents, are_sentences_that_people_understand) {
    EXPECT_EQ(texts(standing(month(), NanoUsd::dollars(1'700))),
              "Team research has spent 80 % of its 2,000.00 USD for November; at this pace it lasts until 23 November");
    EXPECT_EQ(texts(standing(month({10}), NanoUsd::dollars(300))),
              "Team research has spent 10 % of its 2,000.00 USD for November; at this pace it is enough");
    EXPECT_EQ(texts(standing(month({100}), NanoUsd::dollars(2'000))),
              "Team research has used up its 2,000.00 USD for November; calls are refused until 1 December");
    Budget soft = month({100});
    soft.hard = false;
    EXPECT_EQ(texts(standing(soft, NanoUsd::dollars(2'001))),
              "Team research has used up its 2,000.00 USD for November; the limit is a soft one, so calls go on");
    Budget tokens{.limit = Quantity(1'000'000),
                  .per = Per::day,
                  .warn_percent = {50},
                  .measure = Measure::tokens,
                  .of = "tier:frontier"};
    EXPECT_EQ(texts(standing(tokens, NanoUsd(500'000))),
              "Team research has used 50 % of its 1,000,000 tokens of tier:frontier for 20 November");
    Budget rolling = month({50});
    rolling.rolling = true;
    EXPECT_EQ(texts(standing(rolling, NanoUsd::dollars(1'000))),
              "Team research has spent 50 % of its 2,000.00 USD in any 30 days");
}

TEST(ThresholdEvents, have_a_name_for_each_period) {
    const Timestamp december = *parse_timestamp("2026-12-02T11:00:00Z");
    EXPECT_NE(names(standing(month({80}), NanoUsd::dollars(1'600))),
              names(standing(month({80}), NanoUsd::dollars(1'600), december), december));
    EXPECT_EQ(names(standing(month({80}), NanoUsd::dollars(1'600))),
              names(standing(month({80}), NanoUsd::dollars(1'900)), noon + 24h));

    Budget raised = month({80});
    raised.adjustments = {{.amount = NanoUsd::dollars(1'000)}};
    EXPECT_EQ(texts(standing(raised, NanoUsd::dollars(2'000))), "") << "80 % of what is in force";
    EXPECT_EQ(names(standing(raised, NanoUsd::dollars(2'400))), names(standing(month({80}), NanoUsd::dollars(1'600))))
        << "passed again in one period";
}

TEST(ThresholdEvents, of_a_rolling_limit_are_not_raised_anew_with_every_look) {
    Budget rolling{.limit = NanoUsd::dollars(10), .per = Per::day, .warn_percent = {80}, .rolling = true};
    const auto name = [&](Timestamp now) {
        ledger::Standing one = standing(rolling, NanoUsd::dollars(9));
        one.period_start = now - 24h;
        one.period_end = now;
        return names(one, now);
    };
    EXPECT_EQ(name(noon), name(noon + 10s));
    EXPECT_NE(name(noon), name(noon + 24h));
}

TEST(ThresholdEvents, of_a_balance_are_armed_again_by_a_top_up) {
    Budget prepaid{.limit = {}, .per = Per::ever, .warn_percent = {80}};
    EXPECT_EQ(names(standing(prepaid, NanoUsd{})), "") << "nothing was paid in, nothing is used up";
    prepaid.adjustments = {{.amount = NanoUsd::dollars(10)}};
    const std::string first = names(standing(prepaid, NanoUsd::dollars(8)));
    EXPECT_EQ(first, "budget:team:research|for good|of 10.00|80");
    prepaid.adjustments[0].amount = NanoUsd::dollars(20);
    EXPECT_EQ(names(standing(prepaid, NanoUsd::dollars(8))), "");
    EXPECT_NE(names(standing(prepaid, NanoUsd::dollars(16))), first);
}

class ThresholdsTest : public testing::Test {
  protected:
    Result<std::vector<ledger::Standing>> stand(const std::vector<ledger::Level>& levels) {
        ++looks_;
        std::vector<ledger::Standing> all;
        for (const ledger::Level& level : levels)
            for (const Budget& budget : level.budgets) {
                all.push_back(standing(budget, level.account == "team:prepaid" ? NanoUsd{} : spent_));
                all.back().account = level.account;
            }
        return all;
    }
    Thresholds thresholds() {
        return {office_.desk, [this](const std::vector<ledger::Level>& levels, Timestamp) { return stand(levels); },
                [this] { return keys_; }};
    }

    Office office_{{}};
    std::vector<Caller> keys_;
    NanoUsd spent_ = NanoUsd::dollars(85);
    int looks_ = 0;
};

TEST_F(ThresholdsTest, raise_each_event_once_also_over_a_restart) {
    Thresholds first = thresholds();
    ASSERT_TRUE(first.look(noon));
    ASSERT_TRUE(first.look(noon));
    Thresholds again = thresholds();
    ASSERT_TRUE(again.look(noon));
    ASSERT_EQ(office_.events().size(), 1U);
    spent_ = NanoUsd::dollars(100);
    ASSERT_TRUE(again.look(noon));
    EXPECT_EQ(office_.events().size(), 2U);
    EXPECT_EQ(office_.events()[0].subject, "team:research");
}

TEST_F(ThresholdsTest, an_event_that_could_not_be_stored_is_tried_again) {
    Thresholds one = thresholds();
    office_.store.fail_statement(2);
    EXPECT_FALSE(one.look(noon));
    EXPECT_TRUE(office_.events().empty());
    EXPECT_TRUE(one.look(noon));
    EXPECT_EQ(office_.events().size(), 1U);
}

TEST_F(ThresholdsTest, ask_the_ledger_for_one_account_at_a_time) {
    for (int i = 0; i < 200; ++i)
        keys_.push_back({.key_id = std::to_string(i),
                         .name = "k",
                         .team = "research",
                         .person = {},
                         .models = {},
                         .budgets = {{.limit = NanoUsd::dollars(85), .warn_percent = {100}}}});
    ASSERT_TRUE(thresholds().look(noon));
    EXPECT_EQ(looks_, 202);
    EXPECT_EQ(office_.events().size(), 201U);
}

}  // namespace
}  // namespace bursar::treasury
