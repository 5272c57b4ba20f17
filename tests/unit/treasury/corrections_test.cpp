// Hunts: a correction that changes what was written, reaches too few levels, takes back what was never charged, or is
// in the books without a reason.
#include "service/treasury/corrections.h"

#include "service/audit/booked.h"
#include "service/audit/usage.h"
#include "tests/unit/treasury/office.h"

namespace bursar::treasury {
namespace {

using test::Office;

/// Keeps what it is given and answers with what it is told to.
class KeptAudit final : public audit::Audit {
  public:
    Result<void> append(store::Transaction&, const audit::Action&) override { return {}; }
    void note(audit::Action) override {}
    void record(audit::Outcome outcome) override { rows.push_back(std::move(outcome)); }
    Result<void> write(store::Transaction&, const audit::Outcome& outcome) override {
        rows.push_back(outcome);
        return {};
    }
    Result<audit::End> verify() override { return audit::End{}; }
    Result<std::vector<audit::Entry>> entries(const EntryFilter&) override { return std::vector<audit::Entry>(); }
    Result<std::vector<audit::Outcome>> calls(const CallFilter& filter) override {
        std::vector<audit::Outcome> found;
        for (const audit::Outcome& row : rows)
            if (row.call.text() == filter.call) found.push_back(row);
        return found;
    }
    Result<audit::UsageAnswer> usage(const audit::UsageQuery&) override { return audit::UsageAnswer{}; }
    Result<audit::Booked> booked(std::string_view, Timestamp, Timestamp) override { return audit::Booked{}; }
    Result<void> set_time_zone(const std::string&) override { return {}; }
    Result<bool> expire(Timestamp, const audit::Keep&) override { return true; }
    Result<void> contribute(store::Transaction&) override { return {}; }
    void committed() override {}
    void failed(const Error&) override {}

    std::vector<audit::Outcome> rows;
};

class CorrectionsTest : public testing::Test {
  protected:
    CorrectionsTest()
        : corrections_(office_.desk, audit_,
                       [this](ledger::Posting posting, ledger::Ledger::AlsoEntered also) -> Result<std::int64_t> {
                           const std::int64_t number = static_cast<std::int64_t>(postings_.size()) + 1;
                           TRY_VOID(office_.store.write(
                               [&](store::Transaction& transaction) { return also(transaction, number); }));
                           postings_.push_back(std::move(posting));
                           return number;
                       }) {
        audit::Outcome call;
        call.call = CallId::make(office_.clock.now());
        call.at = office_.clock.now() - std::chrono::hours(30);
        call.key_id = "k2";
        call.team = "research";
        call.person = "alice";
        call.model = "small";
        call.tier = "standard";
        call.cost = NanoUsd::dollars(2);
        call.charge = NanoUsd::dollars(3);
        call_ = call.call.text();
        audit_.rows.push_back(call);
    }
    Corrections::Entry of_call(const char* amount) const {
        return {.call = call_,
                .account = {},
                .accounts = {},
                .amount = amount,
                .cost = {},
                .tokens = 0,
                .reason = "the provider's invoice",
                .by = "operator:fritz"};
    }

