// Hunts: an increase without an answer, one that outlives its time or a restart in another size, one that somebody
// grants himself, and a decision that is in force but not stored, or stored but not in force.
#include "service/treasury/requests.h"

#include "policies/admit.h"
#include "service/treasury/accounts.h"
#include "tests/unit/treasury/office.h"

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

using namespace std::chrono_literals;
using test::Office;

class RequestsTest : public testing::Test {
  protected:
    RequestsTest() { requests_ = *Requests::open(office_.desk); }

    std::vector<Budget> limits(const AccountName& account = "team:research") {
        return *limits_of_account(*office_.rules.get(), Office::keys(), account);
    }
    Quantity limit() { return limits().front().limit_at(office_.clock.now()); }
    Requests::Ask usual() const {
        return {.account = "team:research",
                .limit = "per month",
                .amount = "50 USD",
                .until = office_.clock.now() + 48h,
                .reason = "the demo of Tuesday",
                .by = "key:k2",
                .asker = "alice"};
    }
    std::int64_t ask() { return requests_->ask(usual(), limits(), {})->number; }
    Requests::Decision by(std::string name) {
        return {.by = "operator:" + name, .name = name, .amount = {}, .answer = "fine", .limits = limits()};
    }
    void restart() {
        office_.rules.change([](policies::InForce& in_force) { in_force = {}; });
        requests_ = *Requests::open(office_.desk);
    }

    Office office_{{Requests::schema()}};
    std::unique_ptr<Requests> requests_;
};

TEST_F(RequestsTest, what_is_approved_is_in_force_until_its_time_is_over_and_after_a_restart) {
    const std::int64_t number = ask();
    EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(100))) << "asking is not having";
    Requests::Decision decision = by("fritz");
    decision.amount = "30 USD";
    const auto approved = requests_->approve(number, decision, {});
    ASSERT_TRUE(approved) << approved.error().for_caller;
    EXPECT_EQ(approved->state, RequestState::approved);
    EXPECT_EQ(approved->amount, Quantity(NanoUsd::dollars(50)));
    EXPECT_EQ(approved->granted, Quantity(NanoUsd::dollars(30)));
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(130)));
        restart();
    }
    office_.clock.advance(48h - 1ns);
    EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(130)));
    office_.clock.advance(1ns);
    EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(100)));
    restart();
    EXPECT_TRUE(office_.rules.get()->in_force->raises.empty()) << "what is over is not loaded";
    EXPECT_EQ(requests_->read(number)->state, RequestState::approved);
}

TEST_F(RequestsTest, a_request_is_answered_once) {
    const std::int64_t number = ask();
    ASSERT_TRUE(requests_->decline(number, by("fritz"), {}));
    EXPECT_EQ(requests_->approve(number, by("fritz"), {}).error().fault, Fault::conflict);
    EXPECT_EQ(requests_->withdraw(number, "key:k2", {}).error().fault, Fault::conflict);
    EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(100)));
    EXPECT_EQ(requests_->approve(7'000, by("fritz"), {}).error().fault, Fault::not_found);

    const std::int64_t late = ask();
    office_.clock.advance(48h);
    EXPECT_EQ(requests_->read(late)->state, RequestState::expired);
    EXPECT_EQ(requests_->approve(late, by("fritz"), {}).error().fault, Fault::conflict) << "its time is over";
    EXPECT_EQ(requests_->list({.state = RequestState::expired})->size(), 1U);
    EXPECT_TRUE(requests_->list({.state = RequestState::open})->empty());
}

TEST_F(RequestsTest, nobody_grants_himself_anything_and_only_the_asker_withdraws) {
    const std::int64_t number = ask();
    EXPECT_EQ(requests_->approve(number, by("alice"), {}).error().fault, Fault::not_permitted)
        << "the person of the key, by a token of her own";
    Requests::Decision same = by("x");
    same.by = "key:k2";
    EXPECT_EQ(requests_->decline(number, same, {}).error().fault, Fault::not_permitted);
    EXPECT_EQ(requests_->withdraw(number, "key:k3", {}).error().fault, Fault::not_permitted);
    EXPECT_EQ(requests_->withdraw(number, "key:k2", {})->state, RequestState::withdrawn);
    EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(100)));
}

