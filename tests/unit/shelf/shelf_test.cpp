// Hunts: a thing that somebody else finds, one that a restart forgets, a batch that is settled twice, and one that
// opens again after it was settled.
#include "service/shelf/shelf.h"

#include "service/shelf/lines.h"
#include "tests/unit/store/folder.h"

#include <future>

#include <gtest/gtest.h>

namespace bursar::shelf {
namespace {

class Shelving : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void TearDown() override { close(); }

    void open() {
        auto opened = store::Store::open({.file = folder / "shelf.db",
                                          .key = store::test_key(),
                                          .durability = store::Durability::process,
                                          .schemas = {Shelf::schema()},
                                          .ballast_bytes = 0});
        ASSERT_TRUE(opened) << opened.error().operator_text();
        store = *std::move(opened);
        auto read = Shelf::open(*store, {.owner_items_max = 3, .items_max = 8});
        ASSERT_TRUE(read) << read.error().operator_text();
        shelf = *std::move(read);
        store->start();
    }
    void close() {
        if (store) store->stop();
        shelf.reset();
        store.reset();
    }
    void reopen() {
        close();
        open();
    }
    template <typename Begin>
    static Result<void> wait(Begin begin) {
        std::promise<Result<void>> promise;
        begin([&](Result<void> done) { promise.set_value(std::move(done)); });
        return promise.get_future().get();
    }
    Result<void> put(Item item, const std::string& packed = {}) {
        return wait([&](Shelf::Done done) { shelf->put(std::move(item), packed, std::move(done)); });
    }
    Result<std::string> lines(const std::string& id) {
        std::promise<Result<std::string>> promise;
        shelf->lines(id, [&](Result<std::string> got) { promise.set_value(std::move(got)); });
        return promise.get_future().get();
    }
    Result<void> settle(const std::string& id) {
        Result<void> done =
            store->write([&](store::Transaction& transaction) { return shelf->settle(transaction, id); });
        if (done) shelf->note_settled(id);
        return done;
    }
    static Item file(const std::string& id, const std::string& owner = "team:a") {
        Item item;
        item.id = id;
        item.owner = owner;
        item.provider = "openai";
        item.secret = "key-a";
        item.shown = R"({"id":")" + id + "\"}";
        return item;
    }
    Item batch(const std::string& id, const std::string& owner = "team:a") {
        Item item = file(id, owner);
        item.kind = Kind::batch;
        item.state = State::open;
        item.call = call;
        item.team = "a";
        item.endpoint = Endpoint::embeddings;
        item.booked = {.charge = NanoUsd(7), .cost = NanoUsd(5), .tokens = 30, .calls = 2};
        item.terms = {.accounts = {"org", "team:a", "team:a|model:m"},
                      .price = R"({"model":"m"})",
                      .factor_numerator = 6,
                      .factor_denominator = 5,
                      .per_call = NanoUsd(9)};
        return item;
    }

