// Hunts: a batch that reconciliation and its own results both correct, and a corrected one that counts at its most.
#include "service/audit/booked.h"

#include "tests/unit/audit/audit_fixture.h"

namespace bursar::audit {
namespace {

class BookedTest : public Trails {
  protected:
    Outcome estimated(Endpoint endpoint, std::int64_t cost) {
        Outcome row;
        row.at = noon;
        row.call = CallId::make(noon);
        row.attempt = AttemptId::make(noon);
        row.endpoint = endpoint;
        row.channel = "openai/m";
        row.usage_source = UsageSource::estimated;
        row.cost = NanoUsd(cost);
        return row;
    }
    Outcome correction_of(const Outcome& call, std::int64_t cost, UsageSource source) {
        Outcome row = call;
        row.attempt = AttemptId::make(noon);
        row.fault = correction_fault;
        row.superseded = true;
        row.usage_source = source;
        row.usage = {.input = source == UsageSource::provider ? 7 : 0};
        row.cost = NanoUsd(cost);
        return row;
    }
    Booked read(const std::vector<Outcome>& rows) {
        EXPECT_TRUE(store->write([&](store::Transaction& transaction) -> Result<void> {
            for (const Outcome& row : rows) TRY_VOID(audit->write(transaction, row));
            return {};
        }));
        auto booked = audit->booked("openai", noon - std::chrono::hours(1), noon + std::chrono::hours(1));
        EXPECT_TRUE(booked);
        return booked ? *std::move(booked) : Booked{};
    }
    static NanoUsd cost_of(const Booked& booked) {
        NanoUsd sum;
        for (const BookedSum& each : booked.sums) sum += each.cost;
        return sum;
    }
    static std::int64_t calls_of(const Booked& booked) {
        std::int64_t sum = 0;
        for (const BookedSum& each : booked.sums) sum += each.calls;
        return sum;
    }
};

TEST_F(BookedTest, ARememberedBatchIsOpenUntilItsResultsCorrectItAndNeverUnsure) {
    Outcome batch = estimated(Endpoint::batch_create, 100);
    batch.served.service_tier = remembered_batch;
    const Booked before = read({batch, estimated(Endpoint::chat_completions, 5)});
    ASSERT_EQ(before.unsure.size(), 1U);
    EXPECT_NE(before.unsure[0].call, batch.call);
    ASSERT_EQ(before.open.size(), 1U);
    EXPECT_EQ(before.open[0].model, "m");
    EXPECT_EQ(cost_of(before), NanoUsd(105));
    const Booked by_hand = read({correction_of(batch, -10, UsageSource::none)});
    EXPECT_EQ(by_hand.open.size(), 1U) << "its results are still to come";
    EXPECT_EQ(cost_of(by_hand), NanoUsd(95));
    const Booked after = read({correction_of(batch, -30, UsageSource::provider)});
    EXPECT_TRUE(after.open.empty());
    EXPECT_EQ(after.unsure.size(), 1U);
    EXPECT_EQ(cost_of(after), NanoUsd(65));
    EXPECT_EQ(calls_of(after), 2) << "a correction is no call";
}

TEST_F(BookedTest, ABatchThatNobodyRemembersIsEstimatedLikeAnyOtherCall) {
    const Outcome batch = estimated(Endpoint::batch_create, 100);
    const Booked booked = read({batch, correction_of(batch, -10, UsageSource::none)});
    ASSERT_EQ(booked.unsure.size(), 1U);
    EXPECT_TRUE(booked.open.empty());
    EXPECT_EQ(cost_of(booked), NanoUsd(100)) << "what reconciliation corrected it knows itself";
}

}  // namespace
}  // namespace bursar::audit
