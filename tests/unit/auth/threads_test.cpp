#include "auth/credential.h"
#include "auth/keys.h"

#include <atomic>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

// Hunts: a key that still works for a call that began after its revocation had returned, and changes that undo each
// other when they are made at the same time.
namespace bursar::auth {
namespace {

class KeysOnThreads : public testing::Test {
  protected:
    KeysOnThreads() {
        std::string name = (std::filesystem::temp_directory_path() / "bursar-keys-XXXXXX").string();
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        auto store = store::Store::open({.file = folder_ / "bursar.db",
                                         .key = Secret(std::string(32, 'k')),
                                         .durability = store::Durability::process,
                                         .schemas = {Keys::schema()}});
        EXPECT_TRUE(store);
        store_ = *std::move(store);
        open();
        store_->start();
    }
    ~KeysOnThreads() override {
        store_->stop();
        keys_.reset();
        store_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    void open() {
        auto keys = Keys::open(*store_, Secret(std::string(32, 'p')), clock_);
        ASSERT_TRUE(keys);
        keys_ = *std::move(keys);
    }

    SystemClock clock_;
    std::filesystem::path folder_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<Keys> keys_;
};

TEST_F(KeysOnThreads, a_revocation_holds_for_every_call_that_begins_after_it) {
    constexpr int rounds = 50;
    for (int round = 0; round < rounds; ++round) {
        const auto issued = keys_->issue({.name = "ci", .team = "a"}, {});
        ASSERT_TRUE(issued);
        std::atomic<bool> revoked = false, ended = false;
        std::vector<std::jthread> callers;
        for (int i = 0; i < 3; ++i)
            callers.emplace_back([&] {
                while (!ended) {
                    const bool after = revoked;
                    const bool works = keys_->identify(issued->text.reveal(), "::1", clock_.now()).has_value();
                    EXPECT_FALSE(after && works);
                    if (after) return;
                }
            });
        EXPECT_TRUE(keys_->revoke(issued->facts.id, {}));
        revoked = true;
        callers.clear();
        ended = true;
    }
}

TEST_F(KeysOnThreads, a_rotation_at_the_same_time_never_brings_a_revoked_key_back) {
    for (int round = 0; round < 50; ++round) {
        const auto issued = keys_->issue({.name = "ci", .team = "a"}, {});
        ASSERT_TRUE(issued);
        Result<Issued> rotated = fail(Fault::internal, "not yet");
        {
            const std::jthread rotating([&] { rotated = keys_->rotate(issued->facts.id, std::chrono::hours(1), {}); });
            const std::jthread revoking([&] { EXPECT_TRUE(keys_->revoke(issued->facts.id, {})); });
        }
        EXPECT_FALSE(keys_->identify(issued->text.reveal(), "::1", clock_.now()));
        if (rotated) EXPECT_FALSE(keys_->identify(rotated->text.reveal(), "::1", clock_.now()));
    }
    const auto before = keys_->list();
    open();
    const auto after = keys_->list();
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(before[i].id, after[i].id);
        EXPECT_EQ(before[i].revoked_at, after[i].revoked_at);
        EXPECT_EQ(before[i].old_secret_until, after[i].old_secret_until);
    }
}

}  // namespace
}  // namespace bursar::auth
