#include "service/ledger/record.h"
#include "tests/unit/ledger/bench.h"

#include <limits>

#include <gtest/gtest.h>

// Hunts: a call that goes on although its hold is not stored, a settlement that is lost with its group, holds that
// outlive a crash, and a journal that grows for ever or is cut too early.
namespace bursar::ledger {
namespace {

using namespace std::chrono_literals;

Budget hard(std::int64_t dollars) { return {.limit = NanoUsd::dollars(dollars), .per = Per::month}; }

std::int64_t count(Bench& bench, std::string_view sql) {
    std::int64_t number = -1;
    EXPECT_TRUE(bench.store().read([&](store::Transaction& transaction) {
        return transaction.each(sql, {}, [&](const store::Row& row) -> Result<void> {
            number = row.integer(0);
            return {};
        });
    }));
    return number;
}

TEST(Durable, is_said_once_and_only_when_the_group_is_stored) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {hard(10)}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(4));
    EXPECT_GT(bench.store().wakes(), 0);
    EXPECT_TRUE(call.durable->empty());
    ASSERT_TRUE(bench.store().step());
    ASSERT_EQ(call.durable->size(), 1U);
    EXPECT_TRUE(call.durable->front());
    ASSERT_TRUE(bench.store().step());
    EXPECT_EQ(call.durable->size(), 1U);
    const auto refused = bench.hold(scopes, NanoUsd::dollars(7));
    ASSERT_TRUE(bench.store().step());
    EXPECT_TRUE(refused.durable->empty()) << "nothing was taken, so nobody waits";
}

TEST(Durable, says_why_not_after_the_hold_is_undone) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {hard(10)}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(4));
    ASSERT_TRUE(bench.grow(call.attempt, NanoUsd::dollars(1)));
    EXPECT_FALSE(bench.store().step(sim::Commit::fails));
    ASSERT_EQ(call.durable->size(), 1U);
    ASSERT_FALSE(call.durable->front());
    EXPECT_EQ(call.durable->front().error().fault, Fault::storage_unavailable);
    EXPECT_EQ(bench.spending("org").held, NanoUsd{});
    EXPECT_FALSE(bench.settle(call.attempt, NanoUsd::dollars(1)));
    EXPECT_FALSE(bench.grow(call.attempt, NanoUsd(1)));
    EXPECT_EQ(bench.ledger().totals().holds_open, 0U);
    ASSERT_TRUE(bench.store().step());
    bench.restart();
    EXPECT_TRUE(bench.ledger().lost_at_start().empty());
}

TEST(Settlement, whose_group_failed_is_stored_with_the_next) {
    struct Case {
        const char* sentence;
        bool hold_is_stored_first;
        sim::Commit commit;
    };
    for (const Case& c : {Case{"its hold was stored before", true, sim::Commit::fails},
                          Case{"its hold was in the same group", false, sim::Commit::fails},
                          Case{"its hold was stored before and the group was stored after all", true,
                               sim::Commit::works_but_says_it_failed},
                          Case{"its hold was in the same group, which was stored after all", false,
                               sim::Commit::works_but_says_it_failed}}) {
        Bench bench;
        const auto scopes = bench.scopes({{"org", {hard(10)}}, {"key:1", {}}});
        const auto call = bench.hold(scopes, NanoUsd::dollars(4));
        if (c.hold_is_stored_first) ASSERT_TRUE(bench.store().step());
        ASSERT_TRUE(bench.settle(call.attempt, NanoUsd::dollars(3)));
        EXPECT_FALSE(bench.store().step(c.commit));
        EXPECT_EQ(bench.spending("org").spent, NanoUsd::dollars(3)) << c.sentence;
        ASSERT_TRUE(bench.store().step());
        bench.restart();
        EXPECT_TRUE(bench.ledger().lost_at_start().empty()) << c.sentence;
        for (const char* account : {"org", "key:1"})
            EXPECT_EQ(bench.spending(account).spent, NanoUsd::dollars(3)) << c.sentence;
    }
}

