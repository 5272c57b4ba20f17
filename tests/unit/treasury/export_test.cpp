// Hunts: a provider's export that is read as something else than it says: tokens counted twice, cents as dollars, a
// page that is not the last, a row that is skipped in silence; and files that are none.
#include "service/treasury/reconcile/export.h"

#include "service/treasury/reconcile/csv.h"
#include "service/treasury/reconcile/place.h"
#include "tests/unit/store/folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::treasury::reconcile {
namespace {

std::string golden(std::string_view name) {
    return content_of(std::string(BURSAR_SOURCE_DIR "/tests/golden/reconcile/") + std::string(name));
}

/// "2025-11-22 gpt: 3 calls, 1 in, 2 cached, 0+0 written, 4 out, 0.05" and so on, a line each.
std::string said(const Export& read) {
    std::string out =
        fmt::format("{} {}..{}{}{}{}\n", name_of(read.format), to_text(read.from), to_text(read.until),
                    read.has_calls ? " calls" : "", read.has_tokens ? " tokens" : "", read.has_cost ? " cost" : "");
    for (const Line& line : read.lines) {
        out += fmt::format("{} {}:", to_text(line.day), line.model);
        if (read.has_calls) out += fmt::format(" {} calls", line.calls);
        if (read.has_tokens)
            out += fmt::format(" {} in {} read {}+{} written {} out {} searches", line.usage.input,
                               line.usage.cache_read, line.usage.cache_write_5m, line.usage.cache_write_1h,
                               line.usage.output, line.usage.web_searches);
        if (read.has_cost) out += " " + line.cost.text();
        out += "\n";
    }
    return out;
}

TEST(Export, every_known_format_is_recognised_and_says_what_it_says) {
    const struct {
        std::string_view file;
        std::string_view said;
    } cases[] = {
        // The second row's 60 audio tokens, 10 of them cached, and 40 image tokens are inside its 800.
        {"openai-usage.csv",
         "openai-usage-csv 2025-11-22..2025-11-24 calls tokens\n"
         "2025-11-22 gpt-4o-2024-08-06: 12 calls 54150 in 5760 read 0+0 written 10700 out 0 searches\n"},
        {"openai-costs.csv", "openai-costs-csv 2025-11-22..2025-11-24 cost\n2025-11-22 gpt-4o-2024-08-06: 1.00\n"},
        {"openai-usage.json",
         "openai-usage-json 2025-11-22..2025-11-24 calls tokens\n"
         "2025-11-22 gpt-4o-2024-08-06: 10 calls 53440 in 5760 read 0+0 written 10646 out 0 searches\n"},
        {"openai-costs.json",
         "openai-costs-json 2025-11-22..2025-11-24 cost\n2025-11-22 gpt-4o-2024-08-06: 0.060056\n"
         "2025-11-23 : 0.123456789\n"},
        {"anthropic-usage.csv",
         "anthropic-usage-csv 2025-11-22..2025-11-24 tokens\n"
         "2025-11-22 claude-haiku-4-5-20251001: 50000 in 0 read 0+0 written 2000 out 0 searches\n"
         "2025-11-22 claude-sonnet-4-20250514: 100000 in 4000 read 300+20 written 5000 out 10 searches\n"
         "2025-11-23 claude-sonnet-4-20250514: 200000 in 0 read 0+0 written 10000 out 5 searches\n"},
        {"anthropic-cost.csv",
         "anthropic-cost-csv 2025-11-22..2025-11-23 cost\n2025-11-22 : 0.10\n2025-11-22 Claude Haiku 4.5: 0.06\n"},
        {"anthropic-usage.json",
         "anthropic-usage-json 2025-11-22..2025-11-23 tokens\n"
         "2025-11-22 claude-sonnet-4-20250514: 1500 in 200 read 500+1000 written 500 out 10 searches\n"},
        // Cents: 123.78912 of them are 1.2378912 dollars.
        {"anthropic-cost.json",
         "anthropic-cost-json 2025-11-22..2025-11-23 cost\n2025-11-22 : 0.0005\n"
         "2025-11-22 claude-sonnet-4-20250514: 1.2378912\n"},
        {"plain.csv",
         "plain-csv 2025-11-22..2025-11-25 calls tokens cost\n"
         "2025-11-22 llama3: 13 calls 1007 in 0 read 0+0 written 53 out 0 searches 0.10\n"
         "2025-11-24 qwen: 1 calls 1 in 0 read 0+0 written 1 out 0 searches 0.00\n"},
    };
    for (const auto& each : cases) {
        const auto read = read_export(golden(each.file), std::nullopt);
        ASSERT_TRUE(read) << each.file << ": " << read.error().for_caller;
        EXPECT_EQ(said(*read), each.said) << each.file;
    }
}

TEST(Export, audio_and_images_are_classes_of_their_own) {
    const auto read = read_export(golden("openai-usage.csv"), std::nullopt);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->lines.at(0).usage.audio_input, 50);
    EXPECT_EQ(read->lines.at(0).usage.image_input, 40);
}

