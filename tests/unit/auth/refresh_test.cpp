#include "auth/sessions.h"
#include "tests/unit/auth/signed_in_staff.h"

#include <chrono>

#include <gtest/gtest.h>

// Hunts: a refresh that signs people out because their programs share a token, one that a thief can use, and one that
// is lost between the disk and the answer.
namespace bursar::auth {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using RefreshTest = SignedInStaff;

TEST_F(RefreshTest, within_the_grace_one_token_has_one_successor_also_after_a_crash) {
    ann();
    const TokenPair first = begin_tokens();
    EXPECT_EQ(first.expires_in, limits_.access);
    const auto second = refresh(first.refresh);
    ASSERT_TRUE(second) << second.error().operator_text();
    EXPECT_NE(second->refresh.reveal(), first.refresh.reveal());
    EXPECT_NE(second->access.reveal(), first.access.reveal());
    for (int i = 0; i < 2; ++i) {
        clock_.advance(seconds(20));
        const auto again = refresh(first.refresh);
        ASSERT_TRUE(again) << i;
        EXPECT_EQ(again->access.reveal(), second->access.reveal());
        EXPECT_EQ(again->refresh.reveal(), second->refresh.reveal());
        EXPECT_EQ(again->expires_in, limits_.access - seconds(20) * (i + 1));
        open();
    }
    const auto third = refresh(second->refresh);
    ASSERT_TRUE(third);
    EXPECT_EQ(refresh(first.refresh)->refresh.reveal(), second->refresh.reveal())
        << "though that one is used by now: whoever is late follows the chain";
    EXPECT_EQ(refresh(second->refresh)->refresh.reveal(), third->refresh.reveal());
    for (const TokenPair* pair : {&first, &*second, &*third}) EXPECT_TRUE(works(pair->access));
    EXPECT_EQ(audited_, 0) << "a rotation is no event";
}

TEST_F(RefreshTest, every_access_token_works_until_its_own_end) {
    ann();
    const TokenPair first = begin_tokens();
    clock_.advance(minutes(59));
    const auto second = refresh(first.refresh);
    ASSERT_TRUE(second);
    EXPECT_TRUE(works(first.access));
    clock_.advance(minutes(1));
    EXPECT_FALSE(works(first.access));
    EXPECT_TRUE(works(second->access));
    open();
    EXPECT_FALSE(works(first.access));
    EXPECT_TRUE(works(second->access));
    clock_.advance(minutes(59));
    EXPECT_FALSE(works(second->access));
}

TEST_F(RefreshTest, a_refresh_token_that_comes_again_after_the_grace_ends_the_family) {
    ann();
    const TokenPair first = begin_tokens();
    const TokenPair other = begin_tokens();
    const auto second = refresh(first.refresh);
    ASSERT_TRUE(second);
    clock_.advance(seconds(60));
    const auto refused_first = sessions_->refresh(first.refresh.reveal(), no_audit);
    ASSERT_FALSE(refused_first);
    EXPECT_TRUE(works(second->access)) << "what cannot be audited is not done";
    const auto refused = refresh(first.refresh);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::unauthenticated);
    EXPECT_EQ(audited_, 1);
    for (const char* when : {"at once", "after a restart"}) {
        EXPECT_FALSE(works(first.access)) << when;
        EXPECT_FALSE(works(second->access)) << when;
        EXPECT_FALSE(refresh(second->refresh)) << when;
        EXPECT_TRUE(works(other.access)) << "another family is another one, " << when;
        open();
    }
    EXPECT_EQ(audited_, 1) << "it ends once";
    EXPECT_EQ(rows("auth_session_tokens"), 2);
}

TEST_F(RefreshTest, a_made_up_refresh_token_of_the_right_form_ends_nothing) {
    ann();
    const TokenPair pair = begin_tokens();
    const Secret made_up = make_credential_text(refresh_prefix, pair.session.id);
    EXPECT_FALSE(refresh(made_up));
    EXPECT_FALSE(sessions_->owner_of_refresh(made_up.reveal()));
    EXPECT_FALSE(*sessions_->end_by_token(made_up.reveal(), counted()));
    EXPECT_EQ(audited_, 0);
    EXPECT_TRUE(works(pair.access));
    EXPECT_TRUE(refresh(pair.refresh));
}

TEST_F(RefreshTest, a_refresh_that_cannot_be_stored_changes_nothing_and_may_be_repeated) {
    ann();
    const TokenPair first = begin_tokens();
    int statement = 1;
    for (;; ++statement) {
        store_.fail_statement(statement);
        const auto next = refresh(first.refresh);
        if (!store_.statement_has_failed()) break;
        ASSERT_FALSE(next) << statement;
        EXPECT_NE(next.error().fault, Fault::unauthenticated) << "or the program forgets its token";
    }
    EXPECT_GE(statement, 5);
    open();
    EXPECT_TRUE(works(first.access));
    EXPECT_TRUE(refresh(first.refresh));
}

TEST_F(RefreshTest, who_a_refresh_token_is_of_can_be_asked_without_using_it) {
    ann();
    const TokenPair pair = begin_tokens();
    for (int i = 0; i < 2; ++i) {
        const auto owner = sessions_->owner_of_refresh(pair.refresh.reveal());
        ASSERT_TRUE(owner);
        EXPECT_EQ(owner->person, "ann");
        EXPECT_EQ(owner->id, pair.session.id);
        clock_.advance(hours(2));
    }
    EXPECT_TRUE(refresh(pair.refresh)) << "hours after it was asked about";
}

TEST_F(RefreshTest, a_family_that_is_turned_all_the_time_stays_bounded) {
    ann();
    const TokenPair first = begin_tokens();
    Secret token = first.refresh.duplicate();
    Secret access;
    for (int i = 0; i < 400; ++i) {
        clock_.advance(seconds(1));
        auto next = refresh(token);
        ASSERT_TRUE(next) << i;
        token = std::move(next->refresh);
        access = std::move(next->access);
    }
    EXPECT_LE(rows("auth_session_tokens"), 64 + 257);
    EXPECT_TRUE(works(access));
    clock_.advance(hours(1));
    EXPECT_FALSE(refresh(first.refresh)) << "too old to be known";
    EXPECT_TRUE(refresh(token));
}

}  // namespace
}  // namespace bursar::auth