    Office office_{{Corrections::schema()}};
    KeptAudit audit_;
    std::vector<ledger::Posting> postings_;
    Corrections corrections_;
    std::string call_;
};

TEST_F(CorrectionsTest, of_a_call_is_a_further_entry_on_every_level_of_it_and_in_its_period) {
    const audit::Outcome before = audit_.rows[0];
    Corrections::Entry entry = of_call("-1.50 USD");
    entry.cost = "-1 USD";
    entry.tokens = -300;
    const auto entered = corrections_.enter(entry, {});
    ASSERT_TRUE(entered) << entered.error().for_caller;
    ASSERT_EQ(postings_.size(), 1U);
    EXPECT_EQ(postings_[0].accounts,
              (std::vector<AccountName>{"org", "team:rnd", "team:research", "person:alice", "key:k2"}));
    EXPECT_EQ(postings_[0].at, before.at);
    EXPECT_EQ(postings_[0].amounts,
              (Amounts{.charge = NanoUsd(-1'500'000'000), .cost = NanoUsd::dollars(-1), .tokens = -300, .calls = 0}));
    ASSERT_EQ(audit_.rows.size(), 2U);
    EXPECT_EQ(audit_.rows[0].charge, before.charge) << "what was written is changed";
    const audit::Outcome& row = audit_.rows[1];
    EXPECT_EQ(row.fault, "correction");
    EXPECT_TRUE(row.superseded) << "it would count as a call";
    EXPECT_EQ(row.call, before.call);
    EXPECT_NE(row.attempt, before.attempt);
    EXPECT_EQ(row.team, "research");
    EXPECT_EQ(row.person, "alice");
    EXPECT_EQ(row.key_id, "k2");
    EXPECT_EQ(row.model, "small");
    EXPECT_EQ(row.cost, NanoUsd::dollars(-1));
    EXPECT_EQ(row.charge, NanoUsd(-1'500'000'000));
    const auto list = *corrections_.list({.call = call_});
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].accounts, postings_[0].accounts);
    EXPECT_EQ(list[0].amounts, postings_[0].amounts);
    EXPECT_EQ(list[0].reason, "the provider's invoice");
    EXPECT_EQ(office_.events().at(0).kind, "correction.entered");
}

TEST_F(CorrectionsTest, together_take_back_no_more_than_the_call_was_charged) {
    ASSERT_TRUE(corrections_.enter(of_call("-1.50"), {}));
    Corrections::Entry rest = of_call("-1.50");
    rest.cost = "-0.50";
    ASSERT_TRUE(corrections_.enter(rest, {}));
    const auto more = corrections_.enter(of_call("-0.000000001"), {});
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().fault, Fault::conflict);
    EXPECT_TRUE(corrections_.enter(of_call("5"), {})) << "more may be charged";
    EXPECT_EQ(postings_.size(), 3U);
}

TEST_F(CorrectionsTest, of_a_call_goes_to_the_books_that_are_named_whatever_the_policy_says_now) {
    const std::vector<AccountName> books = {"org", "team:former", "team:research", "key:k2", "team:research|tier:t"};
    audit_.rows[0].model = "small";
    Corrections::Entry entry = of_call("-1");
    entry.accounts = books;
    const auto entered = corrections_.enter(entry, {});
    ASSERT_TRUE(entered) << entered.error().for_caller;
    EXPECT_EQ(postings_.at(0).accounts, books);
    EXPECT_TRUE(postings_[0].model.empty() && postings_[0].tier.empty()) << "books that were made later have no part";
    EXPECT_EQ(entered->accounts, (std::vector<AccountName>{"org", "team:former", "team:research", "key:k2"}));
    EXPECT_EQ(audit_.rows.at(1).team, "research");
    EXPECT_EQ(audit_.rows[1].model, "small");
}

TEST_F(CorrectionsTest, from_what_was_booked_at_first_takes_off_what_was_corrected_since) {
    Corrections::Entry before = of_call("-2.50");
    before.cost = "-1.50";
    before.tokens = -40;
    ASSERT_TRUE(corrections_.enter(before, {}));
    // It was booked at 3 and 2, and has cost 1 and 0.50: -2 and -1.50 in all.
    Corrections::Entry right = of_call("-2");
    right.cost = "-1.50";
    right.tokens = -30;
    right.from_first = true;
    right.usage = {.input = 5, .output = 7};
    ASSERT_TRUE(corrections_.enter(right, {})) << "what somebody else took back is in its way";
    EXPECT_EQ(postings_.at(1).amounts, (Amounts{.charge = NanoUsd(500'000'000), .cost = {}, .tokens = 10}));
    EXPECT_EQ(audit_.rows.at(2).usage, right.usage);
    EXPECT_EQ(audit_.rows[2].usage_source, UsageSource::provider);
    int marked = 0;
    ASSERT_TRUE(corrections_.enter(right, [&](store::Transaction&, const Correction&) -> Result<void> {
        ++marked;
        return {};
    }));
    EXPECT_EQ(postings_.size(), 2U) << "nothing is left to correct";
    EXPECT_EQ(corrections_.list({.call = call_})->size(), 2U);
    EXPECT_EQ(marked, 1) << "whoever corrects must hear that it is done";
}

TEST_F(CorrectionsTest, of_an_account_is_booked_now_on_it_and_those_above) {
    Corrections::Entry entry = of_call("-5");
    entry.call.clear();
    entry.account = "team:research";
    entry.accounts = {"org", "team:rnd", "team:research"};
    ASSERT_TRUE(corrections_.enter(entry, {}));
    EXPECT_EQ(postings_.at(0).at, office_.clock.now());
    EXPECT_EQ(postings_[0].amounts.cost, NanoUsd::dollars(-5)) << "without a cost of its own it is the same";
    EXPECT_EQ(audit_.rows.at(1).team, "research");
    EXPECT_TRUE(audit_.rows[1].key_id.empty());
    EXPECT_EQ(corrections_.list({.call = {}, .account = "team:rnd"})->size(), 1U);
    EXPECT_TRUE(corrections_.list({.call = {}, .account = "team:r"})->empty()) << "half a name";
}

TEST_F(CorrectionsTest, what_cannot_be_stored_leaves_no_trace) {
    EXPECT_FALSE(corrections_.enter(of_call("-1"), [](store::Transaction&, const Correction&) {
        return Result<void>(fail(Fault::storage_unavailable, "No audit."));
    }));
    EXPECT_TRUE(postings_.empty());
    EXPECT_EQ(audit_.rows.size(), 1U);
    EXPECT_TRUE(corrections_.list({})->empty());
}

TEST_F(CorrectionsTest, refuses_what_is_no_correction) {
    const auto refused = [&](const std::function<void(Corrections::Entry&)>& make) {
        Corrections::Entry entry = of_call("-1");
        make(entry);
        const auto entered = corrections_.enter(entry, {});
        return entered ? std::string("entered") : std::string(facts(entered.error().fault).name);
    };
    EXPECT_EQ(refused([](auto& entry) { entry.call.clear(); }), "invalid_request");
    EXPECT_EQ(refused([](auto& entry) { entry.account = "org"; }), "invalid_request");
    EXPECT_EQ(refused([](auto& entry) { entry.call = "call_1"; }), "invalid_request");
    EXPECT_EQ(refused([](auto& entry) { entry.call = CallId::make(Timestamp{}).text(); }), "not_found");
    EXPECT_EQ(refused([](auto& entry) { entry.amount = "0"; }), "invalid_request");
    EXPECT_EQ(refused([](auto& entry) { entry.amount = "1000000.01"; }), "invalid_request");
    EXPECT_EQ(refused([](auto& entry) { entry.cost = "x"; }), "invalid_request");
    EXPECT_EQ(refused([](auto& entry) { entry.tokens = Corrections::tokens_max + 1; }), "invalid_request");
    EXPECT_EQ(refused([](auto& entry) { entry.reason = ""; }), "invalid_request");
    EXPECT_TRUE(postings_.empty());
}

}  // namespace
}  // namespace bursar::treasury