TEST(Export, what_is_wrong_is_named_with_line_and_column) {
    const struct {
        std::string_view name;
        std::string text;
        std::string_view error;
    } cases[] = {
        {"nothing", "", "This does not look like an export"},
        {"prose", "hello\nworld\n", "This does not look like an export"},
        {"a head alone", "date,model,cost_usd\n", "The export has no row with a day."},
        {"a cost that is a word", "date,model,cost_usd\n2025-11-22,m,much\n",
         "line 2, column 14: cost_usd \"much\" is not an amount"},
        {"a formula", "date,model,cost_usd\n2025-11-22,m,=1+1\n", "line 2, column 14: cost_usd \"=1+1\""},
        {"a cost with an empty exponent", "date,model,cost_usd\n2025-11-22,m,1e\n", "line 2, column 14"},
        {"a cost beyond everything", "date,model,cost_usd\n2025-11-22,m,1e12\n", "line 2, column 14"},
        {"tokens below nothing", "date,model,input_tokens,output_tokens\n2025-11-22,m,-5,1\n",
         "line 2, column 14: input_tokens \"-5\" is not a count"},
        {"half a token", "date,model,input_tokens,output_tokens\n2025-11-22,m,1.5,1\n", "line 2, column 14"},
        {"a day that never was", "date,model,cost_usd\n2025-02-30,m,1\n", "line 2, column 1: date \"2025-02-30\""},
        {"a day of another custom", "date,model,cost_usd\n22.11.2025,m,1\n", "line 2, column 1"},
        {"a row that is too short", "date,model,cost_usd\n2025-11-22,m\n",
         "line 2, column 1: the row has 2 fields, but the head has 3 columns"},
        {"no model", "date,model,cost_usd\n2025-11-22,,1\n", "line 2, column 12: the model is missing"},
        {"a column twice", "date,model,model\n2025-11-22,m,1\n",
         "line 1, column 12: the column \"model\" stands twice"},
        {"nothing to compare", "date,model\n2025-11-22,m\n", "nothing to compare"},
        {"a quote that never ends", "date,model,cost_usd\n2025-11-22,\"m,1\n", "line 2, column 12: a quote that never"},
        {"a quote in the middle", "date,model,cost_usd\n2025-11-22,a\"b,1\n", "line 2, column 13: a quote inside"},
        {"text behind a quote", "date,model,cost_usd\n2025-11-22,\"a\"b,1\n", "line 2, column 15: text behind"},
        {"years apart", "date,model,cost_usd\n2023-11-22,m,1\n2025-11-22,m,1\n",
         "line 3, column 1: the export speaks of more than 400 days"},
        {"a column of the format that is missing", "usage_date_utc,cost_usd\n2025-11-22,1\n",
         "the column \"model\" is missing"},
        {"a month in one row", "start_time,end_time,amount_value,amount_currency\n1763769600,1766361600,5,usd\n",
         "line 2, column 12: the row is not one of a day or less"},
        {"another currency", "start_time,end_time,amount_value,amount_currency\n1763769600,1763856000,5,eur\n",
         "line 2, column 25: the currency is not usd"},
        {"milliseconds", "start_time,end_time,amount_value,amount_currency\n1763769600000,1763856000000,5,usd\n",
         "is not a time in seconds"},
        {"JSON that ends in the middle", R"({"data":[{"starting_at":"2025-11-22T00:00:00Z","amount":)",
         "line 1, column"},
        {"a page that is not the last",
         R"({"data":[{"start_time":1763769600,"end_time":1763856000,"results":[{"object":"organization.costs.result","amount":{"value":1}}]}],"has_more":true,"next_page":"x"})",
         "this is not the last page"},
        {"an amount that is a truth",
         R"({"data":[{"start_time":1763769600,"end_time":1763856000,"results":[{"object":"organization.costs.result","amount":{"value":true}}]}]})",
         "the amount must be a number"},
        {"a result that says nothing",
         R"({"data":[{"start_time":1763769600,"end_time":1763856000,"results":[{"object":"organization.costs.result"}]}]})",
         "line 1, column 68: the result has no \"amount\""},
        {"something behind the end",
         R"({"data":[{"start_time":1763769600,"end_time":1763856000,"results":[{"object":"organization.costs.result","amount":{"value":1}}]}]} x)",
         "something stands behind the end"},
        {"a name twice",
         R"({"data":[{"start_time":1763769600,"start_time":1,"results":[{"object":"organization.costs.result","amount":{"value":1}}]}]})",
         "stands twice"},
        {"more cached than there was",
         R"({"data":[{"start_time":1763769600,"end_time":1763856000,"results":[{"object":"organization.usage.completions.result","input_tokens":1,"input_cached_tokens":2,"output_tokens":0}]}]})",
         "more than all tokens"},
    };
    for (const auto& each : cases) {
        const auto read = read_export(each.text, std::nullopt);
        ASSERT_FALSE(read) << each.name;
        EXPECT_NE(read.error().for_caller.find(each.error), std::string::npos)
            << each.name << ": " << read.error().for_caller;
    }
}

