#include "service/ledger/record.h"
#include "service/ledger/taken.h"
#include "tests/unit/ledger/bench.h"

#include <algorithm>

#include <gtest/gtest.h>

// Hunts: limits of other measures, of some calls only, over rolling windows or between dates that let more through than
// they say, or go on refusing when they should not; raises that do not end; corrections that count twice or not at all.
namespace bursar::ledger {
namespace {

using namespace std::chrono_literals;

struct Kind {
    std::string_view model = "m";
    std::string_view tier = "t";
    std::string_view tags = {};
};

/// One call that is held and settled at once; false if it was refused.
bool call(Bench& bench, const std::shared_ptr<const Scopes>& scopes, const Amounts& amounts, const Kind& kind = {}) {
    const HoldRequest request{.call = CallId::make(bench.now()),
                              .attempt = AttemptId::make(bench.now()),
                              .scopes = scopes,
                              .amount = amounts,
                              .amount_min = amounts,
                              .at = bench.now(),
                              .model = kind.model,
                              .tier = kind.tier,
                              .tags = kind.tags};
    return bench.ledger().hold(request, {}) && bench.ledger().settle(request.attempt, amounts);
}

Amounts dollars(std::int64_t number) {
    return {.charge = NanoUsd::dollars(number), .cost = NanoUsd::dollars(number), .tokens = 10, .calls = 1};
}

Quantity spent(Bench& bench, const std::shared_ptr<const Scopes>& scopes, std::size_t which = 0) {
    return bench.ledger().standing(*scopes, bench.now()).at(which).spent;
}

TEST(Limit, counts_in_its_own_measure) {
    struct Case {
        const char* sentence;
        Measure measure;
        std::int64_t limit;
        int calls;  ///< that fit
    };
    const Amounts each{.charge = NanoUsd{300}, .cost = NanoUsd{200}, .tokens = 10, .calls = 1};
    for (const Case& c : {Case{"what is charged", Measure::money, 899, 2}, Case{"what is paid", Measure::cost, 600, 3},
                          Case{"tokens", Measure::tokens, 49, 4}, Case{"calls", Measure::calls, 5, 5},
                          Case{"no calls at all", Measure::calls, 0, 0}}) {
        Bench bench;
        const auto scopes =
            bench.scopes({{"org", {{.limit = Quantity{c.limit}, .per = Per::day, .measure = c.measure}}}});
        int through = 0;
        while (through < 9 && call(bench, scopes, each)) ++through;
        EXPECT_EQ(through, c.calls) << c.sentence;
        EXPECT_EQ(spent(bench, scopes), Quantity{each.in(c.measure).units() * c.calls}) << c.sentence;
    }
}

TEST(Hold, that_finds_less_of_one_measure_takes_what_is_left_of_that_one) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {{.limit = Quantity{70}, .per = Per::day, .measure = Measure::tokens}}},
                                      {"key:1", {{.limit = NanoUsd{900}, .per = Per::day}}}});
    const HoldRequest request{.call = CallId::make(bench.now()),
                              .attempt = AttemptId::make(bench.now()),
                              .scopes = scopes,
                              .amount = {.charge = NanoUsd{1'000}, .cost = NanoUsd{800}, .tokens = 100, .calls = 1},
                              .amount_min = {.charge = NanoUsd{10}, .cost = NanoUsd{8}, .tokens = 50, .calls = 1},
                              .at = bench.now()};
    const auto held = bench.ledger().hold(request, {});
    ASSERT_TRUE(held);
    EXPECT_EQ(held->amount, (Amounts{.charge = NanoUsd{900}, .cost = NanoUsd{800}, .tokens = 70, .calls = 1}));
    EXPECT_EQ(held->remaining, NanoUsd{});
    const auto grown = bench.ledger().grow(request.attempt, {.tokens = 1});
    ASSERT_FALSE(grown);
    EXPECT_EQ(grown.error().budget.measure, Measure::tokens);
    EXPECT_EQ(grown.error().limit, Quantity{70});
}

TEST(Limit, of_some_calls_counts_those_and_no_others) {
    struct Case {
        const char* of;
        Kind fits;
        Kind other;
    };
    for (const Case& c :
         {Case{"model:gpt", {.model = "gpt"}, {.model = "gpt-4"}}, Case{"tier:dear", {.tier = "dear"}, {}},
          Case{"tag:nightly", {.tags = "a, nightly ,b"}, {.tags = "nightly-2"}}}) {
        Bench bench;
        const auto scopes = bench.scopes({{"team:a", {{.limit = NanoUsd::dollars(2), .per = Per::month, .of = c.of}}}});
        EXPECT_TRUE(call(bench, scopes, dollars(5), c.other)) << c.of;
        EXPECT_TRUE(call(bench, scopes, dollars(2), c.fits)) << c.of;
        EXPECT_FALSE(call(bench, scopes, dollars(1), c.fits)) << c.of;
        EXPECT_TRUE(call(bench, scopes, dollars(1), c.other)) << c.of;
        EXPECT_EQ(spent(bench, scopes), NanoUsd::dollars(2)) << c.of;
        ASSERT_TRUE(bench.store().step());
        bench.restart();
        const auto again = bench.scopes({{"team:a", {{.limit = NanoUsd::dollars(2), .per = Per::month, .of = c.of}}}});
        EXPECT_FALSE(call(bench, again, dollars(1), c.fits)) << c.of << " after a restart";
        EXPECT_EQ(bench.spending("team:a").spent, NanoUsd::dollars(8)) << c.of;
    }
}

TEST(Limit, says_when_its_rest_was_of_no_use_to_a_call) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {{.limit = NanoUsd::dollars(10), .per = Per::day}}}});
    const auto refused_at = [&] { return bench.ledger().standing(*scopes, bench.now()).at(0).refused_at; };
    ASSERT_TRUE(call(bench, scopes, dollars(6)));
    EXPECT_EQ(refused_at(), std::nullopt);
    {
        const auto open = bench.hold(scopes, NanoUsd::dollars(3));
        ASSERT_TRUE(open.held);
        EXPECT_FALSE(call(bench, scopes, dollars(2)));
        EXPECT_EQ(refused_at(), std::nullopt) << "it fits once the other call is over";
        ASSERT_TRUE(bench.settle(open.attempt, NanoUsd::dollars(3)));
    }
    EXPECT_FALSE(call(bench, scopes, dollars(2)));
    EXPECT_EQ(refused_at(), bench.now());
    bench.set("2026-11-25T12:00:00Z");
    EXPECT_EQ(refused_at(), std::nullopt) << "the next period knows nothing of it";
}