TEST(Store, that_cannot_be_written_refuses_holds_and_growth_but_no_settlement) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {hard(10)}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(4));
    bench.store().set_writable(false);
    const auto refused = bench.hold(scopes, NanoUsd::dollars(1));
    ASSERT_FALSE(refused.held);
    EXPECT_EQ(refused.held.error().fault, Fault::storage_unavailable);
    EXPECT_TRUE(refused.held.error().account.empty());
    const auto grown = bench.grow(call.attempt, NanoUsd(1));
    ASSERT_FALSE(grown);
    EXPECT_EQ(grown.error().fault, Fault::storage_unavailable);
    EXPECT_TRUE(bench.settle(call.attempt, NanoUsd::dollars(4)));
    bench.store().set_writable(true);
    EXPECT_TRUE(bench.hold(scopes, NanoUsd::dollars(1)).held);
    EXPECT_EQ(bench.ledger().totals().refused, 1U);
}

TEST(Crash, loses_no_spend_and_books_what_was_open_at_what_it_held) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {hard(100)}}, {"team:a", {}}});
    bench.spend(scopes, NanoUsd::dollars(1));
    const auto open = bench.hold(scopes, NanoUsd::dollars(5));
    ASSERT_TRUE(bench.grow(open.attempt, NanoUsd::dollars(2)));
    const auto released = bench.hold(scopes, NanoUsd::dollars(10));
    ASSERT_TRUE(bench.ledger().release(released.attempt));
    ASSERT_TRUE(bench.store().step());
    ASSERT_TRUE(bench.grow(open.attempt, NanoUsd::dollars(50)));  // not stored
    ASSERT_TRUE(bench.hold(scopes, NanoUsd::dollars(20)).held);   // not stored
    for (int again = 0; again < 3; ++again) {
        bench.restart();
        const auto& lost = bench.ledger().lost_at_start();
        ASSERT_EQ(lost.size(), again == 0 ? 1U : 0U) << "lost once, not at every start";
        if (again == 0) {
            EXPECT_EQ(lost[0].attempt, open.attempt);
            EXPECT_EQ(lost[0].amount.charge, NanoUsd::dollars(7));
            EXPECT_EQ(lost[0].at, bench.now());
            EXPECT_EQ(lost[0].channel, "openai/gpt-4o");
            EXPECT_EQ(lost[0].accounts, (std::vector<AccountName>{"org", "team:a"}));
        }
        for (const char* account : {"org", "team:a"}) {
            EXPECT_EQ(bench.spending(account).spent, NanoUsd::dollars(8));
            EXPECT_EQ(bench.spending(account).held, NanoUsd{});
        }
        EXPECT_EQ(bench.ledger().remaining(*bench.scopes({{"org", {hard(100)}}}), bench.now()), NanoUsd::dollars(92));
        EXPECT_FALSE(bench.settle(open.attempt, NanoUsd::dollars(1))) << "the attempt is of a former process";
    }
}

TEST(Crash, during_recovery_only_means_to_recover_once_more) {
    for (int statement = 1;; ++statement) {
        Bench bench;
        const auto scopes = bench.scopes({{"org", {hard(100)}}, {"team:a", {}}});
        bench.spend(scopes, NanoUsd::dollars(1));
        ASSERT_TRUE(bench.hold(scopes, NanoUsd::dollars(5)).held);
        ASSERT_TRUE(bench.store().step());
        bench.store().crash();
        bench.store().fail_statement(statement);
        const bool recovered = read_books(bench.store()).has_value();
        EXPECT_EQ(recovered, !bench.store().statement_has_failed());
        if (recovered) {
            EXPECT_GT(statement, 4) << "the recovery reads accounts and journal, and writes both";
            break;
        }
        bench.restart();
        EXPECT_EQ(bench.ledger().lost_at_start().size(), 1U);
        EXPECT_EQ(bench.spending("team:a").spent, NanoUsd::dollars(6));
    }
}