    const CallId call = CallId::make(Timestamp(std::chrono::seconds(1'700'000'000)));
    TestFolder folder;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Shelf> shelf;
};

TEST_F(Shelving, OnlyItsOwnerFindsAThing) {
    ASSERT_TRUE(put(file("f1")));
    EXPECT_NE(shelf->find(Kind::file, "f1", "team:a"), nullptr);
    EXPECT_EQ(shelf->find(Kind::file, "f1", "team:b"), nullptr);
    EXPECT_EQ(shelf->find(Kind::file, "f1", ""), nullptr);
    EXPECT_EQ(shelf->find(Kind::batch, "f1", "team:a"), nullptr) << "a file is no batch";
    EXPECT_TRUE(shelf->list(Kind::file, "team:b", "", 10).empty());
    EXPECT_EQ(owner_of("a", ""), "team:a");
    EXPECT_EQ(owner_of("a", "alice"), "person:alice");
}

TEST_F(Shelving, AnIdIsNobodyElsesAfterwards) {
    ASSERT_TRUE(put(file("f1")));
    const auto again = put(file("f1", "team:b"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().fault, Fault::conflict);
    EXPECT_NE(shelf->find(Kind::file, "f1", "team:a"), nullptr);
    ASSERT_TRUE(put(batch("b1", "team:b")));
    shelf->tell("b1", "{}", State::ended, {"f1", "f2"});
    EXPECT_EQ(shelf->find(Kind::file, "f1", "team:b"), nullptr) << "a provider that names it cannot give it away";
    EXPECT_NE(shelf->find(Kind::file, "f2", "team:b"), nullptr);
}

TEST_F(Shelving, ARestartKnowsWhatWasKnown) {
    ASSERT_TRUE(put(file("f1"), pack({{.name = 1, .input = 2, .output = 3}})));
    ASSERT_TRUE(put(batch("b1"), pack({{.name = 1, .input = 2, .output = 3}})));
    shelf->tell("b1", R"({"id":"b1","status":"completed"})", State::ended, {"out"});
    reopen();
    const Shown known = shelf->find(Kind::batch, "b1", "team:a");
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(known->state, State::ended);
    EXPECT_EQ(known->call, call);
    EXPECT_EQ(known->booked, batch("b1").booked);
    EXPECT_EQ(known->terms, batch("b1").terms);
    EXPECT_EQ(known->endpoint, Endpoint::embeddings);
    EXPECT_EQ(known->secret, "key-a");
    EXPECT_EQ(known->shown, R"({"id":"b1","status":"completed"})");
    EXPECT_NE(shelf->find(Kind::file, "out", "team:a"), nullptr);
    ASSERT_EQ(shelf->unsettled().size(), 1U);
    ASSERT_TRUE(wait([&](Shelf::Done done) { shelf->remove("f1", std::move(done)); }));
    EXPECT_EQ(shelf->find(Kind::file, "f1", "team:a"), nullptr);
    const auto packed = lines("b1");
    ASSERT_TRUE(packed) << "a batch has its lines also when its input file is gone";
    EXPECT_EQ(unpack(*packed)->at(0).output, 3);
    EXPECT_FALSE(lines("f1"));
}

TEST_F(Shelving, ABatchHasItsLinesThoughItsFileIsGoneBefore) {
    const std::string packed = pack({{.name = 1, .input = 2, .output = 3}});
    ASSERT_TRUE(put(file("f1"), packed));
    ASSERT_TRUE(wait([&](Shelf::Done done) { shelf->remove("f1", std::move(done)); }));
    ASSERT_TRUE(put(batch("b1"), packed));
    const auto kept = lines("b1");
    ASSERT_TRUE(kept) << "without them it could never be settled";
    EXPECT_EQ(*kept, packed);
}

TEST_F(Shelving, ABatchIsSettledOnce) {
    ASSERT_TRUE(put(batch("b1")));
    shelf->tell("b1", "{}", State::ended);
    ASSERT_TRUE(settle("b1"));
    EXPECT_TRUE(shelf->unsettled().empty());
    const auto again = settle("b1");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().fault, Fault::conflict);
    shelf->tell("b1", R"({"status":"in_progress"})", State::open);
    EXPECT_TRUE(shelf->unsettled().empty()) << "a provider that says something else later opens nothing again";
    reopen();
    EXPECT_TRUE(shelf->unsettled().empty());
    EXPECT_FALSE(settle("b1"));
    EXPECT_FALSE(settle("never"));
}

TEST_F(Shelving, ACallIsKnownByItsBatch) {
    ASSERT_TRUE(put(file("f1")));
    ASSERT_TRUE(put(batch("b1")));
    const auto made_by = [&](const std::vector<std::string>& calls) {
        std::vector<Item> made;
        EXPECT_TRUE(store->read([&](store::Transaction& transaction) -> Result<void> {
            TRY(made, Shelf::made_by(transaction, calls));
            return {};
        }));
        return made;
    };
    const std::string other = CallId::make(Timestamp(std::chrono::seconds(1'700'000'001))).text();
    const auto made = made_by({other, call.text(), ""});
    ASSERT_EQ(made.size(), 1U) << "a file is no call's";
    EXPECT_EQ(made[0].id, "b1");
    EXPECT_TRUE(made_by({other}).empty());
}

TEST_F(Shelving, WhatASettlementTakesBackIsNotSettled) {
    ASSERT_TRUE(put(batch("b1")));
    const Result<void> failed = store->write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(shelf->settle(transaction, "b1"));
        return fail(Fault::internal, "the correction failed");
    });
    EXPECT_FALSE(failed);
    EXPECT_TRUE(settle("b1"));
}

TEST_F(Shelving, NewestComeFirstAndPagesGoOnBehindAnId) {
    for (const char* id : {"f1", "f2", "f3"}) ASSERT_TRUE(put(file(id)));
    const auto first = shelf->list(Kind::file, "team:a", "", 2);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0]->id, "f3");
    EXPECT_EQ(first[1]->id, "f2");
    const auto second = shelf->list(Kind::file, "team:a", "f2", 2);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0]->id, "f1");
    EXPECT_TRUE(shelf->list(Kind::file, "team:a", "unknown", 2).empty());
}

TEST_F(Shelving, AnOwnerHasSoManyAndSettledBatchesMakeRoom) {
    for (const char* id : {"f1", "f2", "f3"}) ASSERT_TRUE(put(file(id)));
    const auto full = shelf->room(Kind::file, "team:a");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().fault, Fault::conflict);
    EXPECT_TRUE(shelf->room(Kind::file, "team:b"));
    for (const char* id : {"b1", "b2", "b3"}) ASSERT_TRUE(put(batch(id)));
    EXPECT_FALSE(shelf->room(Kind::batch, "team:a")) << "none of them may be forgotten before it is settled";
    ASSERT_TRUE(settle("b2"));
    ASSERT_TRUE(shelf->room(Kind::batch, "team:a"));
    ASSERT_TRUE(put(batch("b4")));
    EXPECT_EQ(shelf->find(Kind::batch, "b2", "team:a"), nullptr);
    EXPECT_NE(shelf->find(Kind::batch, "b1", "team:a"), nullptr);
    ASSERT_TRUE(put(file("f9", "team:b")));
    ASSERT_TRUE(put(file("f10", "team:b")));
    EXPECT_EQ(shelf->room(Kind::file, "team:c").error().fault, Fault::overloaded) << "all owners together";
}

}  // namespace
}  // namespace bursar::shelf
