// Hunts: a message that is told twice, too early, out of order or not at all; an end that is told to nobody who heard
// of the beginning; quiet hours, silences and causes that keep back too much or too little.
#include "tests/unit/outbox/bureau.h"

namespace bursar::outbox::test {
namespace {

constexpr auto spent_50 = "ops: research has spent 50 % of its limit";
constexpr auto spent_80 = "ops: research has spent 80 % of its limit";
constexpr auto spent_100 = "ops: research has spent 100 % of its limit";

void route(Bureau& bureau, const std::function<void(policies::AlertRoute&)>& change,
           const std::function<void(policies::Snapshot&)>& also = {}) {
    bureau.put([&](policies::Snapshot& rules) {
        policies::AlertRoute route{.name = "r", .kinds = {}, .teams = {}, .targets = {"ops"}, .quiet = {}};
        change(route);
        rules.alerts.routes = {route};
        if (also) also(rules);
    });
}

TEST(Outbox, tells_every_mark_that_was_due_once_and_in_order_even_if_all_come_at_one_look) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.group_wait = 0s; });
    bureau.step();
    bureau.mark(50);
    bureau.mark(80);
    bureau.mark(100);
    bureau.run(2h, 10s);
    EXPECT_EQ(bureau.heard(), (Lines{spent_50, spent_80, spent_100}));
    EXPECT_EQ(bureau.told.back().message.severity, Severity::critical);
    EXPECT_EQ(bureau.told.front().message.incident, bureau.told.back().message.incident);
}

TEST(Outbox, tells_only_the_highest_of_the_marks_that_wait_together) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.group_wait = 30s; });
    bureau.step();
    bureau.mark(50);
    bureau.run(20s);
    bureau.mark(80);
    bureau.run(9s);
    EXPECT_EQ(bureau.heard(), Lines{});
    bureau.run(2s);
    EXPECT_EQ(bureau.heard(), (Lines{spent_80}));
    EXPECT_TRUE(bureau.told.back().message.items.empty());
    // A further mark does not wait for the interval of news.
    bureau.mark(100);
    bureau.run(31s);
    EXPECT_EQ(bureau.heard(), (Lines{spent_100}));
}

TEST(Outbox, never_tells_what_ends_before_its_first_message_is_due) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.group_wait = 30s; });
    bureau.step();
    bureau.happens("channel.down", {.incident = "channel:a/m"});
    bureau.run(29s);
    bureau.happens("channel.back", {.incident = "channel:a/m"});
    bureau.run(10min, 10s);
    EXPECT_EQ(bureau.heard(), Lines{});
}

TEST(Outbox, tells_the_end_to_whoever_heard_of_the_beginning) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.at_least = Severity::warning; });
    bureau.step();
    bureau.happens("channel.down", {.incident = "channel:a/m", .text = "Channel a/m is out"});
    bureau.run(40s);
    bureau.happens("channel.back", {.incident = "channel:a/m", .text = "Channel a/m is back"});
    bureau.run(40s);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: Channel a/m is out", "ops: Channel a/m is back"}));
    EXPECT_EQ(bureau.told.back().message.state, integrations::State::resolved);
    bureau.happens("channel.back", {.incident = "channel:a/other", .text = "Nobody knew"});
    bureau.run(40s);
    EXPECT_EQ(bureau.heard(), Lines{});
}

TEST(Outbox, says_nothing_of_a_silent_end_but_closes_the_issue) {
    Bureau bureau;
    bureau.put([](policies::Snapshot& rules) {
        Bureau::add_target(rules, "tickets", "jira");
        rules.alerts.routes = {Bureau::at_once({"ops", "tickets"})};
    });
    bureau.answer = [](const integrations::Delivery& each) {
        Receipt receipt{.outcome = Outcome::sent};
        if (each.target.kind == integrations::TargetKind::jira) receipt.thread["key"] = "OPS-1";
        return receipt;
    };
    bureau.step();
    bureau.mark(80);
    bureau.run(2s);
    EXPECT_EQ(bureau.heard().size(), 2U);
    bureau.happens("budget.period_closed", {.incident = "budget:team:research|per month|2026-11",
                                            .text = "November is over",
                                            .detail = R"({"silent":true})"});
    bureau.run(2s);
    EXPECT_EQ(bureau.heard(), (Lines{"tickets: November is over"}));
    EXPECT_EQ(bureau.told.back().thread.at("key"), "OPS-1");
    bureau.happens("budget.period_closed", {.incident = "budget:x", .detail = R"({"silent":true})"});
    bureau.run(2s);
    EXPECT_EQ(bureau.heard(), Lines{});
}

