// Hunts: conversations that take more than their part of the memory, a part that is not given back, one owner who keeps
// the others out.
#include "service/gateway/kept_room.h"

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

TEST(KeptRoom, OneOwnerHasHalfOfItAndAllHaveTheWhole) {
    KeptRoom room(1000);
    KeptRoom::Share first(room, "a"), second(room, "a"), other(room, "b"), third(room, "c");
    EXPECT_TRUE(first.become(300));
    EXPECT_TRUE(second.become(200));
    EXPECT_FALSE(second.become(201));
    EXPECT_EQ(room.bytes(), 500U);
    EXPECT_TRUE(other.become(500));
    EXPECT_FALSE(third.become(1));
    EXPECT_TRUE(first.become(299));
    EXPECT_TRUE(third.become(1));
    EXPECT_EQ(room.bytes(), 1000U);
}

TEST(KeptRoom, WhatASocketHadIsFreeWithItsEnd) {
    KeptRoom room(1000);
    for (int i = 0; i < 3; ++i) {
        KeptRoom::Share share(room, "a");
        EXPECT_TRUE(share.become(500));
    }
    EXPECT_EQ(room.bytes(), 0U);
}

TEST(KeptRoom, OfALargeOneAnOwnerHasNoMoreThanTheCap) {
    KeptRoom room(KeptRoom::owner_bytes_max * 10);
    KeptRoom::Share share(room, "a");
    EXPECT_TRUE(share.become(KeptRoom::owner_bytes_max));
    EXPECT_FALSE(share.become(KeptRoom::owner_bytes_max + 1));
}

}  // namespace
}  // namespace bursar::gateway
