// Hunts: a flood after a target's outage, a message that is lost by one, a rate that is passed, and a target that is
// asked too often or never again.
#include "tests/unit/outbox/bureau.h"

namespace bursar::outbox::test {
namespace {

Bureau& at_once(Bureau& bureau, const std::function<void(policies::Snapshot&)>& also = {}) {
    bureau.put([&](policies::Snapshot& rules) {
        rules.alerts.routes = {Bureau::at_once({"ops"})};
        if (also) also(rules);
    });
    bureau.step();
    return bureau;
}

Receipt down(bool perhaps_sent = false) {
    return {.outcome = Outcome::later, .reason = "It does not answer.", .perhaps_sent = perhaps_sent};
}

TEST(Outage, of_two_days_ends_with_one_digest) {
    Bureau bureau;
    at_once(bureau);
    bool up = false;
    // The first, of the one that stays out, may have arrived.
    bureau.answer = [&](const integrations::Delivery& each) {
        return up ? Receipt{.outcome = Outcome::sent} : down(each.message.title == "x/lasting is out");
    };
    // 4,000 messages: channels that fail and come back, marks, and one that stays out.
    bureau.happens("channel.down", {.incident = "channel:x/lasting", .text = "x/lasting is out", .subject = "x"});
    for (int i = 0; i < 2'000; ++i) {
        const std::string channel = "channel:p" + std::to_string(i % 40) + "/m";
        bureau.happens("channel.down", {.incident = channel, .subject = channel});
        bureau.run(40s, 20s);
        bureau.happens("channel.back", {.incident = channel, .subject = channel});
        bureau.run(40s, 20s);
    }
    EXPECT_EQ(bureau.heard(), Lines{});
    // At most one try in a back-off of 15 minutes, and those of the beginning.
    EXPECT_LT(bureau.tries, 44 * 8 + 40);
    up = true;
    bureau.run(20min, 10s);
    ASSERT_EQ(bureau.told.size(), 1U);
    const auto& digest = bureau.told.front().message;
    EXPECT_EQ(digest.items.front().text, "x/lasting is out (perhaps told before)");
    EXPECT_NE(digest.text.find("began and ended meanwhile"), std::string::npos);
    EXPECT_EQ(bureau.deliveries(Delivery::State::waiting).size() + bureau.deliveries(Delivery::State::folded).size(),
              0U);
    // And from now on one by one again.
    bureau.happens("channel.back", {.incident = "channel:x/lasting", .text = "x/lasting is back", .subject = "x"});
    bureau.run(5s);
    EXPECT_EQ(bureau.told.back().message.title, "x/lasting is back");
}

TEST(Outage, makes_no_digest_of_issues_but_one_issue_of_each_incident_that_lasts) {
    Bureau bureau;
    at_once(bureau, [](policies::Snapshot& rules) { rules.alerts.targets.at("ops").kind = "jira"; });
    bool up = false;
    bureau.answer = [&](const integrations::Delivery&) { return up ? Receipt{.outcome = Outcome::sent} : down(); };
    for (int i = 0; i < 12; ++i) {
        const std::string channel = "channel:p" + std::to_string(i) + "/m";
        bureau.happens("channel.down", {.incident = channel, .text = channel + " is out", .subject = channel});
        if (i >= 3) bureau.happens("channel.back", {.incident = channel, .subject = channel});
    }
    bureau.run(1h, 10s);
    up = true;
    bureau.run(20min, 10s);
    EXPECT_EQ(bureau.heard(),
              (Lines{"ops: channel:p0/m is out", "ops: channel:p1/m is out", "ops: channel:p2/m is out"}));
}

TEST(Outage, of_a_few_minutes_loses_and_repeats_nothing) {
    Bureau bureau;
    at_once(bureau);
    bool up = false;
    bureau.answer = [&](const integrations::Delivery&) { return up ? Receipt{.outcome = Outcome::sent} : down(); };
    bureau.mark(50);
    bureau.mark(80);
    bureau.mark(100);
    bureau.run(4min);
    up = true;
    bureau.run(16min);
    ASSERT_EQ(bureau.told.size(), 3U);
    EXPECT_NE(bureau.told[0].message.title.find("50 %"), std::string::npos);
    EXPECT_NE(bureau.told[2].message.title.find("100 %"), std::string::npos);
}

TEST(Outage, waits_as_long_as_the_target_asks_for) {
    Bureau bureau;
    at_once(bureau);
    std::vector<Timestamp> tried;
    bureau.answer = [&](const integrations::Delivery&) {
        tried.push_back(bureau.clock.now());
        return tried.size() == 1 ? Receipt{.outcome = Outcome::later, .wait = 90s} : Receipt{.outcome = Outcome::sent};
    };
    bureau.mark(80);
    bureau.run(3min);
    ASSERT_EQ(tried.size(), 2U);
    EXPECT_EQ(tried[1] - tried[0], 90s);
}

TEST(Rate, is_never_passed_in_any_minute) {
    for (const int per_minute : {1, 4, 20}) {
        Bureau bureau;
        at_once(bureau, [&](policies::Snapshot& rules) { rules.alerts.targets.at("ops").per_minute = per_minute; });
        for (int i = 0; i < 300; ++i) {
            bureau.happens("break_glass.used", {});
            bureau.run(2s);
        }
        bureau.run(10min);
        ASSERT_GT(bureau.told.size(), 2U);
        int most = 0;
        for (const auto& first : bureau.told) {
            int count = 0;
            for (const auto& each : bureau.told)
                if (each.at >= first.at && each.at < first.at + 1min) ++count;
            most = std::max(most, count);
        }
        EXPECT_LE(most, per_minute);
        EXPECT_EQ(bureau.deliveries(Delivery::State::waiting).size(), 0U) << "what is too much is told in digests";
    }
}

TEST(Parked, target_is_told_of_through_another_and_asked_once_an_hour) {
    Bureau bureau;
    at_once(bureau, [](policies::Snapshot& rules) { Bureau::add_target(rules, "other", "mail"); });
    bool open = false;
    int asked = 0;
    bureau.answer = [&](const integrations::Delivery& each) {
        if (each.target.name == "other" || open) return Receipt{.outcome = Outcome::sent};
        ++asked;
        return Receipt{.outcome = Outcome::closed, .reason = "The webhook is gone.", .answer = "404 no_service"};
    };
    bureau.mark(80);
    bureau.run(10h, 1min);
    EXPECT_GE(asked, 10);
    EXPECT_LE(asked, 11);
    const Lines heard = bureau.heard();
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard.front(), "other: The target \"ops\" takes no messages any more");
    EXPECT_EQ(bureau.events_of("target.closed").size(), 1U);
    // A new policy is a reason to ask at once.
    open = true;
    at_once(bureau, [](policies::Snapshot& rules) { Bureau::add_target(rules, "other", "mail"); });
    bureau.run(2min, 1s);
    EXPECT_EQ(bureau.heard(),
              (Lines{"ops: research has spent 80 % of its limit", "other: The target \"ops\" takes messages again"}));
}

TEST(Parked, because_a_secret_is_missing_says_which_and_goes_on_soon_after_it_is_there) {
    Bureau bureau;
    at_once(bureau);
    bool there = false;
    bureau.lend = [&](const policies::AlertTarget& target) -> Result<integrations::Target> {
        if (!there) return fail(Fault::key_missing, "The vault has no secret \"slack-ops\".");
        return Bureau::prepare(target);
    };
    bureau.mark(80);
    bureau.run(5min, 1s);
    const auto standing = bureau.clerk->summary().standings.at("ops");
    EXPECT_TRUE(standing.parked_at && standing.lacks_secret);
    EXPECT_EQ(standing.reason, "The vault has no secret \"slack-ops\".");
    there = true;
    bureau.run(61s, 1s);
    EXPECT_EQ(bureau.heard().size(), 1U);
    EXPECT_FALSE(bureau.clerk->summary().standings.at("ops").parked_at);
}

TEST(Sealed, vault_parks_nothing) {
    Bureau bureau;
    at_once(bureau);
    bool sealed = true;
    bureau.lend = [&](const policies::AlertTarget& target) -> Result<integrations::Target> {
        if (sealed) return fail(Fault::sealed, "The vault is sealed.");
        return Bureau::prepare(target);
    };
    bureau.mark(80);
    bureau.run(1min);
    EXPECT_TRUE(bureau.events_of("target").empty());
    sealed = false;
    bureau.run(1s);
    EXPECT_EQ(bureau.heard().size(), 1U);
}

TEST(Dead, letters_are_seen_and_sent_again) {
    Bureau bureau;
    at_once(bureau, [](policies::Snapshot& rules) { Bureau::add_target(rules, "other", "mail"); });
    bool takes = false;
    bureau.answer = [&](const integrations::Delivery& each) {
        if (each.target.name == "other" || takes) return Receipt{.outcome = Outcome::sent};
        return Receipt{.outcome = Outcome::refused, .reason = "A field is missing.", .answer = "400 invalid_blocks"};
    };
    bureau.mark(80);
    bureau.run(1min);
    const auto dead = bureau.deliveries(Delivery::State::dead);
    ASSERT_EQ(dead.size(), 1U);
    EXPECT_EQ(dead[0].reason, "A field is missing.");
    EXPECT_EQ(dead[0].answer, "400 invalid_blocks");
    EXPECT_EQ(bureau.heard().size(), 1U) << "the loss is told through the other target";
    takes = true;
    ASSERT_TRUE(bureau.clerk->resend(dead[0].id, bureau.clock.now(), {}));
    bureau.run(5s);
    EXPECT_EQ(bureau.heard(), (Lines{"ops: research has spent 80 % of its limit"}));
    EXPECT_EQ(bureau.clerk->resend(dead[0].id, bureau.clock.now(), {}).error().fault, Fault::conflict);
    EXPECT_EQ(bureau.clerk->resend("dlv_none", bureau.clock.now(), {}).error().fault, Fault::not_found);
}

TEST(Dead, is_what_could_not_be_delivered_for_three_days_and_nothing_sooner) {
    Bureau bureau;
    at_once(bureau);
    bureau.answer = [](const integrations::Delivery&) { return down(); };
    bureau.mark(80);
    bureau.run(71h, 10min);
    EXPECT_TRUE(bureau.deliveries(Delivery::State::dead).empty());
    bureau.run(2h, 10min);
    ASSERT_EQ(bureau.deliveries(Delivery::State::dead).size(), 1U);
    EXPECT_EQ(bureau.events_of("delivery.lost").size(), 1U);
}

TEST(Dead, letters_of_targets_that_take_nothing_do_not_keep_each_other_busy) {
    Bureau bureau;
    at_once(bureau, [](policies::Snapshot& rules) { Bureau::add_target(rules, "other", "mail"); });
    bureau.answer = [](const integrations::Delivery&) { return Receipt{.outcome = Outcome::refused, .reason = "No."}; };
    bureau.mark(80);
    bureau.run(6h, 10s);
    EXPECT_LE(bureau.tries, 3);
}

TEST(Waiting, for_a_target_that_takes_nothing_is_bounded_and_what_is_too_much_is_seen) {
    Bureau bureau;
    at_once(bureau);
    bool open = false;
    bureau.answer = [&](const integrations::Delivery&) {
        return Receipt{.outcome = open ? Outcome::sent : Outcome::closed, .reason = "The webhook is gone."};
    };
    bureau.happens("break_glass.used", {.text = "first"});
    bureau.step();
    constexpr int more = 1'500;
    for (int i = 0; i < more; ++i) bureau.happens("break_glass.used", {.text = "news " + std::to_string(i)});
    bureau.step();
    EXPECT_LE(bureau.clerk->summary().waiting, static_cast<std::int64_t>(waiting_max) + 1);
    EXPECT_EQ(bureau.deliveries(Delivery::State::dead).size(), more + 1 - waiting_max);
    EXPECT_LE(bureau.events_of("delivery.lost").size(), 2U);
    open = true;
    bureau.run(1h + 1min, 1min);
    ASSERT_EQ(bureau.told.size(), 1U);
    EXPECT_EQ(bureau.told[0].message.title, "1000 messages that could not be told in time");
}

TEST(Stray, messages_of_a_target_that_the_policy_has_no_more_are_given_up) {
    Bureau bureau;
    at_once(bureau);
    bureau.answer = [](const integrations::Delivery&) { return down(); };
    bureau.mark(80);
    bureau.run(10s);
    bureau.put([](policies::Snapshot& rules) { rules.alerts.targets.clear(); });
    bureau.run(10s);
    EXPECT_EQ(bureau.deliveries(Delivery::State::dead).size(), 1U);
    EXPECT_EQ(bureau.clerk->summary().waiting, 0);
}

}  // namespace
}  // namespace bursar::outbox::test