TEST(Limit, of_some_calls_is_refused_under_the_name_of_its_account) {
    Bench bench;
    const auto scopes = bench.scopes({{"team:a", {{.limit = {}, .per = Per::month, .of = "tier:dear"}}}});
    const HoldRequest request{.call = CallId::make(bench.now()),
                              .attempt = AttemptId::make(bench.now()),
                              .scopes = scopes,
                              .amount = dollars(1),
                              .amount_min = dollars(1),
                              .at = bench.now(),
                              .tier = "dear"};
    const auto held = bench.ledger().hold(request, {});
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().account, "team:a");
    EXPECT_EQ(held.error().budget.of, "tier:dear");
    EXPECT_FALSE(bench.ledger().prepare({{"org", {{.of = "team:x"}}}}, "UTC")) << "no such kind";
}

TEST(RollingLimit, frees_what_is_older_than_its_window_and_nothing_before) {
    Bench bench("2026-11-23T10:00:30Z");
    const auto scopes = bench.scopes({{"org", {{.limit = NanoUsd::dollars(10), .per = Per::hour, .rolling = true}}}});
    EXPECT_TRUE(call(bench, scopes, dollars(4)));
    bench.set("2026-11-23T10:40:00Z");
    EXPECT_TRUE(call(bench, scopes, dollars(6)));
    bench.set("2026-11-23T11:00:20Z");  // the border of the clock's hour means nothing
    EXPECT_FALSE(call(bench, scopes, dollars(1)));
    const auto standing = bench.ledger().standing(*scopes, bench.now()).at(0);
    EXPECT_EQ(standing.spent, NanoUsd::dollars(10));
    EXPECT_EQ(to_text(standing.period_end), "2026-11-23T11:01:00.000Z") << "when the first of it comes free";
    bench.set("2026-11-23T11:01:00Z");
    EXPECT_TRUE(call(bench, scopes, dollars(4)));
    EXPECT_FALSE(call(bench, scopes, dollars(1)));
    bench.set("2026-11-23T14:00:00Z");
    EXPECT_TRUE(call(bench, scopes, dollars(10)));
}

