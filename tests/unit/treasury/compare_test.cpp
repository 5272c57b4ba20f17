// Hunts: a correction that does not add up, goes below nothing, or touches a call of which the provider has told us;
// models that are taken for each other, and models under two names that are not found.
#include "service/treasury/reconcile/compare.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::treasury::reconcile {
namespace {

using namespace std::chrono_literals;

const Day monday = std::chrono::floor<std::chrono::days>(*parse_timestamp("2026-11-23T00:00:00Z"));
const Timestamp much_later = Timestamp(monday + std::chrono::days(5));

AttemptId attempt(unsigned char number) {
    AttemptId::Bytes bytes{};
    bytes[15] = number;
    return AttemptId(bytes);
}

struct Books {
    audit::Booked booked;

    Books& known(std::string model, std::int64_t cost, Day day = monday) {
        add(std::move(model), UsageSource::provider, cost, 0, day);
        return *this;
    }
    Books& lost(std::string model, std::int64_t cost, Tokens tokens = 0) {
        return unsure(std::move(model), UsageSource::lost, cost, tokens);
    }
    Books& estimated(std::string model, std::int64_t cost, Tokens tokens = 0) {
        return unsure(std::move(model), UsageSource::estimated, cost, tokens);
    }

  private:
    void add(const std::string& model, UsageSource source, std::int64_t cost, Tokens tokens, Day day) {
        booked.sums.push_back({.day = day,
                               .model = model,
                               .source = source,
                               .calls = 1,
                               .usage = {.output = tokens},
                               .cost = NanoUsd{cost},
                               .charge = NanoUsd{cost * 2}});
    }
    Books& unsure(std::string model, UsageSource source, std::int64_t cost, Tokens tokens) {
        add(model, source, cost, tokens, monday);
        const auto number = static_cast<unsigned char>(booked.unsure.size() + 1);
        booked.unsure.push_back({.call = {},
                                 .attempt = attempt(number),
                                 .at = Timestamp(monday) + std::chrono::minutes(number),
                                 .model = std::move(model),
                                 .source = source,
                                 .usage = {.output = tokens},
                                 .cost = NanoUsd{cost},
                                 .charge = NanoUsd{cost * 2}});
        return *this;
    }
};

Export costs(std::vector<std::pair<std::string, std::int64_t>> lines) {
    Export out{.has_cost = true, .from = monday, .until = monday + std::chrono::days(1)};
    for (auto& [model, cost] : lines)
        out.lines.push_back({.day = monday, .model = std::move(model), .usage = {}, .cost = NanoUsd{cost}});
    return out;
}

/// "1:-5 3:+2", by attempt.
std::string said(const Comparison& comparison) {
    std::string out;
    for (const Correction& each : comparison.corrections)
        out += fmt::format("{}{}:{:+}", out.empty() ? "" : " ", each.attempt.bytes()[15], each.amounts.cost.nanos());
    return out;
}

TEST(Compare, corrects_what_is_unproven_and_nothing_else) {
    const struct {
        std::string_view name;
        Books books;
        std::int64_t theirs;
        std::string_view corrections;
        std::string_view note;
    } cases[] = {
        {"no difference", Books().known("m", 100).lost("m", 50), 150, "", ""},
        {"a lost call that was never billed", Books().known("m", 100).lost("m", 50), 100, "1:-50", ""},
        {"the oldest first", Books().known("m", 100).lost("m", 50).lost("m", 50), 130, "1:-50 2:-20", ""},
        {"an estimate that was too high", Books().known("m", 100).estimated("m", 50), 149, "1:-1", ""},
        {"more than they cover", Books().known("m", 100).lost("m", 50), 99, "",
         "lost and estimated calls explain less than the difference, so none is corrected"},
        {"estimates that were too low, in proportion", Books().known("m", 100).estimated("m", 10).estimated("m", 30),
         160, "1:+5 2:+15", ""},
        {"the odd nano goes to the largest remainder",
         Books().known("m", 0).estimated("m", 10).estimated("m", 10).estimated("m", 10), 40, "1:+4 2:+3 3:+3", ""},
        {"a lost call is not raised", Books().lost("m", 10).estimated("m", 10), 25, "2:+5", ""},
        {"nothing is estimated", Books().known("m", 100).lost("m", 10), 200, "",
         "no call here is estimated, so none is raised"},
        {"everything is proven", Books().known("m", 100), 90, "",
         "no call here is lost or estimated, so none is corrected"},
        {"somebody else's calls", Books().estimated("m", 10), 1'000, "",
         "the provider has far more than our estimates explain; does somebody else use its account? None is raised"},
        {"an estimate of nothing", Books().known("m", 1).estimated("m", 0).estimated("m", 0), 4, "1:+2 2:+1", ""},
    };
    for (const auto& each : cases) {
        const Comparison comparison = compare(costs({{"m", each.theirs}}), each.books.booked, {}, much_later);
        ASSERT_EQ(comparison.rows.size(), 1U) << each.name;
        EXPECT_EQ(said(comparison), each.corrections) << each.name;
        EXPECT_EQ(comparison.rows[0].note, each.note) << each.name;
    }
}

TEST(Compare, a_batch_that_is_booked_at_its_most_is_nobodys_correction) {
    Books books;
    books.known("m", 100).estimated("m", 50).known("other", 100);
    books.booked.open.push_back({.day = monday, .model = "m"});
    for (const std::int64_t theirs : {20, 120, 200}) {
        const Comparison comparison = compare(costs({{"m", theirs}}), books.booked, {}, much_later);
        EXPECT_TRUE(comparison.corrections.empty()) << theirs;
        EXPECT_TRUE(comparison.rows.at(0).note.starts_with("a batch of this day")) << comparison.rows[0].note;
    }
    books.booked.open.clear();
    EXPECT_EQ(said(compare(costs({{"m", 120}}), books.booked, {}, much_later)), "1:-30") << "after it was settled";
}

TEST(Compare, the_charge_follows_the_cost) {
    const Comparison comparison = compare(costs({{"m", 25}}), Books().estimated("m", 100).booked, {}, much_later);
    ASSERT_EQ(comparison.corrections.size(), 1U);
    EXPECT_EQ(comparison.corrections[0].amounts, (Amounts{.charge = NanoUsd{-150}, .cost = NanoUsd{-75}}));
}

TEST(Compare, tokens_are_corrected_from_usage_and_costs_from_costs) {
    Export theirs = costs({{"m", 0}});
    theirs.has_cost = false;
    theirs.has_tokens = true;
    theirs.lines[0].usage = {.input = 5, .output = 2};
    const Comparison comparison = compare(theirs, Books().lost("m", 100, 30).booked, {}, much_later);
    ASSERT_EQ(comparison.corrections.size(), 1U);
    EXPECT_EQ(comparison.corrections[0].amounts, Amounts{.tokens = -23});
}

TEST(Compare, a_model_is_found_under_its_other_names) {
    const struct {
        std::string_view one;
        std::string_view other;
    } same[] = {{"gpt-4o", "gpt-4o-2024-08-06"},
                {"claude-haiku-4-5-20251001", "Claude Haiku 4.5"},
                {"claude-opus-4-1", "claude-opus-4-1@20250805"}};
    for (const auto& each : same) EXPECT_EQ(model_key(each.one), model_key(each.other)) << each.one;
    EXPECT_NE(model_key("gpt-4o"), model_key("gpt-4o-mini-2024-07-18"));
    EXPECT_NE(model_key("o1"), model_key("o3"));
    EXPECT_EQ(model_key("model-12345678"), "model-12345678") << "no year";
    EXPECT_EQ(model_key("-20251001"), "-20251001") << "nothing would be left";

    const Comparison comparison = compare(costs({{"gpt-4o-2024-08-06", 100}, {"gpt-4o-mini", 7}}),
                                          Books().known("gpt-4o", 100).booked, {}, much_later);
    ASSERT_EQ(comparison.rows.size(), 2U);
    EXPECT_EQ(comparison.rows[0].model, "gpt-4o");
    EXPECT_EQ(comparison.rows[0].theirs.cost, NanoUsd{100});
    EXPECT_EQ(comparison.rows[1].model, "gpt-4o-mini");
    EXPECT_EQ(comparison.rows[1].ours.cost, NanoUsd{});
}

TEST(Compare, an_export_that_does_not_tell_models_is_compared_by_day) {
    const Comparison comparison =
        compare(costs({{"", 120}}), Books().known("a", 100).lost("b", 50).booked, {}, much_later);
    ASSERT_EQ(comparison.rows.size(), 1U);
    EXPECT_EQ(comparison.rows[0].ours.cost, NanoUsd{150});
    EXPECT_EQ(said(comparison), "1:-30");
}

TEST(Compare, a_model_that_the_export_never_names_is_left_alone) {
    const Comparison comparison =
        compare(costs({{"a", 100}}), Books().known("a", 100).lost("b", 50).booked, {}, much_later);
    ASSERT_EQ(comparison.rows.size(), 2U);
    EXPECT_EQ(comparison.rows[1].note,
              "the export does not name this model on any day, so none of its calls is corrected");
    EXPECT_EQ(said(comparison), "");
}

TEST(Compare, a_day_that_is_not_over_is_only_shown) {
    const auto books = Books().lost("m", 50).booked;
    const Timestamp midnight = Timestamp(monday + std::chrono::days(1));
    EXPECT_EQ(said(compare(costs({{"m", 0}}), books, {}, midnight - 1s)), "");
    EXPECT_EQ(said(compare(costs({{"m", 0}}), books, {}, midnight + 1h)), "");
    EXPECT_EQ(said(compare(costs({{"m", 0}}), books, {}, midnight + 2h)), "1:-50");
}

TEST(Compare, what_was_corrected_earlier_counts) {
    const auto books = Books().known("m", 100).lost("m", 50).booked;
    const Earlier earlier = {{attempt(1), {.charge = NanoUsd{-60}, .cost = NanoUsd{-30}, .tokens = 0}}};
    const Comparison same = compare(costs({{"m", 120}}), books, earlier, much_later);
    EXPECT_EQ(said(same), "");
    EXPECT_EQ(same.rows[0].ours.cost, NanoUsd{120});
    EXPECT_EQ(same.rows[0].lost.cost, NanoUsd{20});
    EXPECT_EQ(said(compare(costs({{"m", 110}}), books, earlier, much_later)), "1:-10");
    EXPECT_EQ(said(compare(costs({{"m", 99}}), books, earlier, much_later)), "") << "20 are left to lower";
}

TEST(Compare, corrections_add_up_to_the_difference_for_any_numbers) {
    std::mt19937_64 random(7);
    const auto up_to = [&](std::int64_t most) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
    };
    int raised = 0, lowered = 0;
    for (int round = 0; round < 2'000; ++round) {
        Books books;
        books.known("m", up_to(1'000'000'000'000));
        for (std::int64_t i = up_to(12); i >= 0; --i)
            random() % 2 == 0 ? books.lost("m", up_to(999'999'937)) : books.estimated("m", up_to(999'999'937));
        std::int64_t ours = 0;
        for (const auto& sum : books.booked.sums) ours += sum.cost.nanos();
        const std::int64_t theirs = std::max<std::int64_t>(0, ours + up_to(3'000'000'000) - 1'500'000'000);
        const Comparison comparison = compare(costs({{"m", theirs}}), books.booked, {}, much_later);
        std::int64_t sum = 0;
        for (const Correction& each : comparison.corrections) {
            sum += each.amounts.cost.nanos();
            const auto of = std::ranges::find(books.booked.unsure, each.attempt, &audit::BookedUnsure::attempt);
            ASSERT_NE(of, books.booked.unsure.end());
            ASSERT_GE(of->cost + each.amounts.cost, NanoUsd{});
            ASSERT_GE(of->charge + each.amounts.charge, NanoUsd{});
            if (each.amounts.cost > NanoUsd{}) ASSERT_EQ(of->source, UsageSource::estimated);
        }
        if (comparison.corrections.empty()) continue;
        ASSERT_EQ(sum, theirs - ours) << round;
        ++(sum > 0 ? raised : lowered);
    }
    EXPECT_GT(raised, 100);
    EXPECT_GT(lowered, 100);
}

}  // namespace
}  // namespace bursar::treasury::reconcile
