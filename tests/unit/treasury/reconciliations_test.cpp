// Hunts: a correction that is entered twice (the same export again, a crash halfway, two exports of one day), or that
// is forgotten; books that are asked for the wrong provider or day.
#include "service/treasury/reconcile/reconciliations.h"

#include "tests/unit/store/folder.h"

#include <gtest/gtest.h>

namespace bursar::treasury::reconcile {
namespace {

using namespace std::chrono_literals;

const Timestamp noon = *parse_timestamp("2026-11-23T12:00:00Z");
const Timestamp next_week = noon + std::chrono::days(7);

class Reconciliations : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = store::Store::open({.file = folder_ / "a.db",
                                          .key = store::test_key(),
                                          .durability = store::Durability::process,
                                          .schemas = {audit::Audit::schema(), schema()},
                                          .ballast_bytes = 0});
        ASSERT_TRUE(opened) << told(opened);
        store_ = *std::move(opened);
        auto trail = audit::Audit::open(*store_, Secret(std::string(32, 'p')), clock_);
        ASSERT_TRUE(trail) << told(trail);
        audit_ = *std::move(trail);
        store_->attach(*audit_);
        store_->start();
    }
    void TearDown() override {
        if (store_) store_->stop();
        store_.reset();
    }

    void record(std::string_view channel, UsageSource source, std::int64_t cost, Timestamp at = noon,
                Tokens output = 10) {
        audit::Outcome outcome;
        outcome.call = CallId::make(at);
        outcome.attempt = AttemptId::make(at);
        outcome.at = at;
        outcome.team = "research";
        outcome.channel = channel;
        outcome.status = 200;
        outcome.usage.output = output;
        outcome.usage_source = source;
        outcome.cost = NanoUsd{cost};
        outcome.charge = NanoUsd{cost};
        audit_->record(std::move(outcome));
    }

    audit::Booked booked(std::string_view provider) {
        auto read = audit_->booked(provider, noon - 12h, noon + 12h);
        EXPECT_TRUE(read) << told(read);
        return read ? *std::move(read) : audit::Booked{};
    }

    Reconciliation reconcile(const std::string& text) {
        Reconciliation out;
        const auto done = store_->write([&](store::Transaction& transaction) -> Result<void> {
            TRY(const Export theirs, read_export(text, std::nullopt));
            TRY(const Known known, read_known(transaction, "openai"));
            const Comparison comparison = compare(theirs, booked_, known.earlier, next_week);
            TRY(out, keep(transaction,
                          {.at = next_week,
                           .author = "fritz",
                           .provider = "openai",
                           .format = theirs.format,
                           .digest = theirs.digest,
                           .from = theirs.from,
                           .until = theirs.until},
                          comparison, known.until));
            return {};
        });
        EXPECT_TRUE(done) << told(done);
        return out;
    }

    Result<Applied> apply_it(std::int64_t number, int fail_after = 1'000) {
        return apply(*store_, number, "fritz", "bill of November", next_week,
                     [&](const Correction& correction, const std::string& reason, AlsoCorrected also) -> Result<void> {
                         EXPECT_EQ(reason, "bill of November");
                         if (fail_after-- == 0) return fail(Fault::storage_unavailable, "the disk is full");
                         TRY_VOID(store_->write([&](store::Transaction& transaction) { return also(transaction); }));
                         entered_[correction.attempt] += correction.amounts;
                         return {};
                     });
    }
    std::int64_t entered_cost() const {
        std::int64_t sum = 0;
        for (const auto& [attempt, amounts] : entered_) sum += amounts.cost.nanos();
        return sum;
    }

    TestFolder folder_;
    ManualClock clock_{noon};
    std::unique_ptr<audit::Audit> audit_;
    std::unique_ptr<store::Store> store_;
    audit::Booked booked_;
    Earlier entered_;
};

constexpr const char* bill = "date,model,cost_usd\n2026-11-23,gpt-4o,0.000000100\n";

