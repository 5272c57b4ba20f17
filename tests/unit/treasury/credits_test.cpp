// Hunts: a balance that forgets a top-up or counts one twice, and one that is taken back although it is spent.
#include "service/treasury/credits.h"

#include "service/treasury/accounts.h"
#include "tests/unit/treasury/office.h"

namespace bursar::treasury {
namespace {

using test::Office;

class CreditsTest : public testing::Test {
  protected:
    CreditsTest() { open(); }
    void open() {
        office_.rules.change([](policies::InForce& in_force) { in_force = {}; });
        credits_ = *Credits::open(office_.desk, [this](std::vector<ledger::Level> levels, Timestamp) {
            std::vector<ledger::Standing> all;
            for (const ledger::Level& level : levels) {
                ledger::Standing& standing = all.emplace_back();
                standing.account = level.account;
                standing.budget = level.budgets.at(0);
                standing.spent = spent_;
                standing.held = held_;
            }
            return Result<std::vector<ledger::Standing>>(std::move(all));
        });
    }
    Result<Credit> credit(const char* amount, const AccountName& account = "team:prepaid",
                          const Credits::Also& also = {}) {
        return credits_->enter({.account = account,
                                .amount = amount,
                                .reason = "invoice 7",
                                .by = "operator:fritz",
                                .limits = *limits_of_account(*office_.rules.get(), Office::keys(), account)},
                               also);
    }
    NanoUsd balance() {
        return limits_of_account(*office_.rules.get(), Office::keys(), "team:prepaid")
            ->at(0)
            .limit_at(office_.clock.now())
            .usd();
    }

    Office office_{{Credits::schema()}};
    NanoUsd spent_, held_;
    std::unique_ptr<Credits> credits_;
};

TEST_F(CreditsTest, top_ups_add_up_for_good_and_after_a_restart) {
    EXPECT_EQ(balance(), NanoUsd{});
    ASSERT_TRUE(credit("500 USD"));
    ASSERT_TRUE(credit("0.25"));
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(balance(), NanoUsd(500'250'000'000));
        EXPECT_EQ(office_.rules.get()->in_force->raises.at("team:prepaid").size(), 1U)
            << "one sum on the path of calls";
        office_.clock.advance(std::chrono::days(4'000));
        open();
    }
    ASSERT_TRUE(credit("1 USD"));
    EXPECT_EQ(balance(), NanoUsd(501'250'000'000));
    const auto list = *credits_->list({});
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(list[0].amount, Quantity(NanoUsd::dollars(1)));
    EXPECT_EQ(list[2].reason, "invoice 7");
    EXPECT_EQ(credits_->list({.account = "team:sales"})->size(), 0U);
    EXPECT_EQ(office_.events().size(), 3U);
}

TEST_F(CreditsTest, no_more_is_taken_back_than_is_left) {
    ASSERT_TRUE(credit("10 USD"));
    spent_ = NanoUsd::dollars(6);
    held_ = NanoUsd::dollars(1);
    const auto refused = credit("-3.000000001");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::conflict);
    EXPECT_NE(refused.error().for_caller.find("3.00 USD left"), std::string::npos) << refused.error().for_caller;
    EXPECT_TRUE(credit("-3"));
    EXPECT_EQ(balance(), NanoUsd::dollars(7));
    EXPECT_FALSE(credit("-0.000000001"));
    spent_ = NanoUsd::dollars(20);
    EXPECT_EQ(credit("-1").error().fault, Fault::conflict) << "a variance took the balance below nothing";
    EXPECT_TRUE(credit("1"));
}

TEST_F(CreditsTest, a_credit_that_is_not_stored_does_not_count) {
    EXPECT_FALSE(credit("10 USD", "team:prepaid", [](store::Transaction&, const Credit&) {
        return Result<void>(fail(Fault::storage_unavailable, "No audit."));
    }));
    EXPECT_EQ(balance(), NanoUsd{});
    EXPECT_TRUE(credits_->list({})->empty());
    EXPECT_TRUE(office_.events().empty());
}

TEST_F(CreditsTest, refuses_what_is_no_credit) {
    EXPECT_NE(credit("10 USD", "team:research").error().for_caller.find("limit: 0 USD, per: ever"), std::string::npos);
    for (const char* wrong : {"0", "ten", "5 tokens", "5000000000"}) EXPECT_FALSE(credit(wrong)) << wrong;
    EXPECT_EQ(balance(), NanoUsd{});
}

}  // namespace
}  // namespace bursar::treasury
