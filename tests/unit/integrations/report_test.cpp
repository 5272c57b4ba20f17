// Hunts: amounts that do not add up as they are shown, rounding that is off by a cent or a sign, sums that overflow,
// and numbers, dates and weeks in another language's clothes.
#include "integrations/report/numbers.h"
#include "integrations/report/sections.h"
#include "integrations/report/sheet.h"
#include "integrations/report/words.h"
#include "tests/unit/integrations/report_sample.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include <gtest/gtest.h>

namespace bursar::integrations::report {
namespace {

Timestamp at(const char* text) { return parse_timestamp(text).value(); }
NanoUsd usd(const char* text) { return NanoUsd::parse(text).value(); }
Numbers numbers_in(Language language, const char* currency = "USD", std::int64_t rate = 1'000'000) {
    return Numbers({.language = language, .currency = currency, .per_dollar_millionths = rate});
}

TEST(ReportNumbers, AreWrittenAsEachLanguageWritesThem) {
    const Wide amount = wide(usd("1234567.895"));
    EXPECT_EQ(numbers_in(Language::en).money(amount), "1,234,567.90\u00a0USD");
    EXPECT_EQ(numbers_in(Language::de, "EUR").money(amount), "1.234.567,90\u00a0€");
    EXPECT_EQ(numbers_in(Language::fr, "EUR").money(amount), "1\u202f234\u202f567,90\u00a0€");
    EXPECT_EQ(numbers_in(Language::en, "EUR").money(amount), "1,234,567.90\u00a0EUR");
    EXPECT_EQ(numbers_in(Language::de, "CHF").money(amount), "1.234.567,90\u00a0CHF");
    EXPECT_EQ(numbers_in(Language::en, "JPY", 150'000'000).money(amount), "185,185,184\u00a0JPY");
    EXPECT_EQ(numbers_in(Language::en, "KWD").money(amount), "1,234,567.895\u00a0KWD");
    EXPECT_EQ(numbers_in(Language::en).count(999), "999");
    EXPECT_EQ(numbers_in(Language::de).count(1'000'000), "1.000.000");
}

TEST(ReportNumbers, AreRoundedHalfAwayFromZero) {
    const Numbers numbers = numbers_in(Language::en);
    EXPECT_EQ(numbers.units(wide(usd("0.005"))), 1);
    EXPECT_EQ(numbers.units(wide(usd("0.004999999"))), 0);
    EXPECT_EQ(numbers.units(wide(usd("-0.005"))), -1);
    EXPECT_EQ(numbers.units(wide(usd("-0.004999999"))), 0);
    // 0.01 USD at 0.5 is exactly half a cent.
    EXPECT_EQ(numbers_in(Language::en, "EUR", 500'000).units(wide(usd("0.01"))), 1);
    EXPECT_EQ(numbers_in(Language::en, "EUR", 499'999).units(wide(usd("0.01"))), 0);
    EXPECT_EQ(numbers.money(wide(usd("-12.5"))), "−12.50\u00a0USD");
}

TEST(ReportNumbers, OfTheLargestAmountsAreExact) {
    const Numbers numbers = numbers_in(Language::en, "VND", 1'000'000'000'000);
    const Wide most = Wide{INT64_MAX} * 202;
    EXPECT_EQ(numbers.money(most), "1,863,121,151,444,664,713\u00a0VND");
    EXPECT_EQ(numbers_in(Language::en).exact(wide(NanoUsd(INT64_MIN))), "-9223372036.854775808");
}

TEST(ReportNumbers, LinesAddUpToTheirTotalAsItIsShown) {
    struct Case {
        const char* name;
        std::vector<const char*> amounts;
        std::vector<int> cents;
    };
    const std::vector<Case> cases = {
        {"three thirds of a cent make one", {"0.003333333", "0.003333333", "0.003333334"}, {0, 0, 1}},
        {"two halves make one cent, the first gets it", {"0.005", "0.005"}, {1, 0}},
        {"what was lost most comes first", {"0.001", "0.009", "1.005"}, {0, 1, 101}},
        {"a negative line goes down", {"-0.001", "0.006"}, {0, 1}},
        {"only negative ones", {"-0.004", "-0.004", "-0.004"}, {0, 0, -1}},
        {"whole cents stay as they are", {"1.10", "2.20", "-3.30"}, {110, 220, -330}},
        {"no lines", {}, {}},
    };
    const Numbers numbers = numbers_in(Language::en);
    for (const Case& each : cases) {
        std::vector<Wide> exact;
        for (const char* amount : each.amounts) exact.push_back(wide(usd(amount)));
        const auto shown = numbers.units_of_all(exact);
        const std::vector<Wide> wanted(each.cents.begin(), each.cents.end());
        EXPECT_TRUE(shown == wanted) << each.name;
        EXPECT_TRUE(std::accumulate(shown.begin(), shown.end(), Wide{0}) ==
                    numbers.units(std::accumulate(exact.begin(), exact.end(), Wide{0})))
            << each.name;
    }
}

TEST(ReportNumbers, ChangesAndSharesSaySoInWords) {
    const Numbers numbers = numbers_in(Language::en);
    EXPECT_EQ(numbers.change(1123, 1000), "+12.3\u00a0%");
    EXPECT_EQ(numbers.change(960, 1000), "−4.0\u00a0%");
    EXPECT_EQ(numbers.change(1000, 1000), "±0.0\u00a0%");
    EXPECT_EQ(numbers.change(5, 0), "new");
    EXPECT_EQ(numbers_in(Language::de).change(5, 0), "neu");
    EXPECT_EQ(numbers.change(0, 0), "–");
    EXPECT_EQ(numbers.change(5, -5), "–") << "of a credit there is no percentage";
    EXPECT_EQ(numbers.change(1'000'000, 1), ">999\u00a0%");
    EXPECT_EQ(numbers.percent(1, 3), "33.3\u00a0%");
    EXPECT_EQ(numbers.percent(1, 0), "–");
    EXPECT_EQ(numbers.short_count(999), "999");
    EXPECT_EQ(numbers.short_count(1'250'000), "1.3M");
    EXPECT_EQ(numbers.short_count(999'950), "1M");
    EXPECT_EQ(numbers.short_count(2'400'000'000), "2.4B");
    EXPECT_EQ(numbers_in(Language::de).short_count(2'400'000'000), "2,4\u00a0Mrd.");
    EXPECT_EQ(numbers.short_count(1'000'000'000'000'000), "1,000T");
}

TEST(ReportNumbers, AnAxisHasFewRoundSteps) {
    const Numbers numbers = numbers_in(Language::en);
    for (const char* top : {"0.0", "0.4", "1", "4.9", "51", "99.99", "1234", "9000000"}) {
        const Wide step = numbers.axis_step(wide(usd(top)), 5);
        EXPECT_TRUE(step * 5 >= wide(usd(top))) << top;
        EXPECT_TRUE(step * 2 <= wide(usd(top)) * 5 || step == wide(usd("0.1")))
            << top << ": bars fill less than a half";
    }
    EXPECT_EQ(numbers.axis_money(wide(usd("2500"))), "2.5k");
    EXPECT_EQ(numbers.axis_money(wide(usd("-500"))), "−500");
}

TEST(ReportNumbers, PeriodsAreThoseOfTheOrganisationsCalendar) {
    const Numbers english({.time_zone = "Europe/Berlin"}), german({.language = Language::de, .time_zone = "UTC"}),
        french({.language = Language::fr, .time_zone = "UTC"});
    EXPECT_EQ(english.period(Every::month, at("2026-10-31T23:00:00Z"), at("2026-11-30T23:00:00Z")), "November 2026");
    EXPECT_EQ(german.period(Every::month, at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z")), "März 2026");
    EXPECT_EQ(german.period(Every::week, at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z")),
              "Woche 48/2026, 23.–29. November");
    EXPECT_EQ(french.period(Every::week, at("2026-12-28T00:00:00Z"), at("2027-01-04T00:00:00Z")),
              "semaine 53 de 2026, 28 décembre–3 janvier");
    EXPECT_EQ(french.date(at("2026-12-01T00:00:00Z")), "1er décembre 2026");
    EXPECT_EQ(english.instant(at("2026-11-29T21:50:00Z")), "29 November 2026, 22:50 (Europe/Berlin)");
    EXPECT_EQ(week_of(std::chrono::sys_days(std::chrono::year(2027) / 1 / 3)), (std::pair{2026, 53}));
    EXPECT_EQ(week_of(std::chrono::sys_days(std::chrono::year(2024) / 12 / 30)), (std::pair{2025, 1}));
    EXPECT_EQ(english.place(Every::week, at("2026-11-29T23:00:00Z")), "Mon");
    EXPECT_EQ(english.place(Every::day, at("2026-11-29T23:00:00Z")), "00:00");
}

TEST(ReportSheet, TablesAddUpToTheReportsTotalToTheCent) {
    for (const Language language : {Language::en, Language::de, Language::fr}) {
        const Report report = test::company_report(language);
        const Speech speech(report);
        for (const Table* table : {&report.teams, &report.models, &report.people, &report.cost_centres}) {
            EXPECT_TRUE(sum_of(*table) == wide(report.total.charge));
            const auto section = figures_section(report, *table, {"x", "x", "x", "x"}, speech);
            ASSERT_TRUE(section);
            const auto& total = section->rows.back();
            ASSERT_EQ(total.kind, RowKind::total);
            const std::size_t spend = section->columns.size() - 5;
            EXPECT_EQ(total.cells[spend].text, speech.numbers.money(wide(report.total.charge)));
            std::int64_t cents = 0;
            for (const Row& row : section->rows) {
                std::int64_t line = 0;
                for (const char c : row.cells[spend].text)
                    if (c >= '0' && c <= '9') line = line * 10 + (c - '0');
                if (row.kind != RowKind::total) cents += line;
            }
            EXPECT_TRUE(Wide{cents} == speech.numbers.units(wide(report.total.charge)));
        }
    }
}

TEST(ReportSheet, ShowsTheSubjectsOwnBudgetFirst) {
    const Sheet sheet = sheet_of(test::company_report());
    ASSERT_GE(sheet.cards.size(), 5U);
    EXPECT_EQ(sheet.cards[1].name, "Budget used");
    Report without = test::company_report();
    std::erase_if(without.budgets, [](const Budget& each) { return each.account == "org"; });
    EXPECT_EQ(sheet_of(without).cards[1].name, "Budgets nearly used up");
    without.budgets.clear();
    EXPECT_NE(sheet_of(without).cards[1].name, "Budgets nearly used up");
}

TEST(ReportSheet, TellsALimitOfThePeriodFromOthers) {
    Report report = test::company_report();
    const Budget monthly = *own_budget(report);
    Budget daily = monthly;
    daily.kind = "money per day";
    report.budgets.insert(report.budgets.begin(), daily);
    EXPECT_EQ(own_budget(report)->kind, monthly.kind) << "the fuller one is of another period";
    std::erase_if(report.budgets, [&](const Budget& each) { return each == monthly; });
    EXPECT_EQ(sheet_of(report).cards[1].name, "Budget used, per day");
    EXPECT_TRUE(is_of_period({.account = "", .kind = "money per month (soft)"}, Every::month));
    EXPECT_FALSE(is_of_period({.account = "", .kind = "money per month of tier:frontier"}, Every::month));
    const std::string team = report.teams.lines[0].name;
    EXPECT_NE(budget_of_team(report, team), nullptr);
    report.every = Every::week;
    EXPECT_EQ(budget_of_team(report, team), nullptr);
}

TEST(ReportSheet, HidesPeopleWhereThePolicyDoes) {
    Report report = test::company_report();
    report.people = {};
    report.people_hidden = true;
    const Sheet sheet = sheet_of(report);
    const auto people = std::ranges::find(sheet.sections, "people", &Section::id);
    ASSERT_NE(people, sheet.sections.end());
    EXPECT_TRUE(people->rows.empty());
    EXPECT_EQ(people->lead, "The policy hides the names of people.");
}

TEST(ReportSheet, OfNoPeriodBeforeComparesNothing) {
    const Sheet sheet = sheet_of(test::empty_report());
    EXPECT_TRUE(sheet.compared.empty());
    EXPECT_EQ(sheet.cards.front().note, "there is no period before");
    EXPECT_EQ(sheet.notes.front(), "Nothing was used in this period.");
}

TEST(ReportSheet, SurvivesAmountsAtTheEndOfTheRange) {
    const Sheet sheet = sheet_of(test::hostile_report());
    EXPECT_TRUE(sheet.url.empty()) << "only what may be asked is a link";
    const auto teams = std::ranges::find(sheet.sections, "teams", &Section::id);
    ASSERT_NE(teams, sheet.sections.end());
    EXPECT_EQ(teams->rows.back().cells[2].text, "8,999,999,999.00\u00a0USD");
}

TEST(ReportWords, EverySentenceIsThereInEveryLanguage) {
    for (const Language language : {Language::en, Language::de, Language::fr}) {
        const Words& words = words_of(language);
        // All members but the arrays and what stands between them are pointers to text.
        const auto* first = &words.week;
        const auto* last = &words.key;
        for (const char* const* each = first; each <= last; ++each) {
            ASSERT_NE(*each, nullptr) << words.code << " misses the word after \"" << *(each - 1) << '"';
            EXPECT_STRNE(*each, "");
        }
    }
    EXPECT_EQ(filled("{} of {}", {"1", "{}"}), "1 of {}");
    EXPECT_EQ(filled("none", {"1"}), "none");
    EXPECT_EQ(kind_in(Language::de, "money per month"), "pro Monat");
    EXPECT_EQ(kind_in(Language::fr, "tokens per day"), "tokens per day");
}

}  // namespace
}  // namespace bursar::integrations::report
