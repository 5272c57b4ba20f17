// Hunts: a report that says another sum than the books, loses what ends beside the rules, or tells a reader of somebody
// else.
#include "tests/unit/reports/firm.h"

#include <algorithm>
#include <random>

namespace bursar::reports::testing {
namespace {

constexpr int departments = 6, teams = 40;

std::string department(int team) { return fmt::format("d{}", team % departments); }
std::string team_name(int team) { return fmt::format("t{:02}", team); }

std::string company(std::string_view zone, std::string_view more = {}) {
    std::string text = fmt::format(
        "organisation: {{name: Example GmbH, time_zone: {}, language: de, currency: {{code: EUR, per_usd: "
        "\"0.92\"}}}}\n"
        "providers: {{p: {{dialect: openai, base_url: \"https://p.example\"}}}}\n"
        "models:\n"
        "  large: {{tier: frontier, channels: [{{provider: p, model: large}}]}}\n"
        "  other: {{tier: frontier, channels: [{{provider: p, model: other}}]}}\n"
        "  small: {{tier: small, channels: [{{provider: p, model: small}}]}}\n"
        "  embed: {{tier: tiny, channels: [{{provider: p, model: embed}}]}}\n"
        "prices: {{p: {{large: {{input: 10, output: 100}}, other: {{input: 8, output: 90}}, small: {{input: 1, output: "
        "4}}, embed: {{input: 0.1}}}}}}\n"
        "teams:\n",
        zone);
    for (int i = 0; i < departments; ++i)
        text += fmt::format("  d{}: {{models: [\"*\"], budgets: [{{limit: 100000 USD, per: month}}]}}\n", i);
    for (int i = 0; i < teams; ++i)
        text += fmt::format(
            "  {}: {{parent: {}, models: [\"*\"], cost_centre: c{}, budgets: [{{limit: 20000 USD, per: "
            "month}}]}}\n",
            team_name(i), department(i), i % 3);
    text += "reports:\n  month: {every: month}\n  week: {every: week, people: shown}\n  day: {every: day}\n";
    return text + std::string(more);
}

NanoUsd amount(std::mt19937_64& random) { return NanoUsd(static_cast<std::int64_t>(random() % 90'000'000'001)); }

/// A month of a company, with whatever may happen to a call; the clock stands at the end of October, Berlin's.
void live_through_october(Firm& firm) {
    std::mt19937_64 random(20'261'025);
    const Timestamp from = *parse_timestamp("2026-09-30T21:00:00Z"), to = *parse_timestamp("2026-10-31T22:59:00Z");
    constexpr int calls = 1'500;
    const auto step = (to - from) / calls;
    for (int i = 0; i < calls; ++i) {
        firm.clock.set(from + i * step);
        const std::string team = team_name(static_cast<int>(random() % (teams - 1)));  // the last one is idle
        Firm::Call call{.team = team,
                        .person = fmt::format("person{}", random() % 60),
                        .model = random() % 2 == 0 ? "large" : "small",
                        .cost = amount(random),
                        .charge = amount(random)};
        const auto kind = random() % 10;
        if (kind == 0) {
            call.refused = true;
            call.fault = "budget_exhausted";
        } else if (kind == 1) {
            call.fault = "provider_unavailable";
        } else if (kind == 2) {
            call.superseded = true;
            call.fault = "provider_unavailable";
        }
        const CallId id = firm.call(call);
        if (i % 25 == 0) firm.commit();
        if (kind == 3 && i % 4 == 0) {
            firm.commit();
            const auto corrected = firm.corrections->enter(
                {.call = id.text(),
                 .account = {},
                 .accounts = {},
                 .amount = "-" + NanoUsd(call.charge.nanos() / 3).text() + " USD",
                 .cost = "0 USD",
                 .reason = "wrong price",
                 .by = "operator:test"},
                [](store::Transaction&, const treasury::Correction&) -> Result<void> { return {}; });
            ASSERT_TRUE(corrected) << corrected.error().for_caller;
        }
    }
    firm.commit();
    firm.clock.set(to);
}

NanoUsd charge_of(const report::Table& table) {
    NanoUsd sum = table.rest.now.charge;
    for (const report::Line& line : table.lines) sum += line.now.charge;
    return sum;
}
NanoUsd charge_of(const std::vector<report::Day>& days) {
    NanoUsd sum;
    for (const report::Day& day : days) sum += day.charge;
    return sum;
}

TEST(Report, of_a_month_with_forty_teams_says_what_the_books_say_to_the_nano_dollar) {
    Firm firm(company("Europe/Berlin"), "2026-09-30T21:00:00Z");
    live_through_october(firm);
    const NanoUsd org = firm.charged("org", Per::month);
    std::map<std::string, NanoUsd> books;
    for (int i = 0; i < teams; ++i) books[team_name(i)] = firm.charged("team:" + team_name(i), Per::month);
    for (int i = 0; i < departments; ++i) books[department(i)] = firm.charged("team:" + department(i), Per::month);
    firm.go_to("2026-11-01T07:00:00+01:00");

    const report::Report whole = firm.report("month", "organisation", "2026-10");
    EXPECT_GT(org, NanoUsd{});
    EXPECT_EQ(whole.total.charge, org);
    EXPECT_EQ(charge_of(whole.teams), org);
    EXPECT_EQ(charge_of(whole.models), org);
    EXPECT_EQ(charge_of(whole.cost_centres), org);
    EXPECT_EQ(charge_of(whole.days), org);
    EXPECT_EQ(whole.days.size(), 31U);
    EXPECT_EQ(whole.to - whole.from, std::chrono::hours(31 * 24 + 1));
    for (const report::Line& line : whole.teams.lines) {
        EXPECT_EQ(line.now.charge, books.at(line.name)) << line.name;
        EXPECT_EQ(line.above, department(std::stoi(line.name.substr(1)))) << line.name;
    }
    for (const report::Budget& budget : whole.budgets)
        EXPECT_EQ(budget.spent, books.at(budget.account.substr(5))) << budget.account;
    EXPECT_EQ(whole.budgets.size(), static_cast<std::size_t>(teams + departments));
    for (const auto& [team, charge] : books)
        EXPECT_EQ(firm.report("month", team, "2026-10").total.charge, charge) << team;
}

TEST(Report, counts_what_was_wasted_and_who_made_no_call) {
    Firm firm(company("Europe/Berlin"), "2026-09-30T22:00:00Z");
    firm.go_to("2026-10-02T10:00:00Z");
    const NanoUsd dollar = NanoUsd::dollars(1);
    firm.call({.team = "t00", .cost = dollar, .charge = dollar * 2});
    firm.call({.team = "t00", .cost = dollar, .charge = dollar * 3, .fault = "provider_unavailable"});
    firm.call({.team = "t00", .cost = dollar * 4, .charge = dollar * 5, .fault = "rate_limited", .superseded = true});
    firm.call({.team = "t00", .fault = "budget_exhausted", .refused = true});
    firm.commit();
    firm.go_to("2026-11-02T10:00:00Z");
    const report::Report made = firm.report("month", "", "");
    EXPECT_EQ(made.total.calls, 3);
    EXPECT_EQ(made.total.errors, 1);
    EXPECT_EQ(made.total.refused, 1);
    EXPECT_EQ(made.waste.errors, 1);
    EXPECT_EQ(made.waste.retries, 1);
    EXPECT_EQ(made.waste.refused, 1);
    EXPECT_EQ(made.waste.error_charge, dollar * 3);
    EXPECT_EQ(made.waste.retry_cost, dollar * 4);
    EXPECT_EQ(made.waste.idle, teams + departments - 2) << "all but the team and its department";
    // Of 40 teams with 20,000 each; a department's money is that of its teams again.
    EXPECT_EQ(made.waste.unused, dollar * (teams * 20'000 - 10));
}

TEST(Report, offers_cheaper_models_of_the_same_tier_first_and_none_that_cannot_answer) {
    Firm firm(company("UTC"), "2026-10-02T10:00:00Z");
    const Usage usage{.input = 1'000'000, .output = 1'000'000};
    firm.call({.team = "t00", .model = "large", .cost = NanoUsd::dollars(110), .charge = {}, .usage = usage});
    firm.call({.team = "t00", .model = "other", .cost = NanoUsd::dollars(98), .charge = {}, .usage = usage});
    firm.call({.team = "t00", .model = "small", .cost = NanoUsd::dollars(5), .charge = {}, .usage = usage});
    firm.commit();
    firm.go_to("2026-11-02T10:00:00Z");
    const std::vector<report::Cheaper> expected = {{"other", "small", NanoUsd::dollars(98), NanoUsd::dollars(5)},
                                                   {"large", "other", NanoUsd::dollars(110), NanoUsd::dollars(98)}};
    EXPECT_EQ(firm.report("month", "", "").cheaper, expected);
}

TEST(Report, hides_people_unless_the_policy_shows_them) {
    Firm firm(company("UTC"), "2026-10-28T10:00:00Z");
    firm.call({.team = "t00", .person = "ada", .cost = {}, .charge = NanoUsd(7)});
    firm.commit();
    firm.go_to("2026-11-02T10:00:00Z");
    const report::Report hidden = firm.report("month", "", "");
    EXPECT_TRUE(hidden.people_hidden);
    EXPECT_TRUE(hidden.people.lines.empty());
    const report::Report shown = firm.report("week", "", "");
    EXPECT_FALSE(shown.people_hidden);
    ASSERT_EQ(shown.people.lines.size(), 1U);
    EXPECT_EQ(shown.people.lines[0].name, "ada");
}

TEST(Report, compares_with_the_period_before_also_what_is_no_longer_used) {
    Firm firm(company("UTC"), "2026-09-10T10:00:00Z");
    firm.call({.team = "t01", .cost = {}, .charge = NanoUsd(5)});
    firm.go_to("2026-10-10T10:00:00Z");
    firm.call({.team = "t02", .cost = {}, .charge = NanoUsd(3)});
    firm.commit();
    firm.go_to("2026-11-02T10:00:00Z");
    const report::Report made = firm.report("month", "", "");
    EXPECT_EQ(made.before.charge, NanoUsd(5));
    ASSERT_EQ(made.teams.lines.size(), 2U);
    EXPECT_EQ(made.teams.lines[0].name, "t02");
    EXPECT_EQ(made.teams.lines[1].name, "t01");
    EXPECT_EQ(made.teams.lines[1].now, report::Figures{});
    EXPECT_EQ(made.teams.lines[1].before.charge, NanoUsd(5));
    EXPECT_EQ(made.days[9].before, NanoUsd(5));
    EXPECT_EQ(made.days[30].before, std::nullopt) << "September has no 31st";
    EXPECT_EQ(to_text(made.before_from), "2026-09-01T00:00:00.000Z");
}

TEST(Report, of_a_day_has_as_many_hours_as_the_day) {
    Firm firm(company("Europe/Berlin"), "2026-10-25T00:30:00Z");  // between two and three, for the first time
    firm.call({.team = "t00", .cost = {}, .charge = NanoUsd(4)});
    firm.go_to("2026-10-25T01:30:00Z");  // and for the second
    firm.call({.team = "t00", .cost = {}, .charge = NanoUsd(5)});
    firm.commit();
    firm.go_to("2026-10-26T10:00:00Z");
    const report::Report made = firm.report("day", "", "2026-10-25");
    ASSERT_EQ(made.days.size(), 25U);
    EXPECT_EQ(made.days[2].charge, NanoUsd(4));
    EXPECT_EQ(made.days[3].charge, NanoUsd(5));
    EXPECT_EQ(charge_of(made.days), NanoUsd(9));
}

TEST(Report, of_a_zone_with_half_hours_has_the_days_of_that_zone) {
    Firm firm(company("Asia/Kolkata"), "2026-10-31T18:29:00Z");  // a minute before November
    firm.call({.team = "t00", .cost = {}, .charge = NanoUsd(4)});
    firm.go_to("2026-10-31T18:31:00Z");
    firm.call({.team = "t00", .cost = {}, .charge = NanoUsd(9)});
    firm.commit();
    firm.go_to("2026-12-02T10:00:00Z");
    EXPECT_EQ(firm.report("month", "", "2026-10").total.charge, NanoUsd(4));
    const report::Report november = firm.report("month", "", "2026-11");
    EXPECT_EQ(november.total.charge, NanoUsd(9));
    EXPECT_EQ(november.days[0].charge, NanoUsd(9));
}

TEST(Report, of_a_period_that_runs_says_where_it_is_going) {
    Firm firm(company("UTC"), "2026-11-01T00:30:00Z");
    for (int hour = 0; hour < 10 * 24; ++hour) {
        firm.call({.team = "t00", .cost = {}, .charge = NanoUsd::dollars(50)});
        firm.clock.advance(std::chrono::hours(1));
    }
    firm.commit();
    const report::Report made = firm.report("month", "", "current");
    ASSERT_TRUE(made.expected);
    EXPECT_GT(*made.expected, NanoUsd::dollars(30'000));
    EXPECT_LT(*made.expected, NanoUsd::dollars(42'000));
    ASSERT_FALSE(made.budgets.empty());
    EXPECT_EQ(made.budgets[0].account, "team:t00") << "the fullest first";
    EXPECT_TRUE(made.budgets[0].exhausted_at);
    EXPECT_EQ(made.waste.unused, NanoUsd{}) << "nothing has ended";
}

TEST(Report, is_written_in_the_manner_of_the_organisation) {
    Firm firm(company("Europe/Berlin"), "2026-11-02T10:00:00Z");
    const report::Report made = firm.report("month", "d1", "");
    EXPECT_EQ(made.subject, "d1");
    EXPECT_FALSE(made.whole);
    EXPECT_EQ(made.manner, (report::Manner{report::Language::de, "EUR", 920'000, "Europe/Berlin"}));
    EXPECT_EQ(made.url, "https://bursar.example.com/usage");
}

}  // namespace
}  // namespace bursar::reports::testing
