#include "auth/people.h"

#include "auth/person_entry.h"
#include "tests/unit/auth/staff.h"

#include <chrono>

#include <gtest/gtest.h>

// Hunts: somebody who loses their account by a rename, gains rights by a cut list, comes back although an operator has
// suspended them, stays in after they left, and a change that is in force but not stored.
namespace bursar::auth {
namespace {

using std::chrono::hours;

class PeopleTest : public Staff {
  protected:
    People::AlsoPerson counted() {
        return [this](store::Transaction&, const Person&) -> Result<void> {
            ++audited_;
            return {};
        };
    }
    int audited_ = 0;
};

Result<void> no_audit(store::Transaction&, const Person&) {
    return fail(Fault::storage_unavailable, "No audit, no change.");
}

TEST(AccountNames, come_from_what_people_sign_in_with) {
    struct Case {
        const char* sentence;
        std::string_view user_name;
        std::vector<std::string> names;
    };
    const std::string long_name(300, 'n');
    for (const Case& c :
         {Case{"a plain name", "alice", {"alice"}}, Case{"in small letters", "Alice.Smith", {"alice.smith"}},
          Case{"without the domain", "CORP\\alice", {"alice"}},
          Case{"the part before @, then all of it", "Alice@corp.example", {"alice", "alice@corp.example"}},
          Case{"only characters that names have", "j\xc3\xbcrgen o'neil", {"j-rgen-o-neil"}},
          Case{"nothing that begins or ends with a mark", "-.x.-", {"x"}},
          Case{"no name of an account with a condition", "a|b:c/d", {"a-b-c-d"}},
          Case{"a name of no letters that names have", "\xe7\x94\xa8\xe6\x88\xb7", {"person"}},
          Case{"no name at all", "", {"person"}}, Case{"a domain alone", "@corp.example", {"@corp.example"}},
          Case{"a long one is cut", long_name, {std::string(100, 'n')}}})
        EXPECT_EQ(account_names(c.user_name), c.names) << c.sentence;
}

TEST_F(PeopleTest, an_account_keeps_its_name_over_renames_and_restarts) {
    const auto first = see(facts_of("1", "Ann@corp.example", {{"S-1", "research"}}));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->name, "ann");
    auto renamed = facts_of("1", "ann.married@other.example", {{"S-1", "development"}});
    renamed.display_name = "Ann M\xc3\xa4rried";
    clock_.advance(hours(1));
    EXPECT_EQ(see(renamed)->name, "ann");
    for (const char* when : {"at once", "after a restart"}) {
        const auto found = people_->find("ann");
        ASSERT_TRUE(found) << when;
        EXPECT_EQ(found->facts, renamed) << when;
        EXPECT_EQ(found->created_at, first->created_at) << when;
        EXPECT_EQ(found->changed_at, clock_.now()) << when;
        EXPECT_EQ(found->seen_at, clock_.now()) << when;
        EXPECT_EQ(found->standing.teams, std::vector<std::string>{"development"}) << when;
        EXPECT_EQ(people_->find(renamed.origin), found) << when;
        EXPECT_EQ(people_->find(Origin{"ldap:other", "1"}), nullptr) << when;
        open();
    }
}

TEST_F(PeopleTest, one_name_for_two_people_is_two_accounts) {
    EXPECT_EQ(see(facts_of("1", "ann@a.example"))->name, "ann");
    EXPECT_EQ(see(facts_of("2", "ann@b.example"))->name, "ann@b.example");
    EXPECT_EQ(see(facts_of("3", "ANN"))->name, "ann-2");
    EXPECT_EQ(see(facts_of("4", "ann"))->name, "ann-3");
    open();
    EXPECT_EQ(see(facts_of("2", "ann"))->name, "ann@b.example") << "who has a name keeps it";
    EXPECT_EQ(see(facts_of("5", "ann"))->name, "ann-4");
    EXPECT_EQ(people_->all().size(), 5U);
}

TEST_F(PeopleTest, a_directory_that_names_everybody_alike_is_borne) {
    for (int i = 0; i < 150; ++i) ASSERT_TRUE(see(facts_of(std::to_string(i), "user")));
    EXPECT_EQ(people_->all().size(), 150U);
}

TEST_F(PeopleTest, an_email_makes_nobody_somebody_else) {
    see(facts_of("1", "ann"));
    auto other = facts_of("2", "eve");
    other.origin.source = "oidc:elsewhere";
    other.email = "ann@corp.example";
    EXPECT_EQ(see(other)->name, "eve");
    EXPECT_EQ(people_->all().size(), 2U);
}

TEST_F(PeopleTest, whom_a_typed_name_means_is_known_by_user_name_and_email) {
    see(facts_of("1", "asmith"));
    auto bob = facts_of("2", "CORP\\Bob");
    bob.email = "Bob.Jones@corp.example";
    see(bob);
    struct Case {
        const char* sentence;
        std::string_view source, typed, name;
    };
    for (const char* when : {"at once", "after a restart"}) {
        for (const Case& c : {Case{"the user name", "ldap:corp", "asmith", "asmith"},
                              Case{"in any case", "ldap:corp", " ASMITH ", "asmith"},
                              Case{"with a domain", "ldap:corp", "CORP\\asmith", "asmith"},
                              Case{"the address", "ldap:corp", "ann@corp.example", "asmith"},
                              Case{"an address in any case", "ldap:corp", "bob.jones@CORP.example", "bob"},
                              Case{"a user name with a domain", "ldap:corp", "bob", "bob"},
                              Case{"the name of another source", "ldap:other", "asmith", ""},
                              Case{"a name of nobody", "ldap:corp", "eve", ""}, Case{"nothing", "ldap:corp", "", ""}}) {
            const auto person = people_->meant_by(c.source, c.typed);
            EXPECT_EQ(person ? person->name : "", c.name) << c.sentence << ", " << when;
        }
        open();
    }
    see(facts_of("1", "amiller"));
    EXPECT_EQ(people_->meant_by("ldap:corp", "amiller")->name, "asmith");
    EXPECT_EQ(people_->meant_by("ldap:corp", "asmith"), nullptr) << "given up";
}

TEST_F(PeopleTest, a_cut_list_of_groups_gives_and_takes_nothing) {
    auto cut = facts_of("1", "ann", {{"", "admins"}});
    cut.groups_known = false;
    EXPECT_TRUE(see(cut)->standing.teams.empty()) << "nobody gains by a list that may leave out what counts";
    EXPECT_EQ(see(facts_of("1", "ann", {{"", "research"}}))->standing.teams, std::vector<std::string>{"research"});
    const auto after = see(cut);
    EXPECT_EQ(after->standing.teams, std::vector<std::string>{"research"});
    EXPECT_FALSE(after->facts.groups_known);
    auto endless = facts_of("1", "ann");
    for (std::size_t i = 0; i <= groups_max; ++i) endless.groups.push_back({"", "g" + std::to_string(i)});
    EXPECT_EQ(see(endless)->standing.teams, std::vector<std::string>{"research"}) << "a list beyond all measure";
    EXPECT_TRUE(see(facts_of("1", "ann"))->standing.teams.empty()) << "a whole list without groups is believed";
}

TEST_F(PeopleTest, the_order_of_groups_and_junk_among_them_change_nothing) {
    const auto first =
        see(facts_of("1", "ann", {{"2", "b"}, {"1", "a"}, {"2", "b"}, {"", ""}, {"", "\xff\xfe"}, {"x\ny", "c"}}));
    EXPECT_EQ(first->facts.groups, (std::vector<Group>{{"1", "a"}, {"2", "b"}}));
    EXPECT_EQ(see(facts_of("1", "ann", {{"1", "a"}, {"2", "b"}}))->version, first->version);
    open();
    EXPECT_EQ(people_->find("ann")->facts.groups, first->facts.groups);
}

TEST_F(PeopleTest, text_that_cannot_be_shown_is_made_so_and_an_id_that_cannot_is_refused) {
    auto junk = facts_of("1", "a\x01nn");
    junk.display_name = std::string("Ann\0\xff", 5) + "\xe2\x80\xae";
    EXPECT_EQ(see(junk)->facts.user_name, "a?nn");
    EXPECT_EQ(people_->find(junk.origin)->facts.display_name, "Ann???");
    for (const std::string& subject :
         {std::string(), std::string("a\nb"), std::string(257, 's'), std::string("\xff")}) {
        const auto refused = people_->see(facts_of(subject, "x"), {});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::invalid_request);
    }
    EXPECT_EQ(people_->all().size(), 1U);
}