TEST(RollingLimit, never_lets_more_through_in_any_window_of_its_length) {
    Bench bench("2026-03-28T20:00:00Z");  // a change of clocks lies ahead
    const auto scopes =
        bench.scopes({{"org", {{.limit = Quantity{7}, .per = Per::day, .measure = Measure::calls, .rolling = true}}}});
    std::vector<Timestamp> through;
    for (int step = 0; step < 400; ++step) {
        const Timestamp at = bench.now() + 11min * (1 + step * step % 13);
        bench.set(to_text(at));
        if (!call(bench, scopes, dollars(1))) continue;
        through.push_back(at);
        const auto since = std::ranges::count_if(through, [&](Timestamp one) { return one > at - 24h; });
        ASSERT_LE(since, 7) << to_text(at);
    }
    EXPECT_GT(through.size(), 7U * 20) << "the window never moved on";
}

TEST(RollingLimit, survives_a_restart_and_a_clock_that_goes_back) {
    Bench bench("2026-11-23T10:00:00Z");
    const std::vector<Level> levels{{"org", {{.limit = NanoUsd::dollars(10), .per = Per::week, .rolling = true}}}};
    EXPECT_TRUE(call(bench, bench.scopes(levels), dollars(4)));
    bench.set("2026-11-26T10:00:00Z");
    EXPECT_TRUE(call(bench, bench.scopes(levels), dollars(5)));
    ASSERT_TRUE(bench.store().step());
    bench.set("2026-11-01T10:00:00Z");
    bench.restart();
    const auto again = bench.scopes(levels);
    EXPECT_EQ(spent(bench, again), NanoUsd::dollars(9));
    EXPECT_FALSE(call(bench, again, dollars(2)));
    bench.set("2026-12-01T12:00:00Z");
    EXPECT_TRUE(call(bench, again, dollars(5)));
    EXPECT_FALSE(call(bench, again, dollars(1)));
}

TEST(RollingLimit, that_comes_later_begins_with_what_the_calendar_knows) {
    Bench bench("2026-11-23T10:10:00Z");
    const auto before = bench.scopes({{"org", {}}});
    EXPECT_TRUE(call(bench, before, dollars(6)));
    const auto later = bench.scopes({{"org", {{.limit = NanoUsd::dollars(10), .per = Per::day, .rolling = true}}}});
    EXPECT_EQ(spent(bench, later), NanoUsd::dollars(6));
    EXPECT_FALSE(call(bench, later, dollars(5)));
    EXPECT_TRUE(call(bench, later, dollars(4)));
}

// Once a restart before the account's next row spread what it knew evenly over the days, and made room by it.
TEST(RollingLimit, that_comes_later_makes_no_room_at_a_restart) {
    Bench bench("2026-11-23T02:00:00Z");
    bench.spend(bench.scopes({{"org", {}}}), NanoUsd::dollars(90));
    bench.set("2026-11-24T01:00:00Z");
    bench.spend(bench.scopes({{"org", {}}}), NanoUsd::dollars(8));
    const std::vector<Level> levels{{"org", {{.limit = NanoUsd::dollars(100), .per = Per::day, .rolling = true}}}};
    EXPECT_EQ(spent(bench, bench.scopes(levels)), NanoUsd::dollars(98));
    for (const bool stored : {false, true}) {
        if (stored) EXPECT_TRUE(call(bench, bench.scopes(levels), dollars(1)));
        if (stored) ASSERT_TRUE(bench.store().step());
        bench.restart();
        EXPECT_EQ(spent(bench, bench.scopes(levels)), NanoUsd::dollars(stored ? 99 : 98));
        EXPECT_FALSE(call(bench, bench.scopes(levels), dollars(3)));
    }
}

