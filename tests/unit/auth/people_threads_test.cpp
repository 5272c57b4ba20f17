#include "auth/authenticator.h"
#include "tests/unit/auth/staff.h"

#include <array>
#include <atomic>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

// Hunts: a sign-in that still works for a call that began after its person was out, a refresh at the same time that
// brings an ended session back or signs out the programs that share it, and a policy that is lost under a change.
namespace bursar::auth {
namespace {

class PeopleOnThreads : public testing::Test {
  protected:
    PeopleOnThreads() {
        std::string name = (std::filesystem::temp_directory_path() / "bursar-people-XXXXXX").string();
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        auto store = store::Store::open({.file = folder_ / "bursar.db",
                                         .key = Secret(std::string(32, 'k')),
                                         .durability = store::Durability::process,
                                         .schemas = {Keys::schema(), People::schema(), Sessions::schema()}});
        EXPECT_TRUE(store);
        store_ = *std::move(store);
        open();
        store_->start();
    }
    ~PeopleOnThreads() override {
        store_->stop();
        sessions_.reset();
        people_.reset();
        keys_.reset();
        store_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    void open() {
        sessions_.reset();
        auto keys = Keys::open(*store_, Secret(std::string(32, 'p')), clock_);
        auto people = People::open(*store_, clock_, teams_of);
        ASSERT_TRUE(keys && people);
        keys_ = *std::move(keys);
        people_ = *std::move(people);
        auto sessions = Sessions::open(*store_, Secret(std::string(32, 'p')), *people_, clock_);
        ASSERT_TRUE(sessions);
        sessions_ = *std::move(sessions);
    }
    TokenPair begin() {
        EXPECT_TRUE(people_->see(facts_of("1", "ann", {{"", "research"}}), {}));
        auto pair = sessions_->begin_tokens({.person = "ann",
                                             .kind = SessionKind::agent,
                                             .client = "claude_code",
                                             .address = "::1",
                                             .way = "ldap:corp",
                                             .provider_session = ""},
                                            {});
        EXPECT_TRUE(pair);
        return *std::move(pair);
    }

    SystemClock clock_;
    std::filesystem::path folder_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<Keys> keys_;
    std::unique_ptr<People> people_;
    std::unique_ptr<Sessions> sessions_;
};

TEST_F(PeopleOnThreads, whoever_is_out_is_out_for_every_call_that_begins_after_it) {
    const Authenticator callers(*keys_, *people_, *sessions_, {});
    for (int round = 0; round < 30; ++round) {
        const TokenPair pair = begin();
        const auto key = keys_->issue({.name = "k", .team = "research", .person = "ann"}, {});
        ASSERT_TRUE(key);
        std::atomic<bool> out = false;
        std::atomic<int> worked = 0;
        std::vector<std::jthread> calls;
        for (const Secret* token : {&pair.access, &key->text, &pair.access})
            calls.emplace_back([&, token] {
                for (;;) {
                    const bool after = out;
                    const auto caller = callers.identify(token->reveal(), "::1", clock_.now());
                    if (caller) ++worked;
                    EXPECT_FALSE(after && caller);
                    if (after) return;
                }
            });
        while (worked == 0) std::this_thread::yield();
        EXPECT_TRUE(people_->set_state("ann", PersonState::gone, "left", {}));
        out = true;
    }
}

TEST_F(PeopleOnThreads, four_programs_that_refresh_at_once_get_one_pair) {
    TokenPair pair = begin();
    for (int round = 0; round < 30; ++round) {
        std::array<Result<TokenPair>, 4> turned{fail(Fault::internal, "not yet"), fail(Fault::internal, "not yet"),
                                                fail(Fault::internal, "not yet"), fail(Fault::internal, "not yet")};
        {
            std::vector<std::jthread> programs;
            for (auto& result : turned)
                programs.emplace_back([&] { result = sessions_->refresh(pair.refresh.reveal(), {}); });
        }
        for (const auto& result : turned) {
            ASSERT_TRUE(result) << result.error().operator_text();
            EXPECT_EQ(result->refresh.reveal(), turned[0]->refresh.reveal());
            EXPECT_EQ(result->access.reveal(), turned[0]->access.reveal());
            EXPECT_TRUE(sessions_->identify(result->access.reveal(), clock_.now()));
        }
        EXPECT_TRUE(sessions_->identify(pair.access.reveal(), clock_.now())) << "and the former one goes on";
        pair = *std::move(turned[0]);
    }
    open();
    EXPECT_TRUE(sessions_->identify(pair.access.reveal(), clock_.now()));
    EXPECT_TRUE(sessions_->refresh(pair.refresh.reveal(), {}));
}

TEST_F(PeopleOnThreads, a_refresh_at_the_same_time_never_brings_an_ended_session_back) {
    for (int round = 0; round < 50; ++round) {
        const TokenPair pair = begin();
        Result<TokenPair> turned = fail(Fault::internal, "not yet");
        {
            const std::jthread turning([&] { turned = sessions_->refresh(pair.refresh.reveal(), {}); });
            const std::jthread ending([&] { EXPECT_TRUE(sessions_->end(pair.session.id, {})); });
        }
        EXPECT_FALSE(sessions_->identify(pair.access.reveal(), clock_.now()));
        if (turned) EXPECT_FALSE(sessions_->identify(turned->access.reveal(), clock_.now()));
    }
    EXPECT_TRUE(sessions_->of("ann").empty());
    open();
    EXPECT_TRUE(sessions_->all().empty());
}

TEST_F(PeopleOnThreads, a_session_that_two_end_at_once_ends_once_and_harms_no_other) {
    for (int round = 0; round < 50; ++round) {
        const TokenPair pair = begin(), other = begin();
        {
            const auto end = [&] { (void)sessions_->end_by_token(pair.refresh.reveal(), {}); };
            const std::jthread one(end), two(end), three(end);
        }
        EXPECT_FALSE(sessions_->identify(pair.access.reveal(), clock_.now()));
        EXPECT_TRUE(sessions_->identify(other.access.reveal(), clock_.now()));
        ASSERT_EQ(sessions_->of("ann").size(), 1U);
        ASSERT_TRUE(sessions_->end(other.session.id, {}));
    }
}

TEST_F(PeopleOnThreads, of_two_changes_at_once_the_later_one_is_in_force) {
    for (int round = 0; round < 100; ++round) {
        const auto change = [&](const char* email) {
            auto facts = facts_of("1", "ann");
            facts.email = email + std::to_string(round);
            EXPECT_TRUE(people_->see(facts, {}));
        };
        {
            const std::jthread one([&] { change("a"); }), two([&] { change("b"); }), three([&] { change("c"); });
        }
        const auto stored = People::open(*store_, clock_, teams_of);
        ASSERT_TRUE(stored);
        ASSERT_EQ(people_->find("ann")->facts, (*stored)->find("ann")->facts) << round;
        ASSERT_EQ(people_->find("ann")->version, (*stored)->find("ann")->version) << round;
    }
}

TEST_F(PeopleOnThreads, nobody_is_over_the_limit_though_many_sign_in_at_once) {
    begin();
    {
        std::vector<std::jthread> programs;
        for (int i = 0; i < 4; ++i)
            programs.emplace_back([&] {
                for (int j = 0; j < 25; ++j) begin();
            });
    }
    EXPECT_EQ(sessions_->of("ann").size(), 50U);
    open();
    EXPECT_EQ(sessions_->of("ann").size(), 50U);
}

TEST_F(PeopleOnThreads, a_new_policy_and_new_facts_at_the_same_time_both_count) {
    const auto standing_of = [](int policy) {
        return [policy](const PersonFacts& facts) {
            return Standing{.teams = {facts.email + "/" + std::to_string(policy)}, .leads = {}};
        };
    };
    for (int round = 0; round < 50; ++round) {
        auto facts = facts_of("1", "ann");
        facts.email = std::to_string(round);
        {
            const std::jthread changing([&] { EXPECT_TRUE(people_->see(facts, {})); });
            const std::jthread applying([&] { people_->restand(standing_of(round)); });
        }
        EXPECT_EQ(people_->find("ann")->standing.teams.front(), std::to_string(round) + "/" + std::to_string(round));
    }
}

TEST_F(PeopleOnThreads, of_many_who_see_an_arrival_at_once_one_account_comes) {
    {
        std::vector<std::jthread> sources;
        for (int i = 0; i < 4; ++i)
            sources.emplace_back([&] {
                for (int j = 0; j < 20; ++j)
                    EXPECT_TRUE(people_->see(facts_of("s" + std::to_string(j), "user" + std::to_string(j)), {}));
            });
    }
    EXPECT_EQ(people_->all().size(), 20U);
}

}  // namespace
}  // namespace bursar::auth