TEST_F(PeopleTest, nothing_new_is_not_written_but_once_a_day) {
    ASSERT_TRUE(people_->see(facts_of("1", "ann"), counted()));
    EXPECT_EQ(audited_, 1);
    clock_.advance(hours(23));
    EXPECT_EQ((*people_->see(facts_of("1", "ann"), counted()))->version, 1);
    clock_.advance(hours(1));
    const auto later = people_->see(facts_of("1", "ann"), counted());
    EXPECT_EQ((*later)->seen_at, clock_.now());
    EXPECT_NE((*later)->changed_at, clock_.now());
    EXPECT_EQ(audited_, 1) << "that somebody is still there is no event";
    auto other = facts_of("1", "ann");
    other.email = "new@corp.example";
    ASSERT_TRUE(people_->see(other, counted()));
    EXPECT_EQ(audited_, 2);
}

TEST_F(PeopleTest, what_the_source_says_of_the_account_decides_who_is_let_in) {
    struct Case {
        AccountState account;
        bool let_in;
    };
    for (const Case& c :
         {Case{AccountState::active, true}, Case{AccountState::disabled, false}, Case{AccountState::expired, false},
          Case{AccountState::locked, true}, Case{AccountState::must_change_password, true}}) {
        auto facts = facts_of("1", "ann");
        see(facts);
        facts.account = c.account;
        const auto person = see(facts);
        EXPECT_EQ(person->let_in(), c.let_in) << name_of(c.account);
        EXPECT_EQ(person->put_out_at && *person->put_out_at > clock_.now(), !c.let_in) << name_of(c.account);
        if (!c.let_in) EXPECT_NE(person->why.find(name_of(c.account)), std::string::npos);
        open();
        EXPECT_EQ(people_->find("ann")->let_in(), c.let_in) << name_of(c.account);
        EXPECT_TRUE(see(facts_of("1", "ann"))->let_in());
        clock_.advance(hours(1));
    }
    auto arrival = facts_of("2", "bob");
    arrival.account = AccountState::disabled;
    EXPECT_FALSE(see(arrival)->let_in());
}

