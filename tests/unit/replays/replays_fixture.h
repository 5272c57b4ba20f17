#pragma once

#include "service/replays/replays.h"
#include "tests/unit/store/folder.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace bursar::replays {

inline const Timestamp noon = *parse_timestamp("2026-11-23T12:00:00Z");

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

class Keeping : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void TearDown() override { close(); }

    void open() {
        auto opened = store::Store::open({.file = folder / "r.db",
                                          .key = store::test_key(),
                                          .durability = store::Durability::process,
                                          .schemas = {Replays::schema()},
                                          .ballast_bytes = 0});
        ASSERT_TRUE(opened) << told(opened);
        store = *std::move(opened);
        auto made = Replays::open(*store, clock, limits);
        ASSERT_TRUE(made) << told(made);
        replays = *std::move(made);
        store->attach(*replays);
        store->attach(stumbling);
        store->start();
    }
    void close() {
        if (store) store->stop();
        replays.reset();
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

    Found begin(std::string_view key, std::string_view caller = "ada", std::string_view request = "hello") {
        return replays->begin({.caller = caller, .key = key, .request = sha256(request), .call = next_call()});
    }
    /// A call with that key, from its beginning to its kept answer.
    CallId serve(std::string_view key, std::string_view caller = "ada", std::string body = "an answer") {
        Found found = begin(key, caller);
        EXPECT_EQ(found.state, State::fresh);
        found.claim.keep({.call = found.first, .status = 200, .head = "a: b\r\n", .body = std::move(body)}, NanoUsd(7));
        return found.first;
    }
    Result<std::shared_ptr<const Answer>> fetch(std::int64_t number) {
        std::promise<Result<std::shared_ptr<const Answer>>> promise;
        replays->fetch(number, [&](auto answer) { promise.set_value(std::move(answer)); });
        return promise.get_future().get();
    }
    /// The body that stands under the key, or what stands there instead.
    std::string body_of(std::string_view key, std::string_view caller = "ada") {
        const Found found = begin(key, caller);
        if (found.state != State::kept) return "state " + std::to_string(static_cast<int>(found.state));
        const auto answer = fetch(found.number);
        return answer ? (*answer)->body : told(answer);
    }
    std::int64_t rows() {
        std::int64_t count = -1;
        (void)store->read([&](store::Transaction& transaction) {
            return transaction.each("SELECT count(*) FROM replay", {}, [&](const store::Row& row) -> Result<void> {
                count = row.integer(0);
                return {};
            });
        });
        return count;
    }
    CallId next_call() { return CallId::make(clock.now()); }

    TestFolder folder;
    ManualClock clock{noon};
    Limits limits;
    Stumbling stumbling;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Replays> replays;
};

}  // namespace bursar::replays
