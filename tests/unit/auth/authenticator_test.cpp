#include "auth/authenticator.h"

#include "tests/unit/auth/staff.h"

#include <gtest/gtest.h>

// Hunts: a leaver's key that still works, a key that works for a team that its person has left, and a browser's sign-in
// or somebody's JWT that calls models without being asked.
namespace bursar::auth {
namespace {

class AuthenticatorTest : public testing::Test {
  protected:
    AuthenticatorTest() {
        auto keys = Keys::open(store_, Secret(std::string(32, 'p')), clock_);
        auto people = People::open(store_, clock_, teams_of);
        EXPECT_TRUE(keys && people);
        keys_ = *std::move(keys);
        people_ = *std::move(people);
        auto sessions = Sessions::open(store_, Secret(std::string(32, 'p')), *people_, clock_);
        EXPECT_TRUE(sessions);
        sessions_ = *std::move(sessions);
        workload_ = [](std::string_view compact, Timestamp) -> Result<std::shared_ptr<const Caller>> {
            if (compact != "eyJgood") return fail(Fault::unauthenticated, "no");
            return std::make_shared<const Caller>(
                Caller{.key_id = "w", .name = "ci", .team = "build", .person = "", .models = {}, .budgets = {}});
        };
    }
    Result<std::shared_ptr<const Caller>> identify(std::string_view presented) const {
        return Authenticator(*keys_, *people_, *sessions_, workload_).identify(presented, "10.0.0.1", clock_.now());
    }
    std::string key(std::string person, std::string team = "research") {
        auto issued = keys_->issue({.name = "k", .team = std::move(team), .person = std::move(person)}, {});
        EXPECT_TRUE(issued);
        return std::string(issued->text.reveal());
    }
    void see(std::vector<Group> groups) { EXPECT_TRUE(people_->see(facts_of("1", "ann", std::move(groups)), {})); }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    sim::SimStore store_{{Keys::schema(), People::schema(), Sessions::schema()}};
    std::unique_ptr<Keys> keys_;
    std::unique_ptr<People> people_;
    std::unique_ptr<Sessions> sessions_;
    Authenticator::Workload workload_;
};

TEST_F(AuthenticatorTest, a_key_of_nobody_counts_as_it_is) {
    EXPECT_TRUE(identify(key("")));
    EXPECT_TRUE(identify(key("ann"))) << "no directory tells of her";
}

TEST_F(AuthenticatorTest, a_persons_key_counts_while_they_are_let_in_and_of_its_team) {
    const std::string text = key("ann");
    see({{"", "sales"}, {"", "research"}});
    EXPECT_TRUE(identify(text));
    see({{"", "sales"}});
    const auto other_team = identify(text);
    ASSERT_FALSE(other_team);
    EXPECT_EQ(other_team.error().fault, Fault::not_permitted);
    EXPECT_NE(other_team.error().for_caller.find("research"), std::string::npos);
    see({{"", "research"}});
    ASSERT_TRUE(people_->put_out("ann", {}));
    EXPECT_TRUE(identify(text)) << "to be put out ends sign-ins, not keys";
    ASSERT_TRUE(people_->set_state("ann", PersonState::missing, "", {}));
    EXPECT_TRUE(identify(text)) << "within the grace";
    for (const PersonState state : {PersonState::suspended, PersonState::gone}) {
        ASSERT_TRUE(people_->set_state("ann", state, "left in May", {}));
        const auto refused = identify(text);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::unauthenticated);
        EXPECT_EQ(refused.error().for_caller.find("May"), std::string::npos);
        EXPECT_NE(refused.error().for_operator.find("May"), std::string::npos);
        ASSERT_TRUE(people_->set_state("ann", PersonState::active, "", {}));
        EXPECT_TRUE(identify(text));
    }
}

TEST_F(AuthenticatorTest, a_wrong_key_tells_nothing_of_its_person) {
    const std::string text = key("ann");
    see({{"", "research"}});
    ASSERT_TRUE(people_->set_state("ann", PersonState::gone, "", {}));
    const Secret wrong = make_credential_text(key_prefix, *credential_id(key_prefix, text));
    EXPECT_EQ(identify(wrong.reveal()).error().for_caller, identify("bsr_nothing").error().for_caller);
    EXPECT_NE(identify(text).error().for_caller, identify(wrong.reveal()).error().for_caller);
}

TEST_F(AuthenticatorTest, an_agents_sign_in_calls_and_a_browsers_does_not) {
    see({{"", "research"}});
    const NewSession session{.person = "ann",
                             .kind = SessionKind::agent,
                             .client = "claude_code",
                             .address = "10.0.0.1",
                             .way = "oidc:entra",
                             .provider_session = ""};
    const auto pair = sessions_->begin_tokens(session, {});
    ASSERT_TRUE(pair);
    const auto caller = identify(pair->access.reveal());
    ASSERT_TRUE(caller);
    EXPECT_EQ((*caller)->key_id, pair->session.id);
    EXPECT_EQ((*caller)->team, "research");
    EXPECT_EQ((*caller)->person, "ann");
    EXPECT_FALSE(identify(pair->refresh.reveal()));

    NewSession browser = session;
    browser.kind = SessionKind::console;
    const auto ticket = sessions_->begin_console(browser, {});
    ASSERT_TRUE(ticket);
    EXPECT_TRUE(sessions_->identify(ticket->cookie.reveal(), clock_.now()));
    EXPECT_FALSE(identify(ticket->cookie.reveal()));

    see({});
    const auto without_team = identify(pair->access.reveal());
    ASSERT_FALSE(without_team);
    EXPECT_EQ(without_team.error().fault, Fault::not_permitted) << "to sign in again would not help";
    ASSERT_TRUE(people_->set_state("ann", PersonState::gone, "", {}));
    EXPECT_EQ(identify(pair->access.reveal()).error().fault, Fault::unauthenticated);
}

TEST_F(AuthenticatorTest, a_jwt_is_for_whoever_verifies_them) {
    EXPECT_EQ((*identify("eyJgood"))->team, "build");
    EXPECT_FALSE(identify("eyJbad"));
    workload_ = {};
    const auto refused = identify("eyJgood");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::unauthenticated);
}

}  // namespace
}  // namespace bursar::auth
