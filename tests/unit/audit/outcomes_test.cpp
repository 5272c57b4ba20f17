#include "service/audit/batch.h"
#include "tests/unit/audit/audit_fixture.h"

#include <algorithm>
#include <random>
#include <thread>

namespace bursar::audit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

CallId call_of(Timestamp at) { return CallId::make(at); }

Outcome plain(Timestamp at, std::string key = "7f3a", std::string team = "research") {
    Outcome outcome;
    outcome.call = call_of(at);
    outcome.attempt = AttemptId::make(at);
    outcome.at = at;
    outcome.key_id = std::move(key);
    outcome.team = std::move(team);
    outcome.model = "gpt-4o";
    outcome.channel = "openai/gpt-4o";
    outcome.status = 200;
    outcome.attempts = 1;
    outcome.usage.input = 10;
    outcome.usage.output = 5;
    outcome.usage_source = UsageSource::provider;
    outcome.held = NanoUsd(2000);
    outcome.cost = NanoUsd(1500);
    return outcome;
}

/// Every field set, to something that fits no other field.
Outcome full() {
    Outcome outcome = plain(noon + std::chrono::nanoseconds(123'456'789));
    outcome.duration = milliseconds(1234);
    outcome.first_byte = milliseconds(56);
    outcome.overhead = std::chrono::nanoseconds(78'901);
    outcome.person = "ada";
    outcome.tags = "nightly,batch-7";
    outcome.address = "2001:db8::7";
    outcome.dialect = Dialect::gemini;
    outcome.endpoint = Endpoint::generate_content;
    outcome.streamed = true;
    outcome.model = "claude";
    outcome.channel = "anthropic/claude";
    outcome.provider_request_id = "req_011CXabc";
    outcome.status = 529;
    outcome.fault = "provider_unavailable";
    outcome.attempts = 3;
    outcome.usage = {.input = 1,
                     .cache_read = 2,
                     .cache_write_5m = 3,
                     .cache_write_1h = 4,
                     .output = 5,
                     .reasoning = 6,
                     .audio_input = 7,
                     .audio_output = 8,
                     .image_input = 9,
                     .image_output = 10,
                     .images = 11,
                     .web_searches = 12,
                     .characters = 13,
                     .seconds = 14,
                     .search_units = 15};
    outcome.usage_source = UsageSource::lost;
    outcome.served = {.service_tier = "priority", .speed = "fast", .region = "us", .picture = "hd/1024x1792"};
    outcome.held = NanoUsd(9'000'000'000'000'000'000);
    outcome.cost = NanoUsd(-7);
    outcome.charge = NanoUsd(-11);
    outcome.tier = "frontier";
    outcome.cost_centre = "cc-4711";
    outcome.price_version = 0xFEDCBA9876543210;
    return outcome;
}

void expect_same(const Outcome& a, const Outcome& b) {
    EXPECT_EQ(a.call, b.call);
    EXPECT_EQ(a.attempt, b.attempt);
    EXPECT_EQ(a.at, b.at);
    EXPECT_EQ(a.duration, b.duration);
    EXPECT_EQ(a.first_byte, b.first_byte);
    EXPECT_EQ(a.overhead, b.overhead);
    EXPECT_EQ(std::tie(a.key_id, a.team, a.person, a.tags, a.address),
              std::tie(b.key_id, b.team, b.person, b.tags, b.address));
    EXPECT_EQ(a.dialect, b.dialect);
    EXPECT_EQ(a.endpoint, b.endpoint);
    EXPECT_EQ(a.streamed, b.streamed);
    EXPECT_EQ(std::tie(a.model, a.channel, a.provider_request_id, a.fault),
              std::tie(b.model, b.channel, b.provider_request_id, b.fault));
    EXPECT_EQ(std::tie(a.status, a.attempts), std::tie(b.status, b.attempts));
    EXPECT_EQ(a.usage, b.usage);
    EXPECT_EQ(a.usage_source, b.usage_source);
    EXPECT_EQ(a.served, b.served);
    EXPECT_EQ(a.held, b.held);
    EXPECT_EQ(a.cost, b.cost);
    EXPECT_EQ(a.charge, b.charge);
    EXPECT_EQ(std::tie(a.tier, a.cost_centre), std::tie(b.tier, b.cost_centre));
    EXPECT_EQ(a.price_version, b.price_version);
}

// Hunts: a field that is lost, swapped or cut on its way through the file.
TEST_F(Trails, an_outcome_comes_back_complete) {
    const std::vector<Outcome> outcomes = {full(), plain(noon), Outcome{}};
    for (const Outcome& outcome : outcomes) audit->record(outcome);
    close();
    open();
    const auto calls = audit->calls({.count_max = 10});
    ASSERT_TRUE(calls) << told(calls);
    ASSERT_EQ(calls->size(), outcomes.size()) << "stopping lost what had gathered";
    for (std::size_t i = 0; i < outcomes.size(); ++i) expect_same((*calls)[i], outcomes[i]);
}

// Hunts: a row that is written and makes the whole record unreadable.
TEST_F(Trails, a_row_of_every_dialect_comes_back) {
    for (const auto dialect :
         {Dialect::openai, Dialect::anthropic, Dialect::gemini, Dialect::bedrock, Dialect::cohere}) {
        Outcome outcome = plain(noon);
        outcome.dialect = dialect;
        audit->record(outcome);
        const auto calls = audit->calls({.call = outcome.call.text()});
        ASSERT_TRUE(calls && calls->size() == 1) << told(calls);
        EXPECT_EQ(calls->front().dialect, dialect);
    }
}

TEST(OutcomeBatch, refuses_bytes_that_are_no_batch_without_reading_past_them) {
    std::vector<Outcome> outcomes = {full(), plain(noon), {}};
    const Batch batch = pack(outcomes);
    const auto read_all = [&](std::string_view names, std::string_view rows) -> Result<int> {
        TRY(auto reader, BatchReader::open(names, batch.at_min, batch_version));
        reader.read(rows);
        Packed row;
        int count = 0;
        for (;;) {
            TRY(const bool more, reader.next(row));
            if (!more) return count;
            (void)reader.unpack(row);
            ++count;
        }
    };
    ASSERT_EQ(read_all(batch.names, batch.rows).value(), 3);
    for (std::size_t cut = 0; cut < batch.rows.size(); ++cut) {
        // A heap copy of the exact size, so that the address sanitiser sees a read past its end.
        const std::string rows = batch.rows.substr(0, cut);
        const auto read = read_all(batch.names, rows);
        if (read) EXPECT_LT(*read, 3) << cut;
    }
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        std::string names = batch.names;
        std::string rows = batch.rows;
        std::string& victim = random() % 4 == 0 ? names : rows;
        victim[random() % victim.size()] = static_cast<char>(random());
        (void)read_all(names, rows);
    }
}

