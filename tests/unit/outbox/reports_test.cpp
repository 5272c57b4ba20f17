// Hunts: a report that reaches a target twice or not at all, in a digest without its figures, by a route that nobody
// meant it for, or after a crash without its files.
#include "integrations/report/report_json.h"
#include "tests/unit/outbox/bureau.h"

#include <algorithm>

namespace bursar::outbox::test {
namespace {

namespace report = integrations::report;

report::Report figures() {
    report::Report out;
    out.name = "finance";
    out.organisation = out.subject = "Example";
    out.from = *parse_timestamp("2026-10-31T23:00:00Z");
    out.to = *parse_timestamp("2026-11-30T23:00:00Z");
    out.before_from = *parse_timestamp("2026-09-30T22:00:00Z");
    out.made = *parse_timestamp("2026-11-18T12:00:00Z");
    out.total.charge = NanoUsd::dollars(812);
    return out;
}

struct Reported : Bureau {
    Reported() {
        put([](policies::Snapshot& rules) {
            add_target(rules, "mail", "mail");
            add_target(rules, "tickets", "jira");
            rules.alerts.routes = {at_once({"ops"})};
        });
        step();
    }
    void due(std::vector<std::string> to, const std::string& label = "2026-11") {
        ASSERT_TRUE(store.write([&](store::Transaction& transaction) -> Result<void> {
            TRY_VOID(reports::announce(transaction,
                                       {.name = "finance",
                                        .team = {},
                                        .label = label,
                                        .period = {figures().from, figures().to},
                                        .made = clock.now(),
                                        .by = {},
                                        .to = std::move(to),
                                        .formats = {"pdf", "csv"}},
                                       report::write_report(figures())));
            return {};
        }));
    }
    std::vector<std::string> targets() const {
        std::vector<std::string> all;
        for (const Told& each : told) all.push_back(each.target);
        std::ranges::sort(all);
        return all;
    }
};

TEST(ReportDelivery, goes_at_once_to_each_of_its_targets_and_by_no_route) {
    Reported bureau;
    bureau.due({"mail", "tickets"});
    bureau.step();
    EXPECT_EQ(bureau.targets(), (Lines{"mail", "tickets"}));
    bureau.run(10min);
    EXPECT_EQ(bureau.told.size(), 2U);
    for (const Bureau::Told& each : bureau.told) {
        EXPECT_EQ(each.message.kind, "report.due");
        EXPECT_EQ(each.message.state, integrations::State::news);
        ASSERT_EQ(each.message.attachments.size(), 1U);
        EXPECT_EQ(each.message.attachments[0].type, report::report_type);
        EXPECT_TRUE(each.message.attachments[0].name.ends_with(".report?pdf,csv")) << each.message.attachments[0].name;
        const auto inside = report::read_report(each.message.attachments[0].bytes);
        ASSERT_TRUE(inside) << inside.error().for_caller;
        EXPECT_EQ(inside->total.charge, NanoUsd::dollars(812));
    }
    EXPECT_EQ(bureau.told[0].message.incident, bureau.told[1].message.incident);
}

TEST(ReportDelivery, is_small_while_it_waits_and_whole_when_it_goes_out) {
    Reported bureau;
    bureau.answer = [](const integrations::Delivery&) { return Receipt{.outcome = Outcome::later, .wait = 1min}; };
    bureau.due({"ops"});
    bureau.step();
    const auto waiting = bureau.deliveries(Delivery::State::waiting);
    ASSERT_EQ(waiting.size(), 1U);
    EXPECT_EQ(waiting[0].message.attachments[0].bytes, "kept:1");
}

TEST(ReportDelivery, without_targets_is_kept_and_told_to_nobody) {
    Reported bureau;
    bureau.due({});
    bureau.run(1h, 1min);
    EXPECT_TRUE(bureau.told.empty());
    EXPECT_EQ(bureau.events_of("report.due").size(), 1U);
}

TEST(ReportDelivery, is_in_no_digest) {
    Reported bureau;
    bool down = true;
    bureau.answer = [&](const integrations::Delivery&) {
        return Receipt{.outcome = down ? Outcome::later : Outcome::sent,
                       .wait = down ? std::optional(30s) : std::nullopt};
    };
    for (int i = 0; i < 20; ++i) bureau.happens("credit.entered", {.text = "Credit " + std::to_string(i)});
    bureau.due({"ops"});
    bureau.run(20min, 10s);
    down = false;
    bureau.run(10min, 10s);
    const auto whole = [](const Bureau::Told& each) { return each.message.attachments.size() == 1; };
    EXPECT_EQ(std::ranges::count_if(bureau.told, whole), 1);
    EXPECT_LT(bureau.told.size(), 10U) << "the rest is a digest";
    EXPECT_EQ(bureau.clerk->summary().waiting, 0);
}

TEST(ReportDelivery, that_is_gone_from_the_tables_goes_without_its_files) {
    Reported bureau;
    bureau.answer = [](const integrations::Delivery&) { return Receipt{.outcome = Outcome::later, .wait = 1s}; };
    bureau.due({"ops"});
    bureau.step();
    ASSERT_TRUE(
        bureau.store.write([](store::Transaction& transaction) { return transaction.run("DELETE FROM report_kept"); }));
    bureau.answer = [](const integrations::Delivery&) { return Receipt{.outcome = Outcome::sent}; };
    bureau.run(1min);
    ASSERT_EQ(bureau.told.size(), 1U);
    EXPECT_TRUE(bureau.told[0].message.attachments.empty());
}

// The process ends, or a statement fails, at each statement in turn.
TEST(ReportDelivery, is_told_once_whatever_fails_between) {
    for (int nth = 1; nth < 60; ++nth) {
        Reported bureau;
        bureau.due({"mail", "tickets"});
        bureau.store.fail_statement(nth);
        const bool looked = bureau.clerk->look(bureau.clock.now()).has_value();
        const bool reached = bureau.store.statement_has_failed();
        bureau.store.fail_statement(0);
        EXPECT_EQ(looked, !reached) << "statement " << nth;
        bureau.restart();
        bureau.run(1min);
        EXPECT_EQ(bureau.targets(), (Lines{"mail", "tickets"})) << "statement " << nth;
        if (!reached) return;
    }
    FAIL() << "there is no end to the statements";
}

TEST(ReportDelivery, goes_on_in_the_issue_that_a_first_try_has_made) {
    Reported bureau;
    bureau.answer = [](const integrations::Delivery&) {
        return Receipt{.outcome = Outcome::later, .thread = {{"key", "OPS-1"}}, .wait = 1s};
    };
    bureau.due({"tickets"});
    bureau.step();
    bureau.answer = [](const integrations::Delivery&) { return Receipt{.outcome = Outcome::sent}; };
    bureau.restart();
    bureau.run(1min);
    ASSERT_EQ(bureau.told.size(), 1U);
    EXPECT_EQ(bureau.told[0].thread.at("key"), "OPS-1");
}

}  // namespace
}  // namespace bursar::outbox::test
