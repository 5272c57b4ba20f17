// Hunts: a group that is taken although it was edited, left out, doubled, moved, or belongs to another run or pair.
#include "service/standby/chain.h"

#include "tests/unit/store/folder.h"

#include <gtest/gtest.h>

namespace bursar::standby {
namespace {

const Secret& pairing() {
    static const Secret secret(std::string(32, 'p'));
    return secret;
}

store::GroupPages pages_of(std::size_t count, char fill = 'x') {
    store::GroupPages pages{.pages_after = static_cast<std::uint32_t>(3 * count)};
    for (std::size_t i = 0; i < count; ++i) pages.numbers.push_back(static_cast<std::uint32_t>(3 * i + 1));
    pages.bytes.assign(count * store::raw_page_bytes, fill);
    return pages;
}

std::string one(Chain& chain, char fill = 'x') { return chain.seal(Part::service_database, pages_of(2, fill)).front(); }

TEST(Chain, what_goes_in_comes_out_in_order) {
    Chain primary = Chain::begin(pairing(), 9), standby = Chain::begin(pairing(), 9);
    const auto first = standby.open(one(primary, 'a'));
    ASSERT_TRUE(first) << told(first);
    EXPECT_EQ(*first, (Group{.run = 9,
                             .number = 1,
                             .part = Part::service_database,
                             .ends = true,
                             .pages_after = 6,
                             .numbers = {1, 4},
                             .bytes = std::string(2 * store::raw_page_bytes, 'a')}));
    const auto second = standby.open(primary.seal_file(Part::keyring, "ring"));
    ASSERT_TRUE(second) << told(second);
    EXPECT_EQ(second->number, 2U);
    EXPECT_EQ(second->bytes, "ring");
    EXPECT_EQ(standby.link(), primary.link());
}

TEST(Chain, a_large_commit_goes_in_pieces_of_which_the_last_one_ends_it) {
    Chain primary = Chain::begin(pairing(), 9), standby = Chain::begin(pairing(), 9);
    const auto sealed = primary.seal(Part::secrets_database, pages_of(2 * pages_per_group_max + 1));
    ASSERT_EQ(sealed.size(), 3U);
    std::vector<bool> ends;
    std::size_t pages = 0;
    for (const std::string& each : sealed) {
        EXPECT_LE(each.size(), sealed_bytes_max);
        const auto group = standby.open(each);
        ASSERT_TRUE(group) << told(group);
        ends.push_back(group->ends);
        pages += group->numbers.size();
    }
    EXPECT_EQ(ends, (std::vector<bool>{false, false, true}));
    EXPECT_EQ(pages, 2 * pages_per_group_max + 1);
}

TEST(Chain, a_commit_that_only_cuts_the_file_is_a_group) {
    Chain primary = Chain::begin(pairing(), 9), standby = Chain::begin(pairing(), 9);
    const auto sealed = primary.seal(Part::service_database, {.pages_after = 7, .numbers = {}, .bytes = {}});
    ASSERT_EQ(sealed.size(), 1U);
    const auto group = standby.open(sealed.front());
    ASSERT_TRUE(group) << told(group);
    EXPECT_EQ(group->pages_after, 7U);
}

TEST(Chain, goes_on_where_it_was_left) {
    Chain primary = Chain::begin(pairing(), 9), standby = Chain::begin(pairing(), 9);
    ASSERT_TRUE(standby.open(one(primary)));
    Chain again = Chain::resume(pairing(), standby.link());
    EXPECT_TRUE(again.open(one(primary)));
}

/// After each of them the right group is still taken.
TEST(Chain, whatever_is_not_the_next_group_is_refused_and_changes_nothing) {
    Chain primary = Chain::begin(pairing(), 9), standby = Chain::begin(pairing(), 9);
    Chain of_another_run = Chain::begin(pairing(), 10);
    Chain of_another_pair = Chain::begin(Secret(std::string(32, 'q')), 9);
    const std::string first = one(primary, 'a');
    ASSERT_TRUE(standby.open(first));
    const std::string second = one(primary, 'b'), third = one(primary, 'c');
    std::string twice_as_long = second + second;
    struct Wrong {
        std::string_view name;
        std::string bytes;
    };
    const std::vector<Wrong> cases = {
        {"nothing", ""},
        {"less than a code", "short"},
        {"the one before it", first},
        {"the one after it", third},
        {"one of another run", one(of_another_run)},
        {"one of another pair", one(of_another_pair)},
        {"one that was cut", second.substr(0, second.size() - 1)},
        {"one with something behind it", second + "x"},
        {"one with another one's code", second.substr(0, second.size() - 32) + third.substr(third.size() - 32)},
        {"two in one", twice_as_long},
        {"more than any group has", std::string(sealed_bytes_max + 1, 'x')},
    };
    for (const Wrong& each : cases) {
        SCOPED_TRACE(each.name);
        const auto group = standby.open(each.bytes);
        ASSERT_FALSE(group);
        EXPECT_EQ(group.error().fault, Fault::not_permitted);
        EXPECT_EQ(standby.link().number, 1U);
    }
    EXPECT_TRUE(standby.open(second));
}

TEST(Chain, any_flipped_bit_is_found) {
    Chain primary = Chain::begin(pairing(), 9), standby = Chain::begin(pairing(), 9);
    const std::string right = primary.seal_file(Part::keyring, "a small file");
    for (std::size_t bit = 0; bit < right.size() * 8; ++bit) {
        std::string wrong = right;
        wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(standby.open(wrong)) << bit;
    }
    EXPECT_TRUE(standby.open(right));
}

}  // namespace
}  // namespace bursar::standby