TEST(LimitBetweenDates, that_many_revisions_made_are_forgotten_without_harm) {
    Bench bench("2026-12-02T12:00:00Z");
    const auto until = [&](int hours) {
        return Budget{.limit = NanoUsd::dollars(10),
                      .per = Per::dates,
                      .from = *parse_timestamp("2026-12-01T00:00:00Z"),
                      .until = bench.now() + std::chrono::hours(hours)};
    };
    const auto first = bench.scopes({{"org", {until(1)}}});
    for (int hours = 2; hours < 100; ++hours) (void)bench.scopes({{"org", {until(hours)}}});
    bench.set("2026-12-02T18:00:00Z");
    EXPECT_TRUE(call(bench, bench.scopes({{"org", {until(300)}}}), dollars(1)));
    EXPECT_TRUE(call(bench, first, dollars(1))) << "it is over";
}

TEST(LimitBetweenDates, counts_only_there_and_says_nothing_elsewhere) {
    Bench bench("2026-11-30T12:00:00Z");
    const Budget fair{.limit = NanoUsd::dollars(10),
                      .per = Per::dates,
                      .from = *parse_timestamp("2026-12-01T00:00:00Z"),
                      .until = *parse_timestamp("2026-12-24T00:00:00Z")};
    const auto scopes = bench.scopes({{"org", {fair}}});
    EXPECT_TRUE(call(bench, scopes, dollars(50)));
    EXPECT_TRUE(bench.ledger().standing(*scopes, bench.now()).empty());
    bench.set("2026-12-01T00:00:00Z");
    EXPECT_TRUE(call(bench, scopes, dollars(8)));
    EXPECT_FALSE(call(bench, scopes, dollars(3)));
    ASSERT_TRUE(bench.store().step());
    bench.restart();
    const auto again = bench.scopes({{"org", {fair}}});
    EXPECT_EQ(spent(bench, again), NanoUsd::dollars(8));
    bench.set("2026-12-24T00:00:00Z");
    EXPECT_TRUE(call(bench, again, dollars(3)));
}

TEST(LimitBetweenDates, that_comes_in_the_middle_counts_what_its_time_has_seen) {
    Bench bench("2026-12-02T12:00:00Z");
    EXPECT_TRUE(call(bench, bench.scopes({{"org", {}}}), dollars(7)));
    bench.set("2026-12-10T12:00:00Z");
    const auto scopes = bench.scopes({{"org",
                                       {{.limit = NanoUsd::dollars(10),
                                         .per = Per::dates,
                                         .from = *parse_timestamp("2026-12-02T00:00:00Z"),
                                         .until = *parse_timestamp("2026-12-24T00:00:00Z")}}}});
    EXPECT_EQ(spent(bench, scopes), NanoUsd::dollars(7));
    EXPECT_FALSE(call(bench, scopes, dollars(4)));
}

TEST(Adjustment, raises_a_limit_for_its_time_and_ends_by_itself) {
    Bench bench("2026-11-23T10:00:00Z");
    Budget raised{.limit = NanoUsd::dollars(10), .per = Per::month};
    raised.adjustments = {{.amount = NanoUsd::dollars(5), .from = bench.now(), .until = bench.now() + 2h}};
    const auto scopes = bench.scopes({{"org", {raised}}});
    EXPECT_TRUE(call(bench, scopes, dollars(12)));
    EXPECT_EQ(bench.ledger().remaining(*scopes, bench.now()), NanoUsd::dollars(3));
    bench.set("2026-11-23T12:00:00Z");
    const auto refused = bench.hold(scopes, NanoUsd{1});
    ASSERT_FALSE(refused.held);
    EXPECT_EQ(refused.held.error().limit, NanoUsd::dollars(10));
    EXPECT_EQ(refused.held.error().spent, NanoUsd::dollars(12));
    bench.set("2026-12-01T00:00:00Z");
    EXPECT_TRUE(call(bench, scopes, dollars(10)));
    EXPECT_FALSE(call(bench, scopes, dollars(1)));
}

TEST(Adjustment, below_zero_leaves_nothing_and_never_less) {
    Budget cut{.limit = NanoUsd::dollars(10)};
    cut.adjustments = {{.amount = NanoUsd{} - NanoUsd::dollars(25)}};
    EXPECT_EQ(cut.limit_at({}), Quantity{});
}

Posting correction(Bench& bench, NanoUsd amount, std::string_view at = {}) {
    return {.accounts = {"org", "team:a"},
            .at = at.empty() ? bench.now() : *parse_timestamp(at),
            .amounts = {.charge = amount, .cost = amount}};
}