TEST(Statement, that_fails_anywhere_in_a_group_loses_no_settlement) {
    for (int statement = 1;; ++statement) {
        Bench bench("2026-11-23T17:54:20Z", {.checkpoint_groups = 1, .carry_groups = 1, .deleted_min = 1});
        const auto scopes = bench.scopes({{"org", {hard(100)}}});
        bench.spend(scopes, NanoUsd::dollars(1));
        const auto stored = bench.hold(scopes, NanoUsd::dollars(2));
        bench.spend(scopes, NanoUsd::dollars(1));
        const auto fresh = bench.hold(bench.scopes({{"org", {hard(100)}}, {"key:new", {}}}), NanoUsd::dollars(3));
        ASSERT_TRUE(bench.settle(stored.attempt, NanoUsd::dollars(2)));
        bench.store().fail_statement(statement);
        const bool written = bench.store().step().has_value();
        EXPECT_EQ(written, !bench.store().statement_has_failed());
        if (written) {
            EXPECT_GT(statement, 2);
            break;
        }
        ASSERT_EQ(fresh.durable->size(), 1U);
        EXPECT_FALSE(fresh.durable->front());
        ASSERT_TRUE(bench.store().step());
        const auto next = bench.hold(bench.scopes({{"org", {hard(100)}}, {"key:new", {}}}), NanoUsd::dollars(3));
        ASSERT_TRUE(bench.settle(next.attempt, NanoUsd::dollars(3)));
        ASSERT_TRUE(bench.store().step());
        bench.restart();
        EXPECT_EQ(bench.spending("org").spent, NanoUsd::dollars(7)) << "statement " << statement;
        EXPECT_EQ(bench.spending("key:new").spent, NanoUsd::dollars(3)) << "statement " << statement;
        EXPECT_TRUE(bench.ledger().lost_at_start().empty());
    }
}