TEST_F(Trails, calls_are_found_by_key_team_id_and_time_newest_first) {
    std::vector<Outcome> all;
    for (int i = 0; i < 300; ++i) {
        all.push_back(plain(noon + milliseconds(i * 10), i % 3 == 0 ? "aaaa" : "bbbb", i % 50 == 0 ? "rare" : "usual"));
        // Long calls end late: rows do not come in the order of their times.
        if (i % 7 == 0) all.back().at -= milliseconds(95);
        audit->record(all.back());
        clock.advance(milliseconds(10));
        if (i % 40 == 39) ASSERT_TRUE(audit->calls({.count_max = 1})) << "writes a batch";
    }
    std::ranges::sort(all, std::ranges::greater{}, &Outcome::at);
    const auto expect = [&](const Audit::CallFilter& filter, auto wanted) {
        std::vector<Outcome> expected;
        for (const Outcome& outcome : all)
            if (outcome.at < filter.before && wanted(outcome) &&
                expected.size() < static_cast<std::size_t>(filter.count_max))
                expected.push_back(outcome);
        const auto calls = audit->calls(filter);
        ASSERT_TRUE(calls) << told(calls);
        ASSERT_EQ(calls->size(), expected.size());
        ASSERT_FALSE(expected.empty());
        for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ((*calls)[i].at, expected[i].at) << i;
    };
    expect({.count_max = 1000}, [](const Outcome&) { return true; });
    expect({.count_max = 17}, [](const Outcome&) { return true; });
    expect({.key_id = "aaaa", .count_max = 50}, [](const Outcome& outcome) { return outcome.key_id == "aaaa"; });
    expect({.team = "rare", .count_max = 50}, [](const Outcome& outcome) { return outcome.team == "rare"; });
    expect({.key_id = "aaaa", .team = "rare", .before = noon + seconds(2), .count_max = 50},
           [](const Outcome& outcome) { return outcome.key_id == "aaaa" && outcome.team == "rare"; });
    expect({.before = noon + seconds(1), .count_max = 30}, [](const Outcome&) { return true; });
    EXPECT_TRUE(audit->calls({.key_id = "cccc"})->empty());
    for (const std::size_t i : {std::size_t{0}, std::size_t{150}, all.size() - 1}) {
        const auto one = audit->calls({.call = all[i].call.text()});
        ASSERT_EQ(one->size(), 1U) << i;
        EXPECT_EQ(one->front().call, all[i].call);
    }
    EXPECT_TRUE(audit->calls({.call = call_of(noon + seconds(2)).text()})->empty());
    EXPECT_TRUE(audit->calls({.team = "rare", .call = all[1].call.text()})->empty());
    EXPECT_FALSE(audit->calls({.call = "nonsense"}));
}

