#include "auth/sync.h"

#include "auth/sync_history.h"
#include "tests/sim/sim_store.h"
#include "tests/unit/auth/staff.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include <gtest/gtest.h>

// Hunts: everybody removed by an error, a partial list, an empty one or a wrong filter; a leaver who is kept; somebody
// who changes places with another; and a sync of which nobody can say afterwards what it did.
namespace bursar::auth {
namespace {

using std::chrono::hours;

class SyncTest : public testing::Test {
  protected:
    SyncTest() { open(); }
    void open() {
        people_.reset();
        store_.crash();
        auto people = People::open(store_, clock_, teams_of);
        ASSERT_TRUE(people);
        people_ = *std::move(people);
    }
    static PersonFacts person(int i) {
        return facts_of("id-" + std::to_string(i), "user" + std::to_string(i), {{"", "research"}});
    }
    /// Of the people 0 to `count` - 1, those that `keep` says.
    static Listing listing(int count, const std::function<bool(int)>& keep = [](int) { return true; }) {
        Listing out{.people = {}, .whole = true, .why_not = {}};
        for (int i = 0; i < count; ++i)
            if (keep(i)) out.people.push_back(person(i));
        return out;
    }
    Proposal propose(const Listing& list) const {
        return auth::propose("ldap:corp", people_->all(), list, limits_, clock_.now());
    }
    Proposal sync(const Listing& list) {
        Proposal proposal = propose(list);
        EXPECT_TRUE(apply(*people_, proposal, {}));
        return proposal;
    }
    int count(PersonState state) const {
        return static_cast<int>(
            std::ranges::count_if(people_->all(), [&](const auto& each) { return each->state == state; }));
    }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    SyncLimits limits_;
    sim::SimStore store_{{People::schema(), SyncHistory::schema()}};
    std::unique_ptr<People> people_;
};

TEST_F(SyncTest, five_leavers_of_two_thousand_are_missing_and_after_their_grace_gone) {
    EXPECT_EQ(sync(listing(2'000)).arrivals.size(), 2'000U);
    EXPECT_TRUE(propose(listing(2'000)).is_empty());
    const auto without_five = listing(2'000, [](int i) { return i % 400 != 7; });
    const Proposal first = sync(without_five);
    EXPECT_EQ(first.stop, SyncStop::none);
    EXPECT_EQ(first.missing.size(), 5U);
    EXPECT_TRUE(first.leavers.empty());
    EXPECT_EQ(count(PersonState::missing), 5);
    EXPECT_TRUE(people_->find("user407")->let_in());
    clock_.advance(hours(24) - std::chrono::seconds(1));
    EXPECT_TRUE(sync(without_five).is_empty());
    clock_.advance(std::chrono::seconds(1));
    open();
    const Proposal last = sync(without_five);
    EXPECT_EQ(last.leavers.size(), 5U);
    EXPECT_EQ(count(PersonState::gone), 5);
    EXPECT_EQ(count(PersonState::active), 1'995);
    for (const char* name : {"user7", "user407", "user807", "user1207", "user1607"})
        EXPECT_FALSE(people_->find(name)->let_in()) << name;
    EXPECT_TRUE(propose(without_five).is_empty()) << "gone is gone";
    const Proposal back = sync(listing(2'000));
    EXPECT_EQ(back.returns.size(), 5U);
    EXPECT_EQ(count(PersonState::active), 2'000);
}

TEST_F(SyncTest, without_a_grace_a_leaver_is_gone_at_once) {
    limits_.grace = std::chrono::seconds(0);
    sync(listing(100));
    EXPECT_EQ(sync(listing(97)).leavers.size(), 3U);
    EXPECT_EQ(count(PersonState::gone), 3);
}

TEST_F(SyncTest, no_list_that_is_wrong_takes_anything_from_anybody) {
    struct Case {
        const char* sentence;
        std::function<Listing()> list;
        SyncStop stop;
        bool arrivals;  ///< whether newcomers in it are taken over
    };
    auto with_newcomer = [](Listing list) {
        list.people.push_back(facts_of("new", "newcomer"));
        return list;
    };
    for (const Case& c : {Case{"a partial one",
                               [&] {
                                   auto list = with_newcomer(listing(50));
                                   list.whole = false;
                                   list.why_not = "the server's size limit";
                                   return list;
                               },
                               SyncStop::partial, true},
                          Case{"a partial one of nobody", [] { return Listing{}; }, SyncStop::partial, false},
                          Case{"an emptied one", [] { return listing(0); }, SyncStop::emptied, false},
                          Case{"one with eleven of a hundred missing", [&] { return with_newcomer(listing(89)); },
                               SyncStop::too_many, true},
                          Case{"one with an id twice",
                               [&] {
                                   auto list = with_newcomer(listing(100));
                                   list.people.push_back(person(3));
                                   return list;
                               },
                               SyncStop::duplicates, false},
                          Case{"one that calls everybody disabled",
                               [&] {
                                   auto list = with_newcomer(listing(100));
                                   for (int i = 0; i < 100; ++i)
                                       list.people[static_cast<std::size_t>(i)].account = AccountState::disabled;
                                   return list;
                               },
                               SyncStop::too_many, true},
                          Case{"one that has lost all groups",
                               [&] {
                                   auto list = with_newcomer(listing(100));
                                   for (PersonFacts& facts : list.people) facts.groups.clear();
                                   return list;
                               },
                               SyncStop::too_many, true},
                          Case{"one of another source",
                               [] {
                                   auto list = listing(100);
                                   for (PersonFacts& facts : list.people) facts.origin.source = "ldap:other";
                                   return list;
                               },
                               SyncStop::emptied, false},
                          Case{"one without usable ids",
                               [] {
                                   auto list = listing(100);
                                   for (PersonFacts& facts : list.people) facts.origin.subject = "\xff";
                                   return list;
                               },
                               SyncStop::emptied, false}}) {
        ASSERT_TRUE(people_->change(listing(100).people, {}, {}));
        const std::size_t before = people_->all().size();
        const Proposal proposal = sync(c.list());
        EXPECT_EQ(proposal.stop, c.stop) << c.sentence;
        EXPECT_FALSE(proposal.why.empty()) << c.sentence;
        EXPECT_EQ(people_->all().size() - before, c.arrivals && before == 100 ? 1U : 0U) << c.sentence;
        for (int i = 0; i < 100; ++i) {
            const auto person = people_->find("user" + std::to_string(i));
            ASSERT_EQ(person->state, PersonState::active) << c.sentence;
            ASSERT_EQ(person->standing.teams, std::vector<std::string>{"research"}) << c.sentence;
        }
    }
}

TEST_F(SyncTest, how_many_may_go_at_once_is_a_share_and_some_always) {
    struct Case {
        const char* sentence;
        int people, leaving;
        bool stops;
    };
    for (const Case& c : {Case{"ten of a hundred", 100, 10, false}, Case{"eleven of a hundred", 100, 11, true},
                          Case{"five of six", 6, 5, false}, Case{"six of twenty", 20, 6, true},
                          Case{"the last one", 1, 1, true}, Case{"nobody", 50, 0, false}}) {
        std::vector<std::shared_ptr<const Person>> known;
        for (int i = 0; i < c.people; ++i)
            known.push_back(
                std::make_shared<const Person>(Person{.name = "user" + std::to_string(i), .facts = person(i)}));
        const auto proposal = auth::propose("ldap:corp", known, listing(c.people - c.leaving), limits_, clock_.now());
        EXPECT_EQ(proposal.stop != SyncStop::none, c.stops) << c.sentence;
        EXPECT_EQ(proposal.removals, c.leaving) << c.sentence;
        EXPECT_EQ(proposal.missing.size(), static_cast<std::size_t>(c.leaving)) << "it shows whom, " << c.sentence;
    }
}

TEST_F(SyncTest, leavers_whose_grace_ends_count_again) {
    sync(listing(100));
    sync(listing(92));
    clock_.advance(hours(24));
    const Proposal proposal = propose(listing(84));
    EXPECT_EQ(proposal.leavers.size(), 8U);
    EXPECT_EQ(proposal.missing.size(), 8U);
    EXPECT_EQ(proposal.stop, SyncStop::too_many) << "a list that shrinks a little each time stops as well";
}

TEST_F(SyncTest, what_has_changed_is_said_and_done) {
    sync(listing(20));
    auto list = listing(20);
    list.people[1].user_name = "renamed";
    list.people[1].email = "renamed@corp.example";
    list.people[2].groups = {{"", "sales"}};
    list.people[3].account = AccountState::disabled;
    list.people[4].account = AccountState::locked;
    list.people[5].groups.clear();
    list.people[5].groups_known = false;
    const Proposal proposal = sync(list);
    ASSERT_EQ(proposal.changes.size(), 5U);
    EXPECT_EQ(proposal.changes[0].name, "user1");
    EXPECT_EQ(proposal.changes[0].what, (std::vector<std::string>{"user name", "e-mail"}));
    EXPECT_EQ(proposal.changes[1].what, std::vector<std::string>{"groups"});
    EXPECT_EQ(proposal.changes[2].what, std::vector<std::string>{"account"});
    EXPECT_TRUE(proposal.changes[2].removes);
    EXPECT_FALSE(proposal.changes[3].removes);
    EXPECT_FALSE(proposal.changes[4].removes);
    EXPECT_EQ(proposal.removals, 1);
    EXPECT_EQ(people_->find("user1")->facts.user_name, "renamed");
    EXPECT_EQ(people_->find("user2")->standing.teams, std::vector<std::string>{"sales"});
    EXPECT_FALSE(people_->find("user3")->let_in());
    EXPECT_TRUE(people_->find("user4")->let_in());
    EXPECT_EQ(people_->find("user5")->standing.teams, std::vector<std::string>{"research"});
    EXPECT_TRUE(propose(list).is_empty()) << "once is enough";
}

TEST_F(SyncTest, whoever_an_operator_has_suspended_comes_and_goes_without_being_let_in) {
    sync(listing(20));
    ASSERT_TRUE(people_->set_state("user1", PersonState::suspended, "inquiry", {}));
    EXPECT_TRUE(propose(listing(20)).is_empty());
    const Proposal without = sync(listing(20, [](int i) { return i != 1; }));
    EXPECT_EQ(without.leavers.size(), 1U) << "no grace for who is not let in";
    EXPECT_EQ(without.removals, 0);
    sync(listing(20));
    EXPECT_EQ(people_->find("user1")->state, PersonState::suspended);
    EXPECT_TRUE(propose(listing(20)).is_empty());
}

TEST_F(SyncTest, people_of_other_sources_are_left_alone) {
    auto other = person(1);
    other.origin = {.source = "oidc:entra", .subject = "id-1"};
    ASSERT_TRUE(people_->see(other, {}));
    sync(listing(10));
    sync(listing(9));
    EXPECT_EQ(people_->find(other.origin)->state, PersonState::active);
    EXPECT_EQ(people_->all().size(), 11U);
}

TEST_F(SyncTest, that_somebody_is_still_there_is_noted_once_a_day) {
    sync(listing(1'200));
    clock_.advance(hours(24));
    const Proposal proposal = sync(listing(1'200));
    EXPECT_TRUE(proposal.is_empty());
    EXPECT_EQ(proposal.unchanged.size(), 1'200U);
    EXPECT_EQ(people_->find("user1199")->seen_at, clock_.now());
    EXPECT_TRUE(propose(listing(1'200)).unchanged.empty());
}

TEST_F(SyncTest, what_takes_is_done_with_its_record_or_not_at_all) {
    sync(listing(100));
    auto list = listing(97);
    list.people[0].account = AccountState::disabled;
    const Proposal proposal = propose(list);
    const auto no_record = [](store::Transaction&) -> Result<void> { return fail(Fault::storage_unavailable, "full"); };
    EXPECT_FALSE(apply(*people_, proposal, no_record));
    EXPECT_EQ(count(PersonState::active), 100);
    std::int64_t number = 0;
    ASSERT_TRUE(apply(*people_, proposal, [&](store::Transaction& transaction) -> Result<void> {
        TRY(number, SyncHistory::append(transaction, record_of(proposal, clock_.now())));
        return {};
    }));
    open();
    EXPECT_EQ(count(PersonState::active), 96);
    const auto record = SyncHistory::read(store_, number);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->source, "ldap:corp");
    EXPECT_EQ(record->state, "applied");
    EXPECT_EQ(record->at, clock_.now());
    EXPECT_EQ(record->missing, 3);
    EXPECT_EQ(record->changes, 1);
    EXPECT_NE(record->details.find("user98"), std::string::npos);
    EXPECT_NE(record->details.find("user0: account, loses access"), std::string::npos) << record->details;
}

TEST_F(SyncTest, the_history_is_bounded_and_tells_the_newest_first) {
    std::int64_t last = 0;
    ASSERT_TRUE(store_.write([&](store::Transaction& transaction) -> Result<void> {
        SyncRecord other{.source = "ldap:other", .at = clock_.now(), .state = "failed", .why = "down\xff\n"};
        TRY_VOID(SyncHistory::append(transaction, other));
        for (int i = 0; i < 1'005; ++i) {
            SyncRecord record{.source = "ldap:corp", .at = clock_.now(), .state = "unchanged", .arrivals = i};
            if (i == 1'004) record.details = std::string(600'000, 'x');
            TRY(last, SyncHistory::append(transaction, record));
        }
        return {};
    }));
    const auto all = SyncHistory::list(store_, "ldap:corp", 5'000);
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 1'000U);
    EXPECT_EQ(all->front().number, last);
    EXPECT_EQ(all->front().arrivals, 1'004);
    EXPECT_EQ(all->back().arrivals, 5);
    const auto others = SyncHistory::list(store_, "ldap:other", 10);
    ASSERT_EQ(others->size(), 1U);
    EXPECT_EQ(others->front().why, "down??");
    EXPECT_EQ(SyncHistory::list(store_, "", 3)->size(), 3U);
    EXPECT_EQ(SyncHistory::read(store_, last)->details, R"({"left_out":true})");
    EXPECT_EQ(SyncHistory::read(store_, 999'999).error().fault, Fault::not_found);
}

TEST_F(SyncTest, details_of_a_whole_company_are_cut_and_say_so) {
    const std::string details = details_json(propose(listing(2'000)));
    EXPECT_LT(details.size(), 10'000U);
    EXPECT_NE(details.find("\"arrivals_left_out\":1800"), std::string::npos);
    EXPECT_NE(details.find("\"user0\""), std::string::npos);
}

}  // namespace
}  // namespace bursar::auth