TEST(Journal, stays_short_and_still_knows_a_hold_that_is_open_for_long) {
    const Pace pace{.checkpoint_groups = 20, .carry_groups = 50, .kept_groups = 0, .deleted_min = 10};
    Bench bench("2026-11-23T17:54:20Z", pace);
    const auto scopes = bench.scopes({{"org", {hard(1'000'000)}}});
    const auto rare = bench.scopes({{"org", {}}, {"key:rare", {}}});
    bench.spend(rare, NanoUsd::dollars(1));
    const auto open = bench.hold(scopes, NanoUsd::dollars(5));
    for (int i = 0; i < 1'000; ++i) {
        if (i % 100 == 0) ASSERT_TRUE(bench.grow(open.attempt, NanoUsd::dollars(1)));
        bench.spend(scopes, NanoUsd::dollars(1));
    }
    EXPECT_LE(count(bench, "SELECT count(*) FROM ledger_journal"), 80);
    bench.restart();
    EXPECT_EQ(count(bench, "SELECT count(*) FROM ledger_journal"), 1);
    ASSERT_EQ(bench.ledger().lost_at_start().size(), 1U);
    EXPECT_EQ(bench.ledger().lost_at_start()[0].amount.charge, NanoUsd::dollars(15));
    EXPECT_EQ(bench.spending("org").spent, NanoUsd::dollars(1'016));
    EXPECT_EQ(bench.spending("key:rare").spent, NanoUsd::dollars(1));
}

// Hunts: a settlement that recovery forgets to tell, or a recovery that lasts although what belongs to it was not
// written.
TEST(Recovery, tells_of_what_was_settled_and_lost_in_its_own_transaction) {
    Bench bench("2026-11-23T17:54:20Z", {.checkpoint_groups = 1, .carry_groups = 1, .deleted_min = 1});
    const auto scopes = bench.scopes({{"org", {}}, {"key:k1", {}}});
    const auto settled = bench.hold(scopes, NanoUsd::dollars(2));
    ASSERT_TRUE(bench.store().step());
    ASSERT_TRUE(bench.settle(settled.attempt, NanoUsd::dollars(1)));
    for (int i = 0; i < 50; ++i) bench.spend(scopes, NanoUsd{});  // its sums are in the accounts' rows by now
    const auto open = bench.hold(scopes, NanoUsd::dollars(3));
    ASSERT_TRUE(bench.store().step());
    bench.store().crash();

    const auto refused = read_books(bench.store(), [](store::Transaction&, const Found&) -> Result<void> {
        return fail(Fault::storage_unavailable, "no");
    });
    EXPECT_FALSE(refused);
    EXPECT_EQ(count(bench, "SELECT count(*) FROM ledger_journal"), 52);
    Found found;
    ASSERT_TRUE(read_books(bench.store(), [&](store::Transaction& transaction, const Found& all) -> Result<void> {
        found = all;
        return transaction.run("INSERT INTO ledger_journal (number, records) VALUES (1, x'00')");
    }));
    EXPECT_EQ(count(bench, "SELECT count(*) FROM ledger_journal"), 2);
    ASSERT_EQ(found.lost.size(), 1U);
    EXPECT_EQ(found.lost[0].attempt, open.attempt);
    EXPECT_EQ(found.lost[0].accounts, (std::vector<AccountName>{"org", "key:k1"}));
    ASSERT_EQ(found.settled.size(), 51U);
    EXPECT_EQ(found.settled[0].attempt, settled.attempt);
    EXPECT_NE(found.settled[0].call, CallId{});
    EXPECT_EQ(found.settled[0].channel, "openai/gpt-4o");
    EXPECT_EQ(found.settled[0].amount.charge, NanoUsd::dollars(1));
    EXPECT_EQ(found.settled[0].accounts, (std::vector<AccountName>{"org", "key:k1"}));
}

// Found by the simulation: accounts once took their numbers when they were prepared, and those never charged left gaps
// on disk.
TEST(Account, that_was_prepared_but_never_charged_does_not_stand_in_the_way_of_a_start) {
    Bench bench;
    const auto unused = bench.scopes({{"org", {}}, {"key:unused", {}}});
    bench.spend(bench.scopes({{"org", {}}, {"key:used", {}}}), NanoUsd::dollars(1));
    bench.restart();
    bench.spend(bench.scopes({{"key:unused", {}}}), NanoUsd::dollars(2));
    bench.restart();
    EXPECT_EQ(bench.spending("key:used").spent, NanoUsd::dollars(1));
    EXPECT_EQ(bench.spending("key:unused").spent, NanoUsd::dollars(2));
}

TEST(Journal, that_is_damaged_stops_the_start_and_is_left_as_it_is) {
    for (const char* damage :
         {"UPDATE ledger_journal SET records = x'00' WHERE number = 1",
          "UPDATE ledger_journal SET records = substr(records, 1, 40) WHERE number = 2",
          "UPDATE ledger_accounts SET state = x'0200'", "UPDATE ledger_accounts SET number = 9 WHERE number = 2"}) {
        Bench bench;
        bench.spend(bench.scopes({{"org", {}}, {"key:1", {}}}), NanoUsd::dollars(1));
        bench.spend(bench.scopes({{"org", {}}, {"key:1", {}}}), NanoUsd::dollars(1));
        bench.store().crash();
        ASSERT_TRUE(bench.store().write([&](store::Transaction& transaction) { return transaction.run(damage); }));
        const auto opening = read_books(bench.store());
        ASSERT_FALSE(opening) << damage;
        EXPECT_EQ(opening.error().fault, Fault::wrong_configuration);
        EXPECT_EQ(count(bench, "SELECT count(*) FROM ledger_journal"), 2) << damage;
    }
}

TEST(Records, read_back_as_they_were_written_and_no_bit_may_differ) {
    const Timestamp at = *parse_timestamp("2026-11-23T17:54:20Z");
    const auto call = CallId::make(at);
    const auto attempt = AttemptId::make(at);
    GroupWriter writer(at, 5);
    writer.hold(call, attempt, at, money(NanoUsd(-1)), 1ULL << 63, "openai/gpt-4o");
    writer.account_count(2);
    writer.account(1);
    writer.account(4'000'000'000);
    writer.grow(attempt, money(NanoUsd(7)));
    writer.cost(RecordKind::settle, call, attempt, at, money(NanoUsd(9)));
    writer.account_count(0);
    writer.release(attempt);
    writer.cost(RecordKind::lost, call, attempt, at, money(NanoUsd(9)));
    writer.account_count(1);
    writer.account(3);
    const std::string bytes = std::move(writer).sealed();
    const auto group = read_group(bytes);
    ASSERT_TRUE(group);
    EXPECT_EQ(group->newest, at);
    ASSERT_EQ(group->records.size(), 5U);
    EXPECT_EQ(group->records[0], (Record{.kind = RecordKind::hold,
                                         .call = call,
                                         .attempt = attempt,
                                         .at = at,
                                         .amount = money(NanoUsd(-1)),
                                         .price_version = 1ULL << 63,
                                         .channel = "openai/gpt-4o",
                                         .accounts = {1, 4'000'000'000}}));
    EXPECT_EQ(group->records[1], (Record{.kind = RecordKind::grow, .attempt = attempt, .amount = money(NanoUsd(7))}));
    EXPECT_EQ(group->records[4], (Record{.kind = RecordKind::lost,
                                         .call = call,
                                         .attempt = attempt,
                                         .at = at,
                                         .amount = money(NanoUsd(9)),
                                         .accounts = {3}}));
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) EXPECT_FALSE(read_group(bytes.substr(0, cut))) << cut;
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
        std::string flipped = bytes;
        flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << i % 8));
        EXPECT_FALSE(read_group(flipped)) << "bit " << i;
    }
}

TEST(Group, says_again_what_is_before_and_beyond_its_newest_instant_and_at_the_ends_of_the_numbers) {
    const Timestamp newest = *parse_timestamp("2026-11-23T17:54:20Z");
    constexpr auto least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
    const Amounts odd{.charge = NanoUsd(least), .cost = NanoUsd(most), .tokens = most, .calls = least};
    for (const auto at : {newest, newest - 90 * 24h, newest + 1h, Timestamp(Timestamp::duration(0))}) {
        const auto call = CallId::make(at);
        GroupWriter writer(newest, 2);
        const auto attempt = AttemptId::make(at), later = AttemptId::make(at + 1ms);
        writer.cost(RecordKind::settle, call, attempt, at, odd);
        writer.account_count(0);
        writer.cost(RecordKind::settle, call, later, at, {});
        writer.account_count(0);
        const auto group = read_group(std::move(writer).sealed());
        ASSERT_TRUE(group);
        EXPECT_EQ(group->records[0],
                  (Record{.kind = RecordKind::settle, .call = call, .attempt = attempt, .at = at, .amount = odd}));
        EXPECT_EQ(group->records[1].attempt, later) << "of another millisecond than its call";
    }
}

TEST(Group, takes_no_more_room_for_a_call_than_it_needs) {
    const Timestamp at = *parse_timestamp("2026-11-23T17:54:20Z");
    const auto call = CallId::make(at);
    const auto attempt = AttemptId::make(at);
    const Amounts cost{.charge = NanoUsd(12'345'678), .cost = NanoUsd(12'345'678), .tokens = 900, .calls = 1};
    GroupWriter writer(at, 2);
    writer.hold(call, attempt, at - 2ms, cost, 1ULL << 63, "");
    writer.account_count(1);
    writer.account(17);
    writer.cost(RecordKind::settle, call, attempt, at - 2ms, cost);
    writer.account_count(1);
    writer.account(17);
    constexpr std::size_t of_the_group = 17, of_the_hold = 50, of_the_settlement = 41;
    EXPECT_LE(std::move(writer).sealed().size(), of_the_group + of_the_hold + of_the_settlement)
        << "every call waits for the bytes of its group";
}

}  // namespace
}  // namespace bursar::ledger
