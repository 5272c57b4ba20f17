#include "service/base/crypto.h"
#include "tests/sim/house.h"

#include <cstdlib>
#include <map>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

// Hunts: a month of calls, joiners, leavers, roll-over and lending after which the shares of a pool are not the pool,
// to the nano-dollar; a member above its allotment, money that is given out twice, or a loan that is never paid back.
// With the months that are unlike others: a February of a leap year, and those in which the clocks are changed.
//   BURSAR_SIM_SEED=n runs that episode only; BURSAR_SIM_EPISODES says how many.
namespace bursar::sim {
namespace {

using treasury::AllocationRun;
using treasury::Cause;

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Month {
    std::string_view name;
    std::string_view start, end;  ///< in Berlin
    std::chrono::hours hours;
};
constexpr Month months[] = {
    {"November", "2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00", std::chrono::hours(30 * 24)},
    {"a February of 29 days", "2028-02-01T00:00:00+01:00", "2028-03-01T00:00:00+01:00", std::chrono::hours(29 * 24)},
    {"a March with a day of 23 hours", "2027-03-01T00:00:00+01:00", "2027-04-01T00:00:00+02:00",
     std::chrono::hours(31 * 24 - 1)},
    {"an October with a day of 25 hours", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00",
     std::chrono::hours(31 * 24 + 1)},
};

struct Figures {
    std::uint64_t episodes = 0, steps = 0, holds = 0, refused = 0, runs = 0, openings = 0, loans = 0, paid_back = 0;
    std::uint64_t joined = 0, left = 0, restarts = 0, back = 0;
    NanoUsd rolled_over, lent;
};

/// One organisation, its people and one month of theirs.
class Episode {
  public:
    Episode(std::uint64_t seed, Figures& figures)
        : random_(seed),
          figures_(figures),
          month_(months[seed % std::size(months)]),
          per_(std::array{Per::month, Per::week, Per::day}[below(3)]),
          by_(std::array{"weight", "use", "weight", "heads"}[below(4)]),
          rolls_(below(4) != 0),
          lends_(below(4) != 0),
          house_(policy(), "2026-09-01T00:00:00Z") {
        for (std::uint64_t left = 2 + below(5); left > 0; --left) join();
    }

    void run() {
        const Timestamp start = *parse_timestamp(month_.start);
        const Timestamp end = *parse_timestamp(month_.end);
        ASSERT_EQ(end - start, month_.hours);
        house_.go_to(start - std::chrono::hours(50));
        check();
        while (house_.now() < end + std::chrono::hours(60) && !testing::Test::HasFailure()) {
            ++figures_.steps;
            pass_time();
            for (std::uint64_t left = below(6); left > 0; --left) act();
            ASSERT_TRUE(house_.store().step());
            check();
        }
        ++figures_.episodes;
    }

  private:
    struct Open {
        AttemptId attempt;
        NanoUsd amount;
    };
    struct Before {
        NanoUsd limit;
        NanoUsd taken;
    };

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    NanoUsd up_to(NanoUsd most) {
        return NanoUsd(
            static_cast<std::int64_t>(below(static_cast<std::uint64_t>(std::max(most.nanos(), std::int64_t{0})) + 1)));
    }

    std::string policy() {
        const std::string per(name_of(per_));
        std::string shares;
        for (const auto& [person, weight] : weights_)
            shares += fmt::format("{}person:{}: {{weight: {}}}", shares.empty() ? "" : ", ", person, weight);
        return fmt::format(
            "organisation: {{time_zone: Europe/Berlin, budgets: [{{limit: 100000 USD, per: month}}]}}\n"
            "teams: {{rnd: {{budgets: [{{limit: {} USD, per: {}}}]}}, alpha: {{parent: rnd, models: []}}, beta: "
            "{{parent: "
            "rnd, models: []}}}}\n"
            "allocations: {{a: {{pool: team:rnd, per: {}, among: people, by: {}, each: {{floor: {} USD, cap: {} USD}}, "
            "shares: {{{}}}{}{}}}}}\n",
            pool_.text(), per, per, by_, below(3) == 0 ? 3 : 0, 90 + below(3) * 600, shares,
            rolls_ ? fmt::format(", roll_over: {{up_to: {}%, ceiling: 70.000000003 USD}}", roll_over_percent_) : "",
            lends_ ? ", lending: {up_to: 20%, keep: 5%}" : "");
    }

