// Hunts: a response that somebody else may ask for, or takes over by its id; one that is forgotten too early, or known
// too long; one that a restart or a full disk takes away; a team that drives out the responses of others.
#include "service/stored/stored.h"

#include "tests/unit/store/folder.h"

#include <atomic>

#include <gtest/gtest.h>

namespace bursar::stored {
namespace {

const Timestamp noon = *parse_timestamp("2026-11-23T12:00:00Z");
constexpr std::chrono::hours day{24};

/// Makes one group fail, as a full disk would.
class Stumbling final : public store::Contributor {
  public:
    Result<void> contribute(store::Transaction& transaction) override {
        if (!stumble.exchange(false)) return {};
        return transaction.run("INSERT INTO nowhere VALUES (1)");
    }
    void committed() override {}
    void failed(const Error&) override {}
    std::atomic<bool> stumble = false;
};

Origin of_ada(std::string team = "research", std::string secret = "openai-a") {
    return {.owner = {.team = std::move(team), .person = "ada", .key = {}},
            .asked = "big",
            .model = "gpt",
            .provider = "openai",
            .there = "gpt-5.2",
            .secret = std::move(secret)};
}

class StoredTest : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void TearDown() override { close(); }

    void open() {
        auto opened = store::Store::open({.file = folder / "s.db",
                                          .key = store::test_key(),
                                          .durability = store::Durability::process,
                                          .schemas = {Stored::schema()},
                                          .ballast_bytes = 0});
        ASSERT_TRUE(opened) << told(opened);
        store = *std::move(opened);
        auto made = Stored::open(*store, clock, limits);
        ASSERT_TRUE(made) << told(made);
        stored = *std::move(made);
        store->attach(*stored);
        store->attach(stumbling);
        store->start();
    }
    void close() {
        if (store) store->stop();
        stored.reset();
        store.reset();
    }
    void reopen() {
        close();
        open();
    }
    /// Everything that waits has been written, or has failed.
    void flush() {
        (void)store->write([](store::Transaction&) -> Result<void> { return {}; });
    }
    std::int64_t rows() {
        std::int64_t count = -1;
        (void)store->read([&](store::Transaction& transaction) {
            return transaction.each("SELECT count(*) FROM stored_response", {},
                                    [&](const store::Row& row) -> Result<void> {
                                        count = row.integer(0);
                                        return {};
                                    });
        });
        return count;
    }
    bool knows(std::string_view id, const Origin& origin = of_ada()) {
        return stored->find(id, origin.owner).has_value();
    }

    TestFolder folder;
    ManualClock clock{noon};
    Limits limits;
    Stumbling stumbling;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Stored> stored;
};

TEST_F(StoredTest, OnlyItsOwnerFindsIt) {
    const Caller by_first_key{
        .key_id = "k1", .name = {}, .team = "research", .person = "ada", .models = {}, .budgets = {}};
    Caller by_second_key = by_first_key;
    by_second_key.key_id = "k2";
    Caller elsewhere = by_first_key;
    elsewhere.team = "sales";
    Caller bob = by_first_key;
    bob.person = "bob";
    Caller machine = by_first_key;
    machine.person.clear();
    Caller other_machine = machine;
    other_machine.key_id = "k2";

    Origin origin = of_ada();
    origin.owner = owner_of(by_first_key);
    stored->remember("resp_1", origin, 12);
    EXPECT_TRUE(stored->find("resp_1", owner_of(by_second_key))) << "another key of the same person";
    EXPECT_FALSE(stored->find("resp_1", owner_of(elsewhere))) << "the person in another team";
    EXPECT_FALSE(stored->find("resp_1", owner_of(bob)));
    EXPECT_FALSE(stored->find("resp_1", owner_of(machine))) << "a key of nobody";
    EXPECT_FALSE(stored->find("resp_2", owner_of(by_first_key)));

    origin.owner = owner_of(machine);
    stored->remember("resp_3", origin, 12);
    EXPECT_TRUE(stored->find("resp_3", owner_of(machine)));
    EXPECT_FALSE(stored->find("resp_3", owner_of(other_machine)));
    EXPECT_FALSE(stored->find("resp_3", owner_of(by_first_key)));
}

TEST_F(StoredTest, ItIsKnownWithAllOfItAfterARestart) {
    stored->remember("resp_1", of_ada(), std::nullopt);
    stored->remember("resp_2", of_ada(), 77);
    flush();
    EXPECT_EQ(rows(), 2);
    stored->remember("resp_1", of_ada(), 1234);
    reopen();
    EXPECT_EQ(rows(), 2) << "what is told later replaces the row";
    const auto found = stored->find("resp_1", of_ada().owner);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->origin, of_ada());
    EXPECT_EQ(found->context, 1234);
    EXPECT_EQ(stored->find("resp_2", of_ada().owner)->context, 77);
    stored->remember("resp_3", of_ada(), std::nullopt);
    reopen();
    EXPECT_TRUE(knows("resp_1")) << "a number that was given again would have taken its row";
    EXPECT_TRUE(knows("resp_3"));
    EXPECT_EQ(stored->find("resp_3", of_ada().owner)->context, std::nullopt);
}

