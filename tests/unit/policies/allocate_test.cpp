// Hunts: a nano-dollar that a pool loses or makes, a share outside its floor and cap, an answer that depends on the
// order of the questions, and a joiner, leaver, loan or roll-over that costs others more than it should.
#include "policies/allocate.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace bursar::policies {
namespace {

NanoUsd usd(std::int64_t dollars) { return NanoUsd::dollars(dollars); }
Timestamp at(std::string_view text) { return *parse_timestamp(text); }

/// November 2026 in UTC: 30 days.
const Period november{at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")};

Allocation by(ShareBy what) { return {.name = "a", .pool = "team:rnd", .by = what}; }
Member member(AccountName account, std::int64_t heads = 0) { return {.account = std::move(account), .heads = heads}; }

Plan run(const Allocation& rules, NanoUsd pool, std::vector<Member> members) {
    return allocate(
        {.rules = rules, .pool = pool, .period = november, .at = november.start, .members = std::move(members)});
}

/// What one of them gets; a failure if there is no such line.
const Line& line(const Plan& plan, std::string_view account) {
    static const Line none;
    const auto found = std::ranges::find(plan.lines, account, &Line::account);
    if (found != plan.lines.end()) return *found;
    ADD_FAILURE() << "no line of " << account;
    return none;
}

/// The promise of every plan.
void expect_adds_up(const Plan& plan) {
    NanoUsd shares, rolled_over, lent, repaid;
    for (const Line& each : plan.lines) {
        EXPECT_GE(each.share, NanoUsd{}) << each.account;
        EXPECT_GE(each.total(), NanoUsd{}) << each.account;
        EXPECT_GE(each.rolled_over, NanoUsd{}) << each.account;
        EXPECT_FALSE(each.why.empty()) << each.account;
        shares += each.share;
        rolled_over += each.rolled_over;
        lent += each.lent;
        repaid += each.repaid;
    }
    EXPECT_GE(plan.unallotted, NanoUsd{});
    EXPECT_EQ(shares + plan.unallotted, plan.pool);
    EXPECT_EQ(rolled_over, plan.raise);
    EXPECT_EQ(lent, NanoUsd{});
    EXPECT_EQ(repaid, NanoUsd{});
    EXPECT_EQ(plan.allotted() + plan.unallotted, plan.pool + plan.raise);
}

TEST(Allocate, by_weight_heads_use_and_fixed) {
    Allocation rules = by(ShareBy::weight);
    rules.shares["team:a"].weight = 3;
    Plan plan = run(rules, usd(1'000), {member("team:a"), member("team:b"), member("team:c")});
    EXPECT_EQ(line(plan, "team:a").share, usd(600));
    EXPECT_EQ(line(plan, "team:b").share, usd(200));
    EXPECT_EQ(line(plan, "team:a").why, "weight 3: 60% of what is shared");

    plan = run(by(ShareBy::heads), usd(1'000), {member("team:a", 12), member("team:b", 4), member("team:c", 0)});
    EXPECT_EQ(line(plan, "team:a").share, usd(750));
    EXPECT_EQ(line(plan, "team:c").share, NanoUsd{});
    EXPECT_EQ(line(plan, "team:b").why, "4 heads: 25% of what is shared");

    Member first = member("team:a"), second = member("team:b");
    first.past_use = {usd(300)};
    second.past_use = {usd(100)};
    plan = run(by(ShareBy::use), usd(900), {first, second, member("team:new")});
    EXPECT_EQ(line(plan, "team:a").share, usd(450));
    EXPECT_EQ(line(plan, "team:b").share, usd(150));
    EXPECT_EQ(line(plan, "team:new").share, usd(300)) << "a new one counts as the others do on average";

    rules = by(ShareBy::fixed);
    rules.shares["team:a"].fixed = usd(300);
    rules.shares["team:b"].fixed = usd(250);
    plan = run(rules, usd(1'000), {member("team:a"), member("team:b")});
    EXPECT_EQ(line(plan, "team:b").share, usd(250));
    EXPECT_EQ(plan.unallotted, usd(450));
    expect_adds_up(plan);
}

TEST(Allocate, shares_alike_where_nobody_has_used_anything) {
    Member known = member("team:a");
    known.past_use = {NanoUsd{}, NanoUsd{}};
    const Plan plan = run(by(ShareBy::use), usd(100), {known, member("team:b")});
    EXPECT_EQ(line(plan, "team:a").share, usd(50));
    EXPECT_EQ(line(plan, "team:b").share, usd(50));
}

TEST(Allocate, gives_the_units_that_do_not_divide_in_a_fixed_order) {
    const Plan plan =
        run(by(ShareBy::weight), NanoUsd(1'000'000'001), {member("c"), member("a"), member("b"), member("d")});
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").share, NanoUsd(250'000'001));
    EXPECT_EQ(line(plan, "d").share, NanoUsd(250'000'000));
}

TEST(Allocate, keeps_floors_and_caps_and_says_what_the_caps_leave_over) {
    Allocation rules = by(ShareBy::weight);
    rules.shares["a"] = {.weight = 1, .floor = usd(400)};
    rules.shares["b"] = {.weight = 8, .cap = usd(300)};
    Plan plan = run(rules, usd(1'000), {member("a"), member("b"), member("c")});
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").share, usd(400));
    EXPECT_EQ(line(plan, "b").share, usd(300));
    EXPECT_EQ(line(plan, "c").share, usd(300));
    EXPECT_EQ(line(plan, "b").why, "weight 8: 80% of what is shared; held at its cap of 300.00 USD");
    EXPECT_EQ(line(plan, "a").why, "weight 1: 10% of what is shared; lifted to its floor of 400.00 USD");

    rules.shares["a"].cap = usd(400);
    rules.shares["c"].cap = usd(100);
    plan = run(rules, usd(1'000), {member("a"), member("b"), member("c")});
    expect_adds_up(plan);
    EXPECT_EQ(plan.unallotted, usd(200));
}

TEST(Allocate, cuts_floors_that_the_pool_cannot_keep) {
    Allocation rules = by(ShareBy::weight);
    rules.each.floor = usd(60);
    const Plan plan = run(rules, usd(90), {member("a"), member("b")});
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").share, usd(45));
    EXPECT_TRUE(line(plan, "a").why.contains("cut, because the floors")) << line(plan, "a").why;
}

TEST(Allocate, survives_floors_whose_sum_no_number_holds) {
    Allocation rules = by(ShareBy::weight);
    rules.each.floor = usd(1'000'000'000);
    std::vector<Member> members;
    for (int i = 0; i < 500; ++i) members.push_back(member("m" + std::to_string(i)));
    expect_adds_up(run(rules, usd(1'000'000'000), members));
}

TEST(Joiner, gets_his_part_for_the_time_that_is_left) {
    Member joiner = member("c");
    joiner.present_from = at("2026-11-16T00:00:00Z");
    const Plan plan = allocate({.rules = by(ShareBy::weight),
                                .pool = usd(1'000),
                                .period = november,
                                .at = at("2026-11-16T00:00:00Z"),
                                .members = {member("a"), member("b"), joiner},
                                .opening = false});
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").share, usd(400));
    EXPECT_EQ(line(plan, "c").share, usd(200)) << "half of the period, so half of what the others have";
    EXPECT_EQ(line(plan, "c").why, "weight 1: 20% of what is shared, for 50% of the period");
}

struct DayCase {
    std::string_view name, from, until, joined;
    std::int64_t share;  ///< of 2,900 dollars, against one who was there from the beginning
};

TEST(Joiner, is_counted_in_seconds_of_the_calendar) {
    for (const DayCase& each : {DayCase{"a day of 23 hours, come at noon", "2026-03-28T23:00:00Z",
                                        "2026-03-29T22:00:00Z", "2026-03-29T10:00:00Z", 12LL * 2'900 / (23 + 12)},
                                DayCase{"a day of 25 hours, come at noon", "2026-10-24T22:00:00Z",
                                        "2026-10-25T23:00:00Z", "2026-10-25T11:00:00Z", 12LL * 2'900 / (25 + 12)},
                                DayCase{"a leap February, come on the 29th", "2028-01-31T23:00:00Z",
                                        "2028-02-29T23:00:00Z", "2028-02-28T23:00:00Z", 1LL * 2'900 / (29 + 1)}}) {
        Member joiner = member("b");
        joiner.present_from = at(each.joined);
        const Plan plan = allocate({.rules = by(ShareBy::weight),
                                    .pool = usd(2'900),
                                    .period = {at(each.from), at(each.until)},
                                    .at = at(each.joined),
                                    .members = {member("a"), joiner},
                                    .opening = false});
        expect_adds_up(plan);
        EXPECT_EQ(line(plan, "b").share.nanos() / NanoUsd::per_dollar, each.share) << each.name;
    }
}

TEST(Leaver, keeps_what_is_spent_and_the_rest_goes_back) {
    Member leaver = member("a"), stays = member("b");
    leaver.present_until = at("2026-11-10T00:00:00Z");
    leaver.committed = usd(120);
    stays.committed = usd(30);
    const Plan plan = allocate({.rules = by(ShareBy::weight),
                                .pool = usd(1'000),
                                .period = november,
                                .at = at("2026-11-10T00:00:00Z"),
                                .members = {leaver, stays},
                                .opening = false});
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").total(), usd(120));
    EXPECT_EQ(line(plan, "b").total(), usd(880));
}

TEST(Allocate, takes_from_nobody_what_is_spent_and_held_already) {
    Member heavy = member("a");
    heavy.committed = usd(700);
    Plan plan = allocate({.rules = by(ShareBy::weight),
                          .pool = usd(1'000),
                          .period = november,
                          .at = at("2026-11-10T00:00:00Z"),
                          .members = {heavy, member("b"), member("c")},
                          .opening = false});
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").share, usd(700));
    EXPECT_EQ(line(plan, "b").share, usd(150));
    // The pool itself was cut below what is spent: nobody may spend more, and the books still add up.
    plan = allocate({.rules = by(ShareBy::weight),
                     .pool = usd(500),
                     .period = november,
                     .at = at("2026-11-10T00:00:00Z"),
                     .members = {heavy, member("b")},
                     .opening = false});
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").share, usd(500));
    EXPECT_EQ(line(plan, "b").share, NanoUsd{});
}

TEST(RollOver, comes_on_top_within_its_part_its_ceiling_and_what_the_pool_had_left) {
    Allocation rules = by(ShareBy::weight);
    rules.roll_over = RollOver{.up_to_percent = 50, .ceiling = usd(80)};
    Member little = member("a"), much = member("b");
    little.left = usd(100);
    much.left = usd(400);
    AllocateRequest request{.rules = rules,
                            .pool = usd(1'000),
                            .period = november,
                            .at = november.start,
                            .members = {little, much},
                            .pool_left = usd(500)};
    Plan plan = allocate(request);
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").rolled_over, usd(50));
    EXPECT_EQ(line(plan, "b").rolled_over, usd(80));
    EXPECT_EQ(line(plan, "b").total(), usd(580));
    EXPECT_EQ(plan.raise, usd(130));

    request.pool_left = usd(13);
    plan = allocate(request);
    expect_adds_up(plan);
    EXPECT_EQ(plan.raise, usd(13));
    EXPECT_EQ(line(plan, "a").rolled_over, usd(5));
    request.pool_left = usd(-7);
    EXPECT_EQ(allocate(request).raise, NanoUsd{}) << "a pool that is overspent has nothing to roll over";
}

TEST(Lending, moves_money_from_those_who_will_not_need_it_and_is_paid_back) {
    const Lending rules{.up_to_percent = 20, .keep_percent = 10};
    const Timestamp middle = at("2026-11-16T00:00:00Z");
    std::vector<Line> lines(3);
    lines[0] = {.account = "a", .share = usd(500), .committed = usd(490)};  // will need 980
    lines[1] = {.account = "b", .share = usd(500), .committed = usd(100)};  // will need 200: 250 to spare
    lines[2] = {.account = "c", .share = usd(500), .committed = usd(240)};  // will need 480: nothing to spare
    auto loans = lend({.rules = rules, .period = november, .at = middle, .lines = lines, .loans = {}});
    ASSERT_EQ(loans, (std::vector<Loan>{{"a", "b", usd(100)}}));

    // It is at its bound: no more for it in this period, and b, which has lent, does not borrow.
    lines[0].lent = usd(100);
    lines[0].committed = usd(599);
    lines[1].lent = usd(-100);
    lines[1].committed = usd(399);
    EXPECT_EQ(lend({.rules = rules, .period = november, .at = middle, .lines = lines, .loans = loans}).size(), 0U);

    const Period december{november.end, at("2027-01-01T00:00:00Z")};
    const Plan plan = allocate({.rules = by(ShareBy::weight),
                                .pool = usd(1'500),
                                .period = december,
                                .at = december.start,
                                .members = {member("a"), member("b"), member("c")},
                                .owed = loans});
    expect_adds_up(plan);
    EXPECT_EQ(line(plan, "a").total(), usd(400));
    EXPECT_EQ(line(plan, "b").total(), usd(600));
    EXPECT_EQ(plan.paid_back, std::vector<NanoUsd>{usd(100)});
    EXPECT_TRUE(line(plan, "a").why.ends_with("; pays 100.00 USD back")) << line(plan, "a").why;
}

TEST(Lending, is_paid_back_as_far_as_the_borrower_is_able_to) {
    Member borrower = member("a");
    borrower.committed = usd(30);  // spent before the run of the new period
    const Plan plan = allocate({.rules = by(ShareBy::weight),
                                .pool = usd(100),
                                .period = november,
                                .at = november.start,
                                .members = {borrower, member("b")},
                                .owed = {{"a", "b", usd(80)}, {"a", "gone", usd(5)}}});
    expect_adds_up(plan);
    EXPECT_EQ(plan.paid_back, (std::vector<NanoUsd>{usd(20), NanoUsd{}}));
    EXPECT_EQ(line(plan, "a").total(), usd(30));
}

TEST(SmoothedUse, is_a_moving_average) {
    EXPECT_EQ(smoothed_use({}, 30), NanoUsd{});
    EXPECT_EQ(smoothed_use({usd(100)}, 30), usd(100));
    EXPECT_EQ(smoothed_use({usd(200), usd(100)}, 30), usd(130));
    EXPECT_EQ(smoothed_use({usd(0), usd(200), usd(100)}, 50), usd(75));
    EXPECT_EQ(smoothed_use({usd(100), usd(-50)}, 100), usd(100));
}

/// Any pool with any members, in any moment of its period.
class AnyPool {
  public:
    explicit AnyPool(std::uint64_t seed) : random_(seed) {
        rules_ = by(static_cast<ShareBy>(below(4)));
        pool_ = amount(below(3) == 0 ? 1'000 : 1'000'000'000'000'000'000);
        opening_ = below(2) == 0;
        at_ = opening_ ? november.start : november.start + std::chrono::seconds(below(30 * 86'400));
        if (below(2) == 0) rules_.roll_over = RollOver{.up_to_percent = 1 + static_cast<int>(below(100))};
        for (std::uint64_t left = below(30); left > 0; --left) add_member(left);
        for (std::uint64_t left = members_.size() < 2 ? 0 : below(4); left > 0; --left) add_loan();
        pool_left_ = amount(pool_.nanos());
    }
    AllocateRequest request() const {
        return {.rules = rules_,
                .pool = pool_,
                .period = november,
                .at = at_,
                .members = members_,
                .loans = opening_ ? std::vector<Loan>{} : loans_,
                .opening = opening_,
                .pool_left = pool_left_,
                .owed = opening_ ? loans_ : std::vector<Loan>{}};
    }
    Allocation rules_;
    std::vector<Member> members_;
    NanoUsd pool_, pool_left_;
    bool opening_ = true;
    Timestamp at_;
    std::vector<Loan> loans_;
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    NanoUsd amount(std::int64_t most) {
        return NanoUsd(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most) + 1)));
    }

  private:
    void add_member(std::uint64_t number) {
        Member each = member("m" + std::to_string(number), static_cast<std::int64_t>(below(50)));
        for (std::uint64_t left = below(4); left > 0; --left) each.past_use.push_back(amount(pool_.nanos()));
        each.left = amount(pool_.nanos());
        if (below(2) == 0) {
            ShareRule& rule = rules_.shares[each.account];
            rule.weight = static_cast<std::int64_t>(below(6));
            if (below(3) == 0) rule.floor = amount(pool_.nanos() / 8);
            if (below(3) == 0) rule.cap = rule.floor + amount(pool_.nanos() / 4);
            if (below(6) == 0) rule.fixed = amount(pool_.nanos() / 8);
        }
        if (!opening_) {
            each.committed = amount(pool_.nanos() / 40);
            each.rolled_over = amount(pool_.nanos() / 100);
            if (below(4) == 0) each.present_from = at_;
            if (below(5) == 0) each.present_until = at_;
        }
        members_.push_back(each);
    }
    void add_loan() {
        const std::size_t borrower = below(members_.size());
        const std::size_t lender = (borrower + 1) % members_.size();
        loans_.push_back({members_[borrower].account, members_[lender].account, amount(pool_.nanos() / 60)});
    }
    std::mt19937_64 random_;
};

TEST(Allocate, adds_up_for_any_pool_in_any_order) {
    for (std::uint64_t seed = 1; seed <= 6'000; ++seed) {
        AnyPool any(seed);
        // A lender has had what it lent, so what it has spent and lent together is below the pool.
        const Plan plan = allocate(any.request());
        SCOPED_TRACE(seed);
        expect_adds_up(plan);
        std::ranges::shuffle(any.members_, std::mt19937_64(seed));
        const Plan again = allocate(any.request());
        EXPECT_EQ(again.lines, plan.lines);
        EXPECT_EQ(again.unallotted, plan.unallotted);
        EXPECT_EQ(again.paid_back, plan.paid_back);
        if (HasFailure()) break;
    }
}

TEST(Allocate, keeps_every_floor_and_cap_that_can_be_kept) {
    for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
        AnyPool any(seed);
        any.loans_.clear();
        for (Member& each : any.members_) each.rolled_over = {};
        const Plan plan = allocate(any.request());
        SCOPED_TRACE(seed);
        for (const Line& each : plan.lines) {
            if (each.why.contains("; cut,") || each.present_until <= any.at_) continue;
            const ShareRule& rule = any.rules_.rule_of(each.account);
            const bool whole = each.present_from <= november.start;
            if (whole && !rule.fixed) EXPECT_GE(each.share, std::min(rule.floor, any.pool_)) << each.account;
            if (rule.cap && !rule.fixed) EXPECT_LE(each.share, std::max(*rule.cap, each.committed)) << each.account;
            EXPECT_GE(each.share, each.committed) << each.account;
        }
        if (HasFailure()) break;
    }
}

TEST(Allocate, gives_nobody_less_for_a_larger_pool_or_a_larger_weight_of_his_own) {
    for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
        AnyPool any(seed);
        if (any.members_.empty()) continue;
        any.loans_.clear();
        any.rules_.by = ShareBy::weight;
        any.pool_ = std::max(any.pool_, NanoUsd(1'000));
        const Plan before = allocate(any.request());
        SCOPED_TRACE(seed);
        const AccountName chosen = any.members_[any.below(any.members_.size())].account;
        Allocation heavier = any.rules_;
        ShareRule rule = heavier.rule_of(chosen);
        rule.weight += 5;
        heavier.shares[chosen] = rule;
        std::swap(heavier, any.rules_);
        // The unit that does not divide may go to another one.
        EXPECT_GE(line(allocate(any.request()), chosen).share + NanoUsd(1), line(before, chosen).share);
        std::swap(heavier, any.rules_);
        any.pool_ += any.amount(any.pool_.nanos() / 2);
        if (!before.lines.empty() && !before.lines.front().why.contains("; cut,")) {
            const Plan larger = allocate(any.request());
            for (const Line& each : before.lines)
                EXPECT_GE(line(larger, each.account).share + NanoUsd(1), each.share) << each.account;
        }
        if (HasFailure()) break;
    }
}

TEST(Lending, never_takes_a_lender_below_what_it_has_spent_and_keeps) {
    std::mt19937_64 random(77);
    const Lending rules{.up_to_percent = 30, .keep_percent = 5};
    std::size_t lent = 0;
    for (int round = 0; round < 3'000; ++round) {
        std::vector<Line> lines;
        const std::size_t count = 2 + random() % 8;
        for (std::size_t i = 0; i < count; ++i) {
            const auto share = static_cast<std::int64_t>(random() % 1'000'000'000'000);
            const auto spent =
                random() % 3 == 0 ? share - share / 50 : share / static_cast<std::int64_t>(1 + random() % 9);
            lines.push_back({.account = "m" + std::to_string(i), .share = NanoUsd(share), .committed = NanoUsd(spent)});
        }
        std::ranges::shuffle(lines, random);
        const Timestamp now = november.start + std::chrono::seconds(random() % (30 * 86'400));
        std::map<AccountName, NanoUsd> moved;
        for (const Loan& loan : lend({.rules = rules, .period = november, .at = now, .lines = lines, .loans = {}})) {
            EXPECT_GT(loan.amount, NanoUsd{});
            moved[loan.borrower] += loan.amount;
            moved[loan.lender] -= loan.amount;
            ++lent;
        }
        for (const Line& each : lines) {
            const NanoUsd change = moved[each.account];
            if (change < NanoUsd{}) EXPECT_GE(each.share + change, each.committed) << each.account;
            EXPECT_LE(change.nanos(), each.share.nanos() * 30 / 100) << each.account;
        }
        if (HasFailure()) break;
    }
    EXPECT_GT(lent, 500U);
}

}  // namespace
}  // namespace bursar::policies