    Caller caller_of(const treasury::Belonging& who) const {
        return {.key_id = "k-" + who.person, .name = "k", .team = who.team, .person = who.person};
    }

    void join() {
        house_.people.push_back({fmt::format("p{:03}", ++people_ever_), below(2) == 0 ? "alpha" : "beta"});
        appetites_[house_.people.back().person] = 1 + below(below(3) == 0 ? 60 : 8);
        ++figures_.joined;
    }
    void leave() {
        if (house_.people.size() < 2) return;
        house_.people.erase(house_.people.begin() + static_cast<std::ptrdiff_t>(below(house_.people.size())));
        ++figures_.left;
    }

    void pass_time() {
        before_.clear();
        for (const policies::Line& line : newest_.plan.lines)
            before_[line.account] = {house_.limit(line.account, per_).value_or(NanoUsd{}),
                                     house_.taken(line.account, per_)};
        pool_left_ = pool_ + newest_.plan.raise - house_.taken("team:rnd", per_);
        pool_before_ = pool_;
        const Timestamp now = house_.now();
        if (below(60) == 0) {
            // The clock goes back, for the length of one step.
            ++figures_.back;
            house_.go_to(now - std::chrono::hours(below(50)));
            // In a period that is over, limits are those of the next one: too little there for some, never too much.
            if (house_.newest("a").period.contains(house_.instant())) check_limits();
            house_.clock().set(now);
        }
        const auto seconds = std::chrono::seconds(1 + below(below(3) == 0 ? 60 : 5 * 3'600));
        house_.go_to(now + seconds);
    }

    void act() {
        switch (below(24)) {
            case 0:
                return join();
            case 1:
                return leave();
            case 2:
                if (below(6) != 0) return;
                weights_[house_.people[below(house_.people.size())].person] = below(4);
                return house_.apply(policy());
            case 3:
                if (below(8) != 0) return;
                pool_ += NanoUsd(static_cast<std::int64_t>(below(50'000'000'000)));
                return house_.apply(policy());
            case 4:
                if (below(10) != 0) return;
                ++figures_.restarts;
                ASSERT_TRUE(house_.store().step());
                open_.clear();
                return house_.restart();
            default:
                return below(3) == 0 ? settle() : hold();
        }
    }

    void hold() {
        // Now and then somebody who is no member spends from the pool itself.
        const bool beside = below(40) == 0;
        const treasury::Belonging who =
            beside ? treasury::Belonging{"", "rnd"} : house_.people[below(house_.people.size())];
        const Caller caller = caller_of(who);
        const std::uint64_t appetite = beside ? 2 : appetites_[who.person];
        const NanoUsd amount = up_to(NanoUsd(static_cast<std::int64_t>(appetite * 2'000'000'000)));
        const auto attempt = house_.hold(caller, amount);
        ++(attempt ? figures_.holds : figures_.refused);
        if (attempt) open_.push_back({*attempt, amount});
        // The promise of the books, at the moment of admission.
        if (!beside) {
            const AccountName account = "person:" + who.person;
            if (const auto limit = house_.limit(account, per_); limit && attempt)
                EXPECT_LE(house_.taken(account, per_), *limit) << account;
        }
        if (attempt) EXPECT_LE(house_.taken("team:rnd", per_), pool_limit());
    }

    void settle() {
        if (open_.empty()) return;
        const std::size_t chosen = below(open_.size());
        house_.settle(open_[chosen].attempt, below(3) == 0 ? open_[chosen].amount : up_to(open_[chosen].amount));
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(chosen));
    }

    NanoUsd pool_limit() const {
        const auto rules = house_.rules().get();
        const auto& raises = rules->in_force->rolled_over;
        NanoUsd limit = pool_;
        if (const auto found = raises.find("team:rnd"); found != raises.end())
            for (const auto& raise : found->second)
                if (raise.like.measure == Measure::money && raise.adjustment.from <= house_.instant() &&
                    house_.instant() < raise.adjustment.until)
                    limit += raise.adjustment.amount.usd();
        return limit;
    }

    /// The newest run, for a failure's text.
    std::string words() const {
        const AllocationRun run = house_.newest("a");
        std::string text =
            fmt::format("run {} of {} at {}, pool {}, raise {}, unallotted {}", run.step, name_of(run.cause),
                        to_text(run.at), run.plan.pool.text(), run.plan.raise.text(), run.plan.unallotted.text());
        for (const policies::Line& line : run.plan.lines)
            text += fmt::format("\n  {} share {} rolled over {} lent {} repaid {} committed {}: {}", line.account,
                                line.share.text(), line.rolled_over.text(), line.lent.text(), line.repaid.text(),
                                line.committed.text(), line.why);
        return text;
    }

    /// What is in force now, whatever the clock says.
    void check_limits() {
        NanoUsd sum;
        const auto rules = house_.rules().get();
        for (const auto& [account, budgets] : rules->in_force->allotted) {
            ASSERT_EQ(budgets.size(), 1U) << account;
            const NanoUsd limit = budgets.front().limit_at(house_.instant()).usd();
            sum += limit;
            EXPECT_LE(house_.taken(account, per_), limit) << account << " is above its allotment: " << words();
        }
        EXPECT_LE(sum, pool_limit()) << "more is given out than there is";
    }

    void check() {
        SCOPED_TRACE(fmt::format("{} per {} by {}, at {}", month_.name, name_of(per_), by_, to_text(house_.now())));
        house_.tick();  // who has come and gone since
        check_limits();
        const AllocationRun last = newest_;
        newest_ = house_.newest("a");
        if (newest_.number == last.number) return;
        figures_.runs += static_cast<std::uint64_t>(newest_.number - last.number);
        ASSERT_TRUE(newest_.period.contains(house_.instant()));
        EXPECT_EQ(house_.audit_rows("allocation.run"), newest_.number) << "a run without its audit row";
        NanoUsd shares, rolled_over, lent, repaid, in_force;
        for (const policies::Line& line : newest_.plan.lines) {
            shares += line.share;
            rolled_over += line.rolled_over;
            lent += line.lent;
            repaid += line.repaid;
            in_force += house_.limit(line.account, per_).value_or(NanoUsd{});
            EXPECT_GE(line.total(), NanoUsd{}) << line.account;
        }
        EXPECT_EQ(newest_.plan.pool, pool_);
        EXPECT_EQ(shares + newest_.plan.unallotted, pool_);
        EXPECT_EQ(rolled_over, newest_.plan.raise);
        EXPECT_EQ(lent, NanoUsd{});
        EXPECT_EQ(repaid, NanoUsd{});
        EXPECT_EQ(in_force + newest_.plan.unallotted, pool_ + newest_.plan.raise);
        if (last.number != 0 && newest_.period.start != last.period.start) check_opening(last);
        check_loans();
    }

    /// What has rolled over was left before, and is in the pool.
    void check_opening(const AllocationRun& last) {
        ++figures_.openings;
        figures_.rolled_over += newest_.plan.raise;
        EXPECT_EQ(newest_.period.start, last.period.end);
        EXPECT_LE(newest_.plan.raise, std::max(pool_left_ + (pool_ - pool_before_), NanoUsd{}))
            << "more rolls over than the pool had left";
        for (const policies::Line& line : newest_.plan.lines) {
            const auto found = before_.find(line.account);
            const NanoUsd left = found == before_.end() ? NanoUsd{} : found->second.limit - found->second.taken;
            EXPECT_LE(line.rolled_over.nanos(), std::max<std::int64_t>(left.nanos(), 0) * roll_over_percent_ / 100)
                << line.account;
        }
    }

    void check_loans() {
        std::map<AccountName, NanoUsd> borrowed;
        for (const treasury::StoredLoan& loan : house_.loans("a")) {
            EXPECT_GE(loan.repaid, NanoUsd{});
            EXPECT_LE(loan.repaid, loan.loan.amount);
            EXPECT_NE(loan.loan.borrower, loan.loan.lender);
            if (loan.number > loans_seen_) {
                loans_seen_ = loan.number;
                ++figures_.loans;
                figures_.lent += loan.loan.amount;
            }
            if (loan.period_start == newest_.period.start) {
                borrowed[loan.loan.borrower] += loan.loan.amount;
                continue;
            }
            // One of an earlier period: whoever owes it could not pay it back, or not all of it.
            if (newest_.step != 0) continue;
            const policies::Line& line = line_of(newest_, loan.loan.borrower);
            EXPECT_LE(line.total(), line.committed) << "an open loan, and a borrower who could pay it back";
        }
        for (const auto& [account, amount] : borrowed)
            EXPECT_EQ(line_of(newest_, account).lent, amount) << "a borrower has what it borrowed";
        for (const policies::Line& line : newest_.plan.lines)
            if (newest_.step == 0 && line.repaid > NanoUsd{}) ++figures_.paid_back;
    }

    std::mt19937_64 random_;
    Figures& figures_;
    const Month& month_;
    const Per per_;
    const std::string by_;
    const bool rolls_, lends_;
    const int roll_over_percent_ = static_cast<int>(1 + below(100));
    NanoUsd pool_ = NanoUsd(400'000'000'007 + static_cast<std::int64_t>(below(100'000'000'000)));
    std::map<std::string, std::uint64_t> weights_;
    House house_;
    std::map<std::string, std::uint64_t> appetites_;
    int people_ever_ = 0;
    std::vector<Open> open_;
    AllocationRun newest_;
    std::map<AccountName, Before> before_;
    NanoUsd pool_left_, pool_before_;
    std::int64_t loans_seen_ = 0;
};

TEST(Month, of_any_traffic_adds_up_after_every_step) {
    Figures figures;
    std::uint64_t seed = number_from_environment("BURSAR_SIM_SEED", 0);
    if (seed != 0) {
        Episode(seed, figures).run();
    } else {
        fill_random({reinterpret_cast<unsigned char*>(&seed), sizeof seed});
        for (std::uint64_t left = number_from_environment("BURSAR_SIM_EPISODES", 16); left > 0 && !HasFailure();
             --left) {
            ++seed;
            SCOPED_TRACE(fmt::format("BURSAR_SIM_SEED={}", seed));
            Episode(seed, figures).run();
        }
        EXPECT_GT(figures.loans, 0U);
        EXPECT_GT(figures.paid_back, 0U);
        EXPECT_GT(figures.openings, 0U);
        EXPECT_GT(figures.rolled_over, NanoUsd{});
    }
    fmt::print(
        "month: {} episodes, {} steps, {} holds, {} refused, {} runs ({} of a new period), {} joined, {} left, {} "
        "loans of "
        "{}, {} times paid back, {} rolled over, {} restarts, {} times the clock went back\n",
        figures.episodes, figures.steps, figures.holds, figures.refused, figures.runs, figures.openings, figures.joined,
        figures.left, figures.loans, figures.lent.for_people(), figures.paid_back, figures.rolled_over.for_people(),
        figures.restarts, figures.back);
}

}  // namespace
}  // namespace bursar::sim