TEST_F(PeopleTest, whoever_an_operator_suspends_stays_so_whatever_the_source_says) {
    ann();
    ASSERT_TRUE(people_->set_state("ann", PersonState::suspended, "under inquiry", counted()));
    EXPECT_EQ(audited_, 1);
    for (const char* when : {"at once", "after a restart"}) {
        EXPECT_EQ(ann()->state, PersonState::suspended) << when;
        EXPECT_EQ(ann()->why, "under inquiry") << when;
        open();
    }
    ASSERT_TRUE(people_->set_state("ann", PersonState::missing, "not in the list", {}));
    EXPECT_EQ(people_->find("ann")->state, PersonState::suspended) << "to be missing lets nobody in";
    ASSERT_TRUE(people_->set_state("ann", PersonState::gone, "left", {}));
    EXPECT_EQ(ann()->state, PersonState::suspended) << "back in the company, and still suspended";
    auto disabled = facts_of("1", "ann");
    disabled.account = AccountState::disabled;
    see(disabled);
    const auto refused = people_->set_state("ann", PersonState::active, "", {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::conflict);
    ann();
    ASSERT_TRUE(people_->set_state("ann", PersonState::active, "", {}));
    EXPECT_TRUE(ann()->let_in());
}

TEST_F(PeopleTest, whoever_is_missing_is_let_in_until_gone_and_again_when_seen) {
    ann();
    const auto missing = people_->set_state("ann", PersonState::missing, "not in the list", {});
    ASSERT_TRUE(missing);
    EXPECT_TRUE((*missing)->let_in());
    EXPECT_EQ((*missing)->missing_since, clock_.now());
    const Timestamp since = clock_.now();
    clock_.advance(hours(1));
    ASSERT_TRUE(people_->set_state("ann", PersonState::missing, "not in the list", {}));
    EXPECT_EQ(people_->find("ann")->missing_since, since) << "the grace begins once";
    ASSERT_TRUE(people_->set_state("ann", PersonState::gone, "left", {}));
    open();
    const auto gone = people_->find("ann");
    EXPECT_FALSE(gone->let_in());
    EXPECT_FALSE(gone->missing_since);
    EXPECT_TRUE(gone->put_out_at);
    EXPECT_TRUE(ann()->let_in());
    EXPECT_EQ(people_->find("ann")->put_out_at, gone->put_out_at) << "what began before stays over";
}

TEST_F(PeopleTest, nobody_of_that_name_is_not_found) {
    EXPECT_EQ(people_->set_state("eve", PersonState::gone, "", {}).error().fault, Fault::not_found);
    EXPECT_EQ(people_->put_out("eve", {}).error().fault, Fault::not_found);
    EXPECT_EQ(people_->note_sign_in("eve", {}).error().fault, Fault::not_found);
    const People::Change change{.name = "eve", .state = PersonState::gone, .why = ""};
    EXPECT_EQ(people_->change({}, std::span(&change, 1), {}).error().fault, Fault::not_found);
    EXPECT_EQ(people_->find("eve"), nullptr);
}

TEST_F(PeopleTest, to_be_put_out_and_to_sign_in_are_stored_and_audited) {
    ann();
    ASSERT_TRUE(people_->note_sign_in("ann", counted()));
    ASSERT_TRUE(people_->put_out("ann", counted()));
    const Timestamp first = *people_->find("ann")->put_out_at;
    EXPECT_GT(first, clock_.now()) << "what began at this very instant is over too";
    ASSERT_TRUE(people_->put_out("ann", counted()));
    EXPECT_GT(*people_->find("ann")->put_out_at, first) << "though the clock stands still";
    EXPECT_EQ(audited_, 3);
    open();
    EXPECT_EQ(people_->find("ann")->signed_in_at, clock_.now());
    EXPECT_GT(*people_->find("ann")->put_out_at, first);
    EXPECT_TRUE(people_->find("ann")->let_in());
}

TEST_F(PeopleTest, what_cannot_be_stored_or_audited_is_not_in_force) {
    EXPECT_FALSE(people_->see(facts_of("2", "bob"), no_audit));
    EXPECT_EQ(people_->find("bob"), nullptr);
    ann();
    EXPECT_FALSE(people_->set_state("ann", PersonState::gone, "", no_audit));
    EXPECT_FALSE(people_->put_out("ann", no_audit));
    int statement = 1;
    for (;; ++statement) {
        store_.fail_statement(statement);
        const auto changed = people_->see(facts_of("1", "ann", {{"", "other"}}), {});
        if (store_.statement_has_failed()) {
            EXPECT_FALSE(changed) << statement;
            EXPECT_EQ(people_->find("ann")->standing.teams, std::vector<std::string>{"research"}) << statement;
            continue;
        }
        EXPECT_TRUE(changed);
        break;
    }
    EXPECT_GE(statement, 3);
    open();
    EXPECT_TRUE(people_->find("ann")->let_in());
    EXPECT_FALSE(people_->find("ann")->put_out_at);
}

TEST_F(PeopleTest, a_sync_is_one_transaction_for_all_or_nobody) {
    std::vector<PersonFacts> seen;
    for (int i = 0; i < 3'000; ++i)
        seen.push_back(facts_of(std::to_string(i), "user" + std::to_string(i), {{"", "research"}}));
    ASSERT_TRUE(people_->change(seen, {}, {}));
    EXPECT_EQ(people_->all().size(), 3'000U);
    EXPECT_EQ(people_->find("user2999")->standing.teams, std::vector<std::string>{"research"});

    for (PersonFacts& facts : seen) facts.email = "new@corp.example";
    seen.push_back(facts_of("new", "newcomer"));
    const std::vector<People::Change> states = {
        {.name = "user7", .state = PersonState::gone, .why = "left"},
        {.name = "newcomer", .state = PersonState::missing, .why = "and not there again"}};
    const auto fails = [](store::Transaction&) -> Result<void> { return fail(Fault::storage_unavailable, "full"); };
    EXPECT_FALSE(people_->change(seen, states, fails));
    EXPECT_EQ(people_->find("newcomer"), nullptr);
    EXPECT_EQ(people_->find("user1")->facts.email, "ann@corp.example");
    ASSERT_TRUE(people_->change(seen, states, {}));
    for (const char* when : {"at once", "after a restart"}) {
        EXPECT_EQ(people_->all().size(), 3'001U) << when;
        EXPECT_EQ(people_->find("user1")->facts.email, "new@corp.example") << when;
        EXPECT_EQ(people_->find("user7")->state, PersonState::gone) << when;
        EXPECT_EQ(people_->find("newcomer")->state, PersonState::missing) << when;
        open();
    }
    seen.push_back(facts_of("", "nobody"));
    EXPECT_FALSE(people_->change(seen, {}, {}));
}

TEST_F(PeopleTest, a_new_policy_gives_everybody_their_standing_anew) {
    const auto before = ann();
    see(facts_of("2", "bob"));
    people_->restand([](const PersonFacts& facts) {
        Standing standing = teams_of(facts);
        if (!standing.teams.empty()) standing.role = "operator";
        return standing;
    });
    EXPECT_EQ(people_->find("ann")->standing.role, "operator");
    EXPECT_EQ(people_->find("bob")->standing.role, "member");
    EXPECT_EQ(before->standing.role, "member") << "who holds the former one sees no change";
    see(facts_of("3", "eve", {{"", "x"}}));
    EXPECT_EQ(people_->find("eve")->standing.role, "operator");
    people_->restand({});
    EXPECT_EQ(people_->find("ann")->standing, Standing{});
}

}  // namespace
}  // namespace bursar::auth