const auto no_reason = [](store::Transaction&, std::int64_t) -> Result<void> { return {}; };

TEST(Posting, changes_the_sums_of_its_period_once_whenever_the_service_ends) {
    for (const bool journalled : {true, false}) {
        Bench bench;
        const std::vector<Level> levels{{"org", {{.limit = NanoUsd::dollars(100)}}}, {"team:a", {}}};
        bench.spend(bench.scopes(levels), NanoUsd::dollars(60));
        ASSERT_TRUE(bench.ledger().enter(correction(bench, NanoUsd{} - NanoUsd::dollars(20)), no_reason));
        EXPECT_EQ(bench.spending("team:a").spent, NanoUsd::dollars(40));
        if (journalled) ASSERT_TRUE(bench.store().step());
        for (int again = 0; again < 3; ++again) {
            bench.restart();
            EXPECT_EQ(bench.spending("org").spent, NanoUsd::dollars(40)) << journalled << again;
            EXPECT_EQ(bench.ledger().remaining(*bench.scopes(levels), bench.now()), NanoUsd::dollars(60));
        }
    }
}

TEST(Posting, whose_reason_cannot_be_written_is_not_entered) {
    Bench bench;
    bench.spend(bench.scopes({{"org", {}}, {"team:a", {}}}), NanoUsd::dollars(60));
    const auto refused = bench.ledger().enter(
        correction(bench, NanoUsd::dollars(5)),
        [](store::Transaction&, std::int64_t) { return fail(Fault::storage_unavailable, "full"); });
    EXPECT_FALSE(refused);
    EXPECT_EQ(bench.spending("org").spent, NanoUsd::dollars(60));
    bench.restart();
    EXPECT_EQ(bench.spending("org").spent, NanoUsd::dollars(60));
}

TEST(Posting, to_a_past_period_leaves_the_current_one_alone) {
    Bench bench("2026-11-23T10:00:00Z");
    const std::vector<Level> levels{{"org", {{.limit = NanoUsd::dollars(100)}}}, {"team:a", {}}};
    bench.spend(bench.scopes(levels), NanoUsd::dollars(60));
    ASSERT_TRUE(bench.ledger().enter(correction(bench, NanoUsd::dollars(7), "2026-10-05T10:00:00Z"), no_reason));
    EXPECT_EQ(spent(bench, bench.scopes(levels)), NanoUsd::dollars(60));
    EXPECT_EQ(bench.spending("org").spent, NanoUsd::dollars(67));
}

TEST(Posting, of_a_call_changes_the_books_of_such_calls_too) {
    Bench bench;
    const std::vector<Level> levels{{"team:a", {{.limit = NanoUsd::dollars(10), .of = "model:gpt"}}}};
    EXPECT_TRUE(call(bench, bench.scopes(levels), dollars(4), {.model = "gpt"}));
    ASSERT_TRUE(bench.store().step());
    Posting posting = correction(bench, NanoUsd::dollars(5));
    posting.model = "gpt";
    ASSERT_TRUE(bench.ledger().enter(posting, no_reason));
    EXPECT_EQ(spent(bench, bench.scopes(levels)), NanoUsd::dollars(9));
    bench.restart();
    EXPECT_EQ(spent(bench, bench.scopes(levels)), NanoUsd::dollars(9));
}

TEST(Taken, are_the_books_that_a_hold_of_such_a_call_takes_and_no_others) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {}},
                                      {"team:a",
                                       {{.limit = NanoUsd::dollars(10), .of = "model:gpt"},
                                        {.limit = NanoUsd::dollars(10), .of = "model:other"},
                                        {.limit = NanoUsd::dollars(10), .of = "tier:t"},
                                        {.limit = NanoUsd::dollars(10), .of = "tag:night"}}}});
    const std::vector<AccountName> taken = books_taken(*scopes, "gpt", "t", "day, night");
    EXPECT_EQ(taken,
              (std::vector<AccountName>{"org", "team:a", "team:a|model:gpt", "team:a|tier:t", "team:a|tag:night"}));
    ASSERT_TRUE(call(bench, scopes, dollars(4), {.model = "gpt", .tags = "day, night"}));
    // Taken back from just these, nothing is left anywhere, and the others never had any.
    Posting posting = correction(bench, NanoUsd{} - NanoUsd::dollars(4));
    posting.accounts = taken;
    ASSERT_TRUE(bench.ledger().enter(posting, no_reason));
    for (const Spending& each : bench.ledger().spending()) EXPECT_EQ(each.spent.charge, NanoUsd{}) << each.account;
}