TEST_F(Trails, paging_by_time_visits_every_call_once) {
    for (int i = 0; i < 100; ++i) {
        Outcome outcome = plain(noon + milliseconds(i));
        if (i % 5 == 0) outcome.at -= milliseconds(40) + std::chrono::nanoseconds(i);
        audit->record(outcome);
        if (i % 9 == 0) ASSERT_TRUE(audit->calls({.count_max = 1}));
    }
    std::size_t seen = 0;
    Audit::CallFilter filter{.count_max = 7};
    for (;;) {
        const auto page = audit->calls(filter);
        if (page->empty()) break;
        seen += page->size();
        filter.before = page->back().at;
    }
    EXPECT_EQ(seen, 100U);
}

// Hunts: rows that only the next call pushes out. Nobody asks for anything here: the writer has to look by itself.
TEST_F(Trails, the_last_outcome_is_written_without_further_traffic) {
    audit->record(plain(noon));
    clock.advance(seconds(1));
    std::int64_t rows = 0;
    const auto until = std::chrono::steady_clock::now() + seconds(20);
    while (rows == 0 && std::chrono::steady_clock::now() < until)
        ASSERT_TRUE(store->read([&](store::Transaction& transaction) {
            return transaction.each("SELECT count(*) FROM audit_outcome", {},
                                    [&](const store::Row& row) -> Result<void> {
                                        rows = row.integer(0);
                                        return {};
                                    });
        }));
    EXPECT_EQ(rows, 1);
}

/// A database that can write nothing.
class NoSpace final : public store::Transaction {
  public:
    Result<void> run(std::string_view, std::initializer_list<store::Value>) override { return refuse(); }
    Result<void> each(std::string_view, std::initializer_list<store::Value>,
                      const std::function<Result<void>(const store::Row&)>&) override {
        return refuse();
    }

  private:
    static Result<void> refuse() { return fail(Fault::storage_unavailable, "no space"); }
};