TEST_F(StoredTest, WhatIsNotToldAgainStays) {
    stored->remember("resp_1", of_ada(), 50);
    stored->remember("resp_1", of_ada(), std::nullopt);
    EXPECT_EQ(stored->find("resp_1", of_ada().owner)->context, 50);
}

TEST_F(StoredTest, AnIdThatAProviderGivesTwiceStaysTheFirstOnes) {
    stored->remember("resp_1", of_ada(), 50);
    Origin elsewhere = of_ada();
    elsewhere.provider = "gateway-of-mallory";
    for (const Origin& other : {of_ada("sales"), of_ada("research", "openai-b"), elsewhere}) {
        stored->remember("resp_1", other, 7);
        const auto found = stored->find("resp_1", of_ada().owner);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->origin, of_ada());
        EXPECT_EQ(found->context, 50);
    }
    EXPECT_FALSE(knows("resp_1", of_ada("sales")));
    reopen();
    EXPECT_TRUE(knows("resp_1"));
    EXPECT_EQ(rows(), 1);
    clock.advance(30 * day);
    stored->remember("resp_1", of_ada("sales"), std::nullopt);
    EXPECT_TRUE(knows("resp_1", of_ada("sales"))) << "its first owner's time is over";
    EXPECT_FALSE(knows("resp_1"));
}

TEST_F(StoredTest, OfTheSameOwnerAndPlaceTheLaterOneCounts) {
    stored->remember("resp_1", of_ada(), 50);
    Origin other = of_ada();
    other.model = "gpt-next";
    stored->remember("resp_1", other, std::nullopt);
    reopen();
    const auto found = stored->find("resp_1", other.owner);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->origin, other);
    EXPECT_EQ(found->context, std::nullopt) << "the first one's length is not its";
    EXPECT_EQ(rows(), 1);
}

TEST_F(StoredTest, WhatIsDeletedWhileItStreamsIsNotBroughtBackByItsEnd) {
    stored->remember("resp_1", of_ada(), std::nullopt);
    stored->update("resp_1", of_ada("sales"), 7);
    EXPECT_EQ(stored->find("resp_1", of_ada().owner)->context, std::nullopt) << "somebody else's length";
    stored->update("resp_1", of_ada(), 70);
    EXPECT_EQ(stored->find("resp_1", of_ada().owner)->context, 70);
    reopen();
    EXPECT_EQ(stored->find("resp_1", of_ada().owner)->context, 70);
    stored->forget("resp_1");
    stored->update("resp_1", of_ada(), 71);
    EXPECT_FALSE(knows("resp_1"));
    reopen();
    EXPECT_FALSE(knows("resp_1"));
    EXPECT_EQ(rows(), 0);
}