TEST(Export, limits_hold) {
    EXPECT_EQ(read_export(std::string(export_bytes_max + 1, 'x'), std::nullopt).error().fault, Fault::too_large);
    std::string many = "date,model,cost_usd\n";
    for (std::size_t i = 0; i <= rows_max; ++i) many += "2025-11-22,m,1\n";
    EXPECT_EQ(read_export(many, std::nullopt).error().fault, Fault::too_large);
    // Each number is allowed; all of them together are not.
    std::string rich = "date,model,cost_usd\n";
    for (int i = 0; i < 10; ++i) rich += "2025-11-22,m,99999999\n";
    EXPECT_EQ(read_export(rich, std::nullopt).error().fault, Fault::invalid_request);
    std::string deep = R"({"starting_at":0,"amount":)";
    for (int i = 0; i < 5'000; ++i) deep += "[";
    EXPECT_NE(read_export(deep, std::nullopt).error().for_caller.find("levels deep"), std::string::npos);
    std::string wide = "date,model";
    for (std::size_t i = 0; i < columns_max; ++i) wide += ",c" + std::to_string(i);
    EXPECT_NE(read_export(wide + "\n", Format::plain_csv).error().for_caller.find("columns"), std::string::npos);
}

TEST(Export, money_is_rounded_to_the_nano_dollar_and_never_through_a_float) {
    const struct {
        std::string_view text;
        int shift;
        std::optional<std::int64_t> nanos;
    } cases[] = {
        {"0.8958740000000000", 0, 895'874'000},
        {"0.1", 0, 100'000'000},
        {"5.6e-05", 0, 56'000},
        {"1E2", 0, 100'000'000'000},
        {"0.0000000005", 0, 1},
        {"0.0000000004999", 0, 0},
        {"-0.0000000005", 0, -1},
        {"123.45", -2, 1'234'500'000},
        {"0", 0, 0},
        {"1e-30", 0, 0},
        {"1e31", 0, {}},
        {"1.", 0, {}},
        {".5", 0, {}},
        {"+1", 0, {}},
        {"1,5", 0, {}},
        {"0x10", 0, {}},
        {"", 0, {}},
        {"-", 0, {}},
        {"nan", 0, {}},
        {"1e+-5", 0, {}},
        {"9007199254740993e-9", 0, 9'007'199'254'740'993},
    };
    for (const auto& each : cases) {
        const auto money = parse_money(each.text, each.shift);
        EXPECT_EQ(money ? std::optional(money->nanos()) : std::nullopt, each.nanos) << each.text;
    }
}

TEST(Export, the_same_text_has_the_same_digest) {
    const auto one = read_export(golden("plain.csv"), std::nullopt),
               two = read_export(golden("plain.csv"), Format::plain_csv);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(one->digest, two->digest);
    EXPECT_NE(one->digest, read_export(golden("plain.csv") + "\n", std::nullopt)->digest);
}

}  // namespace
}  // namespace bursar::treasury::reconcile
