#pragma once

#include "service/audit/audit.h"
#include "tests/unit/store/folder.h"

#include <gtest/gtest.h>

namespace bursar::audit {

inline const Timestamp noon = *parse_timestamp("2026-11-23T12:00:00Z");

/// The chain's key comes from it; never the same as the key of the file.
inline Secret pepper() { return Secret(std::string(32, 'p')); }

class Trails : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void TearDown() override { close(); }

    /// A store with the audit attached; started.
    void open() {
        auto opened = store::Store::open({.file = folder / "a.db",
                                          .key = store::test_key(),
                                          .durability = store::Durability::process,
                                          .schemas = {Audit::schema()},
                                          .ballast_bytes = 0});
        ASSERT_TRUE(opened) << told(opened);
        store = *std::move(opened);
        auto trail = Audit::open(*store, pepper(), clock);
        ASSERT_TRUE(trail) << told(trail);
        audit = *std::move(trail);
        store->attach(*audit);
        store->start();
    }
    void close() {
        if (store) store->stop();
        store.reset();
        audit.reset();
    }
    /// Appends one action as the control plane does: in the transaction of what it records.
    Result<void> append(std::string_view action, std::string_view object = "key:7f3a") {
        return store->write([&](store::Transaction& transaction) {
            return audit->append(transaction, {.actor = "operator:ada",
                                               .address = "10.0.0.7",
                                               .action = std::string(action),
                                               .object = std::string(object),
                                               .outcome = "ok",
                                               .detail = R"({"n":1})"});
        });
    }
    /// What somebody with the key of the file does to it, past the audit.
    void tamper(std::string_view sql) {
        const auto done = store->write([&](store::Transaction& transaction) { return transaction.run(sql); });
        ASSERT_TRUE(done) << told(done);
    }

    TestFolder folder;
    ManualClock clock{noon};
    std::unique_ptr<Audit> audit;
    std::unique_ptr<store::Store> store;
};

}  // namespace bursar::audit