TEST_F(Reconciliations, books_are_those_of_the_provider_and_the_days) {
    record("openai/gpt-4o", UsageSource::provider, 100);
    record("openai/gpt-4o", UsageSource::provider, 1);
    record("openai/org/model", UsageSource::estimated, 2);
    record("openai/gpt-4o", UsageSource::lost, 4, noon + 1h);
    record("openai/gpt-4o", UsageSource::none, 0);
    record("openai-eu/gpt-4o", UsageSource::provider, 8);
    record("openai/gpt-4o", UsageSource::provider, 16, noon + 12h);
    record("openai/gpt-4o", UsageSource::provider, 32, noon - 12h - 1ns);
    record("", UsageSource::lost, 64);
    const audit::Booked read = booked("openai");
    ASSERT_EQ(read.sums.size(), 3U);
    EXPECT_EQ(read.sums[0].model, "gpt-4o");
    EXPECT_EQ(read.sums[0].source, UsageSource::provider);
    EXPECT_EQ(read.sums[0].calls, 2);
    EXPECT_EQ(read.sums[0].cost, NanoUsd{101});
    EXPECT_EQ(read.sums[0].usage.output, 20);
    EXPECT_EQ(read.sums[1].source, UsageSource::lost);
    EXPECT_EQ(read.sums[2].model, "org/model");
    ASSERT_EQ(read.unsure.size(), 2U);
    EXPECT_EQ(read.unsure[0].source, UsageSource::estimated) << "oldest first";
    EXPECT_EQ(read.unplaced_calls, 1);
    EXPECT_EQ(read.unplaced_cost, NanoUsd{64});
}

TEST_F(Reconciliations, each_export_is_applied_once) {
    record("openai/gpt-4o", UsageSource::provider, 100);
    record("openai/gpt-4o", UsageSource::lost, 40);
    record("openai/gpt-4o", UsageSource::lost, 50);
    booked_ = booked("openai");
    const Reconciliation first = reconcile(bill), again = reconcile(bill);
    EXPECT_EQ(first.number, 1);
    EXPECT_EQ(again.number, 2);
    EXPECT_EQ(first.corrections, 2);
    EXPECT_EQ(first.corrections_cost, NanoUsd{-90});
    ASSERT_TRUE(apply_it(1));
    EXPECT_EQ(entered_cost(), -90);
    for (const std::int64_t number : {1, 2}) {
        const auto applied = apply_it(number);
        ASSERT_TRUE(applied) << told(applied);
        EXPECT_EQ(applied->entered, 0);
        EXPECT_EQ(applied->entered_earlier, 2);
    }
    EXPECT_EQ(entered_cost(), -90);
    EXPECT_EQ(reconcile(bill).corrections, 0) << "the books agree now";
}

TEST_F(Reconciliations, a_failure_halfway_is_taken_up_where_it_was) {
    record("openai/gpt-4o", UsageSource::provider, 100);
    for (const std::int64_t cost : {10, 20, 40}) record("openai/gpt-4o", UsageSource::lost, cost);
    booked_ = booked("openai");
    reconcile(bill);
    for (int after = 0; after < 3; ++after) {
        EXPECT_EQ(apply_it(1, after == 0 ? 0 : 1).error().for_caller, "the disk is full");
        EXPECT_EQ(entered_.size(), static_cast<std::size_t>(after));
    }
    const auto rest = apply_it(1);
    ASSERT_TRUE(rest) << told(rest);
    EXPECT_EQ(rest->entered, 1);
    EXPECT_EQ(rest->entered_earlier, 2);
    EXPECT_EQ(entered_cost(), -70);
}

TEST_F(Reconciliations, two_exports_of_one_day_do_not_correct_the_same_surplus_twice) {
    record("openai/gpt-4o", UsageSource::provider, 100);
    record("openai/gpt-4o", UsageSource::lost, 50);
    booked_ = booked("openai");
    reconcile(bill);
    reconcile(std::string(bill) + "\n");
    ASSERT_TRUE(apply_it(1));
    const auto second = apply_it(2);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().fault, Fault::conflict);
    EXPECT_EQ(entered_cost(), -50);
    EXPECT_EQ(reconcile(std::string(bill) + "\n").corrections, 0);
}

TEST_F(Reconciliations, are_listed_and_read_again) {
    record("openai/gpt-4o", UsageSource::lost, 150);
    booked_ = booked("openai");
    reconcile(bill);
    ASSERT_TRUE(apply_it(1));
    std::vector<Reconciliation> all;
    Reconciliation one;
    const auto read_all = store_->read([&](store::Transaction& transaction) -> Result<void> {
        TRY(all, list(transaction, 10));
        TRY(one, read(transaction, 1));
        EXPECT_EQ(read(transaction, 7).error().fault, Fault::not_found);
        return {};
    });
    ASSERT_TRUE(read_all) << told(read_all);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].provider, "openai");
    EXPECT_EQ(to_text(all[0].from), "2026-11-23");
    EXPECT_EQ(all[0].applied_at, next_week);
    EXPECT_EQ(all[0].applied_by, "fritz");
    EXPECT_EQ(all[0].comparison, "");
    EXPECT_NE(one.comparison.find(R"("ours":{"calls":1)"), std::string::npos) << one.comparison;
    EXPECT_NE(one.comparison.find(R"("difference":{"cost_usd":"-0.00000005"})"), std::string::npos) << one.comparison;
}

}  // namespace
}  // namespace bursar::treasury::reconcile