// Hunts: rows that a failed group loses or writes twice, and memory that grows without end while nothing can be
// written.
TEST_F(Trails, while_nothing_can_be_written_rows_wait_and_only_what_cost_nothing_is_summed_up) {
    store->stop();
    NoSpace no_space;
    const auto group_fails = [&] {
        audit->closing();
        const auto written = audit->contribute(no_space);
        ASSERT_FALSE(written);
        audit->failed(written.error());
    };
    audit->record(plain(noon));
    audit->note({.actor = "operator:ada",
                 .address = "",
                 .action = "vault.seal",
                 .object = "",
                 .outcome = "ok",
                 .detail = "{}"});
    group_fails();
    Outcome refusal = plain(noon + seconds(1), "refused");
    refusal.attempt = AttemptId{};
    for (int i = 0; i < 120'000; ++i) audit->record(refusal);
    group_fails();
    for (int i = 0; i < 500; ++i) audit->record(plain(noon + seconds(2), "paying"));
    for (int i = 0; i < 10; ++i) audit->record(refusal);
    group_fails();

    // The disk has space again: the same trail on a store that works.
    auto opened = store::Store::open(
        {.file = folder / "b.db", .key = store::test_key(), .schemas = {Audit::schema()}, .ballast_bytes = 0});
    ASSERT_TRUE(opened) << told(opened);
    // In small groups, since the next one may be the last that fits.
    int groups = 0;
    std::int64_t stored = -1;
    for (std::int64_t before = -2; stored != before; ++groups) {
        before = stored;
        ASSERT_TRUE((*opened)->write([&](store::Transaction& transaction) -> Result<void> {
            audit->closing();
            TRY_VOID(audit->contribute(transaction));
            return transaction.each("SELECT total(rows_count) FROM audit_outcome", {},
                                    [&](const store::Row& row) -> Result<void> {
                                        stored = row.integer(0);
                                        return {};
                                    });
        }));
        audit->committed();
    }
    EXPECT_GT(groups, 20);
    const auto reader = *Audit::open(**opened, pepper(), clock);
    const auto usage = reader->usage({.group_by = {By::key}, .from = noon, .to = noon + std::chrono::hours(1)});
    ASSERT_TRUE(usage) << told(usage);
    std::map<std::string, std::int64_t> calls;
    for (const UsageRow& row : usage->rows) calls[row.group[0]] = row.sums.calls;
    EXPECT_EQ(calls["7f3a"], 1);
    EXPECT_EQ(calls["paying"], 500) << "a row that cost money was dropped";
    EXPECT_EQ(calls["refused"], 99'999);
    const auto entries = reader->entries(0, 10);
    ASSERT_EQ(entries->size(), 3U);
    EXPECT_EQ(entries->back().action.action, "vault.seal");
    EXPECT_NE((*entries)[1].action.detail.find(R"("outcomes":20001)"), std::string::npos)
        << (*entries)[1].action.detail;
    EXPECT_NE((*entries)[0].action.detail.find(R"("outcomes":10)"), std::string::npos) << (*entries)[0].action.detail;
}

// Hunts: a call with two rows, or with none, after a crash took the rows that had not been written.
TEST_F(Trails, only_attempts_without_a_row_are_completed) {
    const Outcome written = plain(noon), long_ago = plain(noon - std::chrono::hours(3)),
                  owed = plain(noon + seconds(1));
    audit->record(long_ago);
    audit->record(written);
    ASSERT_TRUE(audit->verify());  // writes what waits
    std::vector<Outcome> completed;
    const auto complete = [&](store::Transaction& transaction) -> Result<void> {
        TRY(completed, Audit::complete(transaction, {owed, written, long_ago}));
        return {};
    };
    ASSERT_TRUE(store->write(complete));
    ASSERT_EQ(completed.size(), 1U);
    EXPECT_EQ(completed[0].attempt, owed.attempt);
    ASSERT_TRUE(store->write(complete));
    EXPECT_TRUE(completed.empty());
    const auto calls = audit->calls({});
    ASSERT_EQ(calls->size(), 3U);
    EXPECT_EQ(calls->front().call, owed.call);
}

// Hunts: a call that failed over and has two rows of its own, or none, after a crash.
TEST_F(Trails, of_several_attempts_one_row_is_the_calls) {
    Outcome first = plain(noon), second = plain(noon), third = plain(noon);
    second.call = third.call = first.call;
    first.attempt = AttemptId::make(noon);
    second.attempt = AttemptId::make(noon + seconds(1));
    third.attempt = AttemptId::make(noon + seconds(2));
    first.superseded = true;
    audit->record(first);
    ASSERT_TRUE(audit->verify());
    std::vector<Outcome> completed;
    const auto complete = [&](store::Transaction& transaction) -> Result<void> {
        TRY(completed, Audit::complete(transaction, {third, first, second}));
        return {};
    };
    ASSERT_TRUE(store->write(complete));
    ASSERT_EQ(completed.size(), 2U);
    EXPECT_FALSE(completed[0].superseded);
    EXPECT_TRUE(completed[1].superseded);
    const auto listed = audit->calls({});
    ASSERT_EQ(listed->size(), 1U);
    EXPECT_EQ(listed->front().attempt, third.attempt);
    EXPECT_EQ(audit->calls({.call = first.call.text()})->size(), 3U);
    const auto usage = audit->usage(
        {.group_by = {By::team}, .from = noon - std::chrono::hours(1), .to = noon + std::chrono::hours(1)});
    ASSERT_EQ(usage->rows.size(), 1U);
    EXPECT_EQ(usage->rows[0].sums.calls, 1);
    EXPECT_EQ(usage->rows[0].sums.retries, 2);
    EXPECT_EQ(usage->rows[0].sums.cost, first.cost + second.cost + third.cost);
    EXPECT_EQ(usage->rows[0].sums.retry_cost, first.cost + second.cost);

    Outcome late = plain(noon);
    late.call = first.call;
    late.attempt = AttemptId::make(noon + seconds(3));
    ASSERT_TRUE(store->write([&](store::Transaction& transaction) -> Result<void> {
        TRY(completed, Audit::complete(transaction, {late}));
        return {};
    }));
    ASSERT_EQ(completed.size(), 1U);
    EXPECT_TRUE(completed[0].superseded) << "the call has its row";
}

// Hunts: notes that gather without end while nothing can be written, or that come in one heap which no longer fits.
TEST_F(Trails, notes_that_cannot_be_written_are_bounded_and_come_in_small_groups) {
    store->stop();
    NoSpace no_space;
    for (int second = 0; second < 100; ++second) {
        for (int i = 0; i < 200; ++i)
            audit->note({.actor = "anonymous",
                         .address = "192.0.2.1",
                         .action = "call.refused",
                         .object = "/v1/messages",
                         .outcome = "unauthenticated",
                         .detail = "{}"});
        const auto written = audit->contribute(no_space);
        ASSERT_FALSE(written);
        audit->failed(written.error());
        clock.advance(seconds(1));
    }
    auto opened = store::Store::open(
        {.file = folder / "b.db", .key = store::test_key(), .schemas = {Audit::schema()}, .ballast_bytes = 0});
    ASSERT_TRUE(opened) << told(opened);
    std::int64_t stored = 0;
    for (std::int64_t before = -1; stored != before;) {
        before = stored;
        ASSERT_TRUE((*opened)->write([&](store::Transaction& transaction) -> Result<void> {
            TRY_VOID(audit->contribute(transaction));
            return transaction.each("SELECT count(*) FROM audit_entry", {}, [&](const store::Row& row) -> Result<void> {
                stored = row.integer(0);
                return {};
            });
        }));
        audit->committed();
        EXPECT_LE(stored - std::max<std::int64_t>(before, 0), 256);
    }
    EXPECT_LE(stored, 10'002);
    EXPECT_GE(stored, 9'000);
    const auto reader = *Audit::open(**opened, pepper(), clock);
    EXPECT_TRUE(reader->verify());
    // The last row sums up the rest.
    EXPECT_EQ(reader->entries(0, 1)->front().action.action, "audit.not_listed");
}

TEST_F(Trails, outcomes_of_many_threads_are_all_there) {
    constexpr int threads_count = 4;
    constexpr int each = 5000;
    const UsageQuery by_key{.group_by = {By::key}, .from = noon, .to = noon + std::chrono::hours(1)};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < threads_count; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < each; ++i) audit->record(plain(noon + milliseconds(i), "key" + std::to_string(t)));
            });
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) EXPECT_TRUE(audit->usage(by_key));
        });
    }
    const auto usage = audit->usage(by_key);
    ASSERT_EQ(usage->rows.size(), std::size_t{threads_count});
    for (const UsageRow& row : usage->rows) EXPECT_EQ(row.sums.calls, each) << row.group[0];
}

}  // namespace
}  // namespace bursar::audit