TEST_F(RequestsTest, what_cannot_be_stored_is_not_in_force) {
    const std::int64_t number = ask();
    const auto no_audit = [](store::Transaction&, const Request&) {
        return Result<void>(fail(Fault::storage_unavailable, "No audit."));
    };
    EXPECT_FALSE(requests_->approve(number, by("fritz"), no_audit));
    EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(100)));
    EXPECT_EQ(requests_->read(number)->state, RequestState::open);
    for (int nth = 1; nth <= 4; ++nth) {
        office_.store.fail_statement(nth);
        EXPECT_FALSE(requests_->approve(number, by("fritz"), {})) << "statement " << nth;
        EXPECT_TRUE(office_.store.statement_has_failed()) << nth;
        EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(100))) << "statement " << nth;
    }
    EXPECT_FALSE(requests_->ask(usual(), limits(), no_audit));
    EXPECT_EQ(requests_->list({})->size(), 1U);
    EXPECT_TRUE(requests_->approve(number, by("fritz"), {}));
    EXPECT_EQ(limit(), Quantity(NanoUsd::dollars(150)));
}

struct Wrong {
    const char* name;
    std::function<void(Requests::Ask&)> make;
    const char* says;
};

TEST_F(RequestsTest, refuses_what_is_out_of_bounds_and_says_what_to_change) {
    const Wrong cases[] = {
        {"a limit that is not there", [](auto& ask) { ask.limit = "per year"; }, "\"per month\", \"tokens per day\""},
        {"nothing", [](auto& ask) { ask.amount = "0 USD"; }, "more than nothing"},
        {"less than nothing", [](auto& ask) { ask.amount = "-5 USD"; }, "more than nothing"},
        {"a word", [](auto& ask) { ask.amount = "plenty"; }, "50 USD"},
        {"a nano-dollar above ten times the limit", [](auto& ask) { ask.amount = "1000.000000001"; }, "10 times"},
        {"a time that has passed", [](auto& ask) { ask.until -= 48h; }, "\"until\""},
        {"a time beyond a year", [](auto& ask) { ask.until += 24h * 366; }, "366 days"},
        {"no reason", [](auto& ask) { ask.reason = ""; }, "\"reason\""},
        {"a reason with an escape", [](auto& ask) { ask.reason = "a\x1b[2J"; }, "control"},
    };
    for (const Wrong& each : cases) {
        Requests::Ask ask = usual();
        each.make(ask);
        const auto asked = requests_->ask(ask, limits(), {});
        ASSERT_FALSE(asked) << each.name;
        EXPECT_NE(asked.error().for_caller.find(each.says), std::string::npos)
            << each.name << ": " << asked.error().for_caller;
    }
    EXPECT_TRUE(requests_->list({})->empty());
    EXPECT_TRUE(office_.events().empty());
    Requests::Ask most = usual();
    most.amount = "1000 USD";
    most.until = office_.clock.now() + Requests::ahead_max;
    EXPECT_TRUE(requests_->ask(most, limits(), {}));
    most.limit = "tokens per day";
    most.amount = "500k tokens";
    EXPECT_EQ(requests_->ask(most, limits(), {})->amount, Quantity(500'000));
    Requests::Ask prepaid = usual();
    prepaid.account = "team:prepaid";
    prepaid.limit = "for good";
    EXPECT_NE(requests_->ask(prepaid, limits("team:prepaid"), {}).error().for_caller.find("budget credit"),
              std::string::npos);
}

TEST_F(RequestsTest, more_than_was_asked_for_is_not_granted_nor_what_has_no_limit_any_more) {
    const std::int64_t number = ask();
    Requests::Decision decision = by("fritz");
    decision.amount = "50.01 USD";
    EXPECT_EQ(requests_->approve(number, decision, {}).error().fault, Fault::invalid_request);
    decision.amount = "0 USD";
    EXPECT_EQ(requests_->approve(number, decision, {}).error().fault, Fault::invalid_request);
    decision = by("fritz");
    decision.limits.erase(decision.limits.begin());
    EXPECT_EQ(requests_->approve(number, decision, {}).error().fault, Fault::conflict);
    EXPECT_EQ(requests_->read(number)->state, RequestState::open);
}

TEST_F(RequestsTest, increases_together_never_leave_what_can_be_counted) {
    std::vector<Budget> huge = {{.limit = NanoUsd::dollars(3'900'000'000)}};
    Requests::Ask most = usual();
    most.amount = "200000000 USD";
    EXPECT_NE(requests_->ask(most, huge, {}).error().for_caller.find("most that is counted"), std::string::npos);
}

TEST_F(RequestsTest, who_asks_without_end_is_stopped) {
    for (int i = 0; i < Requests::open_max; ++i) ask();
    EXPECT_EQ(requests_->ask(usual(), limits(), {}).error().fault, Fault::rate_limited);
    Requests::Ask other = usual();
    other.by = "key:k3";
    EXPECT_TRUE(requests_->ask(other, limits(), {})) << "somebody else";
    for (const Request& each : *requests_->list({.state = {}, .asked_by = "key:k2"}))
        EXPECT_TRUE(requests_->withdraw(each.number, "key:k2", {}));
    for (int i = Requests::open_max; i < Requests::per_day_max; ++i) requests_->withdraw(ask(), "key:k2", {}).value();
    EXPECT_EQ(requests_->ask(usual(), limits(), {}).error().fault, Fault::rate_limited);
    office_.clock.advance(24h + 1ns);
    EXPECT_TRUE(requests_->ask(usual(), limits(), {}));
}

TEST_F(RequestsTest, every_step_is_told_to_people_once) {
    requests_->approve(ask(), by("fritz"), {}).value();
    requests_->withdraw(ask(), "key:k2", {}).value();
    const auto events = office_.events();
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(events[3].kind, "request.made");
    EXPECT_EQ(events[3].text,
              "alice (key:k2) asks for 50.00 USD more for team:research (per month) until "
              "2026-11-22T12:00: the demo of Tuesday");
    EXPECT_EQ(events[2].kind, "request.approved");
    EXPECT_EQ(events[2].text,
              "operator:fritz has approved request 1 of alice (key:k2): 50.00 USD more for team:research "
              "(per month) until 2026-11-22T12:00. fine");
    EXPECT_EQ(events[1].name, "request:2|made");
    EXPECT_EQ(events[0].kind, "request.withdrawn");
}

TEST_F(RequestsTest, what_ends_by_the_time_alone_is_told_once_and_beforehand_if_it_was_long) {
    const auto told = [&] {
        std::string kinds;
        EXPECT_TRUE(requests_->tell_due(office_.clock.now()));
        EXPECT_TRUE(requests_->tell_due(office_.clock.now())) << "a second look";
        for (const Event& event : office_.events()) kinds += event.kind.substr(8) + " ";
        return kinds;
    };
    Requests::Ask longer = usual();
    longer.until = office_.clock.now() + 96h;
    const std::int64_t long_one = requests_->ask(longer, limits(), {})->number;
    ASSERT_TRUE(requests_->approve(long_one, by("fritz"), {}));
    const std::int64_t short_one = ask();
    ASSERT_TRUE(requests_->approve(short_one, by("fritz"), {}));
    const std::int64_t unanswered = ask();
    const std::string before = "made approved made approved made ";
    const auto newest_first = [](std::string words) {
        std::string out;
        for (std::size_t at = 0; at < words.size();) {
            const std::size_t end = words.find(' ', at) + 1;
            out = words.substr(at, end - at) + out;
            at = end;
        }
        return out;
    };
    EXPECT_EQ(newest_first(told()), before);
    office_.clock.advance(47h);
    EXPECT_EQ(newest_first(told()), before) << "who asked for two days knows when they are over";
    office_.clock.advance(1h);
    EXPECT_EQ(newest_first(told()), before + "ended expired ");
    office_.clock.advance(25h);
    EXPECT_EQ(newest_first(told()), before + "ended expired expiring ");
    office_.clock.advance(23h);
    restart();
    EXPECT_EQ(newest_first(told()), before + "ended expired expiring ended ");
    const auto events = office_.events();
    EXPECT_EQ(events[0].text,
              "Team research: its raise by 50.00 USD (per month) has ended; the limit is what it was before");
    EXPECT_EQ(events[1].text,
              "Team research: its raise by 50.00 USD (per month) ends on 24 November 2026, 13:00 (Europe/Berlin). Who "
              "still needs it asks again");
    EXPECT_EQ(events[2].text, fmt::format("Nobody has answered request {} in time: 50.00 USD more for team:research "
                                          "(per month)",
                                          unanswered));
    EXPECT_EQ(events[2].incident, fmt::format("request:{}", unanswered));
    EXPECT_EQ(events[0].incident, fmt::format("raise:{}", long_one));
    EXPECT_EQ(events[0].team, "research");
    EXPECT_EQ(requests_->read(unanswered)->state, RequestState::expired);
}

TEST_F(RequestsTest, lists_are_newest_first_and_only_what_was_asked_for) {
    for (int i = 0; i < 3; ++i) ask();
    const auto two = requests_->list({.state = {}, .asked_by = {}, .before = 3, .count_max = 1, .fits = {}});
    ASSERT_EQ(two->size(), 1U);
    EXPECT_EQ(two->front().number, 2);
    EXPECT_TRUE(requests_->list({.state = {}, .asked_by = "key:k1"})->empty());
    EXPECT_EQ(requests_
                  ->list({.state = {},
                          .asked_by = {},
                          .before = INT64_MAX,
                          .count_max = 1,
                          .fits = [](const Request& each) { return each.number == 1; }})
                  ->front()
                  .number,
              1);
}

}  // namespace
}  // namespace bursar::treasury
