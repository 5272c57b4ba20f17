// Hunts: a changed byte, a moved page or a cut file that the check of every start overlooks; a check that never agrees,
// so that every start takes the long way.
#include "service/store/page_codes.h"

#include "service/store/store.h"
#include "tests/unit/store/folder.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace bursar::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page_bytes = 2048;

std::string make_database(const fs::path& file) {
    {
        auto store = Store::open(test_options(file));
        EXPECT_TRUE(store) << told(store);
        const std::string text(3000, 'x');
        EXPECT_TRUE((*store)->write([&](Transaction& transaction) -> Result<void> {
            for (int i = 0; i < 400; ++i) TRY_VOID(add_row(transaction, i, text));
            return {};
        }));
    }
    return content_of(file);
}

TEST(PageCodes, are_right_in_a_whole_file_with_its_own_key_only) {
    const TestFolder folder;
    const std::string bytes = make_database(folder / "a.db");
    EXPECT_GT(bytes.size(), 300 * page_bytes) << "more than is read at once";
    EXPECT_TRUE(pages_carry_their_codes(folder / "a.db", test_key()));
    EXPECT_FALSE(pages_carry_their_codes(folder / "a.db", test_key('w')));
}

TEST(PageCodes, are_wrong_when_any_part_of_any_page_is_changed) {
    const TestFolder folder;
    const std::string bytes = make_database(folder / "a.db");
    const std::size_t pages = bytes.size() / page_bytes;
    constexpr std::array<std::size_t, 7> places = {0, 15, 16, 1000, 1999, 2015, 2047};
    for (const std::size_t page : {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{256}, pages - 1})
        for (const std::size_t place : places) {
            std::string changed = bytes;
            char& byte = changed[page * page_bytes + place];
            byte = static_cast<char>(byte ^ 1);
            put_content(folder / "b.db", changed);
            EXPECT_FALSE(pages_carry_their_codes(folder / "b.db", test_key())) << page << " " << place;
        }
}

TEST(PageCodes, are_wrong_when_pages_have_changed_places_or_the_file_is_cut) {
    const TestFolder folder;
    const std::string bytes = make_database(folder / "a.db");
    std::string moved = bytes;
    moved.replace(2 * page_bytes, page_bytes, bytes, 3 * page_bytes, page_bytes);
    moved.replace(3 * page_bytes, page_bytes, bytes, 2 * page_bytes, page_bytes);
    put_content(folder / "b.db", moved);
    EXPECT_FALSE(pages_carry_their_codes(folder / "b.db", test_key()));
    put_content(folder / "c.db", bytes.substr(0, bytes.size() - 1));
    EXPECT_FALSE(pages_carry_their_codes(folder / "c.db", test_key()));
    put_content(folder / "d.db", "");
    EXPECT_FALSE(pages_carry_their_codes(folder / "d.db", test_key()));
    EXPECT_FALSE(pages_carry_their_codes(folder / "none.db", test_key()));
}

}  // namespace
}  // namespace bursar::store