TEST(Outbox, gathers_news_of_an_incident_for_its_interval) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.group_wait = 0s; });
    bureau.step();
    bureau.happens("channel.down", {.incident = "channel:a/m", .text = "out"});
    bureau.step();
    bureau.happens("channel.down", {.incident = "channel:a/m", .text = "still refused"});
    bureau.happens("channel.down", {.incident = "channel:a/m", .text = "now it hangs"});
    bureau.run(4min, 1s);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: out"}));
    bureau.run(2min, 1s);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: now it hangs"}));
    EXPECT_EQ(bureau.told.back().message.items.size(), 2U);
}

TEST(Outbox, reminds_of_what_lasts_but_not_of_a_mark) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.group_wait = 0s; });
    bureau.step();
    bureau.happens("channel.down", {.incident = "channel:a/m", .text = "Channel a/m is out"});
    bureau.mark(80);
    bureau.run(9h, 1min);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: Channel a/m is out", spent_80, "ops: Still: Channel a/m is out",
                                     "ops: Still: Channel a/m is out"}));
}

TEST(Outbox, goes_on_in_its_thread_when_it_begins_again_within_a_day_and_anew_after_that) {
    Bureau bureau;
    bureau.put([](policies::Snapshot& rules) { rules.alerts.routes = {Bureau::at_once({"ops"})}; });
    bureau.answer = [&](const integrations::Delivery& each) {
        return Receipt{.outcome = Outcome::sent, .thread = {{"ts", each.id}}};
    };
    const auto once = [&] {
        bureau.happens("channel.down", {.incident = "channel:a/m"});
        bureau.run(10s);
        bureau.happens("channel.back", {.incident = "channel:a/m"});
        bureau.run(10s);
    };
    bureau.step();
    once();
    bureau.run(23h, 1h);
    once();
    bureau.run(25h, 1h);
    once();
    ASSERT_EQ(bureau.told.size(), 6U);
    EXPECT_TRUE(bureau.told[0].thread.empty());
    EXPECT_EQ(bureau.told[2].thread.at("ts"), bureau.told[1].id);
    EXPECT_EQ(bureau.told[2].message.incident, bureau.told[0].message.incident);
    EXPECT_TRUE(bureau.told[4].thread.empty());
    EXPECT_NE(bureau.told[4].message.incident, bureau.told[0].message.incident);
}

TEST(Outbox, keeps_quiet_over_midnight_and_tells_all_of_it_at_once_in_the_morning) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.quiet = policies::QuietHours{.from = 20h, .to = 7h}; });
    bureau.clock.set(*parse_timestamp("2026-11-18T20:30:00+01:00"));
    bureau.step();
    bureau.happens("channel.down", {.incident = "channel:a/m", .text = "a is out"});
    bureau.mark(80);
    bureau.happens("key.paused", {.incident = "key:k1", .text = "a key is paused"});
    bureau.happens("channel.down", {.incident = "channel:b/m", .text = "b is out"});
    bureau.run(2min, 1s);
    bureau.happens("channel.back", {.incident = "channel:b/m"});
    bureau.happens("break_glass.used", {.text = "Somebody broke the glass"});
    bureau.run(2min, 1s);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: Somebody broke the glass"}));
    bureau.clock.set(*parse_timestamp("2026-11-19T06:59:58+01:00"));
    bureau.step();
    EXPECT_EQ(bureau.heard(), Lines{});
    bureau.run(10s);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: 3 messages from the quiet hours"}));
    ASSERT_EQ(bureau.told.back().message.items.size(), 3U);
    EXPECT_EQ(bureau.told.back().message.items.front().text, "a is out");
}

TEST(Outbox, tells_a_single_thing_of_the_night_as_itself) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.quiet = policies::QuietHours{.from = 20h, .to = 7h}; });
    bureau.clock.set(*parse_timestamp("2026-11-18T23:00:00+01:00"));
    bureau.step();
    bureau.mark(80);
    bureau.run(40s);
    bureau.clock.set(*parse_timestamp("2026-11-19T07:00:01+01:00"));
    bureau.step();
    EXPECT_EQ(bureau.heard(), (Lines{spent_80}));
}

TEST(Outbox, tells_what_is_critical_at_once_whatever_the_hour) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.quiet = policies::QuietHours{.from = 20h, .to = 7h}; });
    bureau.clock.set(*parse_timestamp("2026-11-18T23:00:00+01:00"));
    bureau.step();
    bureau.mark(80);
    bureau.run(1min);
    bureau.mark(100);
    bureau.run(1min);
    EXPECT_EQ(bureau.heard(), (Lines{spent_100}));
}