TEST(Posting, to_an_account_that_nobody_was_charged_to_opens_it) {
    Bench bench;
    bench.spend(bench.scopes({{"org", {}}}), NanoUsd::dollars(1));
    ASSERT_TRUE(bench.ledger().enter(correction(bench, NanoUsd::dollars(9)), no_reason));
    bench.restart();
    EXPECT_EQ(bench.spending("team:a").spent, NanoUsd::dollars(9));
    const auto scopes = bench.scopes({{"team:a", {{.limit = NanoUsd::dollars(10)}}}});
    EXPECT_EQ(spent(bench, scopes), NanoUsd::dollars(9));
}

// What version 0.1 wrote: one amount of money in the place of four.
TEST(Account, of_a_former_version_is_read_as_charge_and_cost) {
    ByteWriter bytes;
    const auto at = [](const char* text) { return parse_timestamp(text)->time_since_epoch().count(); };
    bytes.u8(1).i64(5'000).u8(1).u8(3).raw("UTC").u32(1);
    bytes.u8(static_cast<std::uint8_t>(Per::month))
        .i64(at("2026-11-01T00:00:00Z"))
        .i64(at("2026-12-01T00:00:00Z"))
        .i64(700);
    const auto account = read_account(std::move(bytes).sealed());
    ASSERT_TRUE(account);
    EXPECT_EQ(account->spent, (Amounts{.charge = NanoUsd{5'000}, .cost = NanoUsd{5'000}}));
    ASSERT_EQ(account->tallies.at(0).windows.size(), 1U);
    EXPECT_EQ(account->tallies[0].windows[0].per, Per::month);
    EXPECT_EQ(account->tallies[0].windows[0].spent.cost, NanoUsd{700});
}

TEST(Group, of_a_former_version_is_read_as_charge_and_cost) {
    ByteWriter bytes;
    const std::string id(16, 'i');
    bytes.u8(2).i64(99).u32(2);
    bytes.u8(2).raw(id).i64(700);
    bytes.u8(3).raw(id).raw(id).i64(50).i64(800).u8(1).u32(1);
    const auto group = read_group(std::move(bytes).sealed());
    ASSERT_TRUE(group);
    EXPECT_EQ(group->records.at(0).amount, (Amounts{.charge = NanoUsd{700}, .cost = NanoUsd{700}}));
    EXPECT_EQ(group->records.at(1).amount, (Amounts{.charge = NanoUsd{800}, .cost = NanoUsd{800}}));
    EXPECT_EQ(group->records.at(1).accounts, std::vector<std::uint32_t>{1});
}

TEST(Group, of_the_version_with_wide_numbers_is_read_as_it_was_meant) {
    ByteWriter bytes;
    const std::string call(16, 'c'), attempt(16, 'a');
    bytes.u8(3).i64(99).u32(2);
    bytes.u8(1).raw(call).raw(attempt).i64(50).i64(800).i64(700).i64(60).i64(1).u64(7).u8(2).raw("ch").u8(1).u32(300);
    bytes.u8(6).i64(5).i64(40).i64(-3).i64(-2).i64(-1).i64(0).u8(0);
    const auto group = read_group(std::move(bytes).sealed());
    ASSERT_TRUE(group);
    const Record& hold = group->records.at(0);
    EXPECT_EQ(hold.amount, (Amounts{.charge = NanoUsd{800}, .cost = NanoUsd{700}, .tokens = 60, .calls = 1}));
    EXPECT_EQ(hold.at, Timestamp(Timestamp::duration(50)));
    EXPECT_EQ(hold.channel, "ch");
    EXPECT_EQ(hold.accounts, std::vector<std::uint32_t>{300});
    EXPECT_EQ(group->records.at(1).posting, 5);
    EXPECT_EQ(group->records.at(1).amount, (Amounts{.charge = NanoUsd{-3}, .cost = NanoUsd{-2}, .tokens = -1}));
}

}  // namespace
}  // namespace bursar::ledger
