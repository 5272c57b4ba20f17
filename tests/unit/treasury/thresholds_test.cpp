// Hunts: a mark that is passed in silence, one that is told again and again, or told of what is only held.
#include "service/treasury/thresholds.h"

#include "tests/unit/treasury/office.h"

#include <algorithm>

#include <fmt/format.h>

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

TEST(ThresholdEvents, at_the_whole_of_a_hard_limit_it_is_used_up_and_a_soft_one_is_at_a_mark) {
    const auto kinds = [](const ledger::Standing& of) {
        std::string all;
        for (const Event& event : threshold_events(of, berlin, noon))
            all += fmt::format("{} {} ", event.kind, name_of(*event.severity));
        return all;
    };
    EXPECT_EQ(kinds(standing(month({50}), NanoUsd::dollars(2'000))),
              "budget.threshold warning budget.exhausted critical ")
        << "also where the mark of 100 % is not written";
    EXPECT_EQ(kinds(standing(month({100, 120}), NanoUsd::dollars(2'400))),
              "budget.exhausted critical budget.threshold critical ");
    Budget soft = month({50, 100});
    soft.hard = false;
    EXPECT_EQ(kinds(standing(soft, NanoUsd::dollars(2'000))), "budget.threshold warning budget.threshold warning ");
    soft.warn_percent = {50};
    EXPECT_EQ(kinds(standing(soft, NanoUsd::dollars(2'000))), "budget.threshold warning ");
    ledger::Standing own = standing(month({100}), NanoUsd::dollars(2'000));
    own.account = "person:alice";
    EXPECT_EQ(kinds(own), "budget.exhausted warning ") << "nobody is woken by one person's own limit";
}

TEST(ThresholdEvents, a_hard_limit_is_used_up_when_its_rest_is_too_small_for_a_call) {
    ledger::Standing one = standing(month({80}), NanoUsd::dollars(1'990));
    EXPECT_EQ(threshold_events(one, berlin, noon).size(), 1U);
    one.refused_at = noon - 1s;
    const auto events = threshold_events(one, berlin, noon);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].kind, "budget.exhausted");
    EXPECT_EQ(events[1].text,
              "Team research has used up its 2,000.00 USD for November, but for 10.00 USD; calls are refused until 1 "
              "December");
    one.spent = NanoUsd::dollars(1'930);
    EXPECT_FALSE(recovery_event(one, berlin, noon, {.highest = 100})) << "it is still refused";
    one.spent = NanoUsd::dollars(1'799);
    EXPECT_EQ(threshold_events(one, berlin, noon).size(), 1U) << "a large call that does not fit into much";
    EXPECT_TRUE(recovery_event(one, berlin, noon, {.highest = 100}));
    one.spent = NanoUsd::dollars(1'990);
    EXPECT_EQ(threshold_events(one, berlin, noon, {.again = 1, .floor = 80, .highest = 0, .since = noon}).size(), 0U)
        << "what was refused before there was room again";
}

TEST(RecoveryEvents, come_with_room_that_a_call_does_not_fill_and_arm_the_marks_again) {
    Budget budget = month({50, 80});
    Told told;
    const auto tell = [&](NanoUsd spent) {
        const ledger::Standing one = standing(budget, spent);
        std::string all;
        for (const Event& event : threshold_events(one, berlin, noon, told)) {
            all += event.kind.substr(7) + event.name.substr(event.name.rfind('|')) + " ";
            note_told(told, event);
        }
        if (const auto event = recovery_event(one, berlin, noon, told)) {
            all += event->kind.substr(7) + event->name.substr(event->name.rfind('|')) + " ";
            EXPECT_EQ(event->incident, incident_of(one));
            note_told(told, *event);
        }
        return all;
    };
    EXPECT_EQ(tell(NanoUsd::dollars(900)), "");
    EXPECT_EQ(tell(NanoUsd::dollars(2'000)), "threshold|50 threshold|80 exhausted|100 ");
    EXPECT_EQ(tell(NanoUsd::dollars(2'000)), "") << "each once";
    budget.adjustments = {{.amount = NanoUsd::dollars(20)}};
    EXPECT_EQ(tell(NanoUsd::dollars(2'000)), "") << "99 %: the next call is refused again";
    budget.adjustments = {{.amount = NanoUsd::dollars(1'000)}};
    EXPECT_EQ(tell(NanoUsd::dollars(2'000)), "recovered|66 ");
    EXPECT_EQ(tell(NanoUsd::dollars(2'100)), "") << "50 % was passed before";
    EXPECT_EQ(tell(NanoUsd::dollars(3'000)), "threshold|80 exhausted|100 ") << "of the limit as it is now";
    budget.adjustments = {{.amount = NanoUsd::dollars(10'000)}};
    EXPECT_EQ(tell(NanoUsd::dollars(3'000)), "recovered|25 ");
    EXPECT_EQ(told.again, 2);
}

TEST(RecoveryEvents, are_sentences_that_people_understand) {
    Budget raised = month();
    raised.adjustments = {{.amount = NanoUsd::dollars(1'000)}};
    const auto event = recovery_event(standing(raised, NanoUsd::dollars(2'000)), berlin, noon, {.highest = 100});
    ASSERT_TRUE(event);
    EXPECT_EQ(event->text,
              "Team research has room again: it has spent 66 % of its 3,000.00 USD for November; calls go on");
    EXPECT_FALSE(recovery_event(standing(raised, NanoUsd{}), berlin, noon, {})) << "nothing was told";
}

TEST(RecoveryEvents, of_a_rolling_limit_need_more_room_since_it_goes_up_and_down_by_itself) {
    Budget rolling{.limit = NanoUsd::dollars(100), .per = Per::day, .warn_percent = {80}, .rolling = true};
    EXPECT_FALSE(recovery_event(standing(rolling, NanoUsd::dollars(75)), berlin, noon, {.highest = 80}));
    EXPECT_TRUE(recovery_event(standing(rolling, NanoUsd::dollars(69)), berlin, noon, {.highest = 80}));
}

TEST(Told, comes_back_from_the_names_of_events) {
    Budget budget = month({50, 80});
    Told told;
    const auto pass = [&](NanoUsd spent, NanoUsd raise) {
        budget.adjustments = {{.amount = raise}};
        const ledger::Standing one = standing(budget, spent);
        std::vector<Event> found = threshold_events(one, berlin, noon, told);
        if (const auto event = recovery_event(one, berlin, noon, told)) found.push_back(*event);
        for (const Event& event : found) note_told(told, event);
        return found;
    };
    std::vector<Event> all = pass(NanoUsd::dollars(1'600), {});
    for (auto& more : {pass(NanoUsd::dollars(1'600), NanoUsd::dollars(1'000)),
                       pass(NanoUsd::dollars(2'500), NanoUsd::dollars(1'000))})
        all.insert(all.end(), more.begin(), more.end());
    ASSERT_EQ(all.size(), 4U);
    Told again;
    for (const Event& event : all) note_told(again, event);
    EXPECT_EQ(again, told);
    Told late;
    note_told(late, all.back());
    EXPECT_EQ(late.again, told.again) << "also when the older ones are forgotten";
}

class ThresholdsTest : public testing::Test {
  protected:
    Result<std::vector<ledger::Standing>> stand(const std::vector<ledger::Level>& levels) {
        ++looks_;
        std::vector<ledger::Standing> all;
        for (const ledger::Level& level : levels)
            for (const Budget& budget : level.budgets) {
                all.push_back(standing(budget, level.account == "team:prepaid" ? NanoUsd{} : spent_, now_));
                all.back().limit = budget.limit;
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
    Timestamp now_ = noon;
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

TEST_F(ThresholdsTest, say_whose_it_is_and_what_belongs_together) {
    keys_ = {{.key_id = "k7",
              .name = "k",
              .team = "sales",
              .person = {},
              .models = {},
              .budgets = {{.limit = NanoUsd::dollars(85), .warn_percent = {100}}}}};
    ASSERT_TRUE(thresholds().look(noon));
    const auto events = office_.events();
    ASSERT_EQ(events.size(), 2U);
    for (const Event& event : events) {
        EXPECT_EQ(event.team, event.subject == "key:k7" ? "sales" : "research");
        EXPECT_EQ(event.incident, fmt::format("budget:{}|per month|2026-10-31T23:00:00.000Z", event.subject));
    }
}

TEST_F(ThresholdsTest, room_again_is_told_once_and_marks_anew_also_over_a_restart) {
    spent_ = NanoUsd::dollars(100);
    ASSERT_TRUE(thresholds().look(noon));
    spent_ = NanoUsd::dollars(60);
    for (int again = 0; again < 2; ++again) ASSERT_TRUE(thresholds().look(noon));
    spent_ = NanoUsd::dollars(85);
    for (int again = 0; again < 2; ++again) ASSERT_TRUE(thresholds().look(noon));
    std::string told;
    for (const Event& event : office_.events()) told = event.kind.substr(7) + " " + told;
    EXPECT_EQ(told, "threshold exhausted recovered threshold ");
}

TEST_F(ThresholdsTest, the_end_of_a_period_closes_what_was_told_in_it_and_says_what_was_spent) {
    Thresholds one = thresholds();
    ASSERT_TRUE(one.look(noon));
    now_ = *parse_timestamp("2026-12-01T00:00:05Z");
    spent_ = NanoUsd::dollars(1);
    for (int again = 0; again < 2; ++again) ASSERT_TRUE(one.look(now_));
    std::vector<Event> closed;
    for (const Event& event : office_.events())
        if (event.kind == "budget.period_closed") closed.push_back(event);
    ASSERT_FALSE(closed.empty());
    const auto research = std::ranges::find(closed, "team:research", &Event::subject);
    ASSERT_NE(research, closed.end());
    EXPECT_EQ(research->text, "Team research spent 85.00 USD of its 100.00 USD for November");
    EXPECT_EQ(research->incident, "budget:team:research|per month|2026-10-31T23:00:00.000Z");
    EXPECT_EQ(research->team, "research");
    EXPECT_NE(research->detail.find("\"silent\":true"), std::string::npos);
    EXPECT_EQ(std::ranges::count(closed, "org", &Event::subject), 1) << "also where nothing had begun";
    EXPECT_EQ(std::ranges::count(closed, "person:alice", &Event::subject), 0) << "nobody reports on one person";
}

TEST_F(ThresholdsTest, a_period_that_ended_while_the_service_was_away_is_closed_without_a_sum) {
    ASSERT_TRUE(thresholds().look(noon));
    now_ = *parse_timestamp("2026-12-03T00:00:00Z");
    spent_ = NanoUsd::dollars(1);
    for (int again = 0; again < 2; ++again) ASSERT_TRUE(thresholds().look(now_));
    const auto events = office_.events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].kind, "budget.period_closed");
    EXPECT_EQ(events[0].incident, events[1].incident);
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
    EXPECT_EQ(looks_, 204);
    EXPECT_EQ(office_.events().size(), 201U);
}

}  // namespace
}  // namespace bursar::treasury