TEST(Outbox, tells_nothing_that_is_silenced_and_tells_what_lasts_after_that) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.group_wait = 0s; });
    bureau.step();
    ASSERT_TRUE(bureau.clerk->silence({.events = "channel",
                                       .author = "operator:ada",
                                       .reason = "maintenance",
                                       .made = bureau.clock.now(),
                                       .until = bureau.clock.now() + 1h},
                                      {}));
    bureau.happens("channel.down", {.incident = "channel:a/m", .text = "a is out"});
    bureau.happens("channel.down", {.incident = "channel:b/m", .text = "b is out"});
    bureau.mark(80);
    bureau.run(30min, 10s);
    bureau.happens("channel.back", {.incident = "channel:b/m"});
    bureau.restart();
    bureau.run(29min, 10s);
    EXPECT_EQ(bureau.heard(), (Lines{spent_80}));
    bureau.run(2min, 1s);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: a is out"}));
}

TEST(Outbox, ends_a_silence_when_it_is_told_to_and_silences_a_team_with_those_below) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.group_wait = 0s; });
    bureau.step();
    const auto made = bureau.clerk->silence({.team = "rnd",
                                             .author = "operator:ada",
                                             .reason = "known",
                                             .made = bureau.clock.now(),
                                             .until = bureau.clock.now() + 24h},
                                            {});
    ASSERT_TRUE(made);
    bureau.mark(80);
    bureau.run(10s);
    EXPECT_EQ(bureau.heard(), Lines{});
    ASSERT_TRUE(bureau.clerk->end_silence(made->number, bureau.clock.now(), {}));
    bureau.run(1s);
    EXPECT_EQ(bureau.heard(), (Lines{spent_80}));
    EXPECT_EQ(bureau.clerk->end_silence(made->number, bureau.clock.now(), {}).error().fault, Fault::not_found);
}

TEST(Outbox, lets_a_provider_that_is_out_explain_what_follows_until_it_is_back) {
    Bureau bureau;
    route(bureau, [](auto& r) { r.group_wait = 5s; });
    bureau.step();
    bureau.happens("channel.down", {.incident = "channel:a/m", .text = "a/m is out", .subject = "channel:a/m"});
    bureau.happens("channel.down", {.incident = "channel:a/n", .text = "a/n is out", .subject = "channel:a/n"});
    bureau.happens("provider_key.down", {.incident = "key:a/k", .text = "k is out", .subject = "provider_key:a/k"});
    bureau.happens("channel.down", {.incident = "channel:b/m", .text = "b/m is out", .subject = "channel:b/m"});
    bureau.run(1min);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: a/m is out", "ops: b/m is out"}));
    bureau.happens("provider_key.back", {.incident = "key:a/k"});
    bureau.happens("channel.back", {.incident = "channel:a/m", .text = "a/m is back"});
    bureau.run(1min);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: a/n is out", "ops: a/m is back"}));
}

TEST(Outbox, without_routes_tells_the_first_target_of_warnings_and_worse) {
    Bureau bureau;
    bureau.put([](policies::Snapshot& rules) { Bureau::add_target(rules, "zoo", "mail"); });
    bureau.step();
    bureau.mark(80);
    bureau.happens("allocation.run", {.text = "shared out"});
    bureau.run(1min);
    EXPECT_EQ(bureau.heard(), (Lines{spent_80}));
}

TEST(Outbox, follows_the_routes_in_order_and_stops_at_the_first_that_fits) {
    Bureau bureau;
    bureau.put([](policies::Snapshot& rules) {
        for (const char* name : {"finance", "leads", "rest"}) Bureau::add_target(rules, name, "slack");
        auto finance = Bureau::at_once({"finance"}), leads = Bureau::at_once({"leads", "finance"}),
             rest = Bureau::at_once({"rest"});
        finance.name = "finance";
        finance.kinds = {"budget"};
        finance.goes_on = true;
        leads.name = "leads";
        leads.teams = {"rnd"};
        rest.name = "rest";
        rules.alerts.routes = {finance, leads, rest};
    });
    bureau.step();
    bureau.mark(80);
    bureau.happens("key.paused", {.incident = "key:1", .team = "sales", .text = "paused"});
    bureau.happens("credit.entered", {.text = "no budget"});
    bureau.run(2s);
    EXPECT_EQ(bureau.heard(),
              (Lines{"finance: research has spent 80 % of its limit", "leads: research has spent 80 % of its limit",
                     "rest: paused", "rest: no budget"}));
}

TEST(Outbox, begins_behind_what_had_happened_before_there_was_an_outbox) {
    Bureau bureau;
    bureau.mark(80);
    bureau.step();
    bureau.run(1min);
    EXPECT_EQ(bureau.heard(), Lines{});
}

}  // namespace
}  // namespace bursar::outbox::test