TEST_F(StoredTest, WhatIsDeletedJustBeforeAStopIsGoneAfterIt) {
    constexpr int many = 3'000;  // more than the groups of a few milliseconds take
    for (int i = 0; i < many; ++i) stored->remember("resp_" + std::to_string(i), of_ada(), 1);
    reopen();
    ASSERT_EQ(rows(), many);
    for (int i = 0; i < many; ++i) stored->forget("resp_" + std::to_string(i));
    reopen();
    EXPECT_EQ(stored->size(), 0);
    EXPECT_EQ(rows(), 0);
}

TEST_F(StoredTest, WhatIsDeletedIsGoneForGood) {
    stored->remember("resp_1", of_ada(), 50);
    flush();
    stored->forget("resp_1");
    stored->forget("resp_never");
    EXPECT_FALSE(knows("resp_1"));
    flush();
    EXPECT_EQ(rows(), 0);
    reopen();
    EXPECT_FALSE(knows("resp_1"));
    stored->remember("resp_2", of_ada(), 50);
    stored->forget("resp_2");
    reopen();
    EXPECT_EQ(rows(), 0) << "it was gone before it was written";
}

TEST_F(StoredTest, AfterThirtyDaysNobodyKnowsIt) {
    stored->remember("resp_1", of_ada(), 50);
    clock.advance(30 * day - std::chrono::seconds(1));
    EXPECT_TRUE(knows("resp_1"));
    clock.advance(std::chrono::seconds(1));
    EXPECT_FALSE(knows("resp_1"));
    flush();
    EXPECT_EQ(stored->size(), 0);
    EXPECT_EQ(rows(), 0);
}

TEST_F(StoredTest, ATeamThatMakesManyForgetsItsOwnOldestFirst) {
    limits.team_rows_max = 3;
    limits.rows_max = 5;
    reopen();
    const Origin sales = of_ada("sales");
    stored->remember("s1", sales, 1);
    for (const char* id : {"r1", "r2", "r3", "r4"}) stored->remember(id, of_ada(), 1);
    EXPECT_FALSE(knows("r1"));
    EXPECT_TRUE(knows("r2"));
    EXPECT_TRUE(knows("s1", sales)) << "it is older than all of them, but of another team";
    stored->remember("s2", sales, 1);
    EXPECT_EQ(stored->size(), 5);
    stored->remember("s3", sales, 1);
    EXPECT_FALSE(knows("s1", sales)) << "beyond the limit of all the oldest goes, whosever it is";
    reopen();
    EXPECT_EQ(stored->size(), 5);
    EXPECT_EQ(rows(), 5);
    EXPECT_TRUE(knows("r2"));
}

TEST_F(StoredTest, AGroupThatFailsTakesNothingAway) {
    stored->remember("resp_1", of_ada(), 1);
    stored->remember("resp_2", of_ada(), 1);
    flush();
    stored->remember("resp_3", of_ada(), 1);
    stored->forget("resp_1");
    stumbling.stumble = true;
    flush();
    EXPECT_TRUE(knows("resp_3"));
    flush();
    reopen();
    EXPECT_FALSE(knows("resp_1"));
    EXPECT_TRUE(knows("resp_2"));
    EXPECT_TRUE(knows("resp_3"));
}

TEST_F(StoredTest, WhatCouldChangeAPathIsNoId) {
    for (const char* id : {"", ".", "..", "a/b", "a?b", "a%2f", "a b", "a\nb", "ä"}) {
        EXPECT_FALSE(is_id(id)) << id;
        stored->remember(id, of_ada(), 1);
        EXPECT_FALSE(knows(id)) << id;
    }
    EXPECT_TRUE(is_id("resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b"));
    EXPECT_TRUE(is_id(std::string(1'024, 'a')));
    EXPECT_FALSE(is_id(std::string(1'025, 'a')));
    EXPECT_EQ(stored->size(), 0);
}

}  // namespace
}  // namespace bursar::stored
