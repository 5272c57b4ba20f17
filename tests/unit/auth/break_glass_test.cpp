#include "auth/break_glass.h"

#include "tests/sim/sim_store.h"

#include <algorithm>
#include <chrono>
#include <set>

#include <gtest/gtest.h>

// Hunts: a local operator who is there without anybody having made one, a passphrase that outlives its seal, guesses
// without a limit, strangers who keep out whoever stands before the machine, and a use that nobody hears of.
namespace bursar::auth {
namespace {

constexpr std::string_view from_network = "203.0.113.9";

class BreakGlassTest : public testing::Test {
  protected:
    BreakGlassTest() { open(); }
    void open() {
        glass_.reset();
        store_.crash();
        glass_ = BreakGlass::in(store_, clock_, {.memory_kib = 64, .passes = 1});
    }
    std::string make(std::string_view name = "ada") {
        const auto made = glass_->make(name, counted());
        EXPECT_TRUE(made) << made.error().operator_text();
        return std::string(made->passphrase.reveal());
    }
    Result<std::string> open_with(std::string_view passphrase, std::string_view address = from_network) {
        return glass_->open(passphrase, address, counted());
    }
    Also counted() {
        return [this](store::Transaction&) -> Result<void> {
            ++audited_;
            return {};
        };
    }

    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    sim::SimStore store_{{BreakGlass::schema()}};
    std::unique_ptr<BreakGlass> glass_;
    int audited_ = 0;
};

Result<void> no_audit(store::Transaction&) { return fail(Fault::storage_unavailable, "No audit, no change."); }

TEST_F(BreakGlassTest, is_sealed_until_somebody_makes_a_passphrase) {
    EXPECT_FALSE(*glass_->state());
    for (const char* guess : {"", "admin", "0000-0000-0000-0000-0000-0000-0000-0000"}) {
        const auto refused = open_with(guess);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::unauthenticated);
    }
    const std::string passphrase = make();
    for (const char* when : {"at once", "after a restart"}) {
        ASSERT_TRUE(*glass_->state()) << when;
        EXPECT_EQ((*glass_->state())->name, "ada") << when;
        EXPECT_EQ((*glass_->state())->made_at, clock_.now()) << when;
        EXPECT_EQ(open_with(passphrase), "ada") << when;
        open();
    }
    EXPECT_EQ(audited_, 3) << "once made, twice used";
}

TEST_F(BreakGlassTest, a_stranger_cannot_tell_whether_there_is_one) {
    const auto sealed = open_with("guess");
    make();
    const auto made = open_with("guess");
    ASSERT_FALSE(sealed);
    ASSERT_FALSE(made);
    EXPECT_EQ(sealed.error().for_caller, made.error().for_caller);
    EXPECT_NE(sealed.error().for_operator, made.error().for_operator);
}

TEST_F(BreakGlassTest, a_passphrase_has_160_bits_in_groups_and_may_be_typed_as_people_type) {
    std::set<std::string> all;
    for (int i = 0; i < 50; ++i) all.insert(make());
    EXPECT_EQ(all.size(), 50U);
    const std::string passphrase = make();
    EXPECT_EQ(passphrase.size(), 32U + 7U);
    EXPECT_EQ(std::ranges::count(passphrase, '-'), 7);
    std::string loud, spaced, bare, lookalikes;
    for (const char c : passphrase) {
        loud.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
        spaced.push_back(c == '-' ? ' ' : c);
        if (c != '-') bare.push_back(c);
        lookalikes.push_back(c == '0' ? 'O' : c == '1' ? 'l' : c);
    }
    for (const std::string& typed : {loud, spaced, bare, lookalikes, " " + passphrase + "\n"})
        EXPECT_TRUE(open_with(typed)) << typed.size();
    for (std::size_t i = 0; i < 4; ++i) {
        std::string wrong = bare;
        wrong[i * 9] = wrong[i * 9] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(open_with(wrong)) << i;
    }
    clock_.advance(std::chrono::minutes(15));
    EXPECT_FALSE(open_with(bare + "x"));
    EXPECT_FALSE(open_with(bare.substr(1)));
}

TEST_F(BreakGlassTest, what_is_sealed_or_made_anew_no_longer_opens) {
    const std::string first = make();
    const std::string second = make("bob");
    EXPECT_FALSE(open_with(first));
    EXPECT_EQ(open_with(second), "bob");
    ASSERT_TRUE(glass_->seal(counted()));
    ASSERT_TRUE(glass_->seal({})) << "once more does no harm";
    for (const char* when : {"at once", "after a restart"}) {
        EXPECT_FALSE(*glass_->state()) << when;
        EXPECT_FALSE(open_with(second)) << when;
        open();
    }
}

TEST_F(BreakGlassTest, five_wrong_ones_in_a_quarter_of_an_hour_are_enough) {
    const std::string passphrase = make();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(open_with("wrong").error().fault, Fault::unauthenticated) << i;
    clock_.advance(std::chrono::minutes(5));
    const auto refused = open_with(passphrase, "203.0.113.77");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::locked_out);
    EXPECT_NE(refused.error().for_caller.find("600 seconds"), std::string::npos) << refused.error().for_caller;
    EXPECT_TRUE(open_with(passphrase, "127.0.0.1")) << "who stands before the machine is not kept out by strangers";
    EXPECT_TRUE(open_with(passphrase)) << "and ends their lock";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(open_with("wrong", "::1").error().fault, Fault::unauthenticated) << i;
    EXPECT_EQ(open_with(passphrase, "127.0.0.2").error().fault, Fault::locked_out);
    clock_.advance(std::chrono::minutes(15));
    EXPECT_TRUE(open_with(passphrase, "::1"));
}

TEST_F(BreakGlassTest, what_is_not_recorded_does_not_open_and_is_not_made) {
    EXPECT_FALSE(glass_->make("ada", no_audit));
    EXPECT_FALSE(*glass_->state());
    const std::string passphrase = make();
    EXPECT_FALSE(glass_->open(passphrase, from_network, no_audit));
    EXPECT_FALSE(glass_->seal(no_audit));
    EXPECT_TRUE(open_with(passphrase));
    EXPECT_FALSE(glass_->make("", {}));
    EXPECT_FALSE(glass_->make("a\nb", {}));
}

TEST(BreakGlassCost, of_the_real_one_is_borne_by_what_was_stored_with_it) {
    const ManualClock clock(*parse_timestamp("2026-11-23T17:54:20Z"));
    sim::SimStore store({BreakGlass::schema()});
    const auto made = BreakGlass::in(store, clock)->make("ada", {});
    ASSERT_TRUE(made);
    const auto cheaper_now = BreakGlass::in(store, clock, {.memory_kib = 64, .passes = 1});
    EXPECT_EQ(cheaper_now->open(made->passphrase.reveal(), from_network, {}), "ada");
}

}  // namespace
}  // namespace bursar::auth
