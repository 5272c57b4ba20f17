// Hunts: an event that is told twice, and a list that shows others than were asked for.
#include "tests/unit/treasury/office.h"

namespace bursar::treasury {
namespace {

TEST(Events, are_raised_once_under_one_name_and_listed_by_kind) {
    test::Office office({});
    const auto raise_one = [&](const char* name, const char* kind) {
        bool fresh = false;
        EXPECT_TRUE(office.store.write([&](store::Transaction& transaction) -> Result<void> {
            TRY(fresh, raise(transaction, {.number = 0,
                                           .at = office.clock.now(),
                                           .name = name,
                                           .kind = kind,
                                           .subject = "org",
                                           .text = "text",
                                           .detail = "{}"}));
            return {};
        }));
        return fresh;
    };
    EXPECT_TRUE(raise_one("a", "request.made"));
    EXPECT_FALSE(raise_one("a", "request.made"));
    EXPECT_TRUE(raise_one("b", "budget.threshold"));
    EXPECT_TRUE(raise_one("c", "report.due"));
    const auto names = [&](std::string_view kind, std::int64_t before = INT64_MAX, int count_max = 10) {
        std::string all;
        EXPECT_TRUE(office.store.read([&](store::Transaction& transaction) -> Result<void> {
            TRY(const auto events, read_events(transaction, before, count_max, kind));
            for (const Event& each : events) all += each.name;
            return {};
        }));
        return all;
    };
    EXPECT_EQ(names(""), "cba");
    EXPECT_EQ(names("request.made"), "a");
    EXPECT_EQ(names("request"), "a");
    EXPECT_EQ(names("req"), "");
    EXPECT_EQ(names("", 3), "ba");
    EXPECT_EQ(names("", INT64_MAX, 1), "c");
}

TEST(Events, never_get_a_number_twice_though_all_of_them_are_forgotten) {
    test::Office office({});
    const auto raise_one = [&](const char* name) {
        std::vector<Event> all;
        EXPECT_TRUE(office.store.write([&](store::Transaction& transaction) -> Result<void> {
            TRY_VOID(raise(transaction, {.at = office.clock.now(),
                                         .name = name,
                                         .kind = "request.made",
                                         .subject = "org",
                                         .text = "text",
                                         .detail = "{}"}));
            TRY(all, read_events(transaction, INT64_MAX, 1));
            return {};
        }));
        return all.at(0).number;
    };
    const std::int64_t first = raise_one("a"), second = raise_one("b");
    EXPECT_GT(second, first);
    office.clock.advance(std::chrono::days(400));
    ASSERT_TRUE(office.store.write([&](store::Transaction& transaction) {
        return forget_events(transaction, office.clock.now() - std::chrono::days(365));
    }));
    EXPECT_EQ(office.events().size(), 1U);
    EXPECT_GT(raise_one("c"), second);
}

}  // namespace
}  // namespace bursar::treasury
